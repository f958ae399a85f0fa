"""`HS`: hard-swish."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class HardSwish(ActivationKind):
    """`HS`: x·min(max(x + 3, 0), 6)/6, SiLU made of straight lines (Howard et al., MobileNetV3, section 5.2)."""

    letters = "HS"
    example = "HS"
    name = "hard-swish"
    words = "hard-swish: x·min(max(x + 3, 0), 6)/6"
    also_called = ("HARDSWISH", "HSWISH")
    alike = {"HS": "Hardswish()"}
    functions = {"hardswish": "Hardswish"}
    made_by = nn.Hardswish
