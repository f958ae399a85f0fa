"""How small and how large the networks of a space are, and which of them keep limits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tersenet._errors import TersenetError
from tersenet.data import DIGITS, MNIST_FORM
from tersenet.search.space.costs import Cost, CostLimits, cost_of
from tersenet.search.space.space import Space
from tersenet.search.space.tree import Point, Value

ENUMERATED = 3_000  # networks: below, all are looked at
DRAWN = 600
MOST_VALUES = 12  # of one choice that a climb tries
STEPS = 200


@dataclass(frozen=True, kw_only=True)
class SizedNetwork:
    """A network of a space: its point, its line of notation, its cost."""

    point: Point
    network: str
    cost: Cost


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What the networks of a space cost.

    `exact` says that all of them were looked at. Else `looked_at` were: some at random, and from those on along the
    choices towards the extremes, which `least` and `most` are by name of the cost. `working` of those looked at can
    be built, `fitting` of them keep the limits, the largest of those in each cost are `largest_fitting`. `nearest` is
    the network nearest to the limits where none keeps them, `problem` what is wrong with the first that cannot be
    built.
    """

    count: int
    exact: bool
    looked_at: int
    working: int
    fitting: int
    least: dict[str, SizedNetwork]
    most: dict[str, SizedNetwork]
    largest_fitting: dict[str, SizedNetwork]
    nearest: SizedNetwork | None
    problem: TersenetError | None


def extent_of(
    space: Space,
    input_size: tuple[int, int, int] = MNIST_FORM.size,
    classes: int | None = len(DIGITS),
    *,
    limits: CostLimits | None = None,
    seed: int = 0,
) -> Extent:
    """What the networks of a space cost for pictures of a size, and how many keep the limits.

    >>> from tersenet.search import parse_space
    >>> space = parse_space("{4..12/4}C3 BN R ({8..16/8}C3)x{0..2} GAP 10Nb")
    >>> found = extent_of(space, limits=CostLimits(parameters=1000))
    >>> found.exact, found.count, found.fitting
    (True, 15, 7)
    >>> found.least["parameters"].network, found.most["parameters"].cost.parameters
    ('4C3 BN R GAP 10Nb', 4334)
    """
    looker = _Looker(space, input_size, classes)
    limits = limits or CostLimits()
    if space.count <= ENUMERATED:
        for point in space.points():
            looker.at(point)
    else:
        looker.explore(limits, random.Random(seed))
    working = [found for found in looker.seen.values() if found is not None]
    fitting = [found for found in working if limits.excess(found.cost) == 0]
    least: dict[str, SizedNetwork] = {}
    most: dict[str, SizedNetwork] = {}
    largest: dict[str, SizedNetwork] = {}
    for name in Cost.__dataclass_fields__ if working else ():
        by_cost = _by_cost(name)
        least[name], most[name] = min(working, key=by_cost), max(working, key=by_cost)
        if fitting:
            largest[name] = max(fitting, key=by_cost)
    nearest = None if fitting else min(working, key=lambda found: limits.excess(found.cost), default=None)
    return Extent(
        count=space.count,
        exact=space.count <= ENUMERATED,
        looked_at=len(looker.seen),
        working=len(working),
        fitting=len(fitting),
        least=least,
        most=most,
        largest_fitting=largest,
        nearest=nearest,
        problem=looker.problem,
    )


def require_fitting(
    space: Space, limits: CostLimits, input_size: tuple[int, int, int], classes: int | None
) -> Extent:
    """The extent of a space that holds a network within the limits; raises TersenetError with the nearest miss."""
    extent = extent_of(space, input_size, classes, limits=limits)
    if not extent.working:
        assert extent.problem is not None
        problem = extent.problem
        raise TersenetError(
            "No network of this space can be built.",
            got=problem.problem if problem.got is None else f"{problem.problem.removesuffix('.')}: {problem.got}",
            where=problem.where,
            hint=problem.hint,
        )
    if extent.nearest is not None:
        cost = extent.nearest.cost
        got = f"{cost.parameters:,} parameters, {cost.macs:,} multiply-adds, {cost.bytes:,} bytes in 8 bits"
        raise TersenetError(
            f"No network of this space keeps the limits{'' if extent.exact else ' (as far as was looked)'}.",
            got=f"{got} for the nearest,\n{extent.nearest.network}",
            expected=limits.in_words(),
            where=str(space),
            hint="widen the limits, or let the space hold smaller networks",
        )
    return extent


class _Looker:
    """Looks at networks of a space, each once."""

    def __init__(self, space: Space, input_size: tuple[int, int, int], classes: int | None) -> None:
        self.space, self.input_size, self.classes = space, input_size, classes
        self.seen: dict[tuple[tuple[str, Value], ...], SizedNetwork | None] = {}
        self.problem: TersenetError | None = None

    def at(self, point: Point) -> SizedNetwork | None:
        """The network of a point and its cost; None where it cannot be built."""
        key = tuple(sorted(point.items()))
        if key not in self.seen:
            found = None
            try:
                tree = self.space.tree(point)
                cost = cost_of(tree, self.input_size, self.classes)
                found = SizedNetwork(point=point, network=str(tree), cost=cost)
            except TersenetError as error:
                self.problem = self.problem or error
            self.seen[key] = found
        return self.seen[key]

    def explore(self, limits: CostLimits, source: random.Random) -> None:
        """Look at some at random, then climb to the ends of each cost and towards the limits."""
        lowest = self.space.settle(lambda choice: choice.values[0])
        highest = self.space.settle(lambda choice: choice.values[-1])
        for point in (lowest, highest, *(self.space.draw(source) for _ in range(DRAWN))):
            self.at(point)
        goals: list[Callable[[SizedNetwork], float]] = [lambda found: limits.excess(found.cost)]
        for name in Cost.__dataclass_fields__:
            goals += [_by_cost(name), _by_cost(name, sign=-1)]
        for goal in goals:
            self._climb(goal)

    def _climb(self, goal: Callable[[SizedNetwork], float]) -> None:
        """Change one choice at a time as long as the goal falls."""
        working = [found for found in self.seen.values() if found is not None]
        if not working:
            return
        best = min(working, key=goal)
        for _ in range(STEPS):
            near = [found for point in self._neighbours(best.point) if (found := self.at(point)) is not None]
            better = min(near, key=goal, default=best)
            if goal(better) >= goal(best):
                return
            best = better

    def _neighbours(self, point: Point) -> Iterator[Point]:
        for choice in self.space.choices:
            if choice.key not in point:
                continue
            values: list[Value] = list(choice.values)
            here = values.index(point[choice.key])
            if len(values) > MOST_VALUES:
                values = sorted({values[0], values[-1], *values[max(0, here - 4) : here + 5]}, key=values.index)
            for value in values:
                if value != point[choice.key]:
                    yield self.space.repaired(point | {choice.key: value})


def _by_cost(name: str, sign: int = 1) -> Callable[[SizedNetwork], float]:
    return lambda found: sign * float(getattr(found.cost, name))
