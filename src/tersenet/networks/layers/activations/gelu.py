"""`GELU`: GELU."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class GELU(ActivationKind):
    """`GELU`: x times the normal distribution's Φ(x)."""

    letters = "GELU"
    example = "GELU"
    name = "GELU"
    words = "GELU: x·Φ(x), with the normal distribution's Φ"
    alike = {"GELU": "GELU()"}
    functions = {"gelu": "GELU"}
    made_by = nn.GELU
