"""Runs that need no folder and no training: their figures are made up by the test."""

from dataclasses import dataclass

from tersenet.runs import RunRecord
from tersenet.training import EpochMetrics


def made_record(accuracy, *, parameters=7_000, epochs=3, best=None):
    """The result of a run on MNIST that ended at `accuracy` percent; its best epoch reached `best`."""
    return RunRecord(
        run="made-1",
        data="mnist",
        network="8C3 GAP 10N",
        device="cpu",
        parameters=parameters,
        epochs=epochs,
        seed=0,
        test_accuracy=accuracy,
        test_loss=0.1,
        test_images=10_000,
        train_accuracy=99.0,
        best_test_accuracy=accuracy if best is None else best,
        best_epoch=epochs,
        seconds=1.0 * epochs,
    )


@dataclass(frozen=True)
class MadeRun:
    """A run whose test accuracy after each epoch is given."""

    curve: tuple[float, ...]
    parameters: int

    @property
    def result(self):
        return made_record(self.curve[-1], parameters=self.parameters, epochs=len(self.curve))

    @property
    def metrics(self):
        return [
            EpochMetrics(
                epoch=epoch,
                learning_rate=0.1,
                train_loss=0.1,
                train_accuracy=99.0,
                test_loss=0.1,
                test_accuracy=accuracy,
                seconds=1.0,
                images_per_second=1.0,
            )
            for epoch, accuracy in enumerate(self.curve, start=1)
        ]
