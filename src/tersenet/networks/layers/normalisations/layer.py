"""`LN`: layer normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import LayerKind, Shape, channels_of
from tersenet.networks.summary.receptive_field_rules import mixed


@dataclass(frozen=True)
class LayerNorm(LayerKind):
    """`LN`: each picture over all its channels and pixels (Ba et al. 2016); a scale and a shift for each channel.

    For maps that is torch's `GroupNorm` with one group: `nn.LayerNorm` would learn a scale and a shift for every
    pixel of every map, more weights than a compact network has.
    """

    letters = "LN"
    example = "LN"
    name = "layer normalisation"
    words = "layer normalisation: each picture by itself, over all values; a scale and a shift for each channel"
    family = "normalisation"
    also_called = ("LAYERNORM",)
    alike = {"LN": "GroupNorm(1, 8)"}
    functions = {"group_norm": "GroupNorm", "layer_norm": "LayerNorm"}
    engine = "group_norm"
    sees = staticmethod(mixed)

    def output_shape(self, shape: Shape) -> Shape:
        """The same; a single value cannot be normalised."""
        if math.prod(shape) == 1:
            raise TersenetError("A single value minus its own mean is always 0.", hint="remove the normalisation")
        return shape

    def parameters(self, shape: Shape) -> int:
        """A scale and a shift for each channel, or for each plain value."""
        return 2 * shape[0]

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The channels."""
        return channels_of(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.GroupNorm` with one group for maps, `nn.LayerNorm` for plain values."""
        return nn.GroupNorm(1, shape[0]) if len(shape) == 3 else nn.LayerNorm(shape[0])
