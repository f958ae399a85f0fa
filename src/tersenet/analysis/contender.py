"""One side of a comparison: a run, or runs that differ in their seeds alone, and what each of them reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from tersenet._errors import TersenetError
from tersenet.data import Dataset
from tersenet.evaluation import PERCENT, Spread, guesses, predict_logits, spread
from tersenet.runs import Group, Run, RunRecord, results_of
from tersenet.training import EvaluationBatches


@dataclass(frozen=True, kw_only=True, eq=False)
class Contender:
    """A run, or the finished runs of a group, with their answers on the N pictures of the test set.

    `guess` is int64 `[seeds, N]` (−1 where the answer was not a number), `labels` int64 `[N]`; `missing` counts the
    group's seeds that are not finished.
    """

    source: Run | Group
    runs: list[Run]
    results: list[RunRecord]
    guess: np.ndarray
    labels: np.ndarray
    missing: int

    @property
    def name(self) -> str:
        """What it is called."""
        return self.source.name

    @property
    def is_group(self) -> bool:
        """Whether it is of several seeds by plan."""
        return isinstance(self.source, Group)

    @property
    def seeds(self) -> int:
        """The number of trainings."""
        return len(self.runs)

    @property
    def right(self) -> np.ndarray:
        """Which images were classified correctly: bool `[seeds, N]`."""
        right: np.ndarray = self.guess == self.labels
        return right

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy of each run after its last epoch, in percent, as its pictures were counted here."""
        images = len(self.labels)
        return [100 * int(right.sum()) / images for right in self.right]

    @property
    def kind(self) -> str:
        """What each epoch was measured on: `validation` where images were held out, else `test`."""
        return "validation" if self.source.experiment.validation else "test"

    @property
    def best_accuracies(self) -> list[float]:
        """The accuracy of each run's best epoch, picked on the images it was measured on."""
        return [result.best_accuracy for result in self.results]

    @property
    def validation_accuracies(self) -> list[float] | None:
        """The accuracy on held-out images after the last epoch; None where none were held out."""
        return [run.metrics[-1].held_out_accuracy for run in self.runs] if self.kind == "validation" else None

    @property
    def spread(self) -> Spread:
        """Mean, deviation, extremes and interval of the test accuracies."""
        return spread(self.accuracies, bounds=PERCENT)

    @property
    def parameters(self) -> int:
        """The network's parameters."""
        return self.results[0].parameters

    @property
    def epochs(self) -> int:
        """The most epochs that a run took."""
        return max(result.epochs for result in self.results)

    @property
    def seconds(self) -> float:
        """The mean time of a training."""
        return fmean(result.seconds for result in self.results)


def finished_runs(source: Run | Group) -> list[Run]:
    """The runs behind a name; raises TersenetError where none of them is finished."""
    runs = source.finished_runs if isinstance(source, Group) else [source] * (source.result is not None)
    if not runs:
        raise TersenetError(
            "There is nothing to measure yet: no training is finished.",
            where=source.path,
            hint=f"tersenet train --resume {source.name}",
        )
    return runs


def read_side(source: Run | Group, dataset: Dataset) -> Contender:
    """Measure every finished run of a side on the test set. Raises TersenetError."""
    runs = finished_runs(source)
    answers = [predict_logits(run.model(), EvaluationBatches(dataset.with_form(run.form).test)) for run in runs]
    return Contender(
        source=source,
        runs=runs,
        results=results_of(runs),
        guess=np.stack([guesses(logits).numpy() for logits, _ in answers]),
        labels=answers[0][1].numpy(),
        missing=len(source.seeds) - len(runs) if isinstance(source, Group) else 0,
    )


def shared_data(sources: list[Run | Group], data_dir: Path | None = None) -> Dataset:
    """The data set that all were trained on; raises TersenetError where they differ in it."""
    names = {source.name: source.experiment.data for source in sources}
    if len(set(names.values())) > 1:
        raise TersenetError(
            "Only what was measured on the same data can be compared.",
            got="\n".join(f"{name}: {data}" for name, data in names.items()),
            expected="one data set",
            hint="train one of them again on the other's data",
        )
    return sources[0].data(data_dir)
