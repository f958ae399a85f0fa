"""The tree of a space: words of the notation, and between them choices. It prints itself back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

Value = int | str
"""What a choice was settled as: a whole number, or the text of an alternative."""

Point = dict[str, Value]
"""One network of a space: the value of each choice that it depends on, by the choice's key."""

Place = tuple[int, int]


@dataclass(frozen=True)
class FixedText:
    """Notation as it was typed, its separators made blanks."""

    text: str
    at: Place = field(default=(0, 0), compare=False, repr=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class WholeNumbers:
    """`{low..high/step}`: one of the whole numbers, `step` apart."""

    key: str
    low: int
    high: int
    step: int = 1
    name: str | None = None
    at: Place = field(default=(0, 0), compare=False, repr=False)

    @property
    def values(self) -> range:
        """The numbers, both ends included."""
        return range(self.low, self.high + 1, self.step)

    def __str__(self) -> str:
        step = "" if self.step == 1 else f"/{self.step}"
        return f"{{{_named(self.name)}{self.low}..{self.high}{step}}}"


@dataclass(frozen=True, kw_only=True)
class Alternatives:
    """`{A|B|C}`: one of several texts, each of which may hold choices too; one may be empty."""

    key: str
    options: tuple[Sequence, ...]
    name: str | None = None
    at: Place = field(default=(0, 0), compare=False, repr=False)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The texts."""
        return tuple(map(str, self.options))

    def __str__(self) -> str:
        return f"{{{_named(self.name)}{'|'.join(self.values)}}}"


@dataclass(frozen=True)
class NameUse:
    """`{w}`: what the choice of that name was settled as."""

    choice: WholeNumbers | Alternatives
    at: Place = field(default=(0, 0), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{{{self.choice.name}}}"


@dataclass(frozen=True)
class CountedBlock:
    """`(…)x{0..2}` or `(…)*{1..3}`: a block whose number of times is chosen; none at all for 0."""

    inside: Sequence
    sign: str
    count: WholeNumbers | Alternatives | NameUse
    at: Place = field(default=(0, 0), compare=False, repr=False)

    def __str__(self) -> str:
        return f"({self.inside}){self.sign}{self.count}"


@dataclass(frozen=True)
class Sequence:
    """Parts one after another."""

    parts: tuple[FixedText | WholeNumbers | Alternatives | NameUse | CountedBlock, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


Choice = WholeNumbers | Alternatives


def chosen_part(choice: Choice, value: Value) -> Sequence | None:
    """The alternative that a value is the text of; None for a number."""
    return choice.options[choice.values.index(str(value))] if isinstance(choice, Alternatives) else None


def settle(sequence: Sequence, ask: Callable[[Choice], Value], point: Point) -> Point:
    """Ask for every choice that the network depends on, in the order of the text, and put its value into `point`."""
    for part in sequence.parts:
        match part:
            case WholeNumbers() | Alternatives():
                _ask(part, ask, point)
            case CountedBlock():
                times = _ask(part.count, ask, point) if not isinstance(part.count, NameUse) else None
                if times is None or int(times) > 0:
                    settle(part.inside, ask, point)
    return point


def _ask(choice: Choice, ask: Callable[[Choice], Value], point: Point) -> Value:
    value = point[choice.key] = ask(choice)
    inside = chosen_part(choice, value)
    if inside is not None:
        settle(inside, ask, point)
    return value


def written(sequence: Sequence, point: Point) -> Iterator[tuple[str, Place]]:
    """The network's text in pieces, each with the place in the space that it comes from."""
    for part in sequence.parts:
        match part:
            case FixedText():
                yield part.text, part.at
            case CountedBlock():
                count = part.count
                choice = count.choice if isinstance(count, NameUse) else count
                times = int(point[choice.key])
                inside = list(written(part.inside, point)) if times > 0 else []
                if any(text.strip() for text, _ in inside):  # a block of absent blocks is absent
                    yield "(", (part.at[0], part.at[0] + 1)
                    yield from inside
                    yield f"){part.sign}", (count.at[0] - 2, count.at[0])
                    yield str(times), count.at
            case _:
                choice = part.choice if isinstance(part, NameUse) else part
                value = point[choice.key]
                option = chosen_part(choice, value)
                if option is None or isinstance(part, NameUse):
                    text = str(value) if option is None else "".join(piece for piece, _ in written(option, point))
                    yield text, part.at
                else:
                    yield from written(option, point)


def choices_of(sequence: Sequence, outer: Point | None = None) -> Iterator[tuple[Choice, Point]]:
    """Every choice in the order of the text, with the values that others must have for it to matter."""
    outer = outer or {}
    for part in sequence.parts:
        match part:
            case CountedBlock():
                inner = outer
                if not isinstance(part.count, NameUse):
                    yield part.count, outer
                    inner = outer | {part.count.key: max(part.count.values, key=int)}
                yield from choices_of(part.inside, inner)
            case WholeNumbers():
                yield part, outer
            case Alternatives():
                yield part, outer
                for option, value in zip(part.options, part.values, strict=True):
                    yield from choices_of(option, outer | {part.key: value})


def blocks_of(sequence: Sequence) -> Iterator[CountedBlock]:
    """Every block whose number of times is chosen."""
    for part in sequence.parts:
        if isinstance(part, CountedBlock):
            yield part
            yield from blocks_of(part.inside)
        elif isinstance(part, Alternatives):
            for option in part.options:
                yield from blocks_of(option)


def _named(name: str | None) -> str:
    return f"{name}=" if name else ""
