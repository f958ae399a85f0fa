"""Fetch the files of a named set from its public servers: mirrors in order, checked, whole or not at all."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.data.local_copies import read_archive
from tersenet.data.named_sets import Archive, NamedSet

Progress = Callable[[str, int, int | None], None]
"""Called with the file's name, the bytes received, and the bytes in all (None where the server does not say)."""

CONNECT_SECONDS = 10.0  # for all servers together (they are asked at the same time)
SLOW_SECONDS = 10.0  # a transfer is judged by what comes in such a time
SLOWEST = 2048  # bytes per second; a server that sends less is given up
PATIENCE = 20.0  # seconds spent on tries that failed, after which no new one begins
LONGEST = 1800.0  # seconds for one file, whatever its rate
_LARGEST = 256 * 2**20  # bytes; a server that sends more than this sends something else
_PLAIN = {"Accept-Encoding": "identity"}  # an archive unpacked on the way would fail its checksum


class UnreachableError(TersenetError):
    """No server of a data set could be reached, or none could send the file: the fault lies with the network.

    `reason` says why in a few words.
    """

    reason = "could not be fetched"


class _SlowError(Exception):
    """The server is silent, or sends too little."""


def fetch_set(
    named: NamedSet,
    folder: Path,
    *,
    archives: Sequence[Archive] | None = None,
    progress: Progress | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    tries: int = 2,
    pause: float = 1.0,
) -> str:
    """Fetch `archives` (default: all four) of a set into `folder`; return the server that sent the last one.

    All servers are asked at the same time; where none answers within `connect_seconds` in all, the fetch ends. A file
    takes its place in `folder` only when it is whole and its checksum is the published one, and replaces what had
    its name. Every server gets `tries` tries, with `pause` seconds between rounds. One that is silent for
    `SLOW_SECONDS`, or sends less than `SLOWEST` bytes a second, is given up, and no new try begins when `PATIENCE`
    seconds were spent in vain. Two processes may fetch into one folder at the same time.

    Raises UnreachableError (no connection, a refusal, a cut transfer), TersenetError (other bytes than the published
    ones), OSError (the folder cannot be written).
    """
    wanted = named.archives if archives is None else archives
    first = _first_to_answer(named.homes, wanted[-1].name, connect_seconds)
    homes = sorted(named.homes, key=lambda home: home != first)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as workshop:
        for archive in wanted:
            home = _fetch_one(archive, homes, Path(workshop), progress, tries, pause)
            (Path(workshop) / archive.name).replace(folder / archive.name)
    return home


def _first_to_answer(homes: Sequence[str], name: str, seconds: float) -> str:
    """The first of `homes` to answer anything at all when asked for `name`.

    The threads are abandoned when time is up: a name server that is silent cannot be interrupted.
    """
    answers: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()

    def ask(home: str) -> None:
        answers.put((home, _knock(home + name, seconds)))

    for home in homes:
        threading.Thread(target=ask, args=(home,), daemon=True).start()
    deadline = time.monotonic() + seconds
    problems = dict.fromkeys(homes, f"no answer within {seconds:g} seconds")
    for _ in homes:
        try:
            home, problem = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if problem is None:
            return home
        problems[home] = problem
    raise _unreachable("The servers of the data set cannot be reached.", problems.items())


def _knock(url: str, seconds: float) -> str | None:
    """What keeps `url` from answering, or None where it answers."""
    import requests

    try:
        requests.head(url, timeout=seconds, headers=_PLAIN, allow_redirects=True).close()
    except (requests.RequestException, OSError) as error:
        return _in_words(error)
    return None


def _fetch_one(
    archive: Archive, homes: Sequence[str], workshop: Path, progress: Progress | None, tries: int, pause: float
) -> str:
    """Bring one archive, whole and checked, into `workshop`; return the server that had it."""
    import requests

    problems: list[tuple[str, str]] = []
    wrong = False
    hopeless: set[str] = set()
    began = time.monotonic()
    for round_ in range(tries):
        if round_ and set(homes) - hopeless:
            time.sleep(pause)
        for home in homes:
            if home in hopeless or (problems and time.monotonic() - began > PATIENCE):
                continue
            url = home + archive.name
            try:
                _retrieve(url, archive, workshop, progress)
                return home
            except _SlowError as error:
                problems.append((url, str(error)))
            except requests.HTTPError as error:
                problems.append((url, _in_words(error)))
                if _status(error) < 500:  # the server has understood, and says no
                    hopeless.add(home)
            except requests.RequestException as error:
                problems.append((url, _in_words(error)))
            except (TersenetError, ValueError) as error:
                wrong = True
                problems.append((url, str(getattr(error, "problem", error)).split(". ")[0]))
    if wrong:
        raise TersenetError(
            f"The downloaded file is not the published {archive.name}.",
            got="\n".join(f"{url}: {problem}" for url, problem in problems),
            expected=f"SHA-256 {archive.sha256} of the payload" if archive.sha256 else f"MD5 {archive.md5}",
            hint="check whether a proxy or a sign-in page answers instead of the server",
        )
    raise _unreachable(f"{archive.name} could not be fetched.", problems)


def _retrieve(url: str, archive: Archive, workshop: Path, progress: Progress | None) -> None:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    path = workshop / archive.name
    path.unlink(missing_ok=True)
    meter = _Meter(archive.name, progress)
    downloader = pooch.HTTPDownloader(
        progressbar=meter, chunk_size=2**12, timeout=(CONNECT_SECONDS, SLOW_SECONDS), headers=_PLAIN
    )

    def transfer() -> None:
        known = None if archive.sha256 else f"md5:{archive.md5}"
        pooch.retrieve(url, known_hash=known, fname=archive.name, path=workshop, downloader=downloader)

    _watch(transfer, meter)
    read_archive(path, archive)
    path.chmod(0o644)  # the temporary file was for its maker's eyes only


def _watch(transfer: Callable[[], None], meter: _Meter) -> None:
    """Run a transfer in a thread, and give it up where it stands still or drips.

    A time limit between two packets is not enough: a server may send a byte now and then, or a header without an
    end. The thread of a transfer that is given up ends with its next packet.
    """
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            transfer()
            outcome.put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            if not meter.given_up:
                outcome.put(error)

    began = time.monotonic()
    threading.Thread(target=work, daemon=True).start()
    received = 0
    while True:
        try:
            problem = outcome.get(timeout=SLOW_SECONDS)
        except queue.Empty:
            slow = not meter.is_full and meter.received - received < SLOWEST * SLOW_SECONDS
            received = meter.received
            if slow or time.monotonic() - began > LONGEST:
                meter.given_up = True
                raise _SlowError("the server is silent" if not received else "the server sends too slowly") from None
        else:
            try:
                if problem is not None:
                    raise problem
            finally:
                del problem  # it holds this frame, and the open connection with it
            return


class _Meter:
    """pooch's progress bar: passes the count on, and stops a server that does not stop by itself."""

    total = 0
    given_up = False

    def __init__(self, name: str, progress: Progress | None) -> None:
        self.name, self.progress, self.done, self.received = name, progress, 0, 0

    @property
    def is_full(self) -> bool:
        """Whether all that the server announced has come; what is left is to check it."""
        return bool(self.total) and self.done >= self.total

    def update(self, count: int) -> None:
        if self.given_up:
            raise ValueError("The transfer was given up")
        self.done += count
        self.received += count
        if self.done > _LARGEST:
            raise ValueError(f"The server sent more than {_LARGEST} bytes")
        if self.progress is not None:
            self.progress(self.name, min(self.done, self.total or self.done), self.total or None)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def _unreachable(problem: str, problems: Any) -> UnreachableError:
    rows = list(problems)
    error = UnreachableError(
        problem,
        got="\n".join(f"{url}: {why}" for url, why in rows),
        hint="check the connection, or set TERSENET_DATA to a folder that holds the files (docs/data.md)",
    )
    error.reason = f"could not be fetched ({', '.join(dict.fromkeys(why for _, why in rows))})"
    return error


def _status(error: Any) -> int:
    """The HTTP status of a `requests.HTTPError`."""
    return int(error.response.status_code)


def _in_words(error: Exception) -> str:
    """A network failure, in a few words for people."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"the server answered {_status(error)}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    if isinstance(error, requests.exceptions.SSLError):
        return "the secure connection failed"
    text = str(error)
    known = {
        "refused": "connection refused",
        "NameResolution": "the name could not be resolved",
        "resolve": "the name could not be resolved",
        "unreachable": "the network is unreachable",
        "IncompleteRead": "the transfer was cut off",
        "Connection broken": "the transfer was cut off",
        "reset": "the connection was reset",
        "aborted": "the connection was cut off",
    }
    return next((words for sign, words in known.items() if sign in text), type(error).__name__)
