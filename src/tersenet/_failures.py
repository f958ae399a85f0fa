"""What goes wrong outside of our own checks, as a TersenetError: memory, recursion, the system, faults of code."""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from pathlib import Path

from tersenet._errors import TersenetError

TRACEBACK = "TERSENET_TRACEBACK"
"""Set to 1, this environment variable lets an unexpected exception through, so that its traceback is shown."""

_OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "alloc failed",
    "storage size calculation overflowed",
    "integer multiplication overflow",
)
_ROOM = "free some space, or choose a folder on another disk"
_RIGHTS = "choose a writable folder"
_HINTS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "close other programs, or raise the limit of open files (ulimit -n)",
}


def explained(error: BaseException) -> TersenetError | None:
    """What a user can do about an exception that is not ours; None where it is a fault of code.

    >>> print(explained(MemoryError()))
    Not enough memory.
      hint:     use a smaller network, batch size or picture, or close other programs
    """
    if isinstance(error, TersenetError):
        return error
    told = str(error).lower()
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in told for sign in _OUT_OF_MEMORY)
    ):
        return TersenetError(
            "Not enough memory.",
            got=str(error).splitlines()[0][:200] if str(error) else None,
            hint="use a smaller network, batch size or picture, or close other programs",
        )
    if isinstance(error, RecursionError):
        return TersenetError("The input is nested too deeply.", got=str(error), hint="reduce the nesting")
    if isinstance(error, OSError):
        return TersenetError(
            f"The operating system reported an error: {error.strerror or error}.",
            where=error.filename,
            hint=_HINTS.get(error.errno or 0, "check the path"),
        )
    return None


def unexpected(error: BaseException) -> TersenetError:
    """The last resort: a short message, and the traceback in a file that a report can hold.

    >>> print(unexpected(ZeroDivisionError("division by zero")))
    Tersenet failed unexpectedly.
      got:      ZeroDivisionError: division by zero
      where:    the traceback is in ...tersenet-traceback-....txt
      hint:     please report this with that file; TERSENET_TRACEBACK=1 shows the traceback here
    """
    text = "".join(traceback.format_exception(error))
    where, hint = None, f"please report this; {TRACEBACK}=1 shows the traceback here"
    try:
        handle, name = tempfile.mkstemp(prefix="tersenet-traceback-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        where = f"the traceback is in {Path(name)}"
        hint = f"please report this with that file; {TRACEBACK}=1 shows the traceback here"
    except OSError:
        pass
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return TersenetError("Tersenet failed unexpectedly.", got=what, where=where, hint=hint)
