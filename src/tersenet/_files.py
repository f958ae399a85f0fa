"""Files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> Path:
    """Write a file beside its place, then move it there: a reader sees the old file or the new, never a part.

    Text is written as UTF-8. Missing folders are made. Raises OSError where the system refuses; then nothing new is
    left and what was there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _umask() -> int:
    """The process's mask of permissions; the system has no way to read it but to set it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
