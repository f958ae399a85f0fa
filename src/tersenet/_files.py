"""Files are written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tersenet._errors import TersenetError

_UMASK = threading.Lock()  # reading the mask changes it for a moment

DAY = 86_400.0  # seconds after which a half-written file is stale, whoever made it

# The half-written file beside `state.safetensors`: .state.safetensors.<machine>-<process>-<random>.safetensors
_HALF_WRITTEN = re.compile(r"\..+\.([0-9a-f]{8})-([0-9]{1,10})-[a-z0-9_]{8}(\.[^.]*)?")


@contextmanager
def written_whole(path: Path | str, *, make_folders: bool = False) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well.

    With `make_folders` missing folders are made; else the folder must be there. A reader sees the old file or
    the new one, never a part. A link is followed, and a file that was there keeps its mode; into a device or a pipe
    the content is written as it is. Raises TersenetError where the file is read-only or the system refuses; then
    nothing new is left and what was there is untouched.
    """
    path = Path(path)
    temporary = None
    try:
        before = _what_is_there(path)
        if before is not None and stat.S_ISDIR(before.st_mode):
            raise TersenetError("The output is a folder.", got=path, expected="the name of a file")
        if before is not None and (not stat.S_ISREG(before.st_mode) or _is_stream(path)):
            with tempfile.TemporaryDirectory() as folder:
                aside = Path(folder) / f"output{path.suffix}"
                aside.touch()
                yield aside
                with aside.open("rb") as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
            return
        if before is not None and not (before.st_mode & 0o222 and os.access(path, os.W_OK)):
            raise TersenetError(
                "The output is a read-only file.", where=path, hint="choose another name, or make it writable"
            )
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        if make_folders:
            place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_prefix(place), suffix=place.suffix[:16], dir=place.parent)
        temporary = Path(name)
        os.close(handle)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        _take_mode(temporary, before)
        temporary.replace(place)
    except OSError as error:
        raise TersenetError(
            "The output cannot be written.",
            got=error.strerror or error,
            where=path,
            hint="choose an existing, writable folder on a disk with free space",
        ) from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_whole(path: Path | str, content: bytes | str) -> Path:
    """Write bytes, or text in UTF-8, whole or not at all; missing folders are made.

    What UTF-8 cannot say (the name of a file in another encoding) is written as an escape. Raises TersenetError where
    it cannot be written.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "page.md", "σ").read_text(encoding="utf-8")
    'σ'
    """
    with written_whole(path, make_folders=True) as temporary:
        temporary.write_bytes(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
    return Path(path)


def sweep(folder: Path) -> list[Path]:
    """Remove the half-written files that killed processes left in a folder; return what was removed.

    Those of a process that lives, and of another machine, stay for a day.
    """
    swept = []
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208  # the folder may not be readable
            half_written = _HALF_WRITTEN.fullmatch(name)
            if half_written is None:
                continue
            path = folder / name
            with suppress(OSError):
                made_here = half_written[1] == _machine() and not is_alive(int(half_written[2]))
                if made_here or time.time() - path.stat().st_mtime > DAY:
                    path.unlink()
                    swept.append(path)
    return swept


def is_alive(process: int) -> bool:
    """Whether a process of this machine lives.

    >>> is_alive(os.getpid())
    True
    """
    if process <= 0 or process >= 2**31:
        return False
    if os.name == "nt":
        return True  # a signal would end it, and Windows gives no harmless one: it counts as alive
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _what_is_there(path: Path) -> os.stat_result | None:
    """What a path or its link leads to; None where that is not there yet."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _is_stream(path: Path) -> bool:
    """Whether a path names what another program has open: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/1`."""
    return path.parts[:2] in (("/", "dev"), ("/", "proc")) and not str(path).startswith("/dev/shm/")


def _take_mode(temporary: Path, before: os.stat_result | None) -> None:
    """The mode, and where it may be the owner, of the file that is replaced; else those of any new file."""
    if before is None:
        temporary.chmod(0o666 & ~_umask())
        return
    if hasattr(os, "chown") and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(OSError):
            os.chown(temporary, before.st_uid, before.st_gid)
    temporary.chmod(stat.S_IMODE(before.st_mode))


def _prefix(path: Path) -> str:
    """The name of a half-written file up to its random part; short enough for a name as long as the system allows."""
    name = os.fsdecode(os.fsencode(path.name)[:120])
    return f".{name}.{_machine()}-{os.getpid()}-"


def _machine() -> str:
    """This machine's name as eight hexadecimal digits."""
    return f"{zlib.crc32(socket.gethostname().encode(errors='replace')):08x}"


def _umask() -> int:
    """The process's mask of permissions; the system has no way to read it but to set it."""
    with _UMASK:
        mask = os.umask(0)
        os.umask(mask)
    return mask
