"""`S`: sigmoid."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class Sigmoid(ActivationKind):
    """`S`: 1/(1 + exp(-x)), between 0 and 1."""

    letters = "S"
    example = "S"
    name = "sigmoid"
    words = "sigmoid: 1/(1 + exp(−x)), between 0 and 1"
    also_called = ("SIGMOID",)
    alike = {"S": "Sigmoid()"}
    functions = {"sigmoid": "Sigmoid"}
    made_by = nn.Sigmoid
