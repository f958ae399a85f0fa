"""How the learning rate moves during training."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from tersenet._errors import check_setting

Kind = Literal["constant", "StepLR", "MultiStepLR", "ReduceLROnPlateau", "OneCycleLR", "CosineAnnealingLR", "linear"]

SCHEDULES: dict[str, tuple[str, ...]] = {
    "constant": (),
    "StepLR": ("step", "factor"),
    "MultiStepLR": ("milestones", "factor"),
    "ReduceLROnPlateau": ("factor", "patience", "threshold"),
    "OneCycleLR": ("warmup",),
    "CosineAnnealingLR": ("warmup", "final"),
    "linear": ("warmup", "final"),
}
"""Every kind of schedule, with the fields of a `Schedule` that it uses."""

MOST_EPOCHS = 100_000  # more than a day of one-second epochs; a larger number is a slip of the finger
WARMUP, WARMUP_SHARE = 1.0, 0.2  # the default warm-up: epochs, and the part of a short training that it takes at most


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule by torch's name for it; a field that its kind does not use is ignored.

    `constant`; `StepLR`: × `factor` after every `step` epochs; `MultiStepLR`: × `factor` after each of `milestones`
    epochs; `ReduceLROnPlateau`: × `factor` when the watched loss has not fallen by `threshold` (absolute) for more
    than `patience` epochs; `linear` and `CosineAnnealingLR`: rise over `warmup` epochs, then fall to `final` × the
    learning rate at the last step; `OneCycleLR`, whose rise takes `warmup` epochs. The last three move every step.
    Without a `warmup` the rise takes one epoch, but at most a fifth of the training, so that the rate has time to
    fall again.
    """

    kind: Kind = "linear"  # warm-up and straight fall: never worse than the others in our trials, two numbers to set
    step: int = 6  # epochs between two drops of a StepLR
    milestones: tuple[int, ...] = ()  # epochs after which a MultiStepLR drops; none: it never does
    factor: float = 0.1  # what a drop multiplies the rate by; torch's own default
    patience: int = 10  # epochs without a fall that a ReduceLROnPlateau waits for; torch's own default
    threshold: float = 1e-4  # how much lower a loss must be to count as lower; torch's own default
    warmup: float | None = None  # epochs of rising rate; None: one (batch statistics settle in it), if there is time
    final: float = 0.0  # the last step's rate as a part of the highest

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
        schedule = self.schedule
        done = (epoch - 1) * self.steps_per_epoch + step
        last = max(1, self.epochs * self.steps_per_epoch - 1)
        match schedule.kind:
            case "constant":
                return self.highest
            case "StepLR":
                return float(self.highest * schedule.factor ** ((epoch - 1) // schedule.step))
            case "MultiStepLR":
                passed = sum(milestone < epoch for milestone in schedule.milestones)
                return float(self.highest * schedule.factor**passed)
            case "ReduceLROnPlateau":
                return float(self.highest * schedule.factor**self._drops)
            case "OneCycleLR":
                return self._one_cycle(done, last)
            case "linear" | "CosineAnnealingLR":
                return self._risen_and_fallen(done, last)

    def _risen_and_fallen(self, done: int, last: int) -> float:
        """A straight rise, then a fall to the final rate: straight, or along a cosine."""
        rise = min(self.warmup * self.steps_per_epoch, last)
        if done < rise:
            return self.highest * (done + 1) / (rise + 1)
        fallen = (done - rise) / max(1.0, last - rise)
        if self.schedule.kind == "CosineAnnealingLR":
            fallen = (1 - math.cos(math.pi * fallen)) / 2
        return self.highest * (1 - fallen * (1 - self.schedule.final))

    def _one_cycle(self, done: int, last: int) -> float:
        """Smith & Topin 2018 as torch does it: from 1/25 up, then down to 1/250,000 of the highest, along cosines."""
        lowest, end = self.highest / 25, self.highest / 25 / 1e4
        rise = self.warmup * self.steps_per_epoch - 1
        if done <= rise:
            return _along_cosine(lowest, self.highest, done / max(rise, 1))
        return _along_cosine(self.highest, end, (done - rise) / max(last - rise, 1))

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


def _along_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
