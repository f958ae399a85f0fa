"""Adam: a step size per weight, from its own gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn, optim

from tersenet.engine import ADAM, ADAM_W
from tersenet.training.optimizers.optimizer_kind import EngineStep, OptimizerKind, decayed_groups, without_compiler

Adam = without_compiler(optim.Adam)


class AdamKind(OptimizerKind):
    """Adam with torch's second moment, 0.999."""

    name = "adam"
    title = "Adam"
    about = "a step size per weight, from its own gradients"
    source = "Kingma & Ba 2015"
    momentum_means = "first moment"
    is_fused = True
    makes: ClassVar[type[optim.Adam]] = optim.Adam
    steps: ClassVar[type[optim.Adam]] = Adam
    alike: ClassVar[tuple[type[optim.Optimizer], ...]] = (optim.Adam, Adam)

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

    @classmethod
    def engine_step(cls, group: Mapping[str, Any]) -> EngineStep | None:
        """See `OptimizerKind.engine_step`."""
        if group["amsgrad"] or group["maximize"] or group["differentiable"] or group["capturable"]:
            return None
        return EngineStep(
            rule=ADAM_W if group["decoupled_weight_decay"] else ADAM,
            momentum=group["betas"][0],
            second_momentum=group["betas"][1],
            epsilon=group["eps"],
            first="exp_avg",
            second="exp_avg_sq",
        )
