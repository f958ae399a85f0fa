"""`T`: tanh."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import Activation


@dataclass(frozen=True)
class Tanh(Activation):
    """`T`: the hyperbolic tangent, between -1 and 1."""

    letters = "T"
    example = "T"
    name = "tanh"
    words = "tanh: between −1 and 1"
    also_called = ("TANH",)
    alike = {"T": "Tanh()"}
    functions = {"tanh": "Tanh"}
    made_by = nn.Tanh
