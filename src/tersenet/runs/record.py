"""What a run, a group and their environment say of themselves: records whose every field is checked when it is read.

Each record is a JSON file of a run folder, its keys in the order of the fields. Keys that older runs lack have
defaults. `record_file.py` reads and writes them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec

from tersenet.data import DIGITS, MNIST_FORM, Form, form_of_an_early_run
from tersenet.networks import BudgetLine, ModuleLayout

SCHEMA = 1
"""The newest version of the records that this code reads and the one it writes; an older file may lack the key."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Natural = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Side = Annotated[int, msgspec.Meta(ge=1, le=65_536)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e300)]
Finite = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]  # a path with NUL in it is refused by every system

WITH, AS = "with", "as"
"""Of a field: it is written only where the one named here is not None; the attribute named here is written for it."""
IF_KNOWN = {WITH: ""}
"""Of a field: it is written only where it is not None itself."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What every record has: the version of its form, and the keys of its file that only a newer Tersenet knows.

    `further` is written again with the rest, so that an older Tersenet that continues a group loses none of them.
    """

    schema: Count = SCHEMA
    further: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.schema > SCHEMA:
            raise ValueError(f"a record of schema {self.schema}, and this Tersenet reads up to {SCHEMA}")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The computer that a run was trained on; `cores` are those that the process might use."""

    system: str | None = field(default=None, metadata=IF_KNOWN)
    processor: str | None = field(default=None, metadata=IF_KNOWN)
    cores: Count | None = field(default=None, metadata=IF_KNOWN)
    cpu_capability: str | None = field(default=None, metadata=IF_KNOWN)


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """The Python files that a run's network needs: `root` is where they were, `files` has the SHA-256 of each.

    The other fields say which of them is run, and what is called in it: see `provenance/source.py`.
    """

    name: str
    entry: str
    module: str
    search: tuple[str, ...]
    packages: Mapping[str, str]
    root: str
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        for path in (self.entry, *self.search, *self.packages.values(), *self.files):
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\0" in path:
                raise ValueError(f"a path that leads out of the folder: {path!r}")

    def layout(self, root: Path) -> ModuleLayout:
        """How the files are laid out under a folder."""
        return ModuleLayout(
            root=root, entry=self.entry, module=self.module, search=self.search, packages=dict(self.packages)
        )


@dataclass(frozen=True, kw_only=True)
class Environment(Record):
    """`environment.json`: where a run happened, and on which data. `versions` are those of Python and the packages.

    >>> Environment(data="mnist").picture_form.spelled
    '1×28×28'
    """

    started: str = "–"
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    machine: Machine = Machine()
    device: str = "–"
    git_commit: str | None = None
    command_line: tuple[str, ...] = ()
    id: str | None = field(default=None, metadata=IF_KNOWN)  # of this run; its checkpoints carry it too
    data: Text | None = None
    data_source: str | None = field(default=None, metadata=IF_KNOWN)
    data_notice: str | None = None
    data_dir: Text | None = None
    data_sha256: str | None = field(default=None, metadata=IF_KNOWN)
    classes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = DIGITS
    input_size: tuple[Side, Side, Side] = MNIST_FORM.size
    form: Form | None = field(default=None, metadata=IF_KNOWN)  # older runs lack it
    parameters: Count | None = field(default=None, metadata=IF_KNOWN)
    init_sha256: str | None = field(default=None, metadata=IF_KNOWN)
    """Of the weights that the training started from."""
    source: SourceFacts | None = field(default=None, hash=False, metadata=IF_KNOWN)

    def __post_init__(self) -> None:
        super().__post_init__()
        if math.prod(self.input_size) > 2**26:
            raise ValueError("an input_size of more than 67,108,864 values")
        if self.form is not None and self.form.size != self.input_size:
            raise ValueError(f"a form of {self.form.size} beside an input_size of {self.input_size}")

    @property
    def picture_form(self) -> Form:
        """What the pictures are like that the network takes."""
        return self.form or form_of_an_early_run(self.input_size)


@dataclass(frozen=True, kw_only=True)
class RunRecord(Record):
    """`result.json` of a run: what it reached. Accuracies in percent with the counts behind them, times in seconds.

    `best_…` is the best epoch, picked on the images that each epoch was measured on: the validation images where some
    were held out, else the test set.

    >>> RunRecord(run="small-1", data="mnist", network="8C3 GAP 10N", device="cpu", parameters=152, epochs=1, seed=0,
    ...           test_accuracy=50.0, test_loss=1.0, test_images=10_000, train_accuracy=49.0, best_test_accuracy=50.0,
    ...           best_epoch=1, seconds=2.0).correct_images
    5000
    """

    run: str
    data: Text
    network: str
    device: str
    parameters: Count
    epochs: Natural
    seed: Seed
    test_accuracy: Percent
    test_loss: Amount | None  # None: it was not finite
    test_images: Natural
    correct: Count | None = field(default=None, metadata={AS: "correct_images"})  # older runs lack it
    train_accuracy: Percent
    validation_accuracy: Percent | None = field(default=None, metadata=IF_KNOWN)
    """Of the last epoch, where images were held out; the loss too, None where it was not finite."""
    validation_loss: Amount | None = field(default=None, metadata={WITH: "validation_accuracy"})
    best_test_accuracy: Percent | None = field(default=None, metadata=IF_KNOWN)
    best_validation_accuracy: Percent | None = field(default=None, metadata=IF_KNOWN)
    best_epoch: Natural
    seconds: Amount
    budget: tuple[BudgetLine, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.best_test_accuracy is None) == (self.best_validation_accuracy is None):
            raise ValueError("not exactly one of best_test_accuracy and best_validation_accuracy")
        if self.best_epoch > self.epochs:
            raise ValueError(f"best_epoch {self.best_epoch} of {self.epochs} epochs")
        if abs(100 * self.correct_images / self.test_images - self.test_accuracy) > 1e-6 and self.correct is not None:
            raise ValueError(f"{self.correct} correct of {self.test_images}, and {self.test_accuracy} %")

    @property
    def correct_images(self) -> int:
        """How many test images were classified correctly."""
        return round(self.test_accuracy * self.test_images / 100) if self.correct is None else self.correct

    @property
    def loss(self) -> float:
        """The loss on the test set; NaN where it was not finite."""
        return math.nan if self.test_loss is None else self.test_loss

    @property
    def best_accuracy(self) -> float:
        """The best epoch's, on the validation images where some were held out, else on the test set."""
        best = self.best_test_accuracy if self.best_validation_accuracy is None else self.best_validation_accuracy
        assert best is not None
        return best


@dataclass(frozen=True, kw_only=True)
class GroupRecord(Record):
    """`result.json` of a group of seeds: the figures of its runs, and of all of them together.

    `seconds` is the mean of the runs' training times, `wall_seconds` what the clock showed from the first to the
    last, None where the group was interrupted.
    """

    run: str
    data: Text
    network: str
    device: str
    parameters: Count
    epochs: Natural
    seeds: Annotated[tuple[Seed, ...], msgspec.Meta(min_length=2)]
    processes: Natural
    runs: Annotated[tuple[RunRecord, ...], msgspec.Meta(min_length=2)]
    mean: Percent
    deviation: Amount
    minimum: Percent
    maximum: Percent
    interval: tuple[Finite, Finite]
    indication: bool
    best_test_mean: Percent | None = field(default=None, metadata=IF_KNOWN)
    best_validation_mean: Percent | None = field(default=None, metadata=IF_KNOWN)
    train_mean: Percent
    test_images: Natural
    seconds: Amount
    wall_seconds: Amount | None = None
    budget: tuple[BudgetLine, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.runs) != len(self.seeds):
            raise ValueError(f"{len(self.runs)} runs of {len(self.seeds)} seeds")
        if (self.best_test_mean is None) == (self.best_validation_mean is None):
            raise ValueError("not exactly one of best_test_mean and best_validation_mean")


@dataclass(frozen=True, kw_only=True)
class GroupPlan(Record):
    """`group.json`: the seeds that were asked for, and how many of them train at a time."""

    seeds: Annotated[tuple[Seed, ...], msgspec.Meta(min_length=2, max_length=100_000)]
    processes: Annotated[int, msgspec.Meta(ge=1, le=100_000)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("a seed that is listed twice")
