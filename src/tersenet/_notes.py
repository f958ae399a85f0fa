"""One line to the user that is not part of a result: it goes to standard error, and once only."""

from __future__ import annotations

import sys

_said: set[str] = set()


def note(text: str) -> None:
    """Say something once in a process, on standard error, so that a JSON document on standard output stays alone.

    >>> import contextlib, io
    >>> with contextlib.redirect_stderr(io.StringIO()) as said:
    ...     note("model.py has changed."); note("model.py has changed.")
    >>> said.getvalue()
    'note: model.py has changed.\\n'
    """
    if text not in _said:
        _said.add(text)
        print(f"note: {text}", file=sys.stderr)
