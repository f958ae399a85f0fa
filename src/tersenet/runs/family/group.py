"""A group: one experiment trained with several seeds, in one folder that holds a run folder each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from tersenet._errors import TersenetError
from tersenet._notebook import small_table
from tersenet.data import Dataset, Form
from tersenet.evaluation import PERCENT, spread
from tersenet.runs import folder
from tersenet.runs.experiment import Experiment, load_experiment
from tersenet.runs.folder import EXPERIMENT, GROUP, Run
from tersenet.runs.record import SCHEMA, Environment, GroupPlan, GroupRecord, is_file, read_record, write_json
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
            rows = [
                (str(run.experiment.seed), f"{run.result['test_accuracy']:.2f}", str(run.result["epochs"]))
                for run in self.finished_runs
                if run.result is not None
            ]
            head = ("seed", "test %", "epochs")
            return small_table(head if rows else (), rows, right=head, title=self.name, note=self._in_short())
        except TersenetError as error:
            return small_table((), (), title=self.name, note=error.problem)

    def _in_short(self) -> str:
        """Network, data, seeds and what was reached, in a line."""
        experiment, result = self.experiment, self.result
        done = f"{len(self.finished_runs)} of {len(self.seeds)} seeds done"
        if result is not None:
            done += f", mean {result['mean']:.2f} %"
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
    def environment(self) -> dict[str, Any]:
        """Versions, machine, device, commit, command line, and where the data came from."""
        return read_record(self.path / folder.ENVIRONMENT, Environment)[1]

    @cached_property
    def form(self) -> Form:
        """What the pictures are like that its networks take."""
        return read_record(self.path / folder.ENVIRONMENT, Environment)[0].picture_form

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were asked for, whether or not they are done."""
        return self._plan.seeds

    @property
    def processes(self) -> int:
        """How many seeds train at a time."""
        return self._plan.processes

    @property
    def record(self) -> GroupRecord | None:
        """What a finished group reached, as a typed record; None before the end."""
        path = self.path / folder.RESULT
        return read_record(path, GroupRecord)[0] if is_file(path) else None

    @property
    def result(self) -> dict[str, Any] | None:
        """The figures of a finished group (as `tersenet train --seeds N --json` prints them); None before the end."""
        path = self.path / folder.RESULT
        return read_record(path, GroupRecord)[1] if is_file(path) else None

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

    @cached_property
    def _plan(self) -> GroupPlan:
        return read_record(self.path / GROUP, GroupPlan)[0]


def is_group(path: Path) -> bool:
    """Whether a folder is that of a group."""
    return is_file(path / GROUP) and is_file(path / EXPERIMENT)


def write_plan(path: Path, seeds: Sequence[int], processes: int) -> None:
    """Write which seeds the group is of, and how many of them train at a time."""
    write_json(path / GROUP, {"schema": SCHEMA, "seeds": list(seeds), "processes": processes})


def group_result(group: Group, wall_seconds: float | None) -> dict[str, Any]:
    """The figures of a group whose runs are all finished: keys as in `tersenet train --seeds N --json`.

    Accuracies are those of the last epochs, in percent; `seconds` is the mean of the runs' training times and
    `wall_seconds` what the clock showed from the first to the last, None where the group was interrupted.
    """
    results = [_finished(run) for run in group.runs]
    first = results[0]
    found = spread([result["test_accuracy"] for result in results], bounds=PERCENT)
    kind = "validation" if group.experiment.validation else "test"
    lines = budget_lines(group.runs[0], found.mean, max(result["epochs"] for result in results))
    return {
        "schema": SCHEMA,
        "run": group.name,
        "data": first["data"],
        "network": group.experiment.network,
        "device": group.environment["device"],
        "parameters": first["parameters"],
        "epochs": max(result["epochs"] for result in results),
        "seeds": list(group.seeds),
        "processes": group.processes,
        "runs": results,
        "mean": found.mean,
        "deviation": found.deviation,
        "minimum": found.minimum,
        "maximum": found.maximum,
        "interval": found.interval,
        "indication": found.is_indication,
        f"best_{kind}_mean": fmean(result[f"best_{kind}_accuracy"] for result in results),
        "train_mean": fmean(result["train_accuracy"] for result in results),
        "test_images": first["test_images"],
        "seconds": fmean(result["seconds"] for result in results),
        "wall_seconds": wall_seconds,
        "budget": [asdict(line) for line in lines],
    }


def _finished(run: Run) -> dict[str, Any]:
    result = run.result
    assert result is not None, run.path
    return result
