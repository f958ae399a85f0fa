"""Multipliers with which one rounding in whole numbers equals one rounding in float32, for every sum there can be.

A sum is requantised as `(sum · m + 2^(s−1)) >> s`. Runtimes with float32 multipliers (onnxruntime's QLinearConv,
XNNPACK) compute `rint(float32(sum) · float32(m · 2^−s))` instead. Both never fall as the sum rises, so they are equal
everywhere if they step at the same sums; that is at most 255 places for a channel, and each is checked. A multiplier
that fails is passed by: its neighbour is as good, since the scale of the channel's weights takes up the difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tersenet._errors import TersenetError

MOST_BITS, FEWEST_BITS = 15, 8
FEWEST_CANDIDATES = 16
CLOSE = 2.0**-9  # a factor off by this moves the largest value, 255, by half a step
LEAST = 2.0**-15  # with it, a weight of one step changes no result by more than a 128th
PRODUCT_LIMIT = 2**31


@dataclass(frozen=True)
class Multiplier:
    """`m · 2^−s`, and the float32 scale of the weights with which float32 runtimes compute exactly that."""

    m: int
    s: int
    weight_scale: float

    @property
    def value(self) -> float:
        """`m · 2^−s`."""
        return math.ldexp(self.m, -self.s)


def round_scale(scale: float) -> float:
    """A scale rounded up to eight significant bits, so that products with a multiplier are exact in float32.

    >>> round_scale(0.1), round_scale(0.5)
    (0.10009765625, 0.5)
    """
    fraction, exponent = math.frexp(scale)
    return math.ldexp(math.ceil(fraction * 256), exponent - 8)


def candidates(wanted: float, *, bits: int) -> Iterator[tuple[int, int]]:
    """Multipliers `(m, s)` of that many bits, none below `wanted`, nearest first.

    They may grow by a 32nd: the weights are rounded for the one that is chosen.

    >>> list(candidates(0.01, bits=8))[:3]
    [(164, 14), (165, 14), (166, 14)]
    """
    s = bits - math.frexp(wanted)[1]
    middle = math.ldexp(wanted, s)
    for m in range(math.ceil(middle), math.ceil(middle) + max(FEWEST_CANDIDATES, int(middle / 32))):
        if 1 <= s <= 40 and 0 < m < 2**16:
            yield m, s


def candidates_close(wanted: float, *, bits: int) -> Iterator[tuple[int, int]]:
    """Multipliers `(m, s)` of that many bits for given weights, nearest first, none further off than `CLOSE`.

    >>> list(candidates_close(0.01, bits=8)), list(candidates_close(0.01, bits=10))
    ([(164, 14)], [(655, 16), (656, 16)])
    """
    s = bits - math.frexp(wanted)[1]
    middle = math.ldexp(wanted, s)
    low, high = math.ceil(middle * (1 - CLOSE)), math.floor(middle * (1 + CLOSE))
    for m in sorted(range(low, high + 1), key=lambda each: abs(each - middle)):
        if 1 <= s <= 40 and 0 < m < 2**16:
            yield m, s


def fits_32_bits(m: int, s: int, bound: int) -> bool:
    """Whether no product of a sum up to `bound` leaves 32 bits, the rounding included."""
    return bound * m + (1 << (s - 1)) < PRODUCT_LIMIT


def agrees(m: int, s: int, bound: int, low: int, high: int) -> bool:
    """Whether whole numbers and float32 give the same value in `low … high` for every sum of `−bound … bound`.

    >>> agrees(1025, 20, 2**20, 0, 255), agrees(129, 16, 2**20, 0, 255)
    (True, False)
    """
    values = np.arange(low + 1, high + 1, dtype=np.int64)
    steps = -(((1 << (s - 1)) - (values << s)) // m)  # the least sum that gives each value
    within = (-bound < steps) & (steps <= bound)
    sums, values = steps[within], values[within]
    scale = np.float32(math.ldexp(m, -s))
    here, before = (np.rint(each.astype(np.float32) * scale) for each in (sums, sums - 1))
    return bool((here >= values).all() and (before < values).all())


def float32_weight_scale(m: int, s: int, source_scale: float, target_scale: float) -> float | None:
    """The float32 `w` with `(source_scale · w) / target_scale` exactly `m · 2^−s` in float32; None where none is."""
    x, y, wanted = np.float32(source_scale), np.float32(target_scale), np.float32(math.ldexp(m, -s))
    w = np.float32(float(wanted) * float(y) / float(x))
    for candidate in (w, np.nextafter(w, np.float32(0)), np.nextafter(w, np.float32(np.inf))):
        if np.float32(np.float32(x * candidate) / y) == wanted:
            return float(candidate)
    return None


def no_multiplier(layer: str, channel: int, wanted: float) -> TersenetError:
    """What to say where no multiplier passes."""
    return TersenetError(
        "This layer's values cannot be brought to 8 bits.",
        got=f"a factor of {wanted:.3g} between its sums and its values",
        expected="about 2^−30 to 2^7",
        where=f"{layer}, channel {channel}",
        hint="the weights of this channel are very small or very large: train it with more weight decay",
    )
