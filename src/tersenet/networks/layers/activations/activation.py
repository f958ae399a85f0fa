"""What the activations have in common: value by value, the shape stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape


@dataclass(frozen=True)
class ActivationKind(LayerKind):
    """A function of single values, without weights: the torch layer `made_by`."""

    family = "activation"
    engine = "activation"
    made_by: ClassVar[type[nn.Module]]

    def module(self, shape: Shape) -> nn.Module:
        """`made_by`, as torch makes it."""
        return self.made_by()
