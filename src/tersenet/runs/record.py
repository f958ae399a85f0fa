"""What a run, a group and their environment say of themselves: records whose every field is checked when it is read.

Each record is a JSON file of a run folder. Keys that a record does not know are allowed, so that a newer Tersenet may
add some; keys that older runs lack have defaults. A file that does not fit is one TersenetError with file and field.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet._json import finite
from tersenet.data import DIGITS, MNIST_FORM, Form, form_of_an_early_run
from tersenet.networks import BudgetLine

SCHEMA = 1
"""The newest version of the records that this code reads and the one it writes; an older file may lack the key."""

LARGEST = 64 * 1024 * 1024  # bytes of a text file of a run; a training of a million epochs stays below

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Natural = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Side = Annotated[int, msgspec.Meta(ge=1, le=65_536)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e300)]
Finite = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]  # a path with NUL in it is refused by every system

Record = TypeVar("Record")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """`environment.json`: where a run happened, and on which data."""

    schema: Count = SCHEMA
    id: str | None = None  # of this run alone; its checkpoints carry it too
    started: str = "–"
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    device: str = "–"
    git_commit: str | None = None
    command_line: tuple[str, ...] = ()
    data: Text | None = None
    data_source: str | None = None
    data_notice: str | None = None
    data_dir: Text | None = None
    data_sha256: str | None = None
    init_sha256: str | None = None  # of the weights that the training started from
    parameters: Count | None = None
    classes: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = DIGITS
    input_size: tuple[Side, Side, Side] = MNIST_FORM.size
    form: Form | None = None  # older runs lack it

    def __post_init__(self) -> None:
        _check_schema(self.schema)
        if math.prod(self.input_size) > 2**26:
            raise ValueError("an input_size of more than 67,108,864 values")
        if self.form is not None and self.form.size != self.input_size:
            raise ValueError(f"a form of {self.form.size} beside an input_size of {self.input_size}")

    @property
    def picture_form(self) -> Form:
        """What the pictures are like that the network takes."""
        return self.form or form_of_an_early_run(self.input_size)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """`result.json` of a run: what it reached. Accuracies in percent with the counts behind them, times in seconds.

    `best_…` is the best epoch, picked on the images that each epoch was measured on: the validation images where some
    were held out, else the test set.

    >>> RunRecord(run="small-1", data="mnist", network="8C3 GAP 10N", device="cpu", parameters=152, epochs=1, seed=0,
    ...           test_accuracy=50.0, test_loss=1.0, test_images=10_000, train_accuracy=49.0, best_test_accuracy=50.0,
    ...           best_epoch=1, seconds=2.0).correct_images
    5000
    """

    schema: Count = SCHEMA
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
    correct: Count | None = None  # of the test images; older runs lack it
    train_accuracy: Percent
    validation_accuracy: Percent | None = None  # of the last epoch, where images were held out
    validation_loss: Amount | None = None
    best_test_accuracy: Percent | None = None
    best_validation_accuracy: Percent | None = None
    best_epoch: Natural
    seconds: Amount
    budget: tuple[BudgetLine, ...] = ()

    def __post_init__(self) -> None:
        _check_schema(self.schema)
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


@dataclass(frozen=True, kw_only=True)
class GroupRecord:
    """`result.json` of a group of seeds: the figures of its runs, and of all of them together."""

    schema: Count = SCHEMA
    run: str
    data: Text
    network: str
    device: str
    parameters: Count
    epochs: Natural
    seeds: Annotated[tuple[Seed, ...], msgspec.Meta(min_length=1)]
    processes: Natural
    runs: Annotated[tuple[RunRecord, ...], msgspec.Meta(min_length=1)]
    mean: Percent
    deviation: Amount
    minimum: Percent
    maximum: Percent
    interval: tuple[Finite, Finite]
    indication: bool
    best_test_mean: Percent | None = None
    best_validation_mean: Percent | None = None
    train_mean: Percent
    test_images: Natural
    seconds: Amount
    wall_seconds: Amount | None = None
    budget: tuple[BudgetLine, ...] = ()

    def __post_init__(self) -> None:
        _check_schema(self.schema)
        if len(self.runs) != len(self.seeds):
            raise ValueError(f"{len(self.runs)} runs of {len(self.seeds)} seeds")
        if (self.best_test_mean is None) == (self.best_validation_mean is None):
            raise ValueError("not exactly one of best_test_mean and best_validation_mean")


@dataclass(frozen=True, kw_only=True)
class GroupPlan:
    """`group.json`: the seeds that were asked for, and how many of them train at a time."""

    schema: Count = SCHEMA
    seeds: Annotated[tuple[Seed, ...], msgspec.Meta(min_length=1, max_length=100_000)]
    processes: Annotated[int, msgspec.Meta(ge=1, le=100_000)]

    def __post_init__(self) -> None:
        _check_schema(self.schema)
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("a seed that is listed twice")


def read_record(path: Path, shape: type[Record]) -> tuple[Record, dict[str, Any]]:
    """A record out of a JSON file, and the file's table with what the record knows put right.

    The table keeps keys that the record does not know, has the record's values for those that it does, and NaN where
    a loss was not finite and the file has `null`. Raises TersenetError with the file and the field.
    """
    content = read_json(path)
    record = converted(content, shape, path)
    return record, _table(content, record)


def converted(content: Mapping[str, Any], shape: type[Record], where: object) -> Record:
    """A table as a record. Raises TersenetError that names the field."""
    try:
        return msgspec.convert(content, shape)
    except TersenetError as error:  # a form that does not fit
        error.where = where
        raise
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        key = place.strip("`").removeprefix("$").removeprefix(".")
        raise TersenetError(
            "A file of the run has an invalid value.",
            got=_in_plain_words(what),
            where=f"{where}: {key}" if key else where,
            hint="restore the file, or train again",
        ) from error


def read_json(path: Path) -> dict[str, Any]:
    """A table out of a JSON file; raises TersenetError where it is missing or is not one.

    NaN and the infinities, which JSON does not have, are read as None.
    """
    text = read_text(path)
    try:
        content = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise TersenetError(
            "This is not a JSON file.",
            got="nesting that is too deep" if isinstance(error, RecursionError) else str(error)[:200],
            where=path,
            hint="restore the file, or train again",
        ) from error
    if not isinstance(content, dict):
        raise TersenetError(
            "The file of the run does not hold a table.", got=type(content).__name__, expected="a table", where=path
        )
    return content


def read_text(path: Path) -> str:
    """The text of a file in UTF-8. Raises TersenetError where it is missing, cannot be read or is not text."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise TersenetError("This is not a file.", got="a folder, a device or a pipe", where=path)
        if about.st_size > LARGEST:
            got, expected = f"{about.st_size:,} bytes", f"at most {LARGEST:,}"
            raise TersenetError("This file is too large to be a run's own.", got=got, expected=expected, where=path)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TersenetError("This file of the run is missing.", where=path) from error
    except UnicodeDecodeError as error:
        raise TersenetError("This file is not text in UTF-8.", got=str(error), where=path) from error
    except OSError as error:
        raise TersenetError("This file cannot be read.", got=error.strerror or error, where=path) from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that people can read too; a figure that is not finite becomes null."""
    write_whole(path, json.dumps(finite(content), indent=2, ensure_ascii=False) + "\n")


def is_file(path: Path) -> bool:
    """Whether a file is there; False, not an error, where the system does not say.

    >>> is_file(Path("no/such/file")), is_file(Path("a\\0b"))
    (False, False)
    """
    return os.path.isfile(path)  # noqa: PTH113  # Path.is_file raises where a folder may not be entered


def _table(content: Mapping[str, Any], record: Any) -> dict[str, Any]:
    table = dict(content)
    for item in fields(record):
        value = getattr(record, item.name)
        if item.name == "runs":
            table["runs"] = [_table(*pair) for pair in zip(content["runs"], value, strict=True)]
        elif item.name == "budget":
            table["budget"] = [msgspec.to_builtins(line) for line in value]
        elif item.name == "form":
            if value is not None:
                table["form"] = msgspec.to_builtins(value)
        elif item.name == "test_loss":
            table["test_loss"] = math.nan if value is None else value
        elif item.name in content or value is not None:
            table[item.name] = list(value) if isinstance(value, tuple) else value
    if isinstance(record, RunRecord):
        table["correct"] = record.correct_images
    if isinstance(record, Environment):
        table["data_notice"] = record.data_notice
        if record.data_source is None:
            table.pop("data_source", None)
    return table


def _check_schema(schema: int) -> None:
    if schema > SCHEMA:
        raise ValueError(f"a record of schema {schema}, and this Tersenet reads up to {SCHEMA}")


def _in_plain_words(what: str) -> str:
    """What msgspec says, in plain words.

    >>> _in_plain_words("Expected `int`, got `str`"), _in_plain_words("Object missing required field `epochs`")
    ('text instead of a whole number', 'the field epochs is missing')
    """
    names = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false", "null": "null"}
    names |= {"array": "a list", "object": "a table"}
    if what.startswith("Object missing required field "):
        return f"the field {what.rpartition(' ')[2].strip('`')} is missing"
    expected, found, got = what.removeprefix("Expected ").partition(", got ")
    if not found:
        return what.replace("`", "")
    kinds = [names.get(kind, kind) for kind in expected.strip("`").split(" | ")]
    return f"{names.get(got.strip('`'), got)} instead of {' or '.join(kinds)}"
