"""`10N`: dense layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape
from tersenet.networks.layers.written import number_before, switch
from tersenet.networks.summary.receptive_field_rules import dense


@dataclass(frozen=True)
class Dense(LayerKind):
    """`10N`, with bias `10Nb`: a dense layer, which flattens what it is given."""

    letters = "N"
    example = "10N"
    name = "dense layer"
    words = "dense layer with 10 outputs; flattens its input"
    family = "dense"
    also_called = ("DENSE", "LINEAR", "FC")
    alike = {"10N": "Linear(8 * 12 * 12, 10, bias=False)", "10Nb": "Linear(8 * 12 * 12, 10)"}
    functions = {"linear": "Linear"}
    engine = "convolution"  # whose kernel is as large as the maps
    sets_width = True
    sees = staticmethod(dense)

    units: int = number_before("number of units")
    bias: bool = switch("b", "bias")

    def output_shape(self, shape: Shape) -> Shape:
        """`(units,)`."""
        return (self.units,)

    def parameters(self, shape: Shape) -> int:
        """A weight for each pair of input and output; with bias a number for each output."""
        return (math.prod(shape) + self.bias) * self.units

    def macs(self, shape: Shape, output: Shape) -> int:
        """Every weight once."""
        return math.prod(shape) * self.units

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The values in."""
        return "values", math.prod(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.Linear`; the chain that holds it flattens."""
        return nn.Linear(math.prod(shape), self.units, bias=self.bias)
