"""The one exception class: what was got, what was expected, where, and how to fix it."""

from __future__ import annotations

import difflib
import os
import shlex
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

_FILES_LOOKED_AT = 10_000  # in the folder of a file that is missing


class TersenetError(Exception):
    """A mistake that its user can fix.

    Args:
        problem: one sentence that says what is wrong.
        got: what was found.
        expected: what would have been accepted.
        where: the file, line, layer or flag; may have several lines (a caret under the place).
        hint: what to do about it.

    >>> print(TersenetError("The label file is shorter than it says.", got="12 bytes", expected="60008 bytes",
    ...                     where="train-labels-idx1-ubyte", hint="fetch it again: tersenet data fetch mnist"))
    The label file is shorter than it says.
      got:      12 bytes
      expected: 60008 bytes
      where:    train-labels-idx1-ubyte
      hint:     fetch it again: tersenet data fetch mnist
    """

    def __init__(
        self,
        problem: str,
        *,
        got: object = None,
        expected: object = None,
        where: object = None,
        hint: object = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.got = got
        self.expected = expected
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.problem]
        for name in ("got", "expected", "where", "hint"):
            value = getattr(self, name)
            if value is not None:
                first, *rest = str(value).split("\n")
                lines.append(f"  {name + ':':<9} {first}")
                lines.extend(f"            {line}" for line in rest)
        return "\n".join(lines)


def did_you_mean(word: str, names: Iterable[str], *, shown: Mapping[str, str] | None = None) -> str | None:
    """The nearest of `names` as a phrase, or None where nothing is near. A name may be shown as another text.

    >>> did_you_mean("fasion-mnist", ["mnist", "fashion-mnist", "kmnist"])
    'did you mean fashion-mnist, mnist or kmnist?'
    """
    near = difflib.get_close_matches(word.lower(), list(names), n=3, cutoff=0.5)
    if not near:
        return None
    if shown is not None:
        near = [shown[name] for name in near]
    if len(near) == 1:
        return f"did you mean {near[0]}?"
    return f"did you mean {', '.join(near[:-1])} or {near[-1]}?"


def did_you_mean_file(path: Path | str, *, name: str | None = None) -> str | None:
    """The files beside a missing one, of the same kind, whose names are nearest; None where nothing is near.

    With `name`, each is written as `file.py:name`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "seven.png").write_bytes(b""), Path(folder, "seven.txt").write_bytes(b"")
    ...     did_you_mean_file(f"{folder}/sevn.png").replace(folder, "FOLDER")
    'did you mean FOLDER/seven.png?'
    """
    path = Path(path)
    try:
        with os.scandir(path.parent) as entries:
            found = [entry.name for entry in islice(entries, _FILES_LOOKED_AT)]
    except (OSError, ValueError):
        return None
    # Without their ending, which is the same and would make every name near.
    alike = {Path(file).stem: file for file in sorted(found) if Path(file).suffix.lower() == path.suffix.lower()}
    after = f":{name}" if name else ""
    shown = {stem: shlex.quote(f"{path.with_name(file)}{after}") for stem, file in alike.items()}
    return did_you_mean(path.stem, shown, shown=shown)


def check_setting(fits: bool, where: str, got: object, expected: str, *, names: Iterable[str] = ()) -> None:
    """Raise unless a setting fits; `where` is its dotted name, `names` are the words it may be.

    >>> check_setting(False, "training.epochs", 0, "one or more")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This setting cannot be used.
      got:      epochs = 0
      expected: one or more
      where:    training.epochs
    """
    if not fits:
        raise TersenetError(
            "This setting cannot be used.",
            got=f"{where.split('.')[-1]} = {got!r}",
            expected=expected,
            where=where,
            hint=did_you_mean(str(got), names),
        )
