"""All kinds of layers, found by looking through this folder: a new kind is a new file, and no line anywhere else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from inspect import isclass
from pathlib import Path

from tersenet.networks.layers.kind import FAMILIES, LayerKind

PACKAGE = __name__.rpartition(".")[0]


def _found() -> Iterator[type[LayerKind]]:
    """The classes in this folder and its sub-folders that have letters of their own."""
    for module in pkgutil.walk_packages([str(Path(__file__).parent)], f"{PACKAGE}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isclass(value) and issubclass(value, LayerKind) and "letters" in vars(value):
                yield value


def by_letters(kinds: Iterable[type[LayerKind]]) -> dict[str, type[LayerKind]]:
    """Kinds by their letters in capitals, family by family, short letters first; no two may have the same."""
    found: dict[str, type[LayerKind]] = {}
    for kind in sorted(kinds, key=lambda kind: (FAMILIES.index(kind.family), len(kind.letters), kind.letters)):
        other = found.setdefault(kind.letters.upper(), kind)
        if other is not kind:
            raise ValueError(f"{kind.__name__} and {other.__name__} have the same letters: {kind.letters}")
    return found


LAYER_KINDS = by_letters(set(_found()))
"""All kinds of layers by their letters in capitals."""

BY_FUNCTION = {function: kind for kind in reversed(LAYER_KINDS.values()) for function in kind.functions}
"""The kind that calls a torch function; of several, the first."""


def layer_types(family: str) -> set[str]:
    """The names of torch's layers for the kinds of a family.

    >>> sorted(layer_types("dropout"))
    ['Dropout', 'Dropout2d']
    """
    kinds = (kind for kind in LAYER_KINDS.values() if kind.family == family)
    return {name for kind in kinds for name in kind.functions.values()}
