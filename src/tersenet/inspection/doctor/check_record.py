"""What a rule of the doctor reports: findings, each with its layer, figure and hint, and what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fault", "warning"]

FOUND, CLEAR, NOT_CHECKED = "found", "clear", "not checked"


@dataclass(frozen=True, kw_only=True)
class DoctorFinding:
    """One thing that is wrong, or probably wrong.

    `severity` is "fault" where training or a figure is wrong because of it, "warning" where it is likely to cost
    accuracy. `where` names the layer (numbered as in `tersenet summary`) or the pictures; `figure` is the
    measurement in words, `value` the same as a number and `bound` the limit that it exceeds (None where the rule has
    no number); `hint` says what to do.

    >>> print(DoctorFinding(rule="dead units", severity="fault", where="layer 3, ReLU",
    ...                     figure="6 of 8 units never fire", value=0.75, bound=0.1, why="They learn nothing.",
    ...                     hint="use a lower rate"))
    dead units, layer 3, ReLU: 6 of 8 units never fire. They learn nothing. Hint: use a lower rate.
    """

    rule: str
    severity: Severity
    where: str
    figure: str
    value: float | None = None
    bound: float | None = None
    why: str
    hint: str

    def __str__(self) -> str:
        return f"{self.rule}, {self.where}: {self.figure}. {self.why} Hint: {self.hint}."


@dataclass(frozen=True, kw_only=True)
class Check:
    """One rule as it was applied: what was measured, and what was found.

    `looked` is False where the rule had nothing to check; `reading` then says what is missing.
    """

    rule: str
    reading: str
    findings: tuple[DoctorFinding, ...] = ()
    looked: bool = True

    @property
    def status(self) -> str:
        """`found`, `clear` or `not checked`.

        >>> Check(rule="labels", reading="too few pictures", looked=False).status
        'not checked'
        """
        return FOUND if self.findings else CLEAR if self.looked else NOT_CHECKED


@dataclass(frozen=True, kw_only=True)
class LayerReading:
    """What was measured of one layer on real pictures; None where it does not apply.

    `signal` is by how much the layer's output differs from picture to picture (standard deviation over the pictures,
    mean over the output's elements); `dead` and `units` count units that never fire; `gradient` is the norm of the
    loss's gradient with respect to the layer's kernel over the norm of that kernel.
    """

    number: int
    name: str
    type: str
    output_shape: tuple[int, ...]
    signal: float
    units: int | None = None
    dead: int | None = None
    gradient: float | None = None


def unlooked(rule: str, missing: str) -> Check:
    """A check that had nothing to check."""
    return Check(rule=rule, reading=missing, looked=False)
