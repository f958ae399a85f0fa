"""What an integer model costs in accuracy: the same pictures through the network and through the simulation."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet._errors import TersenetError
from tersenet.data import Split
from tersenet.evaluation import McNemarTest, guesses, mcnemar_test, predict_logits
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.integers.simulation import guesses_of, simulate
from tersenet.training import EvaluationBatches


@dataclass(frozen=True, kw_only=True)
class AccuracyKept:
    """Correct answers before and after quantisation, on the same `images`, and whether they differ (McNemar's test).

    `changed` counts the pictures whose class is another one.
    """

    images: int
    before: int
    after: int
    changed: int
    test: McNemarTest

    @property
    def percent_before(self) -> float:
        """Accuracy of the network in float32, in percent."""
        return 100 * self.before / self.images

    @property
    def percent_after(self) -> float:
        """Accuracy of the integer model, in percent."""
        return 100 * self.after / self.images

    def __str__(self) -> str:
        return (
            f"float32 {self.before}/{self.images} ({self.percent_before:.2f} %), "
            f"int8 {self.after}/{self.images} ({self.percent_after:.2f} %), McNemar p = {self.test.p:.2g}"
        )

    def require(self, percent: float) -> None:
        """Raise TersenetError where the integer model has less than `percent` percent.

        >>> test = McNemarTest(images=4, repaired=0, broken=1, difference=-25, interval=(-80, 30), p=1,
        ...                    method="exact binomial")
        >>> AccuracyKept(images=4, before=4, after=3, changed=1, test=test).require(80)
        Traceback (most recent call last):
        tersenet._errors.TersenetError: The integer model is less accurate than required.
          got:      75.00 % (3 of 4), 100.00 % before
          expected: at least 80 %
          hint:     calibrate with more images (--calibrate 2000), or train longer
        """
        if round(self.percent_after, 9) < percent:
            raise TersenetError(
                "The integer model is less accurate than required.",
                got=f"{self.percent_after:.2f} % ({self.after} of {self.images}), {self.percent_before:.2f} % before",
                expected=f"at least {percent:g} %",
                hint="calibrate with more images (--calibrate 2000), or train longer",
            )


def accuracy_kept(network: nn.Module, model: IntegerModel, split: Split) -> AccuracyKept:
    """Classify a split with the network and with its integer model, and compare.

    >>> from tersenet.data import draw_synthetic
    >>> from tersenet.export.integers.quantisation import quantise
    >>> from tersenet.runs import packaged_run
    >>> train, test = draw_synthetic(train=100, test=200)
    >>> network = packaged_run("stem-17150").model()
    >>> kept = accuracy_kept(network, quantise(network, train.images), test)
    >>> kept.images, abs(kept.before - kept.after) <= 4
    (200, True)
    """
    logits, labels = predict_logits(network, EvaluationBatches(split))
    before, after = guesses(logits), guesses_of(simulate(model, split.images))
    return AccuracyKept(
        images=len(labels),
        before=int((before == labels).sum()),
        after=int((after == labels).sum()),
        changed=int((before != after).sum()),
        test=mcnemar_test((before == labels).numpy(), (after == labels).numpy()),
    )
