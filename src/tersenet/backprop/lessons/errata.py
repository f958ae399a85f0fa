"""Errors in the course material on backpropagation: the printed number, the correct one, and how to check it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tersenet.backprop.numbers.descent import column_names, descend, follow
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import COURSE
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.expression import Expression, Symbol, calculate, replace_symbols

# The two printed rows of the course spreadsheet, digit for digit, in the order of `column_names(COURSE)`.
PRINTED = (
    "0.5 0.5 0.05 0.1 0.15 0.2 0.25 0.3 0.0275 0.506874567 0.0425 0.510623401 0.4 0.45 0.5 0.55 0.432530357"
    " 0.606477732 0.534280154 0.630480835 0.005668754 0.008512624 0.014181378 0.000316993 0.000633987 0.000351869"
    " 0.000703737 0.012880819 0.012976085 0.015408348 0.015522308",
    "0.5 0.5 0.05 0.1 0.149683007 0.199366013 0.249648131 0.299296263 0.027420752 0.506854758 0.042412033"
    " 0.510601419 0.387119181 0.437023915 0.484591652 0.534477692 0.41935823 0.60332967 0.518522653 0.626802248"
    " 0.00533851 0.008039405 0.013377915 0.000299281 0.000598562 0.000333197 0.000666394 0.012534095 0.012626746"
    " 0.01503419 0.015145323",
)


@dataclass(frozen=True)
class PrintedCell:
    """A printed number, what the printed formula gives, and the correct number (nine decimals decide)."""

    row: int
    column: str
    printed: float
    by_their_formula: float
    true: float

    @property
    def wrong(self) -> bool:
        """True where the printed digits are not those of the correct number."""
        return f"{self.printed:.9f}" != f"{self.true:.9f}"


def printed_cells() -> list[PrintedCell]:
    """Every number of the two printed rows, compared.

    >>> [cell.column for cell in printed_cells() if cell.wrong and cell.row == 0]
    ['dE/dw3', 'dE/dw4']
    """
    columns = column_names(COURSE)
    true, theirs = descend(COURSE, steps=1).rows, _their_rows()
    return [
        PrintedCell(row, name, float(word), float(theirs[row, place]), float(true[row, place]))
        for row, line in enumerate(PRINTED)
        for place, (name, word) in enumerate(zip(columns, line.split(), strict=True))
    ]


def their_gradient(parameter: str) -> Expression:
    """The formula in the course spreadsheet: for w3 and w4 it has a_h1·(1 − a_h1) where the chain rule has a_h2·(1 −
    a_h2).

    >>> from tersenet.backprop import as_text
    >>> as_text(their_gradient("w3"))
    '((a_o1 − t1)·a_o1·(1 − a_o1)·w6 + (a_o2 − t2)·a_o2·(1 − a_o2)·w8)·a_h1·(1 − a_h1)·i1'
    """
    right = Graph(COURSE.network).gradient(parameter)
    return replace_symbols(right, {"a_h2": Symbol("a_h1")}) if parameter in ("w3", "w4") else right


def _their_rows() -> Array:
    """The first two rows of the spreadsheet, by its own formula."""
    columns, problem, rows = column_names(COURSE), COURSE, []
    for _ in PRINTED:
        values = problem.values()
        names = problem.network.weight_names
        slopes = {f"dE/d{name}": float(calculate(their_gradient(name), values)) for name in names}
        rows.append([(values | slopes)[name] for name in columns])
        weights = np.array([values[name] - slopes[f"dE/d{name}"] for name in names])
        problem = problem.with_parameters(weights, np.zeros(0))
    return np.array(rows)


@dataclass(frozen=True)
class Erratum:
    """One error: where it is, what is printed, what is correct, and a command that shows it."""

    point: int
    where: str
    printed: str
    true: str
    see: str


def errata() -> tuple[Erratum, ...]:
    """The errors in the course material on backpropagation; the correct numbers are computed on each call.

    >>> [one.point for one in errata() if "1000" in one.where]
    [4, 4]
    """
    table = "tersenet backprop table"
    found = [
        Erratum(
            1,
            f"sheet, row {cell.row + 1}, {cell.column}",
            _nine(cell.printed),
            _nine(cell.true),
            table + " --steps 1 --all",
        )
        for cell in printed_cells()
        if cell.wrong
    ]
    first = COURSE.values()
    slope = float(calculate(Graph(COURSE.network).gradient("w1"), first))
    saturated = COURSE.values() | _outputs_after(1000.0)
    at_one = follow(COURSE, [1.0], 68).losses[:, 0]
    losses = follow(COURSE, [1000.0], 1000).losses[:, 0]
    rises = follow(COURSE, [200.0], 300).losses[:, 0]
    derive = "tersenet backprop derive --weight"
    study = "tersenet backprop study --lr"
    return (
        *found,
        Erratum(
            2,
            "text, inputs",
            "i1 = 0.5, i2 = 0.05",
            "i1 = 0.05, i2 = 0.1, as in the table",
            table + " --steps 0 --all",
        ),
        Erratum(
            2,
            "text, outputs",
            "a_o2 = 0.5342",
            f"that is o2 = {first['o2']:.6f}; a_o2 = {first['a_o2']:.6f}",
            table + " --steps 0 --all",
        ),
        Erratum(2, "text, error", "E2 = ½·(t2 − a_o1)²", "E2 = ½·(t2 − a_o2)²", derive + " w7"),
        Erratum(
            2, "text, w5 to w8", "weights of the first hidden layer", "weights of the output layer", derive + " w5"
        ),
        Erratum(2, "text, layers", "two hidden layers", "one hidden layer: h1 and h2", derive + " w1"),
        Erratum(
            2,
            "text, the updated w1",
            "0.15 − 1·0.00031 = 0.14968",
            f"0.15 − 1·{slope:.9f} = {0.15 - slope:.9f}",
            table + " --steps 1",
        ),
        Erratum(
            3,
            "sheet, length",
            "68 epochs",
            f"68 rows are 67 updates: loss {at_one[67]:.9f} after 67, {at_one[68]:.9f} after 68",
            table + " --steps 68",
        ),
        Erratum(
            4,
            "learning rate 1000, 68 steps",
            "the model is not able to converge",
            f"it saturates: one step drives the outputs to {saturated['a_o1']:.1e} and {saturated['a_o2']:.1e},"
            f" and the loss is {losses[68]:.9f} after 68 steps",
            study + " 1000",
        ),
        Erratum(
            4,
            "learning rate 1000, 1,000 steps",
            "not shown",
            f"it escapes: loss {losses[593]:.6f} at step 593, {losses[607]:.1e} at step 607,"
            f" {losses[700]:.0e} at step 700, {losses[1000]:g} at step 1,000",
            study + " 1000 --steps 1000",
        ),
        Erratum(
            4,
            "rates of about 70 to 200",
            "beyond a certain value the loss does not decrease",
            f"it rises first and then converges: at rate 200 from {rises[0]:.3f} to {rises.max():.2f},"
            f" and {rises[300]:.0e} after 300",
            study + " 70 100 200 --steps 300",
        ),
    )


def errata_page() -> str:
    """The errata as a Markdown page.

    >>> print(errata_page().splitlines()[0])
    # Errata of the course material on backpropagation
    """
    lines = [
        "# Errata of the course material on backpropagation",
        "",
        "What is printed, what is correct, and a command that shows it. `tersenet backprop errata --format markdown`"
        " writes this page and computes every correct number on it.",
    ]
    titles = {
        1: "The columns ∂E/∂w3 and ∂E/∂w4 of the spreadsheet",
        2: "The text",
        3: "68 epochs",
        4: "Learning rate 1000",
    }
    reasons = {
        1: "The two columns use a_h1·(1 − a_h1) where the chain rule, and the course's text, have a_h2·(1 − a_h2)."
        " Everything else in the first row is correct. From the second row on, w3 and w4 carry the error further.",
        2: "Slips in the text; the spreadsheet computes with the correct values.",
        3: "The first row, before any update, is counted as an epoch.",
        4: "68 steps are too few to see what happens. Nothing diverges here: the sigmoid bounds the loss.",
    }
    for point, title in titles.items():
        lines += ["", f"## {point}. {title}", "", reasons[point], "", "| where | printed | correct | check |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {one.where} | {one.printed} | {one.true} | `{one.see}` |" for one in errata() if one.point == point
        ]
    return "\n".join(lines) + "\n"


def _outputs_after(rate: float) -> dict[str, float]:
    values = descend(COURSE, steps=1, learning_rate=rate).at(1).values()
    return {name: values[name] for name in ("a_o1", "a_o2")}


def _nine(value: float) -> str:
    return f"{value:.9f}"
