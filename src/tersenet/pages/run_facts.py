"""Everything that a report needs about a run, read and measured once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.analysis import History, TrainingReread, history_of, read_again
from tersenet.data import Dataset, Split
from tersenet.evaluation import Measures, Mistake
from tersenet.figures import data_title
from tersenet.networks import BudgetLine, Summary, summarize
from tersenet.runs import Run, budget_lines, measure_run
from tersenet.training import EpochMetrics, LearningRate, Recipe, TrainingBatches, hold_out, set_dropout

MOST_STEPS = 1500  # points of the learning rate's curve


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """A run with its history, its network's summary, its budget and its answers on the test set.

    `measures` and `mistakes` are those of the test set, `corrected` the number of right answers with its known wrong
    labels as people read them (None where none is known); all of them are absent where the test set has not been read
    yet (a run that holds images out and is not finished). `reading` is what the network reads in the images that it
    learned from. `rates` are the learning rates by step: (epochs done, rate).
    """

    run: Run
    dataset: Dataset
    history: History
    summary: Summary
    budget: tuple[BudgetLine, ...]
    measures: Measures | None
    mistakes: list[Mistake]
    corrected: int | None
    reading: TrainingReread
    rates: list[tuple[float, float]]

    @property
    def finished(self) -> bool:
        """Whether the training came to its end."""
        return self.run.result is not None

    @property
    def data(self) -> str:
        """The data set's name for titles."""
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


def gather(run: Run, *, data_dir: Path | None = None) -> RunFacts:
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
        found = measure_run(run, dataset)
        measures, mistakes, corrected = found.measures, found.mistakes, found.corrected
    lines = budget_lines(run, None, None) if result is None else result.budget
    recipe = run.experiment.training
    learner = run.model()
    if recipe.dropout is not None:
        set_dropout(learner, recipe.dropout)
    learned = _learned(run, dataset)
    return RunFacts(
        run=run,
        dataset=dataset,
        history=history_of(metrics),
        summary=summarize(model, run.environment.input_size),
        budget=lines,
        measures=measures,
        mistakes=mistakes,
        corrected=corrected,
        reading=read_again(learner, learned, recipe.augmentation, seed=run.experiment.seed),
        rates=rates_by_step(
            recipe,
            metrics,
            steps_per_epoch=len(TrainingBatches(learned, batch_size=recipe.batch_size)),
            validated=bool(run.experiment.validation),
        ),
    )


def rates_by_step(
    recipe: Recipe, metrics: Sequence[EpochMetrics], *, steps_per_epoch: int, validated: bool
) -> list[tuple[float, float]]:
    """The learning rate at every step that was done, by the recipe's schedule: (epochs done, rate).

    A schedule that watches the loss gets the losses of `metrics`. At most `MOST_STEPS` points are kept, among them
    the one with the highest rate.
    """
    schedule = LearningRate(
        recipe.schedule, recipe.learning_rate, epochs=recipe.epochs, steps_per_epoch=steps_per_epoch
    )
    points = []
    for row in metrics:
        points += [
            (row.epoch - 1 + step / steps_per_epoch, schedule.at(row.epoch, step)) for step in range(steps_per_epoch)
        ]
        watched = row.validation_loss if validated else row.train_loss
        schedule.epoch_ended(row.train_loss if watched is None else watched)
    every = -(-len(points) // MOST_STEPS)
    top = max(range(len(points)), key=lambda place: points[place][1])
    return [point for place, point in enumerate(points) if place % every == 0 or place in (top, len(points) - 1)]


def _learned(run: Run, dataset: Dataset) -> Split:
    """The training images that the run learned from: those that it did not hold out."""
    experiment = run.experiment
    if not experiment.validation:
        return dataset.train
    return hold_out(dataset.train, experiment.validation, seed=experiment.seed)[0]
