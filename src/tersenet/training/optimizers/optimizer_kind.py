"""What a kind of optimiser says of itself, and the learning rate of any optimiser."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import torch
from torch import nn, optim

Groups = list[dict[str, Any]]
Kind = TypeVar("Kind", bound=optim.Optimizer)

RATE_FACTOR = "rate_factor"  # of a group of weights that learns at a multiple of the recipe's rate


@dataclass(frozen=True, kw_only=True)
class EngineStep:
    """What the compiled engine must know of a step, but for rates and weight decay: see `struct Update` of engine.h.

    `rule` is one of its rules; `first` and `second` are torch's names for what is remembered of each weight.
    """

    rule: int
    momentum: float
    first: str
    second: str | None = None
    nesterov: bool = False
    second_momentum: float = 0.0
    epsilon: float = 0.0


class OptimizerKind(ABC):
    """One optimiser: its name in a recipe, its words, and how it is made.

    A new one is a class in a file of its own in `kinds`, called by its name. `momentum_means` says what a recipe's
    momentum is to it, `uses_nesterov` whether `nesterov` means anything to it, `is_fused` whether the compiled engine
    makes its step: then `alike` are the types that step exactly so, and `engine_step` says how.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    source: ClassVar[str]
    momentum_means: ClassVar[str]
    uses_nesterov: ClassVar[bool] = False
    is_fused: ClassVar[bool] = False
    makes: ClassVar[type[optim.Optimizer]]
    alike: ClassVar[tuple[type[optim.Optimizer], ...]] = ()

    @classmethod
    @abstractmethod
    def make(
        cls, weights: Sequence[nn.Parameter], *, rate: float, momentum: float, nesterov: bool, weight_decay: float
    ) -> optim.Optimizer:
        """The optimiser over a network's weights, in the order of the network."""

    @classmethod
    @abstractmethod
    def remembers(cls, group: Mapping[str, Any]) -> frozenset[str]:
        """What it keeps from step to step for each weight of a group, by torch's names."""

    @classmethod
    def engine_step(cls, group: Mapping[str, Any]) -> EngineStep | None:
        """How a group steps in the compiled engine; None where it steps in a way that the engine does not know."""
        return None

    @classmethod
    def described(cls, momentum: float, nesterov: bool) -> str:
        """The optimiser with its own settings.

        >>> from tersenet.training import OPTIMIZERS
        >>> OPTIMIZERS["sgd"].described(0.9, True), OPTIMIZERS["adamw"].described(0.9, True)
        ('SGD, momentum 0.9, Nesterov', 'AdamW, first moment 0.9')
        """
        said = f"{cls.title}, {cls.momentum_means} {momentum:g}"
        return f"{said}, Nesterov" if nesterov and cls.uses_nesterov else said


def without_compiler(kind: type[Kind]) -> type[Kind]:
    """An optimiser that does the same, and does not load torch's compiler (a second, 75 MB) to do it.

    torch wraps these methods only to keep its compiler out of them, and imports it for that.
    """
    wrapped = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    bare: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in wrapped}
    bare["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, **bare})


def decayed_groups(weights: Sequence[nn.Parameter], weight_decay: float) -> Groups:
    """Two groups, of which only the kernels decay: not normalisation, not biases. One without weights is left out.

    >>> [group["weight_decay"] for group in decayed_groups([*nn.Linear(2, 2).parameters()], 0.1)]
    [0.1, 0.0]
    """
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def set_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Set a recipe's learning rate; a group with a `rate_factor` gets that multiple of it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get(RATE_FACTOR, 1.0)


def rate_of(optimizer: optim.Optimizer) -> float:
    """The recipe's learning rate that an optimiser has: that of its first group without the group's `rate_factor`.

    >>> weights = [*nn.Linear(2, 2).parameters()]
    >>> optimizer = optim.SGD([{"params": weights[:1], "rate_factor": 4.0}, {"params": weights[1:]}], lr=1.0)
    >>> set_rate(optimizer, 0.5)
    >>> [group["lr"] for group in optimizer.param_groups], rate_of(optimizer)
    ([2.0, 0.5], 0.5)
    """
    group = optimizer.param_groups[0]
    return float(group["lr"] / group.get(RATE_FACTOR, 1.0))
