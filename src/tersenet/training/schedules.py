"""How the learning rate moves during training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tersenet._errors import check_setting

Kind = Literal["constant", "StepLR", "MultiStepLR", "ReduceLROnPlateau", "OneCycleLR", "CosineAnnealingLR", "linear"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule by torch's name for it; a knob that its kind does not use is ignored.

    `constant`; `StepLR`: × `factor` after every `step` epochs; `MultiStepLR`: × `factor` after each of `milestones`
    epochs; `ReduceLROnPlateau`: × `factor` when the watched loss has not fallen by `threshold` (absolute) for more
    than `patience` epochs; `linear` and `CosineAnnealingLR`: rise over `warmup` epochs, then fall to `final` × the
    learning rate at the last step; `OneCycleLR`, whose rise takes `warmup` epochs. The last three move every step.
    """

    kind: Kind = "linear"  # warm-up and straight fall: never worse than its rivals in our trials, two numbers to set
    step: int = 6  # epochs between two drops of a StepLR
    milestones: tuple[int, ...] = ()  # epochs after which a MultiStepLR drops; none: it never does
    factor: float = 0.1  # what a drop multiplies the rate by; torch's own default
    patience: int = 10  # epochs without a fall that a ReduceLROnPlateau waits for; torch's own default
    threshold: float = 1e-4  # how much lower a loss must be to count as lower; torch's own default
    warmup: float = 1.0  # epochs of rising rate; batch statistics settle in the first
    final: float = 0.0  # the last step's rate as a part of the highest

    def __post_init__(self) -> None:
        kinds = get_args(Kind)
        check_setting(self.kind in kinds, "training.schedule.kind", self.kind, ", ".join(kinds), names=kinds)
        for fits, name, expected in (
            (self.step >= 1, "step", "one epoch or more"),
            (all(epoch >= 1 for epoch in self.milestones), "milestones", "epochs from 1"),
            (0 < self.factor <= 1, "factor", "above 0, at most 1"),
            (self.patience >= 0, "patience", "0 or more epochs"),
            (self.threshold >= 0, "threshold", "0 or more"),
            (0 <= self.warmup < math.inf, "warmup", "0 or more epochs"),
            (0 <= self.final <= 1, "final", "from 0 to 1"),
        ):
            check_setting(fits, f"training.schedule.{name}", getattr(self, name), expected)


class LearningRate:
    """The learning rate at every step of one training.

    >>> rate = LearningRate(Schedule(kind="StepLR", step=2), 0.1, epochs=4, steps_per_epoch=10)
    >>> [round(rate.at(epoch, 0), 4) for epoch in (1, 2, 3, 4)]
    [0.1, 0.1, 0.01, 0.01]
    """

    def __init__(self, schedule: Schedule, highest: float, *, epochs: int, steps_per_epoch: int) -> None:
        self.schedule = schedule
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
        rise = min(schedule.warmup * self.steps_per_epoch, last)
        if done < rise:
            return self.highest * (done + 1) / (rise + 1)
        fallen = (done - rise) / max(1.0, last - rise)
        if schedule.kind == "CosineAnnealingLR":
            fallen = (1 - math.cos(math.pi * fallen)) / 2
        return self.highest * (1 - fallen * (1 - schedule.final))

    def _one_cycle(self, done: int, last: int) -> float:
        """Smith & Topin 2018 as torch does it: from 1/25 up, then down to 1/250,000 of the highest, along cosines."""
        lowest, end = self.highest / 25, self.highest / 25 / 1e4
        rise = self.schedule.warmup * self.steps_per_epoch - 1
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
