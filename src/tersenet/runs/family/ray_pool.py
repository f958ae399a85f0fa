"""Runs on the nodes of a Ray cluster: the same tasks as in `pool.py`, wherever there is a free core.

The driver's folder looks as after a training on this machine: the folder of a run comes back after every epoch, so
that no disk is shared and a node that dies costs the epochs that were running. Only Ray Core is used.
"""

from __future__ import annotations

import io
import logging
import os
import queue
import shutil
import signal
import socket
import tarfile
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet._failures import explained, unexpected
from tersenet.data import NAMED_SETS, find_here
from tersenet.runs.family.pool import PoolListeners, Task
from tersenet.runs.start import Listeners
from tersenet.runs.state import LOCK, record_failure
from tersenet.training import STOP, EpochMetrics

ADDRESS = "RAY_ADDRESS"
DEATHS = 5  # of the nodes or processes that train one task, until it counts as failed
CONNECTING = 5.0  # seconds
LOOK = 1.0  # seconds after which new nodes are looked for


@dataclass(frozen=True, kw_only=True)
class FolderMessage:
    """What a node says: a run's epoch is done, the run is done, or what went wrong; and its folder as it is then."""

    metrics: EpochMetrics | None = None
    error: TersenetError | None = None
    folder: bytes


def train_tasks_on_ray(
    next_task: Callable[[], Task | None],
    *,
    processes: int,
    data_dir: Path | None,
    listeners: PoolListeners,
    cores: int = 1,
) -> None:
    """Train runs on the cluster at `RAY_ADDRESS`, or on one that is started on this machine.

    `processes` of them at a time, or as many as the cluster has cores for where that is 0; each asks for `cores`. The
    files in `data_dir` go to each node once. A run whose node died begins again where its last epoch ended.

    Raises TersenetError where Ray is not installed, where the cluster cannot be reached, and where a listener answers
    STOP, which a node cannot hear.
    """
    ray = connected(processes, cores)
    try:
        shipped = ray.put(packed(data_dir)) if data_dir is not None else None
        train = ray.remote(num_cpus=cores, max_retries=0, num_returns="streaming")(train_there)
        _RayPool(ray, train, shipped, listeners).work(next_task, lambda: processes or slots(ray, cores))
    finally:
        ray.shutdown()


def connected(processes: int = 0, cores: int = 1) -> Any:
    """Ray, joined to a cluster. Raises TersenetError where it is not installed or the cluster cannot be reached."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
    except ImportError as error:
        raise TersenetError(
            "Training on a cluster needs Ray, which is not installed.",
            got=str(error),
            hint='pip install "tersenet[cluster]"',
        ) from error
    address = os.environ.get(ADDRESS)
    if address:
        _require_reachable(address)
    here = None if address else max(1, processes) * cores if processes else None
    try:
        with warnings.catch_warnings(), _own_signals():
            warnings.simplefilter("ignore")
            ray.init(
                address=address or "local",
                num_cpus=here,
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
            )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise _unreachable(address or "this machine", str(error)) from error
    return ray


@contextmanager
def _own_signals() -> Iterator[None]:
    """SIGTERM goes on to mean what it meant: Ray would end the process at once, and for good."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if before is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def slots(ray: Any, cores: int) -> int:
    """How many tasks fit on the nodes that live now."""
    alive = (node for node in ray.nodes() if node["Alive"])
    return max(1, sum(int(node["Resources"].get("CPU", 0)) // cores for node in alive))


class _RayPool:
    """The tasks that are on nodes, each with the stream of what its node says."""

    def __init__(self, ray: Any, train: Any, shipped: Any, listeners: PoolListeners) -> None:
        self._ray, self._train, self._shipped, self._listeners = ray, train, shipped, listeners
        self._at_work: dict[Any, Task] = {}
        self._deaths: dict[Path, int] = {}

    def work(self, next_task: Callable[[], Task | None], most: Callable[[], int]) -> None:
        """Train until there is no task and nothing at work."""
        try:
            while True:
                limit = most()
                while len(self._at_work) < limit and (task := next_task()) is not None:
                    self._begin(task)
                if not self._at_work:
                    return
                ready, _ = self._ray.wait(list(self._at_work), num_returns=1, timeout=LOOK)
                for stream in ready:
                    self._hear(stream)
        finally:
            for stream in self._at_work:
                with suppress(Exception):
                    self._ray.cancel(stream, force=True)

    def _begin(self, task: Task) -> None:
        begun = packed(task.path) if task.path.is_dir() else None
        self._at_work[self._train.remote(task, begun, self._shipped)] = task

    def _hear(self, stream: Any) -> None:
        """Pass on what a node says; one that says nothing more has died."""
        task = self._at_work[stream]
        try:
            message: FolderMessage = self._ray.get(next(stream))
        except (self._ray.exceptions.RayError, StopIteration) as error:
            del self._at_work[stream]
            self._died(task, error)
            return
        unpack(message.folder, task.path)
        if message.metrics is not None:
            if self._listeners.on_epoch(task.path, message.metrics) == STOP:
                raise TersenetError(
                    "A run on a cluster cannot be stopped early.", got=STOP, where=task.path, hint="train it here"
                )
            return
        del self._at_work[stream]
        if message.error is None:
            self._listeners.on_done(task.path)
        else:
            self._listeners.on_failure(task.path, message.error)

    def _died(self, task: Task, error: BaseException) -> None:
        """The run goes on elsewhere; where its process died again and again, it is the run that is at fault."""
        deaths = self._deaths[task.path] = self._deaths.get(task.path, 0) + 1
        if deaths < DEATHS:
            self._begin(task)
            return
        got = f"{deaths} times; the last time {type(error).__name__}"
        record_failure(task.path, f"The training process died: {got}.")
        self._listeners.on_failure(
            task.path,
            TersenetError(
                "A training process died.", got=got, where=task.path, hint="check free memory, then continue"
            ),
        )


def train_there(task: Task, begun: bytes | None, shipped: bytes | None) -> Iterator[FolderMessage]:
    """What a node does: train a run in a folder of its own, and say after every epoch how that looks."""
    with tempfile.TemporaryDirectory(prefix="tersenet-") as scratch:
        place = Path(scratch) / task.path.parent.name / task.path.name
        place.mkdir(parents=True)
        if begun is not None:
            unpack(begun, place)
        data_dir = None if shipped is None else on_this_node(shipped)
        said: queue.SimpleQueue[FolderMessage] = queue.SimpleQueue()

        def epoch_ended(metrics: EpochMetrics) -> None:
            said.put(FolderMessage(metrics=metrics, folder=packed(place)))

        def work() -> None:
            error = None
            try:
                replace(task, path=place).train(data_dir, Listeners(on_epoch=epoch_ended))
            except BaseException as raised:  # noqa: BLE001  # the driver says what it was
                error = explained(raised) or unexpected(raised)
            said.put(FolderMessage(error=error, folder=packed(place)))

        threading.Thread(target=work, daemon=True).start()
        message = FolderMessage(metrics=None, folder=b"")
        while message.metrics is not None or not message.folder:
            message = said.get()
            yield message


def on_this_node(shipped: bytes) -> Path:
    """The folder that the data files are in on this node: they are unpacked by the first task that needs them."""
    import hashlib

    name = f"tersenet-data-{os.getuid() if hasattr(os, 'getuid') else 0}-{hashlib.sha256(shipped).hexdigest()[:16]}"
    place = Path(tempfile.gettempdir()) / name
    if not place.is_dir():
        scratch = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        unpack(shipped, scratch)
        try:
            scratch.rename(place)
        except OSError:  # another task was faster
            shutil.rmtree(scratch, ignore_errors=True)
    return place


def packed(folder: Path) -> bytes:
    """All files of a folder, as one archive; locks stay where they are."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != LOCK and not path.name.startswith("."):
                archive.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False)
    return held.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write the files of an archive, each whole; what the archive lacks of checkpoints is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive.getmembers():
            source = archive.extractfile(member)
            target = (folder / member.name).resolve()
            if source is None or not target.is_relative_to(folder.resolve()):
                continue
            names.add(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch = target.with_name(f".{target.name}.part")
            scratch.write_bytes(source.read())
            scratch.replace(target)
    checkpoint = folder / "checkpoint"
    if checkpoint.is_dir() and not any(name.is_relative_to(checkpoint.resolve()) for name in names):
        shutil.rmtree(checkpoint, ignore_errors=True)


@contextmanager
def data_to_ship(name: str, data_dir: Path | None) -> Iterator[Path | None]:
    """A folder with the files of a named data set, for the nodes of a cluster; None for what they have or draw.

    A folder of pictures must be on every node under the same path.
    """
    if name not in NAMED_SETS:
        yield None
        return
    copy = find_here(name, data_dir=data_dir)
    with tempfile.TemporaryDirectory(prefix="tersenet-") as scratch:
        place = Path(scratch) / name
        place.mkdir()
        for path in copy.paths.values():
            shutil.copyfile(path, place / path.name)
        yield Path(scratch)


def _require_reachable(address: str) -> None:
    """Raise TersenetError at once where nothing answers at an address; Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if address in ("auto", "local") or not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECTING).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from error


def _unreachable(address: str, why: str) -> TersenetError:
    return TersenetError(
        "The Ray cluster cannot be reached.",
        got=f"{address}: {why[:300]}",
        expected=f"the address of a cluster's head node in {ADDRESS}, such as 10.0.0.1:6379",
        hint=f"unset {ADDRESS} to start a cluster on this machine; ray status shows one that runs",
    )
