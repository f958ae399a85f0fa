"""Names of a package that are imported when they are first used (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def names_of(package: str, files: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose public names lie in these modules.

    A type checker that saw it would take any name, misspelt ones too: assign it under `if not TYPE_CHECKING`.

    >>> get = names_of("shop", {"math": ("sqrt", "pi"), "json": ("dumps",)})
    >>> get("sqrt")(16.0)
    4.0
    >>> get("price")
    Traceback (most recent call last):
    AttributeError: module 'shop' has no attribute 'price'
    """
    module_of = {name: module for module, names in files.items() for name in names}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(module_of[name]), name)

    return get
