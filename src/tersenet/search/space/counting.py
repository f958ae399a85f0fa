"""How many networks a space holds, and the network at a number: counting, drawing and enumerating are one thing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence as Several

from tersenet.search.space.tree import (
    Alternatives,
    Choice,
    CountedBlock,
    FixedText,
    NameUse,
    Point,
    Sequence,
    WholeNumbers,
)

Part = FixedText | WholeNumbers | Alternatives | NameUse | CountedBlock


def count(sequence: Sequence) -> int:
    """The number of ways to settle all choices of a sequence: a product over its parts."""
    return math.prod(map(_ways, sequence.parts))


def point_at_number(sequence: Sequence, number: int, point: Point) -> Point:
    """Settle a sequence as its way `number`, from 0 to `count - 1`: the first choice varies slowest."""
    settled: list[tuple[Part, int]] = []
    for part in reversed(sequence.parts):
        number, digit = divmod(number, _ways(part))
        settled.append((part, digit))
    for part, digit in reversed(settled):
        match part:
            case WholeNumbers():
                point[part.key] = part.values[digit]
            case Alternatives():
                index, rest = _found(map(count, part.options), digit)
                point[part.key] = part.values[index]
                point_at_number(part.options[index], rest, point)
            case CountedBlock():
                if isinstance(part.count, NameUse):
                    point_at_number(part.inside, digit, point)
                    continue
                index, rest = _found(_block_ways(part.count, part.inside), digit)
                times = part.count.values[index]
                point[part.count.key] = times
                if int(times) > 0:
                    point_at_number(part.inside, rest, point)
    return point


def _ways(part: Part) -> int:
    match part:
        case WholeNumbers():
            return len(part.values)
        case Alternatives():
            return sum(map(count, part.options))
        case CountedBlock():
            if isinstance(part.count, NameUse):
                return count(part.inside)
            return sum(_block_ways(part.count, part.inside))
    return 1


def _block_ways(choice: Choice, inside: Sequence) -> list[int]:
    """The ways of a block for each number of times: one where there is none of it."""
    values: Several[int | str] = choice.values
    return [count(inside) if int(times) > 0 else 1 for times in values]


def _found(ways: Iterable[int], number: int) -> tuple[int, int]:
    """The part in which a number lies, parts laid end to end, and how far in it."""
    for index, size in enumerate(ways):
        if number < size:
            return index, number
        number -= size
    raise IndexError(number)
