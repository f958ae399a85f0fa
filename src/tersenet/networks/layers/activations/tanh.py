"""`T`: tanh."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class Tanh(ActivationKind):
    """`T`: the hyperbolic tangent, between -1 and 1."""

    letters = "T"
    example = "T"
    name = "tanh"
    words = "tanh: between −1 and 1"
    also_called = ("TANH",)
    alike = {"T": "Tanh()"}
    functions = {"tanh": "Tanh"}
    made_by = nn.Tanh
