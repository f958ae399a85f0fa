"""Muon: momentum whose matrices are made orthogonal before each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim

from tersenet.engine import GRADIENT_DESCENT
from tersenet.training.optimizers.optimizer_kind import (
    RATE_FACTOR,
    EngineStep,
    Groups,
    OptimizerKind,
    decayed_groups,
    without_compiler,
)

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # the authors': steep at 0, so that small singular values grow fast
ITERATIONS = 5
REST_FACTOR = 4.0  # of what SGD trains; 1, 4 and 16 differ by less than the noise: benchmarks/muon.py


def orthogonalised(matrix: Tensor) -> Tensor:
    """A matrix `[R, C]` with nearly the same singular vectors and singular values near 1 (0.7 to 1.2).

    Five Newton–Schulz iterations of X ← aX + (bA + cA²)X with A = XXᵀ, after Jordan et al. 2024.

    >>> torch.linalg.svdvals(orthogonalised(torch.diag(torch.tensor([5.0, 1.0, 0.3])))).round(decimals=1)
    tensor([1.0000, 0.8000, 0.7000])
    """
    a, b, c = COEFFICIENTS
    x: Tensor = matrix.T if matrix.size(0) > matrix.size(1) else matrix  # the smaller of the two products
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.size(0) > matrix.size(1) else x


class _Muon(optim.Optimizer):
    """Groups with `orthogonal` step by the orthogonalised momentum of each kernel, the others as SGD does.

    A kernel `[K, C, H, W]` is a matrix `[K, C·H·W]`. Its step is scaled by √max(1, rows/columns), and its weights
    decay apart from the gradient.
    """

    def __init__(self, groups: Groups, *, lr: float, momentum: float, nesterov: bool) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "nesterov": nesterov, "orthogonal": False})

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step against the gradients that the weights have."""
        loss = closure() if closure else None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._step(group, weight, weight.grad)
        return loss

    def _step(self, group: Mapping[str, Any], weight: nn.Parameter, gradient: Tensor) -> None:
        rate, decay, momentum = group["lr"], group["weight_decay"], group["momentum"]
        if not group["orthogonal"]:
            gradient = gradient.add(weight, alpha=decay)
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        velocity = state["momentum_buffer"].mul_(momentum).add_(gradient)
        direction = gradient.add(velocity, alpha=momentum) if group["nesterov"] else velocity
        if group["orthogonal"]:
            matrix = direction.reshape(len(direction), -1)
            direction = orthogonalised(matrix).reshape(weight.shape)
            direction = direction * max(1.0, matrix.size(0) / matrix.size(1)) ** 0.5
            weight.mul_(1 - rate * decay)
        weight.add_(direction, alpha=-rate)


Muon = without_compiler(_Muon)


class MuonKind(OptimizerKind):
    """Muon for kernels; SGD for the output layer, biases and normalisation, as in its authors' CIFAR-10 record."""

    name = "muon"
    title = "Muon"
    about = "orthogonalised momentum for kernels; SGD for the output layer, biases and normalisation"
    source = "Jordan et al. 2024"
    momentum_means = "momentum"
    uses_nesterov = True
    is_fused = True
    makes = _Muon
    alike = (_Muon, Muon)

    @classmethod
    def make(
        cls, weights: Sequence[nn.Parameter], *, rate: float, momentum: float, nesterov: bool, weight_decay: float
    ) -> optim.Optimizer:
        """The last kernel is the output layer's; see `OptimizerKind.make`."""
        kernels = [weight for weight in weights if weight.ndim > 1][:-1]
        inner = {id(weight) for weight in kernels}
        rest = decayed_groups([weight for weight in weights if id(weight) not in inner], weight_decay)
        groups: Groups = [{"params": kernels, "weight_decay": weight_decay, "orthogonal": True}] if kernels else []
        groups += [{**group, "orthogonal": False, RATE_FACTOR: REST_FACTOR} for group in rest]
        return Muon(groups, lr=rate, momentum=momentum, nesterov=nesterov)

    @classmethod
    def remembers(cls, group: Mapping[str, Any]) -> frozenset[str]:
        """The velocity, of every weight."""
        return frozenset({"momentum_buffer"})

    @classmethod
    def engine_step(cls, group: Mapping[str, Any]) -> EngineStep | None:
        """See `OptimizerKind.engine_step`; a group that is `orthogonal` says so itself."""
        return EngineStep(
            rule=GRADIENT_DESCENT, momentum=group["momentum"], nesterov=group["nesterov"], first="momentum_buffer"
        )
