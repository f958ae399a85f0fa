"""The tables of a measurement: each class, the confused pairs, the most confident mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from tersenet._look import one_line
from tersenet._table import Column, Table
from tersenet.data import Dataset
from tersenet.evaluation.evaluate import NO_ANSWER
from tersenet.evaluation.measures import Measures
from tersenet.evaluation.mistakes import Mistake, known_wrong_label

SHOWN = 10  # confused pairs and mistakes
NAME = 40  # letters of a class's name


def class_table(measures: Measures) -> Table:
    """Precision, recall and F1 in percent, one row per class."""
    columns = (
        Column(title="class", right=False, least=12),
        Column(title="precision %"),
        Column(title="recall %"),
        Column(title="F1 %", leaves=1),
        Column(title="images", leaves=2),
    )
    rows = [
        (one_line(row.name, NAME), *map(percent, (row.precision, row.recall, row.f1)), f"{row.support:,}")
        for row in measures.per_class
    ]
    return Table(columns=columns, rows=rows)


def confused_table(measures: Measures) -> Table:
    """The pairs of classes that are confused most often."""
    columns = (
        Column(title="true class", right=False, least=12),
        Column(title="guess", right=False, least=13),
        Column(title="images"),
    )
    rows = [
        (one_line(measures.classes[pair.label], NAME), one_line(measures.classes[pair.guess], NAME), str(pair.count))
        for pair in measures.confused_pairs[:SHOWN]
    ]
    return Table(columns=columns, rows=rows)


def mistake_table(dataset: Dataset, mistakes: Sequence[Mistake]) -> Table:
    """The most confident mistakes; labels known to be wrong are marked."""
    shown = mistakes[:SHOWN]
    wrong = [known_wrong_label(dataset.name, mistake.index, mistake.label) for mistake in shown]
    columns = (
        Column(title="no."),
        Column(title="true class", right=False, least=12),
        Column(title="guess", right=False, least=12),
        Column(title="probability %"),
        *[Column(title="note", right=False, wraps=12, leaves=1)] * any(wrong),
    )
    rows = [
        (
            str(mistake.index),
            dataset.classes[mistake.label],
            "none" if mistake.guess == NO_ANSWER else dataset.classes[mistake.guess],
            percent(mistake.probability),
            *[f"label known to be wrong: {label.read}" if label else ""] * any(wrong),
        )
        for mistake, label in zip(shown, wrong, strict=True)
    ]
    return Table(columns=columns, rows=rows)


def percent(fraction: float) -> str:
    """A share in percent with two decimals; a dash where there is none.

    >>> percent(0.9941), percent(float("nan"))
    ('99.41', '–')
    """
    return "–" if fraction != fraction else f"{100 * fraction:.2f}"
