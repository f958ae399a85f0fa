"""Which files a user's code reads while it is imported and its network is made: a table of sizes, a list of words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_read: ContextVar[set[str] | None] = ContextVar("files read", default=None)
_hooks: list[Any] = []  # an audit hook stays for the life of a process: there is one at most


@contextmanager
def noting_reads(paths: set[str]) -> Iterator[None]:
    """Within this block the absolute paths of files that are opened for reading are added to `paths`.

    >>> found = set()
    >>> with noting_reads(found):
    ...     open(os.devnull).close()
    >>> found == {os.devnull}
    True
    """
    if not _hooks:
        _hooks.append(_note)
        sys.addaudithook(_note)
    before = _read.set(paths)
    try:
        yield
    finally:
        _read.reset(before)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open":
        return
    paths = _read.get()
    if paths is None:
        return
    path, mode, flags = arguments
    if isinstance(mode, str) and not mode.startswith("r"):
        return
    if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
        return
    if isinstance(path, (str, bytes)):
        paths.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - links stay as they are
