"""The integer model: layers of whole numbers between maps of 8 bits, the one meaning of all exported integer code.

Maps hold `q`, 0 to 255 or −128 to 127, and mean `scale · q`; zero is 0. A layer that multiplies sums exactly into 32
bits and then rounds once: `clip((sum · multiplier + 2^(shift−1)) >> shift)`, with a multiplier and shift per channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tersenet.export.folded.graph import Borders, Shape

Bytes = NDArray[np.int8]
Integers = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class IntegerMaps:
    """Maps `(C, H, W)` of 8-bit values; `index` is their place in the model."""

    index: int
    name: str
    shape: Shape
    scale: float
    signed: bool

    @property
    def lowest(self) -> int:
        """The least value they can hold."""
        return -128 if self.signed else 0

    @property
    def highest(self) -> int:
        """The largest value they can hold."""
        return 127 if self.signed else 255

    @property
    def size(self) -> int:
        """How many values, and so how many bytes."""
        channels, height, width = self.shape
        return channels * height * width


@dataclass(frozen=True, eq=False)
class Requantising:
    """How 32-bit sums become 8-bit values: `clip((sum · multipliers[c] + 2^(shifts[c]−1)) >> shifts[c], low, high)`.

    `bound` is the largest absolute value that any sum of the layer can reach, whatever the picture. `wide` says that
    a product can pass 32 bits. `low` and `high` are the limits of the maps, or 0 and up behind a ReLU.
    """

    multipliers: Integers
    shifts: Integers
    low: int
    high: int
    bound: int
    wide: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerLayer:
    """A layer, from its `sources` to its `target`; `name` is in the words of the notation."""

    name: str
    sources: tuple[IntegerMaps, ...]
    target: IntegerMaps

    @property
    def source(self) -> IntegerMaps:
        """The maps of a layer that is given one."""
        return self.sources[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerWindow(IntegerLayer):
    """A window `(height, width)` that slides over maps padded with 0, or for a maximum with nothing."""

    kernel: tuple[int, int]
    stride: int
    padding: int
    dilation: int = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerConvolve(IntegerWindow):
    """A convolution or dense layer: `weights` int8 `[O, I/groups, kh, kw]`, −127 to 127.

    `bias` is int32 `[O, R, S]` by class of border position. `weight_scales[c]` is what 1 in a channel means.
    """

    weights: Bytes
    weight_scales: NDArray[np.float32]
    bias: Integers
    borders: Borders
    groups: int
    requantising: Requantising


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerAverage(IntegerWindow):
    """The sum of a window times `gain[c]` int8, plus `bias` int32 `[C, R, S]`; the multiplier divides by its area."""

    gain: Bytes
    gain_scales: NDArray[np.float32]
    bias: Integers
    borders: Borders
    requantising: Requantising


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerMaximum(IntegerWindow):
    """The maximum of the window."""


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerLookup(IntegerLayer):
    """A table of 256 values: `[1, 256]`, or one per channel `[C, 256]`; the place of −1 is 255, of −128 is 128."""

    function: str
    table: NDArray[np.int16]


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerAdd(IntegerLayer):
    """The sum of its sources, which all have the target's scale, clipped to `low … high`."""

    low: int
    high: int


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegerJoin(IntegerLayer):
    """The channels of its sources, which all have the target's scale, one after another."""


@dataclass(frozen=True, eq=False)
class IntegerModel:
    """The layers in their order. `bits` are those of the weights; `mean` and `deviation` those of the pictures."""

    notation: str
    bits: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    maps: tuple[IntegerMaps, ...]
    layers: tuple[IntegerLayer, ...]

    @property
    def picture(self) -> IntegerMaps:
        """The pixels, 0 to 255."""
        return self.maps[0]

    @property
    def scores(self) -> IntegerMaps:
        """The result: one signed value per class."""
        return self.layers[-1].target

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights, each stored once however often it is used; biases and multipliers are not counted."""
        return sum(weights.size for weights in self.weights())

    def weights(self) -> Iterator[Bytes]:
        """The arrays of weights that are stored."""
        seen: set[int] = set()
        for layer in self.layers:
            if isinstance(layer, IntegerConvolve) and id(layer.weights) not in seen:
                seen.add(id(layer.weights))
                yield layer.weights
