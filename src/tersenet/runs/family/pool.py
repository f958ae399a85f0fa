"""Runs side by side, in processes that end with their parent, whatever ends it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from tersenet._ending import AskedToEnd, clean_end
from tersenet._errors import TersenetError
from tersenet._failures import explained, unexpected
from tersenet.runs.experiment import Experiment
from tersenet.runs.start import Listeners, train_in
from tersenet.runs.state import record_failure
from tersenet.training import STOP, Answer, EpochMetrics

Where = Literal["here", "ray"]
"""Where the members of a family train: in processes of this machine, or on a Ray cluster."""

MEMBER_PROCESS = "tersenet-member"
PATIENCE = 5.0  # seconds for a process to end before it is killed

# What a process says: a run's epoch is done, the run is done, or what went wrong with it.
Message = EpochMetrics | Literal["done"] | TersenetError


@dataclass(frozen=True, kw_only=True)
class Task:
    """A run to train: its folder, and its experiment where the folder was not begun.

    What is trained otherwise is a task of another class, with another `train`.
    """

    path: Path
    experiment: Experiment | None = None

    def train(self, data_dir: Path | None, listeners: Listeners) -> None:
        """Train it, in whatever process this is called."""
        train_in(self.path, self.experiment, data_dir=data_dir, listeners=listeners)


@dataclass(frozen=True, kw_only=True)
class PoolListeners:
    """What the pool tells: `on_epoch` may answer STOP, which ends that run after the epoch; `on_failure` may raise,
    which ends all of them."""

    on_epoch: Callable[[Path, EpochMetrics], Answer]
    on_done: Callable[[Path], None]
    on_failure: Callable[[Path, TersenetError], None]


def train_tasks(
    next_task: Callable[[], Task | None], *, processes: int, data_dir: Path | None, listeners: PoolListeners
) -> None:
    """Train runs, `processes` at a time, until there is no task and nothing at work.

    `next_task` is asked whenever a process is free: None means that there is none now, and it is asked again when
    the next run is done or has failed. With one process the runs train in this one. A process that dies fails its
    run alone and is replaced. No process is left behind, whatever ends this one.
    """
    if processes == 1:
        _train_here(next_task, data_dir, listeners)
        return
    pool = _Pool(data_dir, listeners)
    try:
        while True:
            while len(pool.at_work) < processes and (task := next_task()) is not None:
                pool.begin(task)
            if not pool.at_work:
                return
            pool.listen()
    finally:
        pool.end()


def _train_here(next_task: Callable[[], Task | None], data_dir: Path | None, listeners: PoolListeners) -> None:
    while (task := next_task()) is not None:
        path = task.path

        def epoch_ended(metrics: EpochMetrics, path: Path = path) -> Answer:
            return listeners.on_epoch(path, metrics)

        try:
            task.train(data_dir, Listeners(on_epoch=epoch_ended))
        except TersenetError as error:
            listeners.on_failure(path, error)
        else:
            listeners.on_done(path)


class _Pool:
    """The processes: those at work with their tasks, and those that wait for one."""

    def __init__(self, data_dir: Path | None, listeners: PoolListeners) -> None:
        self._context = _context()
        self._data_dir, self._listeners = data_dir, listeners
        self._processes: dict[Connection, BaseProcess] = {}
        self.at_work: dict[Connection, Task] = {}

    def begin(self, task: Task) -> None:
        """Give a task to a process that waits for one, or to a new one."""
        connection = next((each for each in self._processes if each not in self.at_work), None) or self._start()
        self.at_work[connection] = task
        with suppress(BrokenPipeError):  # it died: its end is found by `listen`
            connection.send(task)

    def listen(self) -> None:
        """Wait until at least one process says something, and pass it on."""
        for connection in wait(list(self.at_work)):
            assert isinstance(connection, Connection)
            task = self.at_work[connection]
            message = self._received(connection, task)
            if isinstance(message, EpochMetrics):
                answer = self._listeners.on_epoch(task.path, message)
                with suppress(BrokenPipeError):
                    connection.send(answer)
                continue
            del self.at_work[connection]
            if message == "done":
                self._listeners.on_done(task.path)
            else:
                self._listeners.on_failure(task.path, message)

    def end(self) -> None:
        """Let the processes that wait end by themselves, and end those at work; none is left."""
        for connection, process in self._processes.items():
            if connection in self.at_work:
                process.terminate()
            connection.close()
        for process in self._processes.values():
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()

    def _start(self) -> Connection:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_train_what_comes,
            args=(there, self._data_dir, dict(os.environ)),
            name=MEMBER_PROCESS,
            daemon=True,
        )
        with _interrupts_ignored():
            process.start()
        there.close()
        self._processes[here] = process
        return here

    def _received(self, connection: Connection, task: Task) -> Message:
        """What a process says; one that says nothing more has died."""
        try:
            message: Message = connection.recv()
        except (EOFError, ConnectionResetError):
            process = self._processes.pop(connection)
            connection.close()
            process.join(PATIENCE)
            code = process.exitcode
            died = (
                f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit status {code}"
            )
            record_failure(task.path, f"The training process died: {died}.")
            return TersenetError(
                "A training process died.", got=died, where=task.path, hint="check free memory, then continue"
            )
        return message


def _context() -> multiprocessing.context.SpawnContext | multiprocessing.context.ForkServerContext:
    """How processes begin: on Linux as forks of one that has loaded torch and started no thread, else each anew."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _train_what_comes(connection: Connection, data_dir: Path | None, environment: dict[str, str]) -> None:
    """What a process does: train the runs that it is sent, until none comes."""
    os.environ.clear()  # the process that this one was forked from has that of an earlier moment
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def epoch_ended(metrics: EpochMetrics) -> Answer:
        try:
            connection.send(metrics)
            return STOP if connection.recv() == STOP else None
        except (EOFError, BrokenPipeError):
            raise KeyboardInterrupt from None  # nobody waits for this run any more

    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            task: Task = connection.recv()
            try:
                with clean_end():
                    task.train(data_dir, Listeners(on_epoch=epoch_ended))
                connection.send("done")
            except AskedToEnd as ending:
                os._exit(ending.status)
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001  # the parent says what it was
                connection.send(explained(error) or unexpected(error))


def _end_with_parent() -> None:
    """Leave as soon as the parent is gone, even if it was killed without a word."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


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
