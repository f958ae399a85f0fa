"""From a hand to handwriting: the same strokes, never written twice in the same way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tersenet.data.drawn.hands import HANDS, PENS
from tersenet.data.drawn.pen import BOX, Floats, fit_box
from tersenet.data.drawn.strokes import read_path

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How much handwriting varies: standard deviations of bell-shaped numbers unless said otherwise.

    Lengths are in half heights of a digit, pen radii in pixels of the 20×20 box.
    """

    wobble: tuple[float, float] = (0.04, 0.13)  # control points, from a tidy to a hasty writer
    lengthen: float = 0.25  # ends of strokes, longer or shorter by this part of the last stretch
    warp: float = 0.1  # bends and bulges of the whole digit
    width: float = 0.2  # part of the width
    slant: tuple[float, float] = (0.12, 0.27)  # mean and deviation: writers lean to the right
    turn: float = 0.13  # rise of a level line
    radius: tuple[float, float] = (0.65, 1.95)  # thinnest and thickest of the usual pens
    broad: float = 1.0  # what the broadest of the rare broad pens adds to the radius
    pressure: float = 0.12  # part of the radius, along the stroke
    tremor: float = 0.012  # each point of the curve by itself
    sharpness: tuple[float, float] = (0.75, 1.0)  # grey levels per pixel across an edge, evenly spread


class RandomNumbers:
    """Random numbers that every version of numpy and every machine agrees on: raw PCG64 words and sums of them.

    >>> RandomNumbers(1, 2, 3).uniform(2).tolist() == RandomNumbers(1, 2, 3).uniform(2).tolist()
    True
    """

    def __init__(self, seed: int, *stream: int) -> None:
        self._words = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stream))

    def words(self, count: int) -> NDArray[np.uint64]:
        """`count` words of 64 bits."""
        return np.asarray(self._words.random_raw(count), dtype=np.uint64)

    def uniform(self, *shape: int) -> Floats:
        """Evenly spread from 0 to 1 (1 left out)."""
        high = self.words(math.prod(shape)).reshape(shape) >> np.uint64(11)
        return high.astype(np.float64) * (1.0 / (1 << 53))

    def bell(self, *shape: int) -> Floats:
        """Bell-shaped, mean 0, deviation 1, from -3 to 3: the sum of three evenly spread numbers, scaled."""
        three = self.uniform(3, *shape)
        bell: Floats = (three[0] + three[1] + three[2]) * 2.0 - 3.0
        return bell

    def between(self, low: float, high: float, *shape: int) -> Floats:
        """Evenly spread from `low` to `high`."""
        return self.uniform(*shape) * (high - low) + low


class Hands:
    """All hands as arrays, padded to the longest, so that pictures of different hands are computed together."""

    def __init__(self) -> None:
        paths = [read_path(hand.strokes) for hand in HANDS]
        self.controls = max(len(path.points) for path in paths)
        self.curve = max(len(path.sources) for path in paths)
        self.points = np.array([_pad(path.points, self.controls) for path in paths]) / 50.0 - 1.0
        self.sources = np.array([_pad(path.sources, self.curve) for path in paths])
        self.weights = np.array([_pad(path.weights, self.curve) for path in paths])
        self.down = np.array([path.down + (False,) * (self.curve - 1 - len(path.down)) for path in paths])
        longest = max(len(path.ends) for path in paths)
        self.ends = np.array([path.ends + ((0, 0),) * (longest - len(path.ends)) for path in paths])
        self.pen = np.array([PENS[hand.digit] for hand in HANDS])
        self.width = np.array([hand.width for hand in HANDS])
        self._bounds = [_share_bounds(digit) for digit in range(10)]

    def choose(self, digits: NDArray[np.int64], chance: Floats) -> NDArray[np.int64]:
        """Which hand writes each digit, given a number from 0 to 1 for each."""
        chosen = np.zeros(len(digits), np.int64)
        for digit, (first, bounds) in enumerate(self._bounds):
            mine = digits == digit
            chosen[mine] = first + (chance[mine, None] >= np.array(bounds)).sum(axis=1)
        return chosen


def _pad(items: tuple[T, ...], length: int) -> tuple[T, ...]:
    return items + (items[-1],) * (length - len(items))


def _share_bounds(digit: int) -> tuple[int, list[float]]:
    """The first hand of a digit, and where in 0 to 1 one hand's share ends and the next one's begins."""
    mine = [place for place, hand in enumerate(HANDS) if hand.digit == digit]
    total = 0.0
    bounds = []
    for place in mine:
        total += HANDS[place].share
        bounds.append(total)
    return mine[0], [bound / total for bound in bounds[:-1]]


def write(
    digits: NDArray[np.int64], numbers: RandomNumbers, hands: Hands, variation: Variation
) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    """Write each digit in a hand and a manner of its own.

    Gives what `pen.draw` takes: points `[N, M, 2]` and radii `[N, M]` in pixels of the box, `down` `[N, M - 1]`,
    sharpness `[N]`.
    """
    count = len(digits)
    hand = hands.choose(digits, numbers.uniform(count))
    sources, weights = hands.sources[hand], hands.weights[hand]
    controls = _vary_controls(hands, hand, numbers, variation)
    points = _blend(controls, sources, weights) + numbers.bell(count, hands.curve, 2) * variation.tremor
    points = _warp(points, hands.width[hand], numbers, variation)

    low, high = points.min(axis=1), points.max(axis=1)
    thickness = numbers.between(*variation.radius, 2, count)
    thickness = (thickness[0] + thickness[1]) / 2.0
    rare = numbers.uniform(count)
    thickness = (thickness + rare * rare * rare * rare * rare * rare * variation.broad) * hands.pen[hand]
    unit = (high - low).max(axis=1) / (BOX - 2.0 * thickness)  # half heights in a pixel
    pressure = numbers.bell(count, hands.controls, 1) * variation.pressure + 1.0
    radii = _blend(pressure, sources, weights)[:, :, 0] * (thickness * unit)[:, None]
    sharpness = numbers.between(*variation.sharpness, count)
    points, radii = fit_box(points, radii, sharpness)
    return points, radii, hands.down[hand], sharpness


def _vary_controls(hands: Hands, hand: NDArray[np.int64], numbers: RandomNumbers, variation: Variation) -> Floats:
    """Control points `[N, C, 2]`: moved a little each, neighbours alike; ends drawn out or cut short."""
    count = len(hand)
    noise = numbers.bell(count, hands.controls + 1, 2)
    noise = noise[:, 1:] * 0.8 + noise[:, :-1] * 0.6
    controls = hands.points[hand] + noise * numbers.between(*variation.wobble, count, 1, 1)
    stretch = numbers.bell(count, hands.ends.shape[1]) * variation.lengthen
    everyone = np.arange(count)
    for place in range(hands.ends.shape[1]):
        end, neighbour = hands.ends[hand, place].T
        beyond = controls[everyone, end] - controls[everyone, neighbour]
        controls[everyone, end] += beyond * stretch[:, place, None]
    return controls


def _blend(controls: Floats, sources: NDArray[np.int64], weights: Floats) -> Floats:
    """Curve points `[N, M, D]` from control points `[N, C, D]`, added in a fixed order."""
    everyone = np.arange(len(controls))[:, None]
    curve = controls[everyone, sources[:, :, 0]] * weights[:, :, 0, None]
    for place in range(1, 4):
        curve += controls[everyone, sources[:, :, place]] * weights[:, :, place, None]
    return curve


def _warp(points: Floats, width: Floats, numbers: RandomNumbers, variation: Variation) -> Floats:
    """Bend, widen, lean and turn whole digits; points `[N, M, 2]` from -1 to 1."""
    count = len(points)
    x, y = points[:, :, 0], points[:, :, 1]
    bend = numbers.bell(12, count, 1) * variation.warp
    xx, xy, yy = x * x, x * y, y * y
    warped_x = (
        x + bend[0] * xx + bend[1] * xy + bend[2] * yy + bend[3] * (xx * y) + bend[4] * (yy * x) + bend[5] * (yy * y)
    )
    warped_y = (
        y
        + bend[6] * xx
        + bend[7] * xy
        + bend[8] * yy
        + bend[9] * (yy * x)
        + bend[10] * (xx * y)
        + bend[11] * (xx * x)
    )
    warped_x = warped_x * (width * (numbers.bell(count) * variation.width + 1.0))[:, None]
    warped_y = warped_y + warped_x * (numbers.bell(count) * variation.turn)[:, None]
    mean, deviation = variation.slant
    warped_x = warped_x - warped_y * (numbers.bell(count) * deviation + mean)[:, None]
    return np.stack((warped_x, warped_y), axis=2)
