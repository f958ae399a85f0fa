"""The columns of a training, however its figures were kept: rows with attributes, dictionaries, or plain lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tersenet._errors import TersenetError

COLUMNS = (
    "epoch",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "validation_loss",
    "validation_accuracy",
)

Metrics = Sequence[Any] | Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class History:
    """One list a column, all of one length; a column that was not kept is None. Accuracies are in percent.

    `held_out` says what the network did not learn from: "validation" where there are such figures, else "test".
    """

    epochs: list[int]
    learning_rate: list[float] | None
    train_loss: list[float] | None
    train_accuracy: list[float] | None
    held_out_loss: list[float] | None
    held_out_accuracy: list[float] | None
    held_out: str

    @property
    def best(self) -> int | None:
        """The place (from 0) of the first epoch with the highest held-out accuracy; None without one."""
        accuracies = self.held_out_accuracy
        if accuracies is None:
            return None
        return max(range(len(accuracies)), key=lambda place: (not math.isnan(accuracies[place]), accuracies[place]))

    def reached(self, target: float) -> int | None:
        """The place (from 0) of the first epoch whose held-out accuracy is `target` percent or more."""
        accuracies = self.held_out_accuracy or []
        return next((place for place, value in enumerate(accuracies) if _as_much(value, target)), None)

    def lost(self, target: float) -> list[int]:
        """The places (from 0) of the epochs after the first one at `target` percent that fell below it again."""
        first, accuracies = self.reached(target), self.held_out_accuracy or []
        if first is None:
            return []
        return [place for place in range(first, len(accuracies)) if not _as_much(accuracies[place], target)]

    @property
    def drops(self) -> list[int]:
        """The places (from 0) of the epochs at whose start the learning rate stepped down to half or less.

        A step has a level on one side at least: a rate that slopes down from epoch to epoch has none.
        """
        rates = self.learning_rate or []

        def is_level(place: int) -> bool:
            return 1 <= place < len(rates) and rates[place] == rates[place - 1]

        return [
            place
            for place in range(1, len(rates))
            if 0 < rates[place] <= 0.5 * rates[place - 1] and (is_level(place - 1) or is_level(place + 1))
        ]


def _as_much(accuracy: float, target: float) -> bool:
    # 9940 of 10,000 is 99.4 %, whatever the last bit of a float says.
    return round(accuracy, 9) >= target


def history_of(metrics: Metrics) -> History:
    """Read a history from rows (objects or dictionaries, one an epoch) or from a dictionary of lists.

    Raises `TersenetError` where there is no epoch, the lists differ in length or a column is full of holes.

    >>> history = history_of({"train_loss": [0.9, 0.3], "test_accuracy": [91.0, 97.5]})
    >>> history.epochs, history.held_out_accuracy, history.held_out, history.best
    ([1, 2], [91.0, 97.5], 'test', 1)
    """
    columns = _columns_of_lists(metrics) if isinstance(metrics, Mapping) else _columns_of_rows(metrics)
    known = {name: values for name, values in columns.items() if values is not None}
    lengths = {name: len(values) for name, values in known.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise TersenetError(
            "A history needs the same number of epochs in every column, and one at least.",
            got=", ".join(f"{name}: {length}" for name, length in lengths.items()) or "nothing",
            expected=f"rows, or lists, of {', '.join(COLUMNS)} (those that you have)",
        )
    held_out = "validation" if {"validation_loss", "validation_accuracy"} & set(known) else "test"
    return History(
        epochs=[int(epoch) for epoch in known.get("epoch", range(1, max(lengths.values()) + 1))],
        learning_rate=known.get("learning_rate"),
        train_loss=known.get("train_loss"),
        train_accuracy=known.get("train_accuracy"),
        held_out_loss=known.get(f"{held_out}_loss"),
        held_out_accuracy=known.get(f"{held_out}_accuracy"),
        held_out=held_out,
    )


def _columns_of_lists(metrics: Mapping[str, Sequence[float]]) -> dict[str, list[float] | None]:
    unknown = set(metrics) - set(COLUMNS)
    if unknown:
        raise TersenetError(
            "There is no such column in a history.", got=", ".join(sorted(unknown)), expected=", ".join(COLUMNS)
        )
    return {name: list(map(float, values)) for name, values in metrics.items()}


def _columns_of_rows(metrics: Sequence[Any]) -> dict[str, list[float] | None]:
    return {name: _column(metrics, name) for name in COLUMNS}


def _column(rows: Sequence[Any], name: str) -> list[float] | None:
    values = [row.get(name) if isinstance(row, Mapping) else getattr(row, name, None) for row in rows]
    there = [float(value) for value in values if value is not None]
    if len(there) not in (0, len(rows)):
        raise TersenetError(
            "A column of the history has missing values.",
            got=f"{name} in {len(there)} of {len(rows)} epochs",
            expected="a figure in every epoch, or in none",
        )
    return there or None
