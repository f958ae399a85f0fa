"""Seeds side by side, in processes that end with their parent, whatever ends it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Literal

from tersenet._ending import AskedToEnd, clean_end
from tersenet._errors import TersenetError
from tersenet._failures import explained, unexpected
from tersenet.runs.folder import Run
from tersenet.runs.start import Listeners, resume_run
from tersenet.training import EpochMetrics

SEED_PROCESS = "tersenet-seed"
PATIENCE = 5.0  # seconds for a process to end before it is killed

# What a process says: a run's epoch is done, the run is done, or what went wrong with it.
Message = EpochMetrics | Literal["done"] | TersenetError


def train_in_processes(
    seeds: Sequence[int],
    run_of: Callable[[int], Run],
    *,
    processes: int,
    data_dir: Path | None,
    on_epoch: Callable[[Run, EpochMetrics], None],
    on_seed: Callable[[Run], None],
) -> None:
    """Train the runs of `seeds` in their order, `processes` at a time.

    Each process trains one run after the other. The first that fails, or dies, ends them all with one TersenetError;
    an interrupt ends them too. No process is left behind.
    """
    waiting = list(seeds)
    context = multiprocessing.get_context("spawn")
    started: list[SpawnProcess] = []
    at_work: dict[Connection, tuple[SpawnProcess, Run]] = {}

    def give_work(connection: Connection, process: SpawnProcess) -> None:
        """The next run to a process that has none; without one it ends by itself."""
        if waiting:
            run = run_of(waiting.pop(0))
            at_work[connection] = (process, run)
            with suppress(BrokenPipeError):  # it died: its end is found by the loop
                connection.send(run.path)
        else:
            at_work.pop(connection, None)
            connection.close()

    try:
        for _ in range(min(processes, len(seeds))):
            here, there = context.Pipe()
            process = context.Process(target=_train_runs, args=(there, data_dir), name=SEED_PROCESS, daemon=True)
            with _interrupts_ignored():
                process.start()
            there.close()
            started.append(process)
            give_work(here, process)
        while at_work:
            for connection in wait(list(at_work)):
                assert isinstance(connection, Connection)
                process, run = at_work[connection]
                message = _received(connection, process, run)
                if isinstance(message, TersenetError):
                    raise _named(message, run)
                if message == "done":
                    on_seed(run)
                    give_work(connection, process)
                else:
                    on_epoch(run, message)
    finally:
        _end(started, kindly=not at_work)


def _train_runs(connection: Connection, data_dir: Path | None) -> None:
    """What a process does: train the runs whose folders it is sent, until none comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError):
        while True:
            path = connection.recv()
            try:
                with clean_end():
                    resume_run(Run(path), data_dir=data_dir, listeners=Listeners(on_epoch=connection.send))
                connection.send("done")
            except AskedToEnd as ending:
                os._exit(ending.status)
            except Exception as error:  # noqa: BLE001  # the parent says what it was
                connection.send(explained(error) or unexpected(error))


def _end_with_parent() -> None:
    """Leave as soon as the parent is gone, even if it was killed without a word."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _received(connection: Connection, process: SpawnProcess, run: Run) -> Message:
    """What a process says; one that says nothing more has died."""
    try:
        message: Message = connection.recv()
    except (EOFError, ConnectionResetError):
        process.join(PATIENCE)
        code = process.exitcode
        died = f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit status {code}"
        raise TersenetError(
            "A training process died.",
            got=died,
            where=run.path,
            hint=f"check free memory, then continue: tersenet train --resume {run.path.parent}",
        ) from None
    return message


def _named(error: TersenetError, run: Run) -> TersenetError:
    """The same error, saying whose it is."""
    where = run.path if error.where is None else f"{error.where}\nin {run.path}"
    return TersenetError(error.problem, got=error.got, expected=error.expected, where=where, hint=error.hint)


def _end(processes: Sequence[SpawnProcess], *, kindly: bool) -> None:
    """Wait for processes that end by themselves, or end them; none is left."""
    for process in processes:
        if not kindly:
            process.terminate()
    for process in processes:
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process that is started here ignores Ctrl-C from its first moment on, when it cannot yet say so itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
