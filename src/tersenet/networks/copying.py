"""A copy of any network, pruned and weight-normed ones included."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn

from tersenet.networks.summary.tracing import tensors_in

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
    return copy.deepcopy(model, copied_tensors(model))


def copied_tensors(model: nn.Module) -> dict[int, Any]:
    """What `copy.deepcopy` needs to know in advance: copies of the tensors that it refuses, by their identity."""
    found = (value for module in model.modules() for value in tensors_in(list(vars(module).values())))
    held = (value for value in found if not isinstance(value, nn.Parameter))
    return {id(value): value.detach().clone() for value in held if not value.is_leaf or value.is_inference()}
