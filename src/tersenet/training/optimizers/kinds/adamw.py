"""AdamW: Adam with weight decay apart from the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn, optim

from tersenet.training.optimizers.optimizer_kind import OptimizerKind, decayed_groups, without_compiler

AdamW = without_compiler(optim.AdamW)


class AdamWKind(OptimizerKind):
    """AdamW with torch's second moment, 0.999."""

    name = "adamw"
    title = "AdamW"
    about = "Adam with weight decay apart from the gradient"
    source = "Loshchilov & Hutter 2019"
    momentum_means = "first moment"
    makes = optim.AdamW

    @classmethod
    def make(
        cls, weights: Sequence[nn.Parameter], *, rate: float, momentum: float, nesterov: bool, weight_decay: float
    ) -> optim.Optimizer:
        """Kernels decay; see `OptimizerKind.make`."""
        return AdamW(decayed_groups(weights, weight_decay), lr=rate, betas=(momentum, 0.999), foreach=True)

    @classmethod
    def remembers(cls, group: Mapping[str, Any]) -> frozenset[str]:
        """Both moments, and the number of steps."""
        return frozenset({"step", "exp_avg", "exp_avg_sq"})
