"""A process that is asked to end (SIGTERM, SIGHUP) ends as cleanly as one that is interrupted with Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class AskedToEnd(KeyboardInterrupt):
    """A signal asked the process to end; `status` is the exit status that the shell would give: 128 + the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def clean_end() -> Iterator[None]:
    """While the block runs, the first SIGTERM or SIGHUP raises AskedToEnd; later ones are ignored.

    A signal that the caller ignores (`nohup`) or handles itself stays as it is, and so do all outside of the main
    thread.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ASKING:
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _asked)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _asked(number: int, frame: FrameType | None) -> None:
    for each in _ASKING:
        if signal.getsignal(each) is _asked:
            signal.signal(each, signal.SIG_IGN)
    raise AskedToEnd(number)
