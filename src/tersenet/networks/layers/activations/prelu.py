"""`PR`: PReLU, a leaky ReLU whose slopes are learned."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape, channels_of


@dataclass(frozen=True)
class PReLU(LayerKind):
    """`PR`: negative values times a learned slope, one for each channel, at first 0.25 (He et al. 2015)."""

    letters = "PR"
    example = "PR"
    name = "PReLU"
    words = "PReLU: negative values times a learned slope, one for each channel, which begins at 0.25"
    family = "activation"
    also_called = ("PRELU",)
    alike = {"PR": "PReLU(8)"}
    functions = {"prelu": "PReLU"}
    engine = "prelu"

    def parameters(self, shape: Shape) -> int:
        """A slope for each channel, or for each plain value."""
        return shape[0]

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The channels."""
        return channels_of(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.PReLU`."""
        return nn.PReLU(shape[0])
