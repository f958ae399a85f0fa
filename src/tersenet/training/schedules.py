"""How the learning rate moves during training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tersenet._errors import check_setting


@dataclass(frozen=True)
class ScheduleKind:
    """One kind of schedule: what it does, and the fields of a `Schedule` that it uses.

    `rate` gives the learning rate for a step.
    """

    about: str
    uses: tuple[str, ...]
    rate: Callable[[LearningRate, int, int], float]


MOST_EPOCHS = 100_000  # more than a day of one-second epochs; a larger number is a slip of the finger
WARMUP, WARMUP_SHARE = 1.0, 0.2  # the default warm-up: epochs, and the part of a short training that it takes at most


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule by torch's name for it; a field that its kind does not use is ignored.

    `SCHEDULES` says what each kind does. Without a `warmup` the rise takes one epoch, but at most a fifth of the
    training, so that the rate has time to fall again.
    """

    kind: str = "linear"  # warm-up and straight fall: never worse than the others in our trials, two numbers to set
    """How the rate moves."""
    step: int = 6
    """StepLR: epochs between two drops."""
    milestones: tuple[int, ...] = ()  # it never drops
    """MultiStepLR: epochs after which the rate drops."""
    factor: float = 0.1  # torch's own default
    """StepLR, MultiStepLR, ReduceLROnPlateau: what a drop multiplies the rate by."""
    patience: int = 10  # torch's own default
    """ReduceLROnPlateau: epochs without a lower loss before a drop."""
    threshold: float = 1e-4  # torch's own default
    """ReduceLROnPlateau: how much lower a loss must be to count as lower."""
    warmup: float | None = None  # batch statistics settle in it
    """linear, CosineAnnealingLR, OneCycleLR: epochs of rising rate at the start. Without a number: one epoch, at most
    a fifth of the training."""
    final: float = 0.0
    """linear, CosineAnnealingLR: the rate of the last step, as a fraction of the highest."""

    def __post_init__(self) -> None:
        check_setting(
            self.kind in SCHEDULES, "training.schedule.kind", self.kind, ", ".join(SCHEDULES), names=SCHEDULES
        )
        for fits, name, expected in (
            (1 <= self.step <= MOST_EPOCHS, "step", f"1 to {MOST_EPOCHS:,} epochs"),
            (all(1 <= e <= MOST_EPOCHS for e in self.milestones), "milestones", f"epochs from 1 to {MOST_EPOCHS:,}"),
            (0 < self.factor <= 1, "factor", "above 0, at most 1"),
            (0 <= self.patience <= MOST_EPOCHS, "patience", f"0 to {MOST_EPOCHS:,} epochs"),
            (0 <= self.threshold < math.inf, "threshold", "0 or more, and finite"),
            (self.warmup is None or 0 <= self.warmup <= MOST_EPOCHS, "warmup", f"0 to {MOST_EPOCHS:,} epochs"),
            (0 <= self.final <= 1, "final", "from 0 to 1"),
        ):
            check_setting(fits, f"training.schedule.{name}", getattr(self, name), expected)

    def settled(self, epochs: int) -> Schedule:
        """The same schedule with its warm-up as a number, for a training of `epochs` epochs.

        >>> [Schedule().settled(epochs).warmup for epochs in (1, 3, 5, 20)]
        [0.2, 0.6, 1.0, 1.0]
        """
        if self.warmup is not None:
            return self
        return replace(self, warmup=min(WARMUP, round(WARMUP_SHARE * epochs, 9)))


class LearningRate:
    """The learning rate at every step of one training.

    >>> rate = LearningRate(Schedule(kind="StepLR", step=2), 0.1, epochs=4, steps_per_epoch=10)
    >>> [round(rate.at(epoch, 0), 4) for epoch in (1, 2, 3, 4)]
    [0.1, 0.1, 0.01, 0.01]
    """

    def __init__(self, schedule: Schedule, highest: float, *, epochs: int, steps_per_epoch: int) -> None:
        self.schedule = schedule.settled(epochs)
        self.warmup = self.schedule.warmup or 0.0
        self.highest = highest
        self.epochs = epochs
        self.steps_per_epoch = steps_per_epoch
        # What a plateau remembers from epoch to epoch.
        self._lowest = math.inf
        self._waited = 0
        self._drops = 0

    def at(self, epoch: int, step: int) -> float:
        """The rate for step `step` (from 0) of epoch `epoch` (from 1)."""
        return SCHEDULES[self.schedule.kind].rate(self, epoch, step)

    @property
    def last_step(self) -> int:
        """The number of the training's last step, counted from 0; at least 1."""
        return max(1, self.epochs * self.steps_per_epoch - 1)

    @property
    def drops(self) -> int:
        """How often a plateau has dropped the rate."""
        return self._drops

    def epoch_ended(self, watched_loss: float) -> None:
        """Tell a plateau schedule the loss that it watches (validation where held out, else training)."""
        if watched_loss < self._lowest - self.schedule.threshold:
            self._lowest, self._waited = watched_loss, 0
        else:
            self._waited += 1
        if self.schedule.kind == "ReduceLROnPlateau" and self._waited > self.schedule.patience:
            self._drops, self._waited = self._drops + 1, 0

    def state(self) -> dict[str, Any]:
        """What a resume needs."""
        return {"lowest": self._lowest, "waited": self._waited, "drops": self._drops}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self._lowest, self._waited, self._drops = state["lowest"], state["waited"], state["drops"]


def _constant(rate: LearningRate, epoch: int, step: int) -> float:
    return rate.highest


def _steps_down(rate: LearningRate, epoch: int, step: int) -> float:
    return float(rate.highest * rate.schedule.factor ** ((epoch - 1) // rate.schedule.step))


def _drops_at_milestones(rate: LearningRate, epoch: int, step: int) -> float:
    passed = sum(milestone < epoch for milestone in rate.schedule.milestones)
    return float(rate.highest * rate.schedule.factor**passed)


def _drops_on_plateaus(rate: LearningRate, epoch: int, step: int) -> float:
    return float(rate.highest * rate.schedule.factor**rate.drops)


def _one_cycle(rate: LearningRate, epoch: int, step: int) -> float:
    """Smith & Topin 2018 as torch does it: from 1/25 up, then down to 1/250,000 of the highest, along cosines."""
    lowest, end = rate.highest / 25, rate.highest / 25 / 1e4
    done, rise = (epoch - 1) * rate.steps_per_epoch + step, rate.warmup * rate.steps_per_epoch - 1
    if done <= rise:
        return _along_cosine(lowest, rate.highest, done / max(rise, 1))
    return _along_cosine(rate.highest, end, (done - rise) / max(rate.last_step - rise, 1))


def _along_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))


def _linear(rate: LearningRate, epoch: int, step: int) -> float:
    return _risen_and_fallen(rate, epoch, step, lambda part: part)


def _cosine(rate: LearningRate, epoch: int, step: int) -> float:
    return _risen_and_fallen(rate, epoch, step, lambda part: (1 - math.cos(math.pi * part)) / 2)


def _risen_and_fallen(rate: LearningRate, epoch: int, step: int, bent: Callable[[float], float]) -> float:
    """A straight rise, then a fall to the final rate; `bent` is the part that has fallen after a part of the way."""
    done, last = (epoch - 1) * rate.steps_per_epoch + step, rate.last_step
    rise = min(rate.warmup * rate.steps_per_epoch, last)
    if done < rise:
        return rate.highest * (done + 1) / (rise + 1)
    fallen = bent((done - rise) / max(1.0, last - rise))
    return rate.highest * (1 - fallen * (1 - rate.schedule.final))


SCHEDULES: dict[str, ScheduleKind] = {
    "linear": ScheduleKind("rises, then falls along a straight line", ("warmup", "final"), _linear),
    "CosineAnnealingLR": ScheduleKind("rises, then falls along a cosine", ("warmup", "final"), _cosine),
    "OneCycleLR": ScheduleKind("rises and falls along cosines, from 1/25 to 1/250,000", ("warmup",), _one_cycle),
    "StepLR": ScheduleKind("drops after every `step` epochs", ("step", "factor"), _steps_down),
    "MultiStepLR": ScheduleKind("drops after each of `milestones`", ("milestones", "factor"), _drops_at_milestones),
    "ReduceLROnPlateau": ScheduleKind(
        "drops when the watched loss stays up", ("factor", "patience", "threshold"), _drops_on_plateaus
    ),
    "constant": ScheduleKind("stays", (), _constant),
}
"""Every kind of schedule by its name: torch's, where torch has it."""
