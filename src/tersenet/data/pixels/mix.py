"""Mixup: every picture of a batch with a share of another (H. Zhang and others, mixup: Beyond Empirical Risk
Minimization, 2018)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def mix(images: Tensor, shares_nk: Tensor, *, alpha: float, seed: int) -> tuple[Tensor, Tensor]:
    """Float pictures `[N, …]`, each mixed with another, and labels as shares `[N, K]` mixed alike.

    The share of a picture's own is one number for the batch, drawn from Beta(alpha, alpha) by `seed`.

    >>> pictures, labels = mix(torch.eye(2), torch.eye(2), alpha=0.4, seed=1)
    >>> bool((pictures == labels).all()), labels.sum(dim=1).tolist()
    (True, [1.0, 1.0])
    """
    numbers = np.random.default_rng(seed)
    share = float(numbers.beta(alpha, alpha))
    other = torch.from_numpy(numbers.permutation(len(images))).to(images.device)
    return torch.lerp(images[other], images, share), torch.lerp(shares_nk[other], shares_nk, share)
