"""Backpropagation through batch normalisation: the three paths from each input to the error.

x̂ = (x − μ) / s with s = √(σ² + ε), y = γ·x̂ + β, and the error E = Σ ½(t − y)². An input moves the error directly,
through the mean μ and through the variance σ² of the whole batch (Ioffe and Szegedy 2015,
https://arxiv.org/abs/1502.03167, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tersenet._errors import TersenetError
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import LARGEST, check_numbers

EPSILON = 1e-5  # torch's
LARGEST_BATCH = 1000
BATCH = (0.2, 1.0, -0.6, 1.4)
TARGETS = (0.0, 1.0, 0.5, 1.0)


@dataclass(frozen=True)
class NormalizationPass:
    """Forward and back over a batch `[N]`; `d_x` is the sum of `direct`, `through_mean` and `through_variance`."""

    x: Array
    targets: Array
    gamma: float
    beta: float
    epsilon: float
    mean: float
    variance: float
    deviation: float
    normalized: Array
    y: Array
    error: float
    d_y: Array
    d_gamma: float
    d_beta: float
    d_normalized: Array
    d_mean: float
    d_variance: float
    direct: Array
    through_mean: Array
    through_variance: Array

    @property
    def d_x(self) -> Array:
        """∂E/∂x."""
        return self.direct + self.through_mean + self.through_variance


def normalize_batch(
    x: Sequence[float] | Array = BATCH,
    targets: Sequence[float] | Array = TARGETS,
    *,
    gamma: float = 1.5,
    beta: float = 0.5,
    epsilon: float = EPSILON,
) -> NormalizationPass:
    """Forward and back through batch normalisation of one channel.

    >>> done = normalize_batch()
    >>> bool(abs(done.d_x.sum()) < 1e-15)  # moving all inputs together changes nothing
    True
    """
    batch, goals = np.array(x, dtype=np.float64), np.array(targets, dtype=np.float64)
    if batch.ndim != 1 or len(batch) < 2:
        raise TersenetError(
            "Batch normalisation needs at least two numbers.", got=batch.size, expected="2 or more", where="batch"
        )
    if goals.shape != batch.shape:
        raise TersenetError(
            "Every number of the batch needs a target.", got=goals.size, expected=len(batch), where="targets"
        )
    if len(batch) > LARGEST_BATCH:
        raise TersenetError(
            "The batch is too large for a worked example.",
            got=f"{len(batch):,}",
            expected=f"at most {LARGEST_BATCH:,}",
            where="batch",
        )
    check_numbers(batch, "batch")
    check_numbers(goals, "targets")
    check_numbers([gamma], "gamma")
    check_numbers([beta], "beta")
    if not 1e-30 <= epsilon <= LARGEST:
        raise TersenetError(
            "This ε cannot be used.", got=epsilon, expected="a number from 1e-30 to 1e9", where="epsilon"
        )
    count = len(batch)
    mean = batch.mean()  #                                ∂μ/∂x = 1/N
    variance = ((batch - mean) ** 2).mean()  #            ∂σ²/∂x = 2(x − μ)/N, and ∂σ²/∂μ = −2 Σ(x − μ)/N = 0
    deviation = np.sqrt(variance + epsilon)
    normalized = (batch - mean) / deviation  #            ∂x̂/∂x = 1/s, ∂x̂/∂μ = −1/s, ∂x̂/∂σ² = −(x − μ)/(2s³)
    y = gamma * normalized + beta  #                      ∂y/∂x̂ = γ, ∂y/∂γ = x̂, ∂y/∂β = 1
    error = 0.5 * ((goals - y) ** 2).sum()  #             ∂E/∂y = y − t

    d_y = y - goals
    d_normalized = d_y * gamma
    d_variance = (d_normalized * -(batch - mean) / (2 * deviation**3)).sum()
    d_mean = -d_normalized.sum() / deviation
    return NormalizationPass(
        x=batch,
        targets=goals,
        gamma=gamma,
        beta=beta,
        epsilon=epsilon,
        mean=float(mean),
        variance=float(variance),
        deviation=float(deviation),
        normalized=normalized,
        y=y,
        error=float(error),
        d_y=d_y,
        d_gamma=float((d_y * normalized).sum()),
        d_beta=float(d_y.sum()),
        d_normalized=d_normalized,
        d_mean=float(d_mean),
        d_variance=float(d_variance),
        direct=d_normalized / deviation,
        through_mean=np.full(count, d_mean / count),
        through_variance=d_variance * 2 * (batch - mean) / count,
    )
