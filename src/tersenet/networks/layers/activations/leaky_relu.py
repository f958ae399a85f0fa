"""`LR.1`: leaky ReLU."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape
from tersenet.networks.layers.written import decimal_after


@dataclass(frozen=True)
class LeakyReLU(LayerKind):
    """`LR.1`: a ReLU that lets a tenth of what is negative through."""

    letters = "LR"
    example = "LR.1"
    name = "leaky ReLU"
    words = "leaky ReLU: negative values times 0.1; the slope is between 0 and 1"
    family = "activation"
    also_called = ("LEAKYRELU",)
    alike = {"LR.1": "LeakyReLU(0.1)", "LR0": "LeakyReLU(0.0)"}
    functions = {"leaky_relu": "LeakyReLU"}
    engine = "activation"

    slope: float = decimal_after("slope of a leaky ReLU", low=0, high=1)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.LeakyReLU`."""
        return nn.LeakyReLU(self.slope)
