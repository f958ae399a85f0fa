"""What every kind of layer says of itself. Parser, shapes, modules, errors, documentation and tests ask it here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar

from torch import nn

from tersenet.networks.layers.written import WrittenForm
from tersenet.networks.summary.receptive_field import ReceptiveField
from tersenet.networks.summary.receptive_field_rules import same
from tersenet.networks.summary.torch_functions import Call

Shape = tuple[int, ...]
"""`(C, H, W)` of maps, `(N,)` of plain values; without the batch."""

FAMILIES = ("convolution", "normalisation", "activation", "dropout", "pooling", "dense")
"""The families of kinds, in the order in which they are listed."""


@dataclass(frozen=True)
class LayerKind(ABC):
    """A kind of layer; its instances are layers. A subclass with `letters` in any module of this folder is known.

    The fields are what is written around the letters (`written.py`), and from them follow the form, its check and
    its text. The rest is said by the subclass:

    * `letters` as they are printed, an `example`, the `name`, a few `words`; `also_called`: other tools' names;
    * `family`, one of `FAMILIES`;
    * `output_shape`, `parameters`, `macs` and `fits`, for what it is given;
    * `module`, and `alike`: lines of notation with the torch layer that each is, for 8 maps of 12×12 given;
    * `functions`: the torch functions that it calls, with the names of torch's layers for them, and what a position
      of their result `sees`;
    * `engine`: the row that the compiled engine has for it, None where there is none and torch runs the network;
    * `caption`, its heading in the drawing of a network, where its torch name says too little.
    """

    letters: ClassVar[str]
    example: ClassVar[str]
    name: ClassVar[str]
    words: ClassVar[str]
    family: ClassVar[str]
    alike: ClassVar[dict[str, str]]
    functions: ClassVar[dict[str, str]]
    also_called: ClassVar[tuple[str, ...]] = ()
    engine: ClassVar[str | None] = None
    needs_maps: ClassVar[bool] = False
    sets_width: ClassVar[bool] = False  # whether it settles the number of channels or values

    def __post_init__(self) -> None:
        for name, how in self.written().items():
            value = getattr(self, name)
            value = self.default(name) if value is None else value
            object.__setattr__(self, name, how.checked(value, self.example))

    def __str__(self) -> str:
        words = {"before": "", "after": "", "option": ""}
        for name, how in self.written().items():
            value = getattr(self, name)
            if how.place != "option" or value != self.default(name):
                words[how.place] += how.letter + how.spelled(value)
        return words["before"] + self.letters + words["after"] + words["option"]

    @classmethod
    @cache
    def written(cls) -> dict[str, WrittenForm]:
        """How each field is written, by its name, in the order of the printed word."""
        return {each.name: each.metadata["written"] for each in fields(cls)}

    @classmethod
    def at(cls, place: str) -> dict[str, WrittenForm]:
        """The fields that are written at this place: "before", "after", "option"."""
        return {name: how for name, how in cls.written().items() if how.place == place}

    @classmethod
    def form(cls) -> str:
        """The example and what its parts are.

        >>> from tersenet.networks import LAYER_KINDS
        >>> LAYER_KINDS["C"].form()
        '16C3 (convolution: channels, C, kernel)'
        """
        parts = [*cls.at("before"), cls.letters, *cls.at("after")]
        return f"{cls.example} ({cls.name}{': ' + ', '.join(parts) if len(parts) > 1 else ''})"

    def default(self, name: str) -> Any:
        """What an option is where it is not written."""
        return type(self).__dataclass_fields__[name].default

    def output_shape(self, shape: Shape) -> Shape:
        """What the layer gives for what it is given; raises TersenetError where it cannot take it."""
        return shape

    def parameters(self, shape: Shape) -> int:
        """Learned numbers, for what it is given."""
        return 0

    def macs(self, shape: Shape, output: Shape) -> int:
        """Multiply-adds for one picture: of convolutions and dense layers, biases not counted."""
        return 0

    def fits(self, shape: Shape) -> tuple[str, int]:
        """What the weights are made for: ("channels", 16), ("plain values", 10); ("", 0) where there are none."""
        return "", 0

    @abstractmethod
    def module(self, shape: Shape) -> nn.Module:
        """The torch layer for what it is given, with torch's own initial weights."""

    @classmethod
    def multiplies(cls) -> bool:
        """Whether it has multiply-adds at all."""
        return cls.macs is not LayerKind.macs

    @staticmethod
    def sees(call: Call, field: ReceptiveField) -> ReceptiveField:
        """What a position of the result of one of the `functions` sees of the picture."""
        return same(call, field)

    def caption(self) -> str | None:
        """The heading of its map in the drawing of a network; None: the name of the torch layer."""
        return None


def channels_of(shape: Shape) -> tuple[str, int]:
    """What weights fit that are there once for each channel, or for each plain value."""
    return ("channels" if len(shape) == 3 else "plain values"), shape[0]
