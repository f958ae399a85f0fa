"""The result of an experiment: of the run or group that says most about it."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.evaluation import ENOUGH_SEEDS
from tersenet.networks import NETWORKS, BudgetLine
from tersenet.runs.experiment import Experiment, to_tables
from tersenet.runs.family.group import Group
from tersenet.runs.folder import Run, results_of
from tersenet.runs.listings.find_runs import Unreadable, list_all
from tersenet.runs.record import RunRecord
from tersenet.runs.start import budget_lines

COMPARED = ("network", "validation", "init", "training")  # what makes a run one of the experiment, whatever its name


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The last-epoch test accuracy of an experiment's run, in percent: the mean where several seeds were trained.

    `changed` names the fields, dotted, that the run set otherwise than the experiment; `budget` is that of the
    experiment, checked against the run.
    """

    run: str
    data: str
    accuracy: float
    deviation: float | None
    seeds: int
    epochs: int
    changed: tuple[str, ...]
    budget: tuple[BudgetLine, ...]

    @property
    def is_indication(self) -> bool:
        """Whether the seeds are too few for more than an indication."""
        return self.seeds < ENOUGH_SEEDS

    @property
    def met(self) -> bool | None:
        """Whether every line of the budget is met; None where there is none, or a line cannot be said."""
        verdicts = [line.met for line in self.budget]
        if False in verdicts:
            return False
        return True if verdicts and None not in verdicts else None


def outcome_of(experiment: Experiment, runs_dir: Path = Path("runs")) -> Outcome | None:
    """The result of an experiment's finished runs under a folder; None where there are none.

    A run is the experiment's by its name, or because it trains the same network in the same way. Unchanged runs come
    before those with changed settings, then those with more seeds, then later ones. Runs whose files cannot be read
    are skipped.

    >>> outcome_of(Experiment(name="mine", network="8C3 GAP 10N"), Path("no/such/folder")) is None
    True
    """
    found = list(_outcomes(experiment, runs_dir))
    if not found:
        return None
    return max(enumerate(found), key=lambda pair: (not pair[1].changed, pair[1].seeds, pair[0]))[1]


def _outcomes(experiment: Experiment, runs_dir: Path) -> Iterator[Outcome]:
    everything = list_all(runs_dir)
    runs_first = sorted((each for each in everything if not isinstance(each, Unreadable)), key=_is_group)
    for each in runs_first:
        try:
            if each.experiment.name != experiment.name and changed_fields(experiment, each.experiment):
                continue
            runs = each.finished_runs if isinstance(each, Group) else [each]
            _ = each.environment  # a run whose environment cannot be read is skipped as well
            records = results_of(runs)
            if records and len(records) == len(runs):
                yield _outcome(experiment, each.name, runs, records)
        except TersenetError:
            continue


def _is_group(found: Run | Group) -> bool:
    return isinstance(found, Group)


def _outcome(experiment: Experiment, name: str, runs: list[Run], records: list[RunRecord]) -> Outcome:
    accuracies = [record.test_accuracy for record in records]
    mean = statistics.fmean(accuracies)
    epochs = max(record.epochs for record in records)
    first = runs[0]
    # A list does not execute the code of a user's own module, and so cannot check a budget against it.
    checked = first.notation is not None and first.experiment.budget == experiment.budget
    lines = budget_lines(first, mean, epochs) if checked else ()
    return Outcome(
        run=name,
        data=records[0].data,
        accuracy=mean,
        deviation=statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        seeds=len({run.experiment.seed for run in runs}),
        epochs=epochs,
        changed=changed_fields(experiment, first.experiment),
        budget=lines,
    )


def changed_fields(experiment: Experiment, run: Experiment) -> tuple[str, ...]:
    """The dotted names of what a run trained otherwise than an experiment says: network, recipe, held-out images.

    >>> base = Experiment(network="8C3 GAP 10N")
    >>> changed_fields(base, base.changed(validation=5000, seed=3))
    ('validation',)
    """
    said, done = (
        _flat({key: to_tables(each).get(key) for key in COMPARED} | {"network": _line(each)})
        for each in (_with_warm_up(one, run.training.epochs) for one in (experiment, run))
    )
    return tuple(key for key in sorted({*said, *done}) if said.get(key) != done.get(key))


def _with_warm_up(experiment: Experiment, epochs: int) -> Experiment:
    """The same with the warm-up in numbers, so that an open one and the one that a run settled are the same."""
    recipe = experiment.training
    return experiment.changed(training=dataclasses.replace(recipe, schedule=recipe.schedule.settled(epochs)))


def _line(experiment: Experiment) -> str:
    """The network's notation where it has one, so that a name and its line are the same network."""
    known = NETWORKS.get(experiment.network)
    return experiment.notation or (known.notation if known else experiment.network)


def flat_settings(experiment: Experiment) -> dict[str, Any]:
    """Every setting of an experiment by its dotted name, those that are not set left out.

    >>> flat_settings(Experiment(network="8C3 GAP 10N"))["training.schedule.kind"]
    'linear'
    """
    return _flat(to_tables(experiment))


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return flat
