"""How the fields of a layer are written: a number before the letters or after them, or an option."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tersenet._errors import TersenetError

# Compact networks need far less; the limits keep a slip of the finger from filling the memory.
MAX_CHANNELS = 1_000_000
MAX_SIZE = 1_000  # kernel, padding, stride, dilation

LONGEST = 9  # digits of a whole number
LONGEST_DECIMAL = 400  # the longest printed rate has 340 digits


@dataclass(frozen=True, kw_only=True)
class WrittenForm:
    """The place of a field in a word, what it is called, and the numbers that it may be.

    `place` is "before" or "after" the letters, or "option", which has a `letter`. A whole number lies between `low`
    and `high`; a `decimal` may be excluded from `high` itself (`below`). `shown` is the number in an example of an
    option; an option that is there or not (`switch`) has none.
    """

    place: str
    what: str
    letter: str = ""
    low: int = 1
    high: int = MAX_SIZE
    decimal: bool = False
    below: bool = False
    switch: bool = False
    shown: str = ""

    @property
    def longest(self) -> int:
        """Digits that the number may have."""
        return LONGEST_DECIMAL if self.decimal else LONGEST

    def checked(self, value: float, example: str) -> float:
        """The value, where it is one that the field may have; raises TersenetError where it is not."""
        if self.switch:
            return bool(value)
        if not self.low <= value <= self.high or (self.below and value == self.high):
            expected = f"{self.low:,} to {self.high:,}"
            if self.below:
                expected = f"a number in [{self.low}, {self.high}), such as {example}"
            raise TersenetError(f"The {self.what} is out of range.", got=value, expected=expected)
        return abs(float(value)) if self.decimal else value  # abs: 0.0 for -0.0

    def spelled(self, value: float) -> str:
        """The value as it is written: 16, .05, and nothing for a switch."""
        if self.switch:
            return ""
        return decimal_without_exponent(value) if self.decimal else str(value)


def number_before(what: str) -> Any:
    """A field whose number is written before the letters: the channels of 16C3."""
    return _written(WrittenForm(place="before", what=what, high=MAX_CHANNELS))


def number_after(what: str, high: int = MAX_SIZE) -> Any:
    """A field whose number is written after the letters: the kernel of 16C3."""
    return _written(WrittenForm(place="after", what=what, high=high))


def decimal_after(what: str, *, low: int, high: int, below: bool = False) -> Any:
    """A field whose decimal is written after the letters, between `low` and `high`: the rate of D.05."""
    return _written(WrittenForm(place="after", what=what, low=low, high=high, decimal=True, below=below))


def option(letter: str, what: str, default: int | None, *, low: int = 1, high: int = MAX_SIZE) -> Any:
    """An option with a number, p1 of 16C3p1; a default of None is settled by the layer itself."""
    shown = str(1 if default is None else default + 1)
    return _written(WrittenForm(place="option", what=what, letter=letter, low=low, high=high, shown=shown), default)


def switch(letter: str, what: str) -> Any:
    """An option that is there or not: b of 10Nb."""
    return _written(WrittenForm(place="option", what=what, letter=letter, switch=True), False)


def decimal_without_exponent(value: float) -> str:
    """A number without an exponent and without the zero before its point.

    >>> decimal_without_exponent(0.05), decimal_without_exponent(1e-7), decimal_without_exponent(0.0)
    ('.05', '.0000001', '0')
    """
    text = format(Decimal(repr(value)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.removeprefix("0") if text.startswith("0.") else text


_REQUIRED = object()


def _written(how: WrittenForm, default: Any = _REQUIRED) -> Any:
    if default is _REQUIRED:
        return field(metadata={"written": how})
    return field(default=default, metadata={"written": how})
