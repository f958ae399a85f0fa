"""Tersenet designs, trains, measures and explains compact neural networks.

This page is the table of contents of the public API. Nothing is imported until it is used (PEP 562), so
`import tersenet` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_ROOMS = {
    "tersenet._errors": ("TersenetError",),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tersenet' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
