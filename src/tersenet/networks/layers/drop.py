"""`D.05` and `DD.05`: dropout of single values and of whole maps."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks import dropout
from tersenet.networks.layers.kind import LayerKind, Shape
from tersenet.networks.layers.written import decimal_after


@dataclass(frozen=True)
class ValueDropout(LayerKind):
    """`D.05`: in training each value is set to 0 with this probability, in [0, 1), and the others are scaled up."""

    letters = "D"
    example = "D.05"
    name = "dropout"
    words = "dropout of single values; the rate is in [0, 1)"
    family = "dropout"
    also_called = ("DROPOUT",)
    alike = {"D.05": "Dropout(0.05)", "D.25": "Dropout(0.25)"}
    functions = {"dropout": "Dropout"}
    engine = "dropout"

    rate: float = decimal_after("rate of dropout", low=0, high=1, below=True)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.Dropout`, as Tersenet draws it."""
        return dropout.Dropout(self.rate)


@dataclass(frozen=True)
class MapDropout(LayerKind):
    """`DD.05`: in training each whole map is set to 0 with this probability, in [0, 1)."""

    letters = "DD"
    example = "DD.05"
    name = "dropout of whole maps"
    words = "dropout of whole maps; the rate is in [0, 1)"
    family = "dropout"
    alike = {"DD.05": "Dropout2d(0.05)", "DD.25": "Dropout2d(0.25)"}
    functions = {"dropout2d": "Dropout2d"}
    engine = "map_dropout"

    rate: float = decimal_after("rate of dropout", low=0, high=1, below=True)

    def output_shape(self, shape: Shape) -> Shape:
        """The same; it takes maps alone."""
        if len(shape) == 1:
            raise TersenetError(
                "This dropout drops whole maps, but a dense layer before it has flattened them.",
                got=f"{shape[0]} plain values",
                hint="use D, which drops single values",
            )
        return shape

    def module(self, shape: Shape) -> nn.Module:
        """`nn.Dropout2d`."""
        return nn.Dropout2d(self.rate)
