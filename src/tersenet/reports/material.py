"""What a report is written from: everything about a run, read and measured once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data import Dataset
from tersenet.evaluation import Measures, Mistake, find_mistakes, measure, predict_logits
from tersenet.networks import BudgetLine, Summary, summarize
from tersenet.reports.history import History, history_of
from tersenet.reports.style import data_title
from tersenet.runs import Run, budget_lines
from tersenet.training import EvaluationBatches


@dataclass(frozen=True, kw_only=True)
class Material:
    """A run with its history, its network's summary, its budget and its answers on the test set.

    `measures` and `mistakes` are those of the test set; None and none where it has not been read yet (a run that
    holds images out and is not finished).
    """

    run: Run
    dataset: Dataset
    history: History
    summary: Summary
    budget: tuple[BudgetLine, ...]
    measures: Measures | None
    mistakes: list[Mistake]

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
            mend=f"tersenet train --resume {run.name}",
        )
    dataset = run.data(data_dir)
    result = run.result
    model = run.model()
    measures, mistakes = None, []
    if result is not None or not run.experiment.validation:
        logits, labels = predict_logits(model, EvaluationBatches(dataset.test))
        measures = measure(logits, labels, dataset.classes)
        mistakes = find_mistakes(logits, labels)
    lines = (
        tuple(BudgetLine(**line) for line in result["budget"])
        if result is not None
        else budget_lines(run, None, None)
    )
    return Material(
        run=run,
        dataset=dataset,
        history=history_of(metrics),
        summary=summarize(model, tuple(run.environment["input_size"])),
        budget=lines,
        measures=measures,
        mistakes=mistakes,
    )
