"""Dropout that draws sixteen random bits an element, where torch draws sixty-four."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 2**16


class Dropout(nn.Dropout):
    """`nn.Dropout`, several times as fast on a processor; elsewhere it is torch's own.

    Drawing random numbers is a third of the time that torch needs to train a compact network with dropout. Here one
    64-bit draw decides four elements, so the rate is a multiple of 1/65536 (0.1 becomes 0.100006) and the kept ones
    are scaled by exactly the inverse of what is kept: the expectation is unchanged. The random numbers are those of
    torch's global generator.

    >>> _ = torch.manual_seed(0)
    >>> y = Dropout(0.5)(torch.ones(10_000))
    >>> sorted(set(y.tolist())), bool(abs(y.mean() - 1) < 0.05)
    ([0.0, 2.0], True)
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (torch's own name)
        """Zero elements at random while training; otherwise give back what came."""
        if not self.training or self.p == 0:
            return input
        if input.device.type != "cpu" or torch.compiler.is_compiling():
            return F.dropout(input, self.p, True)
        dropped = round(self.p * LEVELS)
        if dropped in (0, LEVELS):
            return F.dropout(input, dropped / LEVELS, True)
        dense = input if _dense(input) else input.contiguous()
        count = dense.numel()
        draws = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        kept = draws.view(torch.int16)[:count] >= dropped - LEVELS // 2
        scaled = kept.to(dense.dtype).mul_(LEVELS / (LEVELS - dropped))
        return dense * scaled.as_strided(dense.shape, dense.stride())


def _dense(tensor: Tensor) -> bool:
    """Whether a tensor fills its memory without gaps, in whatever order of axes."""
    return tensor.is_contiguous() or tensor.is_contiguous(memory_format=torch.channels_last)
