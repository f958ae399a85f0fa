"""All optimisers that a recipe can name, found by looking through `kinds`: a new one is a new file there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from inspect import isclass

from torch import optim

from tersenet._errors import TersenetError
from tersenet.training.optimizers import kinds
from tersenet.training.optimizers.optimizer_kind import OptimizerKind

FIRST = "sgd"  # the default of a recipe leads every list


def _found() -> Iterator[type[OptimizerKind]]:
    """The classes in `kinds` that have a name of their own."""
    for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            if isclass(value) and issubclass(value, OptimizerKind) and "name" in vars(value):
                yield value


OPTIMIZERS = {kind.name: kind for kind in sorted(set(_found()), key=lambda kind: (kind.name != FIRST, kind.name))}
"""Every optimiser by the name that a recipe gives it."""


def kind_of(optimizer: optim.Optimizer) -> type[OptimizerKind]:
    """The kind that an optimiser is of; raises TersenetError where it is of none."""
    made_by = {kind.makes: kind for kind in OPTIMIZERS.values()}
    for ancestor in type(optimizer).__mro__:  # the nearest: torch's AdamW is an Adam
        if ancestor in made_by:
            return made_by[ancestor]
    raise TersenetError("This optimiser is not known.", got=type(optimizer).__name__, expected=", ".join(OPTIMIZERS))
