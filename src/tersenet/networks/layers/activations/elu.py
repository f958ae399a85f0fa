"""`ELU`: exponential linear unit."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class ELU(ActivationKind):
    """`ELU`: x where it is positive, exp(x) - 1 elsewhere (Clevert et al. 2016, with α = 1)."""

    letters = "ELU"
    example = "ELU"
    name = "ELU"
    words = "ELU: x, and exp(x) − 1 below zero"
    alike = {"ELU": "ELU()"}
    functions = {"elu": "ELU"}
    made_by = nn.ELU
