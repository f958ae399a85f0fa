"""A process that is asked to end (SIGTERM, SIGHUP) ends as cleanly as one that is interrupted with Ctrl-C.

Python drops an exception that is raised inside a finaliser, so a signal that arrives just there would be lost. What a
signal raised is kept, and `raise_if_asked`, which a training calls at every batch, raises it again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ASKING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_pending: list[KeyboardInterrupt] = []  # what the last signal raised, while a block of `clean_end` runs


class AskedToEnd(KeyboardInterrupt):
    """A signal asked the process to end; `status` is the exit status that the shell would give: 128 + the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def clean_end() -> Iterator[None]:
    """While the block runs, the first SIGTERM or SIGHUP raises AskedToEnd; later ones are ignored.

    Ctrl-C raises KeyboardInterrupt, as always. A signal that the caller ignores (`nohup`) or handles itself
    stays as it is, and so do all outside of the main thread.
    """
    before: dict[int, Any] = {}
    _pending.clear()
    if threading.current_thread() is threading.main_thread():
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupted)
        for number in _ASKING:
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _asked)
    try:
        yield
    finally:
        _pending.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def raise_if_asked() -> None:
    """Raise again what a signal raised, if that was lost on its way."""
    if _pending:
        raise _pending[-1]


def _interrupted(number: int, frame: FrameType | None) -> None:
    _pending.append(KeyboardInterrupt())
    raise _pending[-1]


def _asked(number: int, frame: FrameType | None) -> None:
    for each in _ASKING:
        if signal.getsignal(each) is _asked:
            signal.signal(each, signal.SIG_IGN)
    _pending.append(AskedToEnd(number))
    raise _pending[-1]
