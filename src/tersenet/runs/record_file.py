"""Records on disk: each a JSON file of a run folder, written whole, and checked field by field when it is read.

A file that does not fit is one TersenetError with file and field.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet._json import finite
from tersenet.runs.record import AS, WITH, GroupRecord, Record

LARGEST = 64 * 1024 * 1024  # bytes of a text file of a run; a training of a million epochs stays below

Shape = TypeVar("Shape", bound=Record)


def read_record(path: Path, shape: type[Shape]) -> Shape:
    """A record out of a JSON file. Raises TersenetError with the file and the field where it does not fit."""
    content = read_json(path)
    try:
        record = msgspec.convert(content, shape)
    except TersenetError as error:  # a form that does not fit
        error.where = path
        raise
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        key = place.strip("`").removeprefix("$").removeprefix(".")
        raise TersenetError(
            "A file of the run has an invalid value.",
            got=_in_plain_words(what),
            where=f"{path}: {key}" if key else path,
            hint="restore the file, or train again",
        ) from error
    return _with_further(record, content)


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON that people can read too; a figure that is not finite becomes null."""
    write_whole(path, json.dumps(finite(as_table(record)), indent=2, ensure_ascii=False) + "\n")


def as_table(record: Record) -> dict[str, Any]:
    """A record as the table that its file holds and that `--json` prints.

    >>> from tersenet.runs.record import GroupPlan
    >>> as_table(GroupPlan(seeds=(3, 4), processes=2))
    {'schema': 1, 'seeds': [3, 4], 'processes': 2}
    """
    table = _fields(record)
    return table | {key: value for key, value in table.pop("further").items() if key not in table}


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


def is_file(path: Path) -> bool:
    """Whether a file is there; False, not an error, where the system does not say.

    >>> is_file(Path("no/such/file")), is_file(Path("a\\0b"))
    (False, False)
    """
    return os.path.isfile(path)  # noqa: PTH113  # Path.is_file raises where a folder may not be entered


def _with_further(record: Shape, content: Mapping[str, Any]) -> Shape:
    """The record with the keys of its table that it does not know; those of a group's runs with theirs."""
    known = {item.name for item in fields(record)}
    changes: dict[str, Any] = {"further": {key: value for key, value in content.items() if key not in known}}
    if isinstance(record, GroupRecord):
        changes["runs"] = tuple(map(_with_further, record.runs, content["runs"]))
    return replace(record, **changes)


def _fields(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that its file holds."""
    table = {}
    for item in fields(record):
        decides = item.metadata.get(WITH)
        if decides is None or getattr(record, decides or item.name) is not None:
            table[item.name] = _plain(getattr(record, item.metadata.get(AS, item.name)))
    return table


def _plain(value: Any) -> Any:
    """A value in what JSON has: tables, lists, text and numbers."""
    if isinstance(value, Record):
        return as_table(value)
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


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
