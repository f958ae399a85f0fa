"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn, optim

from tersenet.engine import GRADIENT_DESCENT
from tersenet.training.optimizers.optimizer_kind import EngineStep, OptimizerKind, decayed_groups, without_compiler

SGD = without_compiler(optim.SGD)


class SGDKind(OptimizerKind):
    """SGD with momentum, as torch computes it."""

    name = "sgd"
    title = "SGD"
    about = "stochastic gradient descent with momentum"
    source = "Sutskever et al. 2013"
    momentum_means = "momentum"
    uses_nesterov = True
    is_fused = True
    makes = optim.SGD
    alike = (optim.SGD, SGD)

    @classmethod
    def make(
        cls, weights: Sequence[nn.Parameter], *, rate: float, momentum: float, nesterov: bool, weight_decay: float
    ) -> optim.Optimizer:
        """Kernels decay; see `OptimizerKind.make`."""
        groups = decayed_groups(weights, weight_decay)
        return SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov, foreach=True)

    @classmethod
    def remembers(cls, group: Mapping[str, Any]) -> frozenset[str]:
        """The velocity."""
        return frozenset({"momentum_buffer"})

    @classmethod
    def engine_step(cls, group: Mapping[str, Any]) -> EngineStep | None:
        """See `OptimizerKind.engine_step`."""
        if group["dampening"] or group["maximize"] or group["differentiable"]:
            return None
        return EngineStep(
            rule=GRADIENT_DESCENT, momentum=group["momentum"], nesterov=group["nesterov"], first="momentum_buffer"
        )
