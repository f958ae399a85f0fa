"""The optimisers that a recipe can name: what each is called, which settings it uses, and how it is made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import torch
from torch import optim

OptimizerName = Literal["sgd", "adam", "adamw"]

Groups = list[dict[str, Any]]
Kind = TypeVar("Kind", bound=optim.Optimizer)


def without_compiler(kind: type[Kind]) -> type[Kind]:
    """One of torch's optimisers that does the same, and does not load torch's compiler (a second, 75 MB) to do it.

    torch wraps these methods only to keep its compiler out of them, and imports it for that.
    """
    wrapped = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    bare: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in wrapped}
    bare["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), {"__module__": __name__, **bare})


SGD = without_compiler(optim.SGD)
Adam = without_compiler(optim.Adam)
AdamW = without_compiler(optim.AdamW)


@dataclass(frozen=True, kw_only=True)
class OptimizerKind:
    """One optimiser: its `title` for people, `about` in a sentence, and `make(groups, rate, momentum, nesterov)`.

    `uses_nesterov` says whether `nesterov` means anything to it; `momentum_means` names what `momentum` is there.
    """

    title: str
    about: str
    make: Callable[[Groups, float, float, bool], optim.Optimizer]
    momentum_means: str
    uses_nesterov: bool = False

    def described(self, momentum: float, nesterov: bool) -> str:
        """The optimiser with its own settings.

        >>> OPTIMIZERS["sgd"].described(0.9, True), OPTIMIZERS["adamw"].described(0.9, True)
        ('SGD, momentum 0.9, Nesterov', 'AdamW, first moment 0.9')
        """
        said = f"{self.title}, {self.momentum_means} {momentum:g}"
        return f"{said}, Nesterov" if nesterov and self.uses_nesterov else said


def _sgd(groups: Groups, rate: float, momentum: float, nesterov: bool) -> optim.Optimizer:
    return SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov, foreach=True)


def _adam(groups: Groups, rate: float, momentum: float, nesterov: bool) -> optim.Optimizer:
    return Adam(groups, lr=rate, betas=(momentum, 0.999), foreach=True)


def _adamw(groups: Groups, rate: float, momentum: float, nesterov: bool) -> optim.Optimizer:
    return AdamW(groups, lr=rate, betas=(momentum, 0.999), foreach=True)


OPTIMIZERS: dict[str, OptimizerKind] = {
    "sgd": OptimizerKind(
        title="SGD",
        about="stochastic gradient descent with momentum",
        make=_sgd,
        momentum_means="momentum",
        uses_nesterov=True,
    ),
    "adam": OptimizerKind(
        title="Adam",
        about="a step size per weight, from its own gradients",
        make=_adam,
        momentum_means="first moment",
    ),
    "adamw": OptimizerKind(
        title="AdamW",
        about="Adam with weight decay apart from the gradient",
        make=_adamw,
        momentum_means="first moment",
    ),
}
"""Every optimiser by the name that a recipe gives it."""
