"""A group: one experiment trained with several seeds, in one folder that holds a run folder each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

from tersenet._errors import TersenetError
from tersenet._notebook import small_table
from tersenet._table import Column, Table
from tersenet.data import Dataset, Form
from tersenet.evaluation import PERCENT, spread
from tersenet.runs import folder
from tersenet.runs.experiment import Experiment, load_experiment
from tersenet.runs.folder import EXPERIMENT, GROUP, Run, results_of
from tersenet.runs.record import Environment, GroupPlan, GroupRecord
from tersenet.runs.record_file import is_file, read_record
from tersenet.runs.start import budget_lines
from tersenet.runs.state import State, state_of


@dataclass(frozen=True)
class Group:
    """Several trainings of one experiment that differ in their seeds alone, as their folder tells it.

    Files are read when they are asked for; one that is missing or broken raises TersenetError with its path.
    """

    path: Path

    def __post_init__(self) -> None:
        if not is_group(self.path):
            raise TersenetError(
                "This is not the folder of a group of seeds.",
                got=self.path,
                expected=f"a folder that holds {EXPERIMENT} and {GROUP}",
                hint="tersenet runs lists what is here",
            )

    def __repr__(self) -> str:
        try:
            return f"Group({self.name!r}: {self._in_short()})"
        except TersenetError:
            return f"Group({self.name!r})"

    def _repr_html_(self) -> str:
        try:
            rows = [(str(each.seed), f"{each.test_accuracy:.2f}", str(each.epochs)) for each in results_of(self.runs)]
            columns = [Column(title=title) for title in ("seed", "test %", "epochs")]
            return small_table(Table(columns=columns, rows=rows), title=self.name, note=self._in_short())
        except TersenetError as error:
            return small_table(title=self.name, note=error.problem)

    def _in_short(self) -> str:
        """Network, data, seeds and what was reached, in a line."""
        experiment, result = self.experiment, self.result
        done = f"{len(self.finished_runs)} of {len(self.seeds)} seeds done"
        if result is not None:
            done += f", mean {result.mean:.2f} %"
        return f"{experiment.network} on {experiment.data}, {done}"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @cached_property
    def experiment(self) -> Experiment:
        """What was run, resolved and complete; its seed is the first of the group."""
        return load_experiment(self.path / EXPERIMENT)

    @cached_property
    def environment(self) -> Environment:
        """Versions, machine, device, commit, command line, and where the data came from."""
        return read_record(self.path / folder.ENVIRONMENT, Environment)

    @property
    def form(self) -> Form:
        """What the pictures are like that its networks take."""
        return self.environment.picture_form

    @cached_property
    def plan(self) -> GroupPlan:
        """The seeds that were asked for, and how many of them train at a time."""
        return read_record(self.path / GROUP, GroupPlan)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were asked for, whether or not they are done."""
        return self.plan.seeds

    @property
    def processes(self) -> int:
        """How many seeds train at a time."""
        return self.plan.processes

    @property
    def result(self) -> GroupRecord | None:
        """What a finished group reached; None before the end."""
        path = self.path / folder.RESULT
        return read_record(path, GroupRecord) if is_file(path) else None

    @property
    def is_finished(self) -> bool:
        """Whether the group has its result."""
        return is_file(self.path / folder.RESULT)

    @property
    def state(self) -> State:
        """Whether the group is `preparing`, `running`, `finished`, `failed` or `interrupted`."""
        return state_of(self.path, finished=self.is_finished)

    @property
    def runs(self) -> list[Run]:
        """The runs that were begun, in the order of the seeds."""
        paths = [self.seed_path(seed) for seed in self.seeds]
        return [Run(path) for path in paths if is_file(path / EXPERIMENT)]

    @property
    def finished_runs(self) -> list[Run]:
        """The runs that are finished, in the order of the seeds."""
        return [run for run in self.runs if run.is_finished]

    def seed_path(self, seed: int) -> Path:
        """The folder of one seed's run: `seed-<s>` inside the group's."""
        return self.path / f"seed-{seed}"

    def data(self, data_dir: Path | None = None) -> Dataset:
        """The data set that the group was trained on."""
        return folder.recorded_data(self.experiment, self.environment, data_dir)


def is_group(path: Path) -> bool:
    """Whether a folder is that of a group."""
    return is_file(path / GROUP) and is_file(path / EXPERIMENT)


def group_result(group: Group, wall_seconds: float | None) -> GroupRecord:
    """What a group reached whose runs are all finished; `wall_seconds` is None where it was interrupted."""
    runs = tuple(results_of(group.runs))
    first, epochs = runs[0], max(run.epochs for run in runs)
    found = spread([run.test_accuracy for run in runs], bounds=PERCENT)
    assert found.deviation is not None  # a group has two seeds or more
    assert found.interval is not None
    validated = bool(group.experiment.validation)
    return GroupRecord(
        run=group.name,
        data=first.data,
        network=group.experiment.network,
        device=group.environment.device,
        parameters=first.parameters,
        epochs=epochs,
        seeds=group.seeds,
        processes=group.processes,
        runs=runs,
        mean=found.mean,
        deviation=found.deviation,
        minimum=found.minimum,
        maximum=found.maximum,
        interval=found.interval,
        indication=found.is_indication,
        best_test_mean=None if validated else fmean(run.best_accuracy for run in runs),
        best_validation_mean=fmean(run.best_accuracy for run in runs) if validated else None,
        train_mean=fmean(run.train_accuracy for run in runs),
        test_images=first.test_images,
        seconds=fmean(run.seconds for run in runs),
        wall_seconds=wall_seconds,
        budget=budget_lines(group.runs[0], found.mean, epochs),
    )
