"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tersenet._errors import TersenetError


@contextmanager
def written_whole(path: Path | str) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well; else what was there stays as it
    was."""
    path = Path(path)
    if path.is_dir():
        raise TersenetError("The output is a folder.", got=path, expected="the name of a file")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise TersenetError(
            "The output cannot be written.",
            got=error.strerror,
            where=path,
            mend="choose a folder that exists and that you may write to",
        ) from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise TersenetError("The output cannot be written.", got=error.strerror or error, where=path) from None
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> Path:
    """Write a text file whole, in UTF-8; return its path.

    Raises `TersenetError` where it cannot be written; what was there stays as it was.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "page.md", "σ").read_text(encoding="utf-8")
    'σ'
    """
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
