"""Receptive fields: which pixels of the input a position of a map can see, layer after layer.

Along one axis of a map, position i sees the pixels from `low(i)` to `high(i)`. Both grow by `shift` every `period`
positions; the period is 1 except behind layers that enlarge maps. A window that slides over the map (kernel k with
dilation d, stride s, padding p) makes of it

    low'(o) = min over m of low(o·s − p + d·m),   high'(o) likewise with max,   m = 0 … k − 1,

which is r_out = r_in + (k_eff − 1)·j_in and j_out = j_in·s of the textbooks, with the incoming jump (Araujo, Norris,
Sim: "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019). Borders do not clip: padding counts
as if the map went on. Branches that meet see what any of them sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

MAX_PERIOD = 4096


class Unknown(Exception):  # noqa: N818 - no error, but the answer that no figure can be given
    """The receptive field is not known: a dash, never a wrong figure."""


@dataclass(frozen=True)
class Axis:
    """One axis of a map of `size` positions.

    `lows[i], highs[i]` are the first and the last pixel that position i sees, for one period; the next period sees
    the same moved by `shift` (0: every position sees the same; None: positions beyond the first are not known).
    `jump` is the distance in pixels between neighbouring positions, None where there are none.
    """

    lows: tuple[int, ...]
    highs: tuple[int, ...]
    shift: int | None
    jump: Fraction | None
    size: int

    @property
    def reach(self) -> int:
        """The receptive field in pixels, of the position that sees most."""
        return max(high - low for low, high in zip(self.lows, self.highs, strict=True)) + 1

    def at(self, position: int) -> tuple[int, int]:
        """The first and the last pixel that a position sees, also of one beyond the borders."""
        periods, phase = divmod(position, len(self.lows))
        if periods and self.shift is None:
            raise Unknown
        moved = periods * (self.shift or 0)
        return self.lows[phase] + moved, self.highs[phase] + moved

    def slid(self, *, kernel: int, stride: int, padding: int, dilation: int, size: int) -> Axis:
        """Behind a window that slides over the map, which leaves `size` positions.

        >>> axis = input_axis(28).slid(kernel=3, stride=2, padding=1, dilation=1, size=14)
        >>> axis.reach, axis.jump, axis.slid(kernel=3, stride=1, padding=1, dilation=1, size=14).reach
        (3, Fraction(2, 1), 7)
        """
        period = len(self.lows) // math.gcd(len(self.lows), stride)
        seen = [[self.at(out * stride - padding + dilation * tap) for tap in range(kernel)] for out in range(period)]
        shift = None if self.shift is None else self.shift * period * stride // len(self.lows)
        return _axis(seen, shift, None if self.jump is None else self.jump * stride, size)

    def spread(self, *, kernel: int, stride: int, padding: int, dilation: int, size: int) -> Axis:
        """Behind a transposed convolution: o sees each i with o = i·stride − padding + dilation·m."""
        period = len(self.lows) * stride
        if period > MAX_PERIOD:
            raise Unknown
        seen = [
            [
                self.at((out + padding - dilation * tap) // stride)
                for tap in range(kernel)
                if (out + padding - dilation * tap) % stride == 0
            ]
            for out in range(period)
        ]
        if not all(seen):
            raise Unknown
        return _axis(seen, self.shift, None if self.jump is None else self.jump / stride, size)

    def enlarged(self, factor: int, *, linear: bool) -> Axis:
        """Behind an enlargement by a whole factor: each position taken from the nearest, or between two."""
        period = len(self.lows) * factor
        if period > MAX_PERIOD:
            raise Unknown
        seen = []
        for out in range(period):
            source = Fraction(2 * out + 1, 2 * factor) - Fraction(1, 2)
            first = math.floor(source)
            neighbours = [first] if source == first else [first, first + 1]
            seen.append([self.at(position) for position in (neighbours if linear else [out // factor])])
        return _axis(seen, self.shift, None if self.jump is None else self.jump / factor, self.size * factor)

    def whole(self, *, jump: Fraction | None, size: int) -> Axis:
        """Where every position sees all that the map sees."""
        seen = [self.at(position) for position in range(min(self.size, len(self.lows)))]
        seen += [self.at(position) for position in range(max(0, self.size - len(self.lows)), self.size)]
        return _axis([seen], 0, jump, size)

    def joined(self, other: Axis) -> Axis:
        """Where two branches meet: what either sees."""
        size = max(self.size, other.size)
        a, b = self._across(size), other._across(size)
        if a.shift == b.shift == 0 and a.jump == b.jump:
            return _axis([[a.at(0), b.at(0)]], 0, a.jump, size)
        if a.shift == 0 or b.shift == 0:
            return _joined_with_whole(a, b) if a.shift == 0 else _joined_with_whole(b, a)
        if size == 1 and (a.shift is None or b.shift is None or a.jump != b.jump):
            return _axis([[a.at(0), b.at(0)]], None, None, 1)
        if a.shift is None or b.shift is None or a.jump != b.jump:
            raise Unknown
        period = math.lcm(len(a.lows), len(b.lows))
        if period > MAX_PERIOD:
            raise Unknown
        seen = [[a.at(position), b.at(position)] for position in range(period)]
        return _axis(seen, a.shift * period // len(a.lows), a.jump, size)

    def _across(self, size: int) -> Axis:
        """The same, spread out where it is one position beside many."""
        return self.whole(jump=None, size=size) if self.size == 1 < size else self


def input_axis(size: int) -> Axis:
    """An axis of the input itself: each position sees one pixel."""
    return Axis((0,), (0,), 1, Fraction(1), size)


@dataclass(frozen=True)
class ReceptiveField:
    """What the positions of a map see, by height and width; `flat` where the map was flattened to plain values."""

    height: Axis
    width: Axis
    flat: bool = False

    @property
    def sizes(self) -> tuple[int, int]:
        return self.height.size, self.width.size

    @property
    def uniform(self) -> bool:
        """Whether there is but one position, or all see the same."""
        return all(axis.size == 1 or axis.shift == 0 for axis in (self.height, self.width))

    @property
    def receptive_field(self) -> int | tuple[int, int]:
        """In pixels: one number where height and width agree."""
        height, width = self.height.reach, self.width.reach
        return height if height == width else (height, width)

    @property
    def jump(self) -> float | tuple[float, float] | None:
        """In pixels: one number where height and width agree; None for plain values."""
        if self.flat or self.height.jump is None or self.width.jump is None:
            return None
        height, width = (int(j) if j.denominator == 1 else float(j) for j in (self.height.jump, self.width.jump))
        return height if height == width else (height, width)

    def collapsed(self) -> ReceptiveField:
        """Behind a layer whose every output sees the whole map: plain values without jump."""
        return ReceptiveField(self.height.whole(jump=None, size=1), self.width.whole(jump=None, size=1), flat=True)

    def mixed(self) -> ReceptiveField:
        """Behind a layer that keeps the map's shape but lets each position see all of it."""
        height, width = self.height, self.width
        return replace(
            self,
            height=height.whole(jump=height.jump, size=height.size),
            width=width.whole(jump=width.jump, size=width.size),
        )

    def joined(self, other: ReceptiveField) -> ReceptiveField:
        """Where two branches meet."""
        if self.flat != other.flat or (self.flat and self.sizes != other.sizes):
            raise Unknown
        return ReceptiveField(self.height.joined(other.height), self.width.joined(other.width), self.flat)


def _axis(seen: list[list[tuple[int, int]]], shift: int | None, jump: Fraction | None, size: int) -> Axis:
    """An axis from what each position of a period sees, with the shortest period that says it."""
    lows = tuple(min(low for low, _ in pixels) for pixels in seen)
    highs = tuple(max(high for _, high in pixels) for pixels in seen)
    period = len(lows)
    if shift is not None and period > 1 and shift % period == 0:
        step = shift // period
        if all(lows[i] == lows[0] + i * step and highs[i] == highs[0] + i * step for i in range(period)):
            return Axis(lows[:1], highs[:1], step, jump, size)
    return Axis(lows, highs, shift, jump, size)


def _joined_with_whole(whole: Axis, other: Axis) -> Axis:
    """A branch whose every position sees the same, with another: known where the first sees all the other sees."""
    everything = other.whole(jump=None, size=1)
    (low, high), (first, last) = whole.at(0), everything.at(0)
    if low <= first and last <= high:
        return Axis((low,), (high,), 0, whole.jump if other.jump is None else other.jump, other.size)
    raise Unknown
