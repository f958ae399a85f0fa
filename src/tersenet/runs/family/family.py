"""A family: trainings that belong together, in one folder with a plan, such as the trials of a search."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from tersenet._errors import TersenetError, check_setting
from tersenet.runs.experiment import Experiment
from tersenet.runs.family.pool import MEMBER_PROCESS, PoolListeners, Task, train_tasks
from tersenet.runs.folder import EXPERIMENT, Run
from tersenet.runs.record import Record
from tersenet.runs.record_file import is_file, read_record, write_record
from tersenet.runs.state import at_work
from tersenet.training import Answer, EpochMetrics

PLAN = "family.json"
OnFailure = Literal["end", "record"]


@dataclass(frozen=True, kw_only=True)
class FamilyPlan(Record):
    """`family.json`: how the members of a family are trained.

    `processes` members train at a time. `on_failure` says whether the first member that fails ends the family
    ("end"), or whether its failure is recorded in its folder and the others go on ("record").

    >>> FamilyPlan(processes=2).on_failure
    'end'
    """

    processes: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    on_failure: OnFailure = "end"


@dataclass(frozen=True, kw_only=True)
class Member:
    """One training of a family: the name of its folder, and its experiment."""

    name: str
    experiment: Experiment

    def __post_init__(self) -> None:
        fits = bool(self.name) and Path(self.name).name == self.name and self.name not in (".", "..")
        check_setting(fits, "name", self.name, "the name of a folder")


@dataclass(frozen=True, kw_only=True)
class FamilyListeners:
    """What a family tells the outside: all optional.

    `on_epoch` may answer STOP, which makes that epoch the last. `on_failure` is called for a member that failed
    where the plan records failures.
    """

    on_epoch: Callable[[Path, EpochMetrics], Answer] = lambda path, metrics: None
    on_member: Callable[[Run], None] = lambda run: None
    on_failure: Callable[[Path, TersenetError], None] = lambda path, error: None


def train_family(
    path: Path,
    members: Iterable[Member] | Callable[[], Member | None],
    *,
    plan: FamilyPlan | None = None,
    data_dir: Path | None = None,
    listeners: FamilyListeners | None = None,
) -> list[Run]:
    """Train the members of a family in `path/<name>` each; the finished runs, in the order of their ends.

    `members` are known beforehand, or a function that is asked for the next one whenever a process is free; its None
    means that there is none before another run has ended. Members that are finished are skipped and those that
    were begun are continued, so that the same call resumes a family that was interrupted or killed.

    Raises TersenetError where another process trains the family, two members have one name, or a member fails and the
    plan says that this ends the family. What was finished by then is kept.
    """
    refuse_inside_a_member()
    plan, listeners = plan or FamilyPlan(), listeners or FamilyListeners()
    ask = members if callable(members) else _one_by_one(members)
    names: set[str] = set()
    finished: list[Run] = []

    def next_task() -> Task | None:
        while (member := ask()) is not None:
            check_setting(member.name not in names, "name", member.name, "a name that no other member has")
            names.add(member.name)
            place = path / member.name
            if not (is_file(place / EXPERIMENT) and Run(place).is_finished):
                return Task(path=place, experiment=member.experiment)
        return None

    def done(place: Path) -> None:
        run = Run(place)
        finished.append(run)
        listeners.on_member(run)

    def failed(place: Path, error: TersenetError) -> None:
        if plan.on_failure == "end":
            raise with_place(error, place)
        listeners.on_failure(place, error)

    path.mkdir(parents=True, exist_ok=True)
    with at_work(path):
        write_record(path / PLAN, plan)
        train_tasks(
            next_task,
            processes=plan.processes,
            data_dir=data_dir,
            listeners=PoolListeners(on_epoch=listeners.on_epoch, on_done=done, on_failure=failed),
        )
    return finished


def read_plan(path: Path) -> FamilyPlan:
    """The plan of a family's folder. Raises TersenetError where it is missing or does not fit."""
    return read_record(path / PLAN, FamilyPlan)


def with_place(error: TersenetError, path: Path) -> TersenetError:
    """The same error, saying whose it is."""
    where = path if error.where is None else f"{error.where}\nin {path}"
    return TersenetError(error.problem, got=error.got, expected=error.expected, where=where, hint=error.hint)


def refuse_inside_a_member() -> None:
    """A script without a guard is run again by each process that it starts: raise TersenetError there."""
    if multiprocessing.current_process().name == MEMBER_PROCESS:
        raise TersenetError(
            "A script that trains several seeds is imported again by each process.",
            expected='its code under `if __name__ == "__main__":`',
            hint="put it there, or train the seeds one after the other: processes=1",
        )


def _one_by_one(members: Iterable[Member]) -> Callable[[], Member | None]:
    left = iter(members)
    return lambda: next(left, None)
