"""A running average of the weights: what is measured where a recipe averages."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tersenet.networks import copy_network


class WeightAverage:
    """An exponential moving average of a network's weights and running statistics, which must stay where they are.

    After update t the average moves by 1 − min(decay, (1 + t) / (10 + t)) towards the weights: fast at first,
    so that the starting weights are soon forgotten (the warm-up of tf.train.ExponentialMovingAverage).

    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = WeightAverage(model, decay=0.999)
    >>> with torch.no_grad():
    ...     _ = model.weight.fill_(5.0)
    >>> for _ in range(200):
    ...     average.update()
    >>> round(average.model.weight.item(), 4)
    5.0
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.model = copy_network(model).requires_grad_(False).eval()
        self._averaged, self._copied = _tensors(self.model)
        self._averaged_from, self._copied_from = _tensors(model)

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the weights that the model has now."""
        torch._foreach_lerp_(self._averaged, self._averaged_from, self.next_weight())
        self.copy_counters()

    def next_weight(self) -> float:
        """How far the next update moves the average; counted as made."""
        weight = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        return weight

    def copy_counters(self) -> None:
        """Take over what cannot be averaged: batch normalisation's counts of batches."""
        if self._copied:
            torch._foreach_copy_(self._copied, self._copied_from)


def _tensors(model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The floating-point tensors of a network's state, each once (weights may be tied), and the others (counters)."""
    tensors = {id(tensor): tensor for tensor in model.state_dict(keep_vars=True).values()}
    state = [tensor.detach() for tensor in tensors.values()]
    floating = [tensor for tensor in state if tensor.is_floating_point()]
    return floating, [tensor for tensor in state if not tensor.is_floating_point()]
