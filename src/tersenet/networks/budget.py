"""What must hold of a network and its training: declared before, checked after, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tersenet._errors import TersenetError, did_you_mean
from tersenet._table import Column, Table
from tersenet.networks.layers.families import names_dropout
from tersenet.networks.summary.recorder import LayerRow
from tersenet.networks.summary.summary_table import Summary

MOST = 10**15
NOT_MEASURED = "not measured"
NOT_APPLICABLE = "not applicable"

_IS_THERE: dict[str, Callable[[LayerRow], bool]] = {
    "batch normalisation": lambda row: "BatchNorm" in row.type,
    "dropout": lambda row: names_dropout(row.type),
    "global average pooling": lambda row: row.whole_map,
    "dense layer": lambda row: row.type.endswith("Linear"),
}


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What must hold on a named data set; None where nothing is demanded.

    Fewer than `parameters` parameters and fewer than `epochs` epochs, both strictly, at least `accuracy` percent on
    the test set of `data`, and each of `layers`: `batch normalisation`, `dropout`, `global average pooling`,
    `dense layer`, or several of them with ` or ` between.

    >>> Budget(parameters=20_000, layers=("dropout", "global average pooling or dense layer")).data
    'mnist'
    """

    data: str = "mnist"
    """Data set on which the accuracy is required; on others the line is not applicable."""
    parameters: int | None = None
    """Fewer parameters than this."""
    epochs: int | None = None
    """Fewer epochs than this."""
    accuracy: float | None = None
    """At least this test accuracy, in percent, after the last epoch."""
    layers: tuple[str, ...] = ()
    """Required layers: batch normalisation, dropout, global average pooling, dense layer."""

    def __post_init__(self) -> None:
        for name, value in (("parameters", self.parameters), ("epochs", self.epochs), ("accuracy", self.accuracy)):
            highest = 100 if name == "accuracy" else MOST
            if value is not None and not 0 < value <= highest:
                expected = "more than 0, up to 100 percent" if name == "accuracy" else f"1 to {MOST:,}"
                problem = "The budget has an invalid value."
                raise TersenetError(problem, got=value, expected=expected, where=f"budget.{name}")
        for layer in _alternatives(self.layers):
            if layer not in _IS_THERE:
                raise TersenetError(
                    "The budget requires an unknown layer.",
                    got=layer,
                    expected=", ".join(_IS_THERE),
                    where="budget.layers",
                    hint=did_you_mean(layer, _IS_THERE),
                )


@dataclass(frozen=True)
class BudgetLine:
    """One line of a budget, checked: `met` is None where it cannot be said (yet)."""

    line: str
    limit: str
    value: int | float | str
    met: bool | None


def check_budget(
    budget: Budget,
    summary: Summary,
    *,
    epochs: int | None = None,
    accuracy: float | None = None,
    data: str | None = None,
) -> tuple[BudgetLine, ...]:
    """Each line of a budget, met or missed.

    `accuracy` is in percent, measured on the test set of `data`; without it, or without `epochs`, these lines are
    "not measured", and on other data than the budget's the accuracy is "not applicable".

    >>> from tersenet.networks import build, summarize
    >>> lines = check_budget(COURSE_BUDGET, summarize(build("8C3 BN R GAP 10Nb")), epochs=19)
    >>> [(line.line, line.value, line.met) for line in lines][:3]
    [('parameters', 178, True), ('epochs', 19, True), ('accuracy on mnist', 'not measured', None)]
    >>> [(line.line, line.met) for line in lines][3:]
    [('batch normalisation', True), ('dropout', False), ('global average pooling or dense layer', True)]
    """
    lines = []
    if budget.parameters is not None:
        met = summary.parameters < budget.parameters
        lines.append(BudgetLine("parameters", f"< {budget.parameters:,}", summary.parameters, met))
    if budget.epochs is not None:
        value: int | str = NOT_MEASURED if epochs is None else epochs
        lines.append(
            BudgetLine("epochs", f"< {budget.epochs:,}", value, None if epochs is None else epochs < budget.epochs)
        )
    if budget.accuracy is not None:
        lines.append(_accuracy_line(budget.data, budget.accuracy, accuracy, data))
    for wanted in budget.layers:
        there = any(_IS_THERE[layer](row) for layer in _alternatives((wanted,)) for row in summary.layers)
        lines.append(BudgetLine(wanted, "required", "present" if there else "absent", there))
    return tuple(lines)


VERDICTS = {True: "met", False: "missed", None: "open"}


def budget_rows(lines: Sequence[BudgetLine]) -> list[tuple[str, str, str, str]]:
    """A budget's lines in words: name, limit, value, verdict.

    >>> budget_rows([BudgetLine("parameters", "< 20,000", 17150, True)])
    [('parameters', '< 20,000', '17,150', 'met')]
    """
    return [(line.line, line.limit, _value(line.value), VERDICTS[line.met]) for line in lines]


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    # A mean of seeds that just misses must not be shown as its limit.
    return f"{value:.2f} %" if round(value, 2) == round(value, 3) else f"{value:.3f} %"


def _accuracy_line(wanted_data: str, wanted: float, accuracy: float | None, data: str | None) -> BudgetLine:
    line, limit = f"accuracy on {wanted_data}", f"≥ {wanted:g} %"
    if data is not None and data != wanted_data:
        return BudgetLine(line, limit, NOT_APPLICABLE, None)
    if accuracy is None:
        return BudgetLine(line, limit, NOT_MEASURED, None)
    # 9940 of 10,000 is 99.4 %, whatever the last bit of a float says.
    return BudgetLine(line, limit, accuracy, round(accuracy, 9) >= wanted)


def _alternatives(layers: tuple[str, ...]) -> list[str]:
    return [name.strip() for layer in layers for name in layer.split(" or ")]


COURSE_BUDGET = Budget(
    data="mnist",
    parameters=20_000,
    epochs=20,
    accuracy=99.4,
    layers=("batch normalisation", "dropout", "global average pooling or dense layer"),
)
"""The budget of the course whose networks Tersenet implements."""


def budget_table(lines: Sequence[BudgetLine]) -> Table:
    """A budget's lines with their limits, values and verdicts."""
    columns = (
        Column(title="budget", right=False, wraps=13),
        Column(title="limit", right=False, leaves=1),
        Column(title="value"),
        Column(title="verdict", right=False, verdict=True),
    )
    return Table(columns=columns, rows=budget_rows(lines))
