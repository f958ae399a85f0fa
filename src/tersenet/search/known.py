"""Which networks a search tries first: known ones of its space, then the largest within the limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from tersenet._errors import TersenetError
from tersenet.networks import NETWORKS, parse
from tersenet.search.space.extent import Extent
from tersenet.search.space.space import Space
from tersenet.search.space.tree import (
    Alternatives,
    Choice,
    CountedBlock,
    FixedText,
    NameUse,
    Point,
    Sequence,
    Value,
    WholeNumbers,
)

MOST_NAMED = 8


def point_of(space: Space, network: str) -> Point | None:
    """The point of a space at which it writes this network; None where the space does not hold it.

    >>> from tersenet.search import parse_space
    >>> point_of(parse_space("{w=4..12}C3 BN ({w}C3p1 R)x{0..2} {MP2|AP2|} GAP 10N"), "8C3 BN (8C3p1 R)x1 GAP 10N")
    {'w': 8, '#2': 1, '#3': ''}
    """
    try:
        line = str(parse(network))
    except TersenetError:
        return None
    groups = {choice.key: f"g{index}" for index, choice in enumerate(space.choices)}
    found = re.fullmatch(rf"\s*{_pattern(space.sequence, groups)}\s*", line, re.I)
    if found is None:
        return None

    def value_of(choice: Choice) -> Value:
        text = found[groups[choice.key]]
        if isinstance(choice, WholeNumbers):
            return int(text or choice.values[0])
        for index, value in enumerate(choice.values):
            if found.groupdict().get(f"{groups[choice.key]}o{index}") is not None:
                return value
        return choice.values[0]

    point = _settled(space, value_of)
    return point if point is not None and _writes(space, point, line) else None


def first_points(space: Space, extent: Extent, named: tuple[str, ...]) -> dict[str, Point]:
    """The first points, by their network: those named, the package's own networks, the largest that fit."""
    points: dict[str, Point] = {}
    for network in named:
        point = point_of(space, network)
        if point is None:
            raise TersenetError(
                "A network to start with is not in the space.", got=network, expected=str(space), where="search.start"
            )
        points[space.network(point)] = point
    for known in NETWORKS.values():
        point = point_of(space, known.notation)
        if point is not None and len(points) < MOST_NAMED:
            points[space.network(point)] = point
    for fitting in extent.largest_fitting.values():
        points.setdefault(fitting.network, fitting.point)
    return points


def _pattern(sequence: Sequence, groups: dict[str, str]) -> str:
    return "".join(_patterns(sequence, groups))


def _patterns(sequence: Sequence, groups: dict[str, str]) -> Iterator[str]:
    for part in sequence.parts:
        match part:
            case FixedText():
                yield r"\s*".join(map(re.escape, re.split(r"\s+", part.text)))
            case WholeNumbers():
                yield rf"(?P<{groups[part.key]}>[0-9]+)"
            case NameUse():
                yield rf"(?P={groups[part.choice.key]})"
            case Alternatives():
                name = groups[part.key]
                options = (
                    rf"(?P<{name}o{index}>{_pattern(option, groups)})" for index, option in enumerate(part.options)
                )
                yield rf"(?P<{name}>{'|'.join(options)})"
            case CountedBlock():
                count = part.count
                times = (
                    rf"(?P={groups[count.choice.key]})"
                    if isinstance(count, NameUse)
                    else rf"(?P<{groups[count.key]}>{'|'.join(str(v) for v in count.values if str(v) != '0')})"
                )
                sign = re.escape(part.sign)
                yield rf"(?:\(\s*{_pattern(part.inside, groups)}\s*\){sign}{times}(?![0-9]))?\s*"


def _settled(space: Space, value_of: object) -> Point | None:
    with suppress(TersenetError, ValueError):
        return space.settle(value_of)  # type: ignore[arg-type]
    return None


def _writes(space: Space, point: Point, line: str) -> bool:
    in_range = all(point.get(choice.key, choice.values[0]) in choice.values for choice in space.choices)
    try:
        return in_range and space.network(point) == line
    except (TersenetError, ValueError):
        return False
