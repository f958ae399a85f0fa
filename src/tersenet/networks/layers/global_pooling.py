"""`GAP`, `GMP`: the average or the maximum of each whole map."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape
from tersenet.networks.summary.receptive_field_rules import pooled_to_size


@dataclass(frozen=True)
class GlobalPooling(LayerKind):
    """One value for each map, which leaves maps of 1×1."""

    family = "pooling"
    needs_maps = True
    sees = staticmethod(pooled_to_size)

    def output_shape(self, shape: Shape) -> Shape:
        """`(C, 1, 1)`."""
        return (shape[0], 1, 1)


@dataclass(frozen=True)
class GlobalAverage(GlobalPooling):
    """`GAP`: the average of each map."""

    letters = "GAP"
    example = "GAP"
    name = "global average pooling"
    words = "global average: maps become 1×1"
    alike = {"GAP": "AdaptiveAvgPool2d(1)"}
    functions = {"adaptive_avg_pool2d": "AdaptiveAvgPool2d"}
    engine = "average_pool"

    def module(self, shape: Shape) -> nn.Module:
        """`nn.AdaptiveAvgPool2d(1)`."""
        return nn.AdaptiveAvgPool2d(1)


@dataclass(frozen=True)
class GlobalMaximum(GlobalPooling):
    """`GMP`: the maximum of each map."""

    letters = "GMP"
    example = "GMP"
    name = "global max pooling"
    words = "global maximum: maps become 1×1"
    alike = {"GMP": "AdaptiveMaxPool2d(1)"}
    functions = {"adaptive_max_pool2d": "AdaptiveMaxPool2d", "adaptive_max_pool2d_with_indices": "AdaptiveMaxPool2d"}
    engine = "max_pool"

    def module(self, shape: Shape) -> nn.Module:
        """`nn.AdaptiveMaxPool2d(1)`."""
        return nn.AdaptiveMaxPool2d(1)
