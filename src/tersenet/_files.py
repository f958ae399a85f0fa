"""Files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tersenet._errors import TersenetError


@contextmanager
def written_whole(path: Path | str, *, make_folders: bool = False) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    With `make_folders` the folders on the way are made; else the folder must be there. A reader sees the old file or
    the new, never a part. Raises TersenetError where the system refuses; then nothing new is left and what was there
    is untouched.
    """
    path = Path(path)
    if path.is_dir():
        raise TersenetError("The output is a folder.", got=path, expected="the name of a file")
    temporary = None
    try:
        if make_folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        temporary = Path(name)
        os.close(handle)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise TersenetError(
            "The output cannot be written.",
            got=error.strerror or error,
            where=path,
            hint="choose a folder that exists, that you may write to, and on a disk with space left",
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_whole(path: Path | str, content: bytes | str) -> Path:
    """Write bytes, or text in UTF-8, whole or not at all; missing folders are made.

    Raises TersenetError where it cannot be written.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "page.md", "σ").read_text(encoding="utf-8")
    'σ'
    """
    with written_whole(path, make_folders=True) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return Path(path)


def _umask() -> int:
    """The process's mask of permissions; the system has no way to read it but to set it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
