"""`GN4`: group normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import LayerKind, Shape, channels_of
from tersenet.networks.layers.written import MAX_CHANNELS, number_after
from tersenet.networks.summary.receptive_field_rules import mixed


@dataclass(frozen=True)
class GroupNorm(LayerKind):
    """`GN4`: the channels in four groups, each normalised over its channels and pixels (Wu and He 2018).

    Each picture is normalised by itself, so the batch size does not matter, and evaluation is the same as training.
    """

    letters = "GN"
    example = "GN4"
    name = "group normalisation"
    words = (
        "group normalisation: each picture by itself, its channels in 4 groups; a scale and a shift for each channel"
    )
    family = "normalisation"
    also_called = ("GROUPNORM",)
    alike = {"GN4": "GroupNorm(4, 8)", "GN1": "GroupNorm(1, 8)"}
    functions = {"group_norm": "GroupNorm"}
    engine = "group_norm"
    sees = staticmethod(mixed)

    groups: int = number_after("number of groups", MAX_CHANNELS)

    def output_shape(self, shape: Shape) -> Shape:
        """The same; the groups must divide the channels and hold more than one value each."""
        if shape[0] % self.groups:
            raise TersenetError(
                "The groups do not divide the channels.",
                got=f"{self.groups} groups, {shape[0]} channels",
                expected="a number of groups that divides the channels",
            )
        if math.prod(shape) == self.groups:
            raise TersenetError(
                "Each group holds a single value, and a value minus its own mean is always 0.",
                got=f"{self.groups} groups of {math.prod(shape)} values",
                hint="use fewer groups, or put it before the maps shrink to 1×1",
            )
        return shape

    def parameters(self, shape: Shape) -> int:
        """A scale and a shift for each channel."""
        return 2 * shape[0]

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The channels."""
        return channels_of(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.GroupNorm`."""
        return nn.GroupNorm(self.groups, shape[0])
