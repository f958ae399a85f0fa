"""`SiLU`: SiLU."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class SiLU(ActivationKind):
    """`SiLU`: x times its sigmoid."""

    letters = "SiLU"
    example = "SiLU"
    name = "SiLU"
    words = "SiLU (swish): x·sigmoid(x)"
    also_called = ("SWISH",)
    alike = {"SiLU": "SiLU()"}
    functions = {"silu": "SiLU"}
    made_by = nn.SiLU
