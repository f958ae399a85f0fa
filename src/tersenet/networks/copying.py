"""A copy of any network, pruned and weight-normed ones included."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def copy_network(model: Network) -> Network:
    """A deep copy of a network, with weights of its own.

    `copy.deepcopy` refuses a network that keeps a tensor computed from its weights, as pruning and weight norm do
    (`weight` beside `weight_orig`); such tensors are copied as they are, and computed anew at the next pass.

    >>> import torch
    >>> from torch.nn.utils import prune
    >>> model = prune.l1_unstructured(nn.Linear(2, 2), "weight", amount=1)
    >>> twin, pictures = copy_network(model), torch.rand(1, 2)
    >>> bool((twin(pictures) == model(pictures)).all()), twin.weight_orig is model.weight_orig
    (True, False)
    """
    memory: dict[int, Any] = {}
    for module in model.modules():
        for value in vars(module).values():
            if isinstance(value, Tensor) and (not value.is_leaf or value.is_inference()):
                memory[id(value)] = value.detach().clone()
    return copy.deepcopy(model, memory)
