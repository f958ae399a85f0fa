"""Which Python files of users may run on this machine.

A run of `file.py:Name` holds a copy of the file, and evaluating the run executes that copy. Anyone who gets such a
folder would execute what someone else wrote. So a copy runs unasked only where its user has met it before: the
SHA-256 of all of it (each file's name and content, and what is called in it) is in a folder outside every run,
`tersenet/trusted` among the user's data. It gets there when the user trains the file, which is to run it anyway, or
says `--trust` (in Python `trust=True`) about a run that came from elsewhere. A run cannot put itself there, and code
that differs in a single byte is other code.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, replace
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.networks import ModuleLayout

# Beside the folder: for processes that this one starts, and where the folder cannot be written.
VARIABLE = "TERSENET_TRUSTED"
_asked: ContextVar[bool] = ContextVar("trust", default=False)


def trust_folder() -> Path:
    """Where the fingerprints of trusted code are, one empty file each; on Linux `~/.local/share/tersenet/trusted`.

    >>> trust_folder().name
    'trusted'
    """
    import platformdirs

    return platformdirs.user_data_path("tersenet", appauthor=False) / "trusted"


@contextmanager
def trusting(trust: bool = True) -> Iterator[None]:
    """Within this block code of users may run, no matter who wrote it, and is trusted from then on: `--trust`.

    >>> with trusting():
    ...     _asked.get()
    True
    """
    before = _asked.set(trust or _asked.get())
    try:
        yield
    finally:
        _asked.reset(before)


def fingerprint(layout: ModuleLayout, name: str, files: Mapping[str, bytes]) -> str:
    """What tells one piece of code from another: the files, which of them runs, and what is called in it.

    >>> layout = ModuleLayout(root=Path("a"), entry="model.py", module="model")
    >>> one = fingerprint(layout, "Net", {"model.py": b"class Net: ..."})
    >>> one == fingerprint(replace(layout, root=Path("b")), "Net", {"model.py": b"class Net: ..."})
    True
    >>> one == fingerprint(layout, "Net", {"model.py": b"class Net: pass"})
    False
    """
    called = asdict(replace(layout, root=Path(), packages=dict(layout.packages))) | {"root": "", "name": name}
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in sorted(files.items())}
    return hashlib.sha256(json.dumps([called, hashes], sort_keys=True).encode(errors="surrogateescape")).hexdigest()


def remember(found: str) -> None:
    """Trust code from now on, by its fingerprint."""
    known = _variable()
    if found not in known:
        os.environ[VARIABLE] = ":".join([*known, found])
    with suppress(OSError):
        folder = trust_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / found).touch()


def is_trusted(found: str) -> bool:
    """Whether code of this fingerprint may run.

    >>> is_trusted("0" * 64)
    False
    """
    return found in _variable() or os.path.isfile(trust_folder() / found)  # noqa: PTH113 - never raises


def check_trust(found: str, *, file: object, where: Path, trust: bool = False) -> None:
    """Raise TersenetError unless the code of a run may run: it is known, or its user says so now."""
    if is_trusted(found):
        return
    if trust or _asked.get():
        remember(found)
        return
    raise TersenetError(
        "This run would execute a Python file that was not trained on this machine.",
        got=file,
        expected="code that you trust",
        where=where,
        hint="read that file; to run it, add --trust (in Python: run.model(trust=True)). It is needed only once",
    )


def _variable() -> list[str]:
    return [each for each in os.environ.get(VARIABLE, "").split(":") if each]
