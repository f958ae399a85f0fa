"""Fetch the files of a named set from its public homes: mirrors in order, checked, whole or not at all."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.data.holdings import read_archive
from tersenet.data.named_sets import Archive, NamedSet

Progress = Callable[[str, int, int | None], None]
"""Told the file's name, the bytes that have come, and the bytes in all (None where the server does not say)."""

CONNECT_SECONDS = 10.0  # for all homes together (they are asked at the same time)
_SILENCE_SECONDS = 30.0  # between two packets of a transfer under way
_LARGEST = 256 * 2**20  # bytes; a server that sends more than this sends something else
_PLAIN = {"Accept-Encoding": "identity"}  # an archive unpacked on the way would fail its checksum


class UnreachableError(TersenetError):
    """No home of a data set could be reached, or none could send the file: the fault lies with the network."""


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
    """Fetch `archives` (default: all four) of a set into `folder`; return the home that served the last one.

    All homes are asked at once who answers; where none does within `connect_seconds` in all, the fetch ends. A file
    takes its place in `folder` only when it is whole and its checksum is the published one, and replaces what had
    its name. Every home gets `tries` tries, with `pause` seconds between rounds. Two processes may fetch into one
    folder at the same time.

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

    The threads are left behind when time is up: a name server that is silent cannot be interrupted.
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
    raise _unreachable("There is no connection to the homes of the data set.", problems.items())


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
    """Bring one archive, whole and checked, into `workshop`; return the home that had it."""
    import requests

    problems: list[tuple[str, str]] = []
    wrong = False
    hopeless: set[str] = set()
    for round_ in range(tries):
        if round_:
            time.sleep(pause)
        for home in homes:
            if home in hopeless:
                continue
            url = home + archive.name
            try:
                _retrieve(url, archive, workshop, progress)
                return home
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
            f"What was fetched is not the published {archive.name}.",
            got="\n".join(f"{url}: {problem}" for url, problem in problems),
            expected=f"SHA-256 {archive.sha256} of the payload" if archive.sha256 else f"MD5 {archive.md5}",
            hint="look whether something on the way (a proxy, a sign-in page) answers in the homes' place",
        )
    raise _unreachable(f"{archive.name} could not be fetched.", problems)


def _retrieve(url: str, archive: Archive, workshop: Path, progress: Progress | None) -> None:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    path = workshop / archive.name
    path.unlink(missing_ok=True)
    pooch.retrieve(
        url,
        known_hash=None if archive.sha256 else f"md5:{archive.md5}",
        fname=archive.name,
        path=workshop,
        downloader=pooch.HTTPDownloader(
            progressbar=_Meter(archive.name, progress),
            chunk_size=2**16,
            timeout=(CONNECT_SECONDS, _SILENCE_SECONDS),
            headers=_PLAIN,
        ),
    )
    read_archive(path, archive)
    path.chmod(0o644)  # the temporary file was for its maker's eyes only


class _Meter:
    """pooch's progress bar: passes the count on, and stops a server that does not stop by itself."""

    total = 0

    def __init__(self, name: str, progress: Progress | None) -> None:
        self.name, self.progress, self.done = name, progress, 0

    def update(self, count: int) -> None:
        self.done += count
        if self.done > _LARGEST:
            raise ValueError(f"The server sent more than {_LARGEST} bytes")
        if self.progress is not None:
            self.progress(self.name, min(self.done, self.total or self.done), self.total or None)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def _unreachable(problem: str, problems: Any) -> UnreachableError:
    return UnreachableError(
        problem,
        got="\n".join(f"{url}: {why}" for url, why in problems),
        hint="check the connection, or set TERSENET_DATA to a folder that holds the files (docs/data.md)",
    )


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
