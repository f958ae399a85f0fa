"""What a run is doing: `status.json`, rewritten about once a second, and a lock that only one process can hold."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import msgspec

from tersenet._errors import TersenetError
from tersenet._files import is_alive, sweep
from tersenet.runs.record import Count, Record
from tersenet.runs.record_file import is_file, read_record, write_record

STATUS, LOCK = "status.json", "lock"
INTERVAL = 1.0  # seconds between two signs of life
PATIENCE = 2.0  # seconds that a lock is waited for: a process that is being ended still holds it
QUIET = 30.0  # seconds without a sign of life after which a process on another machine counts as gone

State = Literal["preparing", "running", "finished", "failed", "interrupted"]
"""What a run, a group or a search is doing, or how it ended."""


@dataclass(frozen=True, kw_only=True)
class Status(Record):
    """`status.json`: what the process that trains does, or did last.

    `epoch` counts from 1, `batch` from 1 within the epoch, of `batches`; all are 0 before the first batch, and in a
    group of seeds, whose runs have their own. Times are in UTC.
    """

    state: State
    process: Annotated[int, msgspec.Meta(ge=0, le=2**31)]
    machine: str
    started: str
    alive: str  # time of the last sign of life
    epoch: Count = 0
    batch: Count = 0
    batches: Count = 0
    problem: str | None = None  # why it failed


class Watch:
    """What a training tells about where it is; a thread writes it to `status.json` once a second."""

    def __init__(self, folder: Path) -> None:
        now = _now()
        self._path = folder / STATUS
        self._status = Status(
            state="preparing", process=os.getpid(), machine=socket.gethostname(), started=now, alive=now
        )
        self._position = (0, 0, 0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="tersenet-status", daemon=True)
        self._write()
        self._thread.start()

    def at(self, epoch: int, batch: int, batches: int) -> None:
        """Batch `batch` (from 1) of epoch `epoch` (from 1) is done."""
        self._position = (epoch, batch, batches)

    def end(self, state: State, problem: str | None = None) -> None:
        """Write the last state."""
        self._ended.set()
        self._thread.join()
        self._write(state=state, problem=problem)

    def _tell(self) -> None:
        while not self._ended.wait(INTERVAL):
            self._write(state="running" if self._position[0] else "preparing")

    def _write(self, **changes: Any) -> None:
        epoch, batch, batches = self._position
        status = replace(self._status, alive=_now(), epoch=epoch, batch=batch, batches=batches, **changes)
        with suppress(TersenetError):  # a full disk ends a training where its results are written, not here
            write_record(self._path, status)


@contextmanager
def at_work(folder: Path) -> Iterator[Watch]:
    """Hold a run's lock while its training goes on, and keep its `status.json`.

    Half-written files that a killed process left there are swept. Raises TersenetError where another process trains
    the run.
    """
    with locked(folder):
        for place in (folder, folder / "checkpoint"):
            sweep(place)
        watch = Watch(folder)
        try:
            yield watch
        except (KeyboardInterrupt, GeneratorExit):
            watch.end("interrupted")
            raise
        except BaseException as error:
            watch.end("failed", error.problem if isinstance(error, TersenetError) else repr(error)[:200])
            raise
        watch.end("finished")


def record_failure(folder: Path, problem: str) -> None:
    """Say in `status.json` why a training failed whose process could not say so itself: it died."""
    with suppress(TersenetError, OSError):
        status = read_status(folder)
        if status is not None and not is_locked(folder):
            write_record(folder / STATUS, replace(status, state="failed", problem=problem))


def sweep_all(runs_dir: Path) -> None:
    """Remove the half-written files of killed processes from all run folders under `runs_dir`."""
    with suppress(OSError):
        for run in runs_dir.iterdir():
            for folder in (run, run / "checkpoint", *run.glob("seed-*"), *run.glob("seed-*/checkpoint")):
                sweep(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; raises TersenetError where another process holds it.

    The lock is the system's, on the file `lock`: it ends with the process that holds it, however that ends. On a file
    system without locks the signs of life in `status.json` decide.
    """
    try:
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        file = (folder / LOCK).open("a+b")
    except OSError as error:
        raise TersenetError(
            "This run cannot be trained: its folder cannot be written to.", got=error.strerror, where=folder
        ) from error
    with file:
        until = time.monotonic() + PATIENCE
        while (taken := _take(file, exclusive=True)) is False and time.monotonic() < until:
            time.sleep(0.05)
        if taken is False or (taken is None and _shows_life(folder)):
            raise TersenetError(
                "Another process is training this run.",
                got=_who(folder),
                where=folder,
                hint="wait until it ends, or stop it; `tersenet runs` shows its state",
            )
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process holds a folder's lock.

    >>> is_locked(Path("no/such/folder"))
    False
    """
    try:
        with (folder / LOCK).open("rb") as file:
            taken = _take(file, exclusive=False)
    except OSError:
        return False
    return not taken if taken is not None else _shows_life(folder)


def read_status(folder: Path) -> Status | None:
    """The status that a training wrote; None where there is none. Raises TersenetError where it does not fit."""
    path = folder / STATUS
    return read_record(path, Status) if is_file(path) else None


def state_of(folder: Path, *, finished: bool) -> State:
    """What a run or a group is doing; `finished` says whether it has its result.

    One whose process is gone without a word, or that an older Tersenet left unfinished, is "interrupted".
    """
    if finished:
        return "finished"
    status = read_status(folder)
    if is_locked(folder):
        return status.state if status is not None and status.state == "preparing" else "running"
    return "failed" if status is not None and status.state == "failed" else "interrupted"


def _take(file: IO[bytes], *, exclusive: bool) -> bool | None:
    """Whether the lock on an open file could be taken; None where the file system has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK) else None
    return True


def _shows_life(folder: Path) -> bool:
    """Whether `status.json` speaks of a process that is still at work."""
    try:
        status = read_status(folder)
    except TersenetError:
        return False
    if status is None or status.state not in ("preparing", "running") or status.process == os.getpid():
        return False
    return _seconds_since(status.alive) < QUIET and (
        status.machine != socket.gethostname() or is_alive(status.process)
    )


def _who(folder: Path) -> str:
    with suppress(TersenetError):
        status = read_status(folder)
        if status is not None:
            ago = max(0, round(_seconds_since(status.alive)))
            return f"process {status.process} on {status.machine}, last sign of life {ago} s ago"
    return "its lock is held"


def _seconds_since(moment: str) -> float:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
