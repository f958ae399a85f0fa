"""A network as a flat list of layers in real numbers, between named maps: what every exported file is made from.

Batch normalisation, dropout and the normalisation of the pictures are folded into their neighbours (`lowering.py`).
Maps are `(C, H, W)`; plain values are maps of 1×1. The picture is given as pixels divided by 256.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import Tensor

Shape = tuple[int, int, int]

PIXEL_SCALE = 1 / 256  # of a pixel's 0 to 255: a power of two, which no arithmetic rounds


@dataclass(eq=False)
class Maps:
    """What a layer gives: its name, its shape, and whether a value can be negative."""

    name: str
    shape: Shape
    signed: bool


@dataclass(eq=False)
class Borders:
    """Which positions of a layer's output see the same part of the padding.

    `rows` and `columns` give the class of each output row and column. Without padding there is one class of each.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(eq=False, kw_only=True)
class Layer:
    """A layer: `name` is what it does in the words of the notation, `target` the maps that it makes."""

    name: str
    sources: tuple[Maps, ...]
    target: Maps

    @property
    def source(self) -> Maps:
        """The maps of a layer that is given one."""
        return self.sources[0]


@dataclass(eq=False, kw_only=True)
class Window(Layer):
    """A window `(height, width)` that slides over padded maps; the padding is 0, for a maximum minus infinity."""

    kernel: tuple[int, int]
    stride: int = 1
    padding: int = 0
    dilation: int = 1


@dataclass(eq=False, kw_only=True)
class Convolve(Window):
    """A convolution or dense layer: `weights` `[O, I/groups, kh, kw]`, `bias` `[O, R, S]` by class of the border."""

    weights: Tensor
    bias: Tensor
    borders: Borders
    groups: int = 1
    relu: bool = False


@dataclass(eq=False, kw_only=True)
class Average(Window):
    """`gain[c]` times the mean of the window, plus `bias` `[C, R, S]`; with a 1×1 window affine per channel."""

    gain: Tensor
    bias: Tensor
    borders: Borders
    relu: bool = False


@dataclass(eq=False, kw_only=True)
class Maximum(Window):
    """The maximum of the window."""


@dataclass(eq=False, kw_only=True)
class Lookup(Layer):
    """A function of single values: `silu`, `gelu`, `tanh`, `hardswish`, `elu`, `sigmoid`, or `slope`.

    `slope` is a leaky ReLU with one slope, or with one for each channel, in `slopes`.
    """

    function: str
    slopes: Tensor | None = None


@dataclass(eq=False, kw_only=True)
class Add(Layer):
    """The sum of its sources."""

    relu: bool = False


@dataclass(eq=False, kw_only=True)
class Join(Layer):
    """The channels of its sources, one after another."""


@dataclass(eq=False, kw_only=True)
class Normalise(Layer):
    """Group normalisation of each picture by itself, with `gain` and `shift` per channel."""

    groups: int
    epsilon: float
    gain: Tensor
    shift: Tensor


@dataclass(eq=False)
class FloatModel:
    """The layers in their order. `notation` and `mean`, `deviation` (per channel) are those of the network."""

    notation: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    picture: Maps
    layers: list[Layer] = field(default_factory=list)

    @property
    def scores(self) -> Maps:
        """What the last layer makes: one value per class."""
        return self.layers[-1].target

    @property
    def maps(self) -> Iterator[Maps]:
        """The picture, and then what each layer makes."""
        yield self.picture
        for layer in self.layers:
            yield layer.target
