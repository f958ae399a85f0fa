"""`R`: ReLU."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class ReLU(ActivationKind):
    """`R`: what is negative becomes 0."""

    letters = "R"
    example = "R"
    name = "ReLU"
    words = "ReLU: max(x, 0)"
    also_called = ("RELU",)
    alike = {"R": "ReLU()"}
    functions = {"relu": "ReLU"}
    made_by = nn.ReLU
