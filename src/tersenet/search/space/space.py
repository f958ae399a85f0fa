"""A space of networks: one line of notation with choices in braces."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tersenet._errors import check_setting
from tersenet.networks import Notation, parse, point_at
from tersenet.search.space.counting import count, point_at_number
from tersenet.search.space.tree import Choice, Place, Point, Sequence, Value, blocks_of, choices_of, settle, written

LONGEST_LABEL = 36
_MIRRORED = str.maketrans("{}", "}{")


@dataclass(frozen=True)
class Space:
    """Many networks in one line: `parse_space` reads it.

    >>> from tersenet.search import parse_space
    >>> space = parse_space("{w=4..8/2}C3 BN R ({w}C3p1 R)x{0..1} {MP2|AP2|} GAP 10Nb")
    >>> space.count, [choice.key for choice in space.choices]
    (18, ['w', '#2', '#3'])
    >>> space.network({"w": 6, "#2": 0, "#3": "MP2"})
    '6C3 BN R MP2 GAP 10Nb'
    >>> print(space)
    {w=4..8/2}C3 BN R ({w}C3p1 R)x{0..1} {MP2|AP2|} GAP 10Nb
    """

    sequence: Sequence

    def __str__(self) -> str:
        return str(self.sequence)

    @cached_property
    def count(self) -> int:
        """The number of ways to settle its choices."""
        return count(self.sequence)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """Its choices in the order of the text."""
        return tuple(choice for choice, _ in choices_of(self.sequence))

    @cached_property
    def labels(self) -> dict[str, str]:
        """Each choice as people know it, by its key: `w`, or the word of the line that it is in."""
        words = {choice.key: choice.name or _label(self, choice) for choice in self.choices}
        times = Counter(words.values())
        return {key: word if times[word] == 1 else f"{word} ({key})" for key, word in words.items()}

    def points(self) -> Iterator[Point]:
        """All ways to settle its choices, one by one; the first choice varies slowest."""
        for number in range(self.count):
            yield self.point(number)

    def point(self, number: int) -> Point:
        """The way `number`, from 0 to `count - 1`."""
        check_setting(0 <= number < self.count, "number", number, f"0 to {self.count - 1}")
        return point_at_number(self.sequence, number, {})

    def draw(self, source: random.Random) -> Point:
        """A way to settle its choices at random, all of them equally likely."""
        return self.point(source.randrange(self.count))

    def settle(self, ask: Callable[[Choice], Value]) -> Point:
        """Settle it by answers: `ask` is asked for each choice that matters after the answers before."""
        return settle(self.sequence, ask, {})

    def repaired(self, point: Point) -> Point:
        """A point with a value for every choice that matters in it, the first one where it has none."""
        return self.settle(lambda choice: point.get(choice.key, choice.values[0]))

    def network(self, point: Point) -> str:
        """The network of a point, in one line."""
        return str(self.tree(point))

    def tree(self, point: Point) -> Notation:
        """The network of a point; raises TersenetError with carets under the place in the space."""
        pieces = list(written(self.sequence, point))
        text = "".join(piece for piece, _ in pieces)

        def shown(start: int, end: int) -> str:
            return point_at(str(self), *_place(pieces, start, end)) + f"\nin the network {' '.join(text.split())}"

        return parse(text, shown=shown)

    def check(self) -> None:
        """Raise TersenetError unless every value of every choice makes a line that can be read.

        Each is tried with others at their first value, so that a mistake is found wherever it is.
        """
        tried: set[str] = set()
        self._check(self.settle(_usual), tried)
        for choice, outer in choices_of(self.sequence):
            for value in sorted({choice.values[0], choice.values[-1], *choice.values[:64]}, key=str):
                forced = outer | {choice.key: value}
                self._check(self.settle(lambda asked, forced=forced: forced.get(asked.key, _usual(asked))), tried)  # type: ignore[misc]

    def _check(self, point: Point, tried: set[str]) -> None:
        text = "".join(piece for piece, _ in written(self.sequence, point))
        if text.strip() and text not in tried:  # where all is absent there is no network, and no mistake
            tried.add(text)
            self.tree(point)


def _usual(choice: Choice) -> Value:
    """The first value that is not 0: a block that is there shows its mistakes."""
    return next((value for value in choice.values if value != 0), choice.values[0])


def _place(pieces: list[tuple[str, Place]], start: int, end: int) -> Place:
    """Where in the space the text `start:end` of a network comes from."""
    at, places = 0, []
    for text, (begin, stop) in pieces:
        if at < max(end, start + 1) and start < at + len(text):
            whole = len(text) != stop - begin
            first = begin if whole else begin + max(0, start - at)
            places.append((first, stop if whole else min(stop, begin + max(end - at, 1))))
        at += len(text)
    return (places[0][0], places[-1][1]) if places else (pieces[-1][1][1], pieces[-1][1][1]) if pieces else (0, 0)


def _label(space: Space, choice: Choice) -> str:
    """A choice as people know it: the word or the block that it is in."""
    text = str(space)
    start, end = choice.at
    block = next((block for block in blocks_of(space.sequence) if block.count is choice), None)
    if block is not None:
        start, end = block.at
    else:
        start -= _length_of_word(text[:start][::-1].translate(_MIRRORED))
        end += _length_of_word(text[end:])
    word = text[start:end]
    if len(word) <= LONGEST_LABEL:
        return word
    return f"{word[:12].rstrip()} … {word[14 - LONGEST_LABEL :].lstrip()}"


def _length_of_word(text: str) -> int:
    """How far a word goes on: up to a blank or a bar, or a bracket that was opened before."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth < 0 or (depth == 0 and (sign.isspace() or sign in "|()")):
            return place
    return len(text)
