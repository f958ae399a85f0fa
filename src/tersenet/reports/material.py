"""What a report is written from: everything about a run, read and measured once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data import Dataset, Split
from tersenet.evaluation import (
    Measures,
    Mistake,
    corrected_labels,
    find_mistakes,
    guesses,
    measure,
    predict_logits,
)
from tersenet.networks import BudgetLine, Summary, summarize
from tersenet.reports.history import History, history_of
from tersenet.reports.regularisation import Reading, read_again
from tersenet.reports.style import data_title
from tersenet.runs import Run, budget_lines
from tersenet.training import EvaluationBatches, hold_out
from tersenet.training.train import set_dropout


@dataclass(frozen=True, kw_only=True)
class Material:
    """A run with its history, its network's summary, its budget and its answers on the test set.

    `measures` and `mistakes` are those of the test set, `corrected` the number of right answers with its known wrong
    labels as people read them (None where none is known); all of them are absent where the test set has not been read
    yet (a run that holds images out and is not finished). `reading` is what the network reads in the images that it
    learned from.
    """

    run: Run
    dataset: Dataset
    history: History
    summary: Summary
    budget: tuple[BudgetLine, ...]
    measures: Measures | None
    mistakes: list[Mistake]
    corrected: int | None
    reading: Reading

    @property
    def finished(self) -> bool:
        """Whether the training came to its end."""
        return self.run.result is not None

    @property
    def data(self) -> str:
        """The data set's name as titles bear it."""
        return data_title(self.dataset.name)

    @property
    def judged(self) -> int:
        """The number of pictures behind each epoch's held-out accuracy."""
        return self.run.experiment.validation or len(self.dataset.test)

    @property
    def target(self) -> float | None:
        """The accuracy that the budget asks for on this data, in percent."""
        budget = self.run.experiment.budget
        return budget.accuracy if budget is not None and budget.data == self.dataset.name else None


def gather(run: Run, *, data_dir: Path | None = None) -> Material:
    """Read a run's folder and measure its network on the test set. Raises `TersenetError`."""
    metrics = run.metrics
    if not metrics:
        raise TersenetError(
            "There is nothing to report yet: no epoch is done.",
            where=run.path,
            hint=f"tersenet train --resume {run.name}",
        )
    dataset = run.data(data_dir)
    result = run.result
    model = run.model()
    measures, mistakes, corrected = None, [], None
    if result is not None or not run.experiment.validation:
        logits, labels = predict_logits(model, EvaluationBatches(dataset.test))
        measures = measure(logits, labels, dataset.classes)
        mistakes = find_mistakes(logits, labels)
        truth = corrected_labels(dataset.name, labels)
        corrected = None if truth is None else int((guesses(logits) == truth).sum())
    lines = (
        tuple(BudgetLine(**line) for line in result["budget"])
        if result is not None
        else budget_lines(run, None, None)
    )
    recipe = run.experiment.training
    learner = run.model()
    if recipe.dropout is not None:
        set_dropout(learner, recipe.dropout)
    return Material(
        run=run,
        dataset=dataset,
        history=history_of(metrics),
        summary=summarize(model, tuple(run.environment["input_size"])),
        budget=lines,
        measures=measures,
        mistakes=mistakes,
        corrected=corrected,
        reading=read_again(learner, _learned(run, dataset), recipe.augmentation, seed=run.experiment.seed),
    )


def _learned(run: Run, dataset: Dataset) -> Split:
    """The training images that the run learned from: those that it did not hold out."""
    experiment = run.experiment
    if not experiment.validation:
        return dataset.train
    return hold_out(dataset.train, experiment.validation, seed=experiment.seed)[0]
