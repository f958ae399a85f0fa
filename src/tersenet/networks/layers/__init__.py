"""The kinds of layers: one class each, in a file of its own or with its nearest kin; whatever is in here is known."""

from tersenet.networks.layers.families import (
    DROPOUT_LAYERS,
    SOFTMAX_LAYERS,
    SOFTMAX_OF_LOGITS,
    is_dropout,
    names_dropout,
)
from tersenet.networks.layers.kind import FAMILIES, LayerKind, Shape
from tersenet.networks.layers.registry import BY_FUNCTION, LAYER_KINDS, layer_types

__all__ = [
    "BY_FUNCTION",
    "DROPOUT_LAYERS",
    "FAMILIES",
    "LAYER_KINDS",
    "SOFTMAX_LAYERS",
    "SOFTMAX_OF_LOGITS",
    "LayerKind",
    "Shape",
    "is_dropout",
    "layer_types",
    "names_dropout",
]
