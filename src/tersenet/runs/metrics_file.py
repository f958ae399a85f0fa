"""`metrics.csv` read back: one row per epoch, every figure checked."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.training import EpochMetrics

_REQUIRED = tuple(item.name for item in fields(EpochMetrics) if not item.name.startswith(("test_", "validation_")))
_PAIRS = (("test_loss", "test_accuracy"), ("validation_loss", "validation_accuracy"))


def parse_metrics(text: str, path: Path) -> list[EpochMetrics]:
    """The rows of a `metrics.csv`; columns that are not known are skipped.

    Raises TersenetError with the line where a figure is missing, is not a number or is out of its range.
    """
    rows: list[EpochMetrics] = []
    reader = csv.DictReader(io.StringIO(text))
    try:
        for row in reader:
            rows.append(_row(row, len(rows) + 1))
    except (csv.Error, ValueError) as error:
        raise TersenetError(
            "This row of figures cannot be read.",
            got=str(error)[:200],
            where=f"{path}, line {len(rows) + 2}",
            hint="restore the file, or train again",
        ) from error
    return rows


def _row(row: dict[str, Any], epoch: int) -> EpochMetrics:
    """One epoch's figures. Raises ValueError."""
    measured = [pair for pair in _PAIRS if all(row.get(name) for name in pair)]
    if len(measured) != 1:
        raise ValueError("not exactly one of test_loss, test_accuracy and validation_loss, validation_accuracy")
    figures: dict[str, Any] = {name: _number(row, name) for name in (*_REQUIRED, *measured[0])}
    if figures["epoch"] != epoch:
        raise ValueError(f"epoch {row['epoch']} instead of {epoch}")
    return EpochMetrics(**figures | {"epoch": epoch})


def _number(row: dict[str, Any], name: str) -> float:
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"no {name}")
    number = float(value)
    may_overflow = name in ("test_loss", "validation_loss")  # of a network that diverged
    fits = number >= 0 or (may_overflow and math.isnan(number))
    if not fits or (math.isinf(number) and not may_overflow) or (name.endswith("_accuracy") and number > 100):
        raise ValueError(f"{name} = {number}")
    return number
