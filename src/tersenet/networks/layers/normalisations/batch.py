"""`BN`: batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape, channels_of


@dataclass(frozen=True)
class BatchNorm(LayerKind):
    """`BN`: each channel over all pictures and pixels of the batch; after a dense layer, each plain value."""

    letters = "BN"
    example = "BN"
    name = "batch normalisation"
    words = "batch normalisation of maps, or of the values of a dense layer"
    family = "normalisation"
    also_called = ("BATCHNORM",)
    alike = {"BN": "BatchNorm2d(8)"}
    functions = {"batch_norm": "BatchNorm2d"}
    engine = "batch_norm"

    def parameters(self, shape: Shape) -> int:
        """A scale and a shift for each channel."""
        return 2 * shape[0]

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The channels."""
        return channels_of(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.BatchNorm2d` for maps, `nn.BatchNorm1d` for plain values."""
        return nn.BatchNorm2d(shape[0]) if len(shape) == 3 else nn.BatchNorm1d(shape[0])
