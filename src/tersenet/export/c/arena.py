"""Where each map lies in the arena: buffers that share memory where one is no longer needed, or not yet.

A result may also begin inside the maps that it is made from, as far before them as its first rows are done before the
rows they overwrite are still needed (`Step.slide`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tersenet.export.c.steps import Step
from tersenet.export.integers.integer import IntegerMaps

TRIES = 200  # random orders; more gain nothing on compact networks


@dataclass(frozen=True)
class Arena:
    """Its size in bytes, and the first byte of each map in it."""

    size: int
    offsets: Mapping[IntegerMaps, int]


def plan_arena(steps: Sequence[Step]) -> Arena:
    """The smallest of some hundred plans: maps are placed one after another, each as low as it can be.

    The picture and the scores are the caller's and are not in the arena. The same steps give the same plan.
    """
    needs = _Needs(steps)
    orders = [
        sorted(needs.maps, key=lambda maps: -maps.size),
        list(needs.maps),
        list(reversed(needs.maps)),
    ]
    numbers = random.Random(0)
    for _ in range(TRIES):
        order = list(needs.maps)
        numbers.shuffle(order)
        orders.append(order)
    return min((_placed(order, needs) for order in orders), key=lambda arena: arena.size)


class _Needs:
    """When each map is needed, and how near two of them may be."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.maps = [step.target for step in steps[:-1]]
        self.born = {step.target: at for at, step in enumerate(steps)}
        self.dies = dict(self.born)
        for at, step in enumerate(steps):
            for source in step.layer.sources:
                self.dies[source] = at
        self.steps = steps

    def slide(self, source: IntegerMaps, target: IntegerMaps) -> int | None:
        """How far before `source` its result must begin; None where it is not a result, or `source` lives on."""
        at = self.born[target]
        step = self.steps[at]
        if source not in step.layer.sources or self.dies[source] != at:
            return None
        return step.slide(source)

    def together(self, one: IntegerMaps, other: IntegerMaps) -> bool:
        """Whether both are needed at one time."""
        return self.born[one] <= self.dies[other] and self.born[other] <= self.dies[one]


def _placed(order: Sequence[IntegerMaps], needs: _Needs) -> Arena:
    offsets: dict[IntegerMaps, int] = {}
    for maps in order:
        others = [other for other in offsets if needs.together(maps, other)]
        tries = {0}
        for other in others:
            tries.add(offsets[other] + other.size)
            if (slide := needs.slide(maps, other)) is not None:
                tries.add(offsets[other] + slide)
            if (slide := needs.slide(other, maps)) is not None:
                tries.add(offsets[other] - slide)
        offsets[maps] = next(
            offset
            for offset in sorted(tries)
            if offset >= 0 and all(_apart(maps, offset, other, offsets[other], needs) for other in others)
        )
    size = max((offset + maps.size for maps, offset in offsets.items()), default=0)
    return Arena(max(size, 1), offsets)


def _apart(maps: IntegerMaps, at: int, other: IntegerMaps, there: int, needs: _Needs) -> bool:
    """Whether two maps that are needed at one time do not harm each other."""
    if at + maps.size <= there or there + other.size <= at:
        return True
    slide = needs.slide(maps, other)
    if slide is not None and there + slide <= at:
        return True
    slide = needs.slide(other, maps)
    return slide is not None and at + slide <= there
