"""Adam: a step size per weight, from its own gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn, optim

from tersenet.training.optimizers.optimizer_kind import OptimizerKind, decayed_groups, without_compiler

Adam = without_compiler(optim.Adam)


class AdamKind(OptimizerKind):
    """Adam with torch's second moment, 0.999."""

    name = "adam"
    title = "Adam"
    about = "a step size per weight, from its own gradients"
    source = "Kingma & Ba 2015"
    momentum_means = "first moment"
    makes: ClassVar[type[optim.Adam]] = optim.Adam
    steps: ClassVar[type[optim.Adam]] = Adam

    @classmethod
    def make(
        cls, weights: Sequence[nn.Parameter], *, rate: float, momentum: float, nesterov: bool, weight_decay: float
    ) -> optim.Optimizer:
        """Kernels decay; see `OptimizerKind.make`."""
        return cls.steps(decayed_groups(weights, weight_decay), lr=rate, betas=(momentum, 0.999), foreach=True)

    @classmethod
    def remembers(cls, group: Mapping[str, Any]) -> frozenset[str]:
        """Both moments, and the number of steps."""
        return frozenset({"step", "exp_avg", "exp_avg_sq"})
