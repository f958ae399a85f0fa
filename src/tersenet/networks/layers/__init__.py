"""The kinds of layers: one class each, in a file of its own or with its nearest kin; whatever is in here is known."""

from tersenet.networks.layers.kind import FAMILIES, LayerKind, Shape
from tersenet.networks.layers.registry import BY_FUNCTION, LAYER_KINDS, layer_types

__all__ = ["BY_FUNCTION", "FAMILIES", "LAYER_KINDS", "LayerKind", "Shape", "layer_types"]
