"""The best accuracy for the fewest parameters: the front of accuracy against parameters over all runs.

Only last-epoch figures on the test set count. Runs that differ in nothing but their seed are one entry with their
mean, whether they are in one group or in separate folders, so that no lucky seed represents the others.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.evaluation import ENOUGH_SEEDS
from tersenet.runs.experiment import Experiment, to_tables
from tersenet.runs.family.group import Group
from tersenet.runs.folder import MODEL, Run, results_of
from tersenet.runs.listings.find_runs import list_all
from tersenet.training import load_tensors

BYTES = 4  # of a weight in float32
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
SAME = ("network", "notation", "init", "validation", "data", "training")  # what runs of one entry have in common


@dataclass(frozen=True, kw_only=True)
class FrontEntry:
    """Finished runs of one experiment, whatever their seeds; accuracies in percent.

    `validation` is the number of training images held out: such runs learned from fewer, and read the test set once.
    """

    runs: tuple[Run, ...]
    network: str
    data: str
    parameters: int
    epochs: int
    accuracy: float
    deviation: float | None
    validation: int

    @property
    def name(self) -> str:
        """The run, or the folder of the group, or the latest run and how many others are counted with it."""
        groups = sorted({run.name.rpartition("/")[0] or run.name for run in self.runs})
        return groups[-1] if len(groups) == 1 else f"{groups[-1]} +{len(groups) - 1}"

    @property
    def is_indication(self) -> bool:
        """Whether the seeds are too few for more than an indication."""
        return self.seeds < ENOUGH_SEEDS

    @property
    def seeds(self) -> int:
        """How many seeds the mean is of."""
        return len(self.runs)


@dataclass(frozen=True, kw_only=True)
class Size:
    """What trained weights weigh: counts of weights, and bytes.

    `nonzero` counts the parameters that are not exactly 0, of the seed that has most of them. `weight_bytes` are
    those of all parameters in float32; `file_bytes` is the size of `model.safetensors`, which holds the running
    statistics of batch normalisation and a head of names besides.
    """

    parameters: int
    nonzero: int
    weight_bytes: int
    file_bytes: int


def entries(runs_dir: Path, data: str) -> list[FrontEntry]:
    """What was reached on a data set, one entry per experiment; of one seed trained twice the later run counts.

    Runs that are not finished, or whose files cannot be read, are skipped.

    >>> entries(Path("no/such/folder"), "mnist")
    []
    """
    alike: dict[str, dict[int, Run]] = {}
    for run in _all_runs(runs_dir):
        with suppress(TersenetError):
            _ = run.environment  # a run whose environment cannot be read is skipped as well
            if (record := run.result) is not None and record.data == data:
                alike.setdefault(_key(run.experiment), {})[run.experiment.seed] = run
    return [_entry(list(by_seed.values())) for by_seed in alike.values()]


def front(found: Iterable[FrontEntry], *, under: int | None = None) -> list[FrontEntry]:
    """The entries that none with as few parameters or fewer equals, smallest first; `under` bounds the parameters.

    >>> few, many = (FrontEntry(runs=(), network="", data="mnist", parameters=count, epochs=1, accuracy=99.0,
    ...                    deviation=None, validation=0) for count in (500, 900))
    >>> [entry.parameters for entry in front([many, few])]
    [500]
    """
    best: list[FrontEntry] = []
    ordered = sorted(found, key=lambda entry: (entry.parameters, -entry.accuracy, -len(entry.runs)))
    for entry in ordered:
        within = under is None or entry.parameters < under
        if within and (not best or entry.accuracy > best[-1].accuracy):
            best.append(entry)
    return best


def readable_front(
    found: Iterable[FrontEntry], *, under: int | None = None
) -> tuple[list[tuple[FrontEntry, Size]], list[FrontEntry]]:
    """The front with the sizes of its weights, and the entries left out of it: their weights cannot be read."""
    left, unreadable = list(found), []
    while True:
        best = front(left, under=under)
        sizes: list[tuple[FrontEntry, Size]] = []
        for entry in best:
            try:
                sizes.append((entry, size_of(entry)))
            except (TersenetError, OSError):
                unreadable.append(entry)
                left.remove(entry)
        if len(sizes) == len(best):
            return sizes, unreadable


def size_of(entry: FrontEntry) -> Size:
    """Count and weigh the trained weights of an entry's runs. Raises TersenetError where one cannot be read."""
    weights = [run.path / MODEL for run in entry.runs]
    return Size(
        parameters=entry.parameters,
        nonzero=max(_nonzero(run) for run in entry.runs),
        weight_bytes=BYTES * entry.parameters,
        file_bytes=max(path.stat().st_size for path in weights),
    )


def _all_runs(runs_dir: Path) -> Iterator[Run]:
    """Every run under a folder, those of groups among them, oldest first within a name."""
    everything = list_all(runs_dir)
    yield from (each for each in everything if isinstance(each, Run))
    for group in everything:
        if isinstance(group, Group):
            with suppress(TersenetError):
                yield from group.runs


def _key(experiment: Experiment) -> str:
    """Equal for experiments that differ in nothing but name, words, budget, settings and seed."""
    tables = to_tables(experiment)
    common = {name: tables.get(name) for name in SAME}
    if common["notation"] is not None:
        common["network"] = None  # a name for the same line
    return json.dumps(common, sort_keys=True)


def _entry(runs: Sequence[Run]) -> FrontEntry:
    records = results_of(runs)
    accuracies = [record.test_accuracy for record in records]
    first = runs[0].experiment
    return FrontEntry(
        runs=tuple(runs),
        network=first.network,
        data=records[0].data,
        parameters=records[0].parameters,
        epochs=max(record.epochs for record in records),
        accuracy=statistics.fmean(accuracies),
        deviation=statistics.stdev(accuracies) if len(runs) > 1 else None,
        validation=first.validation,
    )


def _nonzero(run: Run) -> int:
    tensors, _ = load_tensors(run.path / MODEL)
    if run.notation is not None:
        names = {name for name, _ in run.empty_model().named_parameters()}
    else:  # a listing runs no file: by the names that torch gives to what is not learned
        names = {name for name in tensors if name.rpartition(".")[2] not in STATISTICS}
    return sum(int(tensor.count_nonzero()) for name, tensor in tensors.items() if name in names)
