"""All kinds of layers, found by looking through this folder: a new kind is a new file, and no line anywhere else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
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


def _by_letters() -> dict[str, type[LayerKind]]:
    kinds = sorted(set(_found()), key=lambda kind: (FAMILIES.index(kind.family), len(kind.letters), kind.letters))
    by_letters = {kind.letters.upper(): kind for kind in kinds}
    if len(by_letters) < len(kinds):
        raise ValueError(f"two kinds of layers have the same letters: {[kind.letters for kind in kinds]}")
    return by_letters


LAYER_KINDS = _by_letters()
"""The kinds by their letters in capitals, family by family, short letters first."""

BY_FUNCTION = {function: kind for kind in reversed(LAYER_KINDS.values()) for function in kind.functions}
"""The kind that calls a torch function; of several, the first."""


def layer_types(family: str) -> set[str]:
    """The names of torch's layers for the kinds of a family.

    >>> sorted(layer_types("dropout"))
    ['Dropout', 'Dropout2d']
    """
    kinds = (kind for kind in LAYER_KINDS.values() if kind.family == family)
    return {name for kind in kinds for name in kind.functions.values()}
