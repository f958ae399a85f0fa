"""Which torch layers are dropout or a softmax: the notation's by their kind, other code's by the rule here."""

from __future__ import annotations

from typing import TypeGuard

from torch import nn

from tersenet.networks.layers.registry import layer_types

DROPOUT_LAYERS = frozenset(layer_types("dropout") | {"Dropout1d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"})
"""Class names of torch's dropout layers."""

# The notation has no softmax, because the loss contains it.
SOFTMAX_OF_LOGITS = frozenset({"Softmax", "LogSoftmax"})
"""Class names of the softmax layers whose input is the logits."""
SOFTMAX_LAYERS = SOFTMAX_OF_LOGITS | {"Softmax2d", "Softmin"}
"""Class names of torch's softmax layers."""


def is_dropout(module: nn.Module | None) -> TypeGuard[nn.modules.dropout._DropoutNd]:
    """Whether a module is a dropout layer, with a rate `p`.

    >>> is_dropout(nn.Dropout2d(0.1)), is_dropout(nn.ReLU())
    (True, False)
    """
    return isinstance(module, nn.modules.dropout._DropoutNd)


def names_dropout(layer_type: str) -> bool:
    """Whether a layer with this class name is dropout, torch's or a user's own.

    >>> names_dropout("Dropout2d"), names_dropout("MyDropout"), names_dropout("ReLU")
    (True, True, False)
    """
    return layer_type in DROPOUT_LAYERS or "Dropout" in layer_type
