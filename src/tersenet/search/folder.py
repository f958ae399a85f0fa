"""The folder of a search, which is the truth: everything that a search knows can be read from it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tersenet._errors import TersenetError, did_you_mean
from tersenet.runs import Record, State, is_file, read_record, state_of, write_record
from tersenet.search.outcome import SearchRecord
from tersenet.search.plan import SearchPlan
from tersenet.search.space.costs import Cost
from tersenet.search.space.tree import Value
from tersenet.search.trial_training import FAILURE, TRAINING, TrialTraining

PLAN, RESULT, CLOCK, JOURNAL = "search.json", "result.json", "clock.json", "journal.log"
TRIALS, TRIAL, IMAGES, FINAL, WINNER = "trials", "trial.json", "images", "final", "winner.toml"
_TRAINING_FOLDER = re.compile(r"e([0-9]+)-s([0-9]+)")


@dataclass(frozen=True, kw_only=True)
class Proposal(Record):
    """`trial.json`: a network and a recipe to try. `number` is that of its folder, `asked` that in Optuna's study."""

    number: int = 0
    asked: int
    point: Mapping[str, Value]
    network: str
    settings: Mapping[str, float | int | str | bool]
    cost: Cost

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for equal trainings."""
        return (self.network, *(f"{key}={value!r}" for key, value in sorted(self.settings.items())))


@dataclass(frozen=True, kw_only=True)
class SearchClock(Record):
    """`clock.json`: how many seconds a search has worked, over all the times that it was continued."""

    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrialFailure(Record):
    """`failure.json`: why a training has no value."""

    problem: str
    got: str | None = None
    where: str | None = None


@dataclass(kw_only=True)
class Trial:
    """A proposal, what its trainings reached, by epochs and number of the seed, and why it failed, where it did."""

    proposal: Proposal
    trainings: dict[tuple[int, int], TrialTraining] = field(default_factory=dict)
    failure: str | None = None

    @property
    def number(self) -> int:
        """The number of its folder."""
        return self.proposal.number

    def losses(self, epochs: int) -> list[float]:
        """The held-out losses of trainings of this length, in the order of the seeds from 0 on."""
        return [training.loss for training in self.paired(epochs)]

    def paired(self, epochs: int, first: int = 0) -> list[TrialTraining]:
        """The trainings of this length by their seeds, from `first` on up to the first that is missing."""
        found: list[TrialTraining] = []
        while (epochs, first + len(found)) in self.trainings:
            found.append(self.trainings[epochs, first + len(found)])
        return found


@dataclass(frozen=True)
class Search:
    """A search as its folder tells it; raises TersenetError where this is not one."""

    path: Path

    def __post_init__(self) -> None:
        if not is_search(self.path):
            expected = f"a folder that holds {PLAN}"
            raise TersenetError("This is not the folder of a search.", got=self.path, expected=expected)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @cached_property
    def plan(self) -> SearchPlan:
        """What was asked for."""
        return read_record(self.path / PLAN, SearchPlan)

    @property
    def result(self) -> SearchRecord | None:
        """What was found; None before the end."""
        return read_record(self.path / RESULT, SearchRecord) if is_file(self.path / RESULT) else None

    @property
    def state(self) -> State:
        """Whether the search is `preparing`, `running`, `finished`, `failed` or `interrupted`."""
        return state_of(self.path, finished=is_file(self.path / RESULT))

    @property
    def seconds(self) -> float:
        """How long the search has worked, over all the times that it was continued."""
        clock = self.path / CLOCK
        return read_record(clock, SearchClock).seconds if is_file(clock) else 0.0

    @property
    def trials(self) -> list[Trial]:
        """The trials that were begun, by number."""
        folders = sorted(path for path in (self.path / TRIALS).glob("[0-9]*") if is_file(path / TRIAL))
        return [read_trial(folder) for folder in folders]


def is_search(path: Path) -> bool:
    """Whether a folder is that of a search.

    >>> is_search(Path("no/such/folder"))
    False
    """
    return is_file(path / PLAN)


def trial_folder(path: Path, number: int) -> Path:
    """The folder of a trial."""
    return path / TRIALS / f"{number:05}"


def training_folder(path: Path, number: int, epochs: int, seed: int) -> Path:
    """The folder of one training of a trial."""
    return trial_folder(path, number) / f"e{epochs}-s{seed}"


def write_trial(path: Path, proposal: Proposal) -> None:
    """Write what is known of a trial before its first training."""
    write_record(trial_folder(path, proposal.number) / TRIAL, proposal)


def read_trial(folder: Path) -> Trial:
    """A trial and its trainings. Raises TersenetError where a file is damaged."""
    trial = Trial(proposal=read_record(folder / TRIAL, Proposal))
    for place, epochs, seed in _trainings(folder):
        if is_file(place / TRAINING):
            trial.trainings[epochs, seed] = read_record(place / TRAINING, TrialTraining)
        elif is_file(place / FAILURE):
            trial.failure = read_record(place / FAILURE, TrialFailure).problem
    return trial


def begun_trainings(folder: Path) -> list[tuple[int, int]]:
    """Trainings of a trial that were begun and have neither a result nor a failure: epochs and seed."""
    ended = (TRAINING, FAILURE)
    return [
        (epochs, seed)
        for place, epochs, seed in _trainings(folder)
        if not any(is_file(place / name) for name in ended)
    ]


def write_failure(place: Path, error: TersenetError) -> None:
    """Record why a training failed: it has no value, and is not tried again."""
    got, where = (None if value is None else str(value) for value in (error.got, error.where))
    write_record(place / FAILURE, TrialFailure(problem=error.problem, got=got, where=where))


def _trainings(folder: Path) -> list[tuple[Path, int, int]]:
    named = ((place, _TRAINING_FOLDER.fullmatch(place.name)) for place in sorted(folder.iterdir()))
    return [(place, int(match[1]), int(match[2])) for place, match in named if match]


def find_search(word: str, runs_dir: Path = Path("runs")) -> Search:
    """The search that is meant: a folder, its name in the runs folder, or the latest of that name.

    Raises TersenetError where there is none, naming those that are there.
    """
    found = search_called(word, runs_dir)
    if found is not None:
        return found
    there = list_searches(runs_dir)
    named = [search for search in there if search.path.name.rpartition("-")[0] == word]
    if named:
        return max(named, key=lambda search: int(search.path.name.rpartition("-")[2]))
    names = [search.path.name for search in there]
    raise TersenetError(
        "There is no such search.",
        got=word,
        expected=", ".join(names) or f"the name of a search in {runs_dir}, where there is none",
        hint=did_you_mean(word, names),
    )


def search_called(word: str, runs_dir: Path = Path("runs")) -> Search | None:
    """The search in the folder of exactly that name; None where there is none.

    >>> search_called("nothing", Path("no/such/folder")) is None
    True
    """
    return next((Search(path) for path in (runs_dir / word, Path(word)) if is_search(path)), None)


def list_searches(runs_dir: Path = Path("runs")) -> list[Search]:
    """The searches in a folder, by name."""
    if not runs_dir.is_dir():
        return []
    numbered = (path for path in runs_dir.iterdir() if path.name.rpartition("-")[2].isdecimal())
    return [Search(path) for path in sorted(numbered) if is_search(path)]
