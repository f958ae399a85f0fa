"""A line with braces becomes a space. The space prints itself back: `parse_space(str(space)) == space`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from tersenet._errors import TersenetError, did_you_mean
from tersenet.networks import point_at
from tersenet.search.space.space import Space
from tersenet.search.space.tree import (
    Alternatives,
    Choice,
    CountedBlock,
    FixedText,
    NameUse,
    Sequence,
    WholeNumbers,
    choices_of,
)

MAX_SPACE = 10_000  # characters
MAX_CHOICES = 200
MAX_NESTED = 20
LARGEST = 10**9

_NAME = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=", re.A)
_RANGE = re.compile(r"\s*([0-9]+)\s*\.\.\s*([0-9]+)\s*(?:/\s*([0-9]+)\s*)?\}", re.A)
_USE = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*\}", re.A)
_FORMS = "a range {4..12} or {8..24/4}, alternatives {MP2|AP2}, or the name of a choice {w}"

Part = FixedText | WholeNumbers | Alternatives | NameUse | CountedBlock
Names = dict[str, Choice]


def is_space(text: str) -> bool:
    """Whether a line has braces: such a line is a space, any other is one network.

    >>> is_space("{4..12}C3 GAP 10N"), is_space("8C3 GAP 10N")
    (True, False)
    """
    return "{" in text or "}" in text


def parse_space(text: str) -> Space:
    """The space of a line of notation with braces.

    `{4..12}` is a whole number, `{8..24/4}` one of 8, 12, 16, 20, 24, `{MP2|AP2 R|}` one of several sequences, the
    last of which is empty. `{w=8..24}` gives a choice a name, and `{w}` is its value again. A block `(…)x{0..2}` may
    be absent. Raises TersenetError with carets under the place where the text cannot be read.

    >>> parse_space("{4..12}C3 BN R {MP2|AP2} GAP 10Nb").count
    18
    >>> parse_space("{w=12..4}C3 GAP 10N")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: The range is upside down.
      got:      12..4
      expected: 4..12
      where:    {w=12..4}C3 GAP 10N
                   ^^^^^
    """
    if len(text) > MAX_SPACE:
        raise TersenetError(
            "The space is too long.", got=f"{len(text):,} characters", expected=f"up to {MAX_SPACE:,}"
        )
    reader = _SpaceReader(text)
    sequence = reader.sequence(closing="", opened_at=0, names={})
    if len(reader.keys) > MAX_CHOICES:
        raise TersenetError("The space has too many choices.", got=len(reader.keys), expected=f"up to {MAX_CHOICES}")
    space = Space(_placed(sequence))
    space.check()
    return space


class _SpaceReader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = self.braces = 0
        self.keys: dict[str, str | None] = {}  # of each choice, with its name

    def fail(self, problem: str, start: int, end: int, **more: object) -> TersenetError:
        return TersenetError(problem, where=point_at(self.text, start, end), **more)

    def sequence(self, *, closing: str, opened_at: int, names: Names) -> Sequence:
        """The parts up to a closing sign, which is left unread, or to the end of the text."""
        parts: list[Part] = []
        ends = "}|" if closing == "}" else closing
        while self.at < len(self.text) and self.text[self.at] not in ends:
            parts.extend(self.part(closing, names))
        if self.at == len(self.text) and closing:
            problem = f"This bracket is never closed by {closing}"
            raise self.fail(problem, opened_at, opened_at + 1, hint=f"add {closing}")
        return Sequence(_joined(parts))

    def part(self, closing: str, names: Names) -> Iterator[Part]:
        """The next part: a choice, a block, or text."""
        start, sign = self.at, self.text[self.at]
        if sign == "{":
            yield self.choice(names)
        elif sign == "(":
            yield from self.block(names)
        elif sign in ")}":
            raise self.fail("This bracket closes nothing.", start, start + 1, got=sign, expected=closing or None)
        elif sign == "|" and self.braces and closing == ")":
            problem = "A bracket is opened before this and closed after it: alternatives hold whole blocks."
            raise self.fail(problem, start, start + 1, got=sign, hint="put braces inside the round brackets")
        else:
            while self.at < len(self.text) and self.text[self.at] not in "{}()|":
                self.at += 1
            self.at = max(self.at, start + 1)
            yield FixedText(re.sub(r"[\s|-]+", " ", self.text[start : self.at]))

    def block(self, names: Names) -> Iterator[Part]:
        """`(…)` of the notation, or one whose number of times is chosen."""
        start = self.at
        self._deeper(start)
        self.at += 1
        inner = dict(names)
        inside = self.sequence(closing=")", opened_at=start, names=inner)
        self.at += 1
        self.depth -= 1
        counted = re.match(r"([x*])\{", self.text[self.at : self.at + 2], re.I)
        if counted is None:
            names.update(inner)
            yield FixedText("(")
            yield from inside.parts
            yield FixedText(")")
            return
        self.at += 1
        at = self.at
        count = self.choice(names)
        choice = count.choice if isinstance(count, NameUse) else count
        assert not isinstance(count, FixedText)
        if not all(str(value).isdigit() for value in choice.values):
            expected = "whole numbers, as in (8C3 R)x{0..2} or (8C3 R)x{1|3}"
            raise self.fail("A number of times is a whole number.", at, self.at, got=choice, expected=expected)
        if isinstance(count, NameUse) and "0" in map(str, choice.values) and [*choices_of(inside)]:
            numbers = f"{choice.values[0]}..{choice.values[-1]}"
            raise self.fail(
                "A block with choices inside that may be absent needs a range of its number of times here.",
                at,
                self.at,
                got=count,
                expected=f"{{{choice.name}={numbers}}} here, and {count} at other places",
            )
        if "0" not in map(str, choice.values):  # else the names inside may mean nothing outside
            names.update(inner | names)
        yield CountedBlock(inside, counted[1].lower(), count)

    def choice(self, names: Names) -> WholeNumbers | Alternatives | NameUse:
        """`{4..12}`, `{A|B}`, `{w=…}` or `{w}`."""
        start = self.at
        self._deeper(start)
        self.at += 1
        self.braces += 1
        try:
            if use := _USE.match(self.text, self.at):
                self.at = use.end()
                return NameUse(self._named(use, names))
            name = None
            if given := _NAME.match(self.text, self.at):
                name, self.at = given[1], given.end()
                if name in self.keys.values():
                    raise self.fail("Two choices have one name.", given.start(1), given.end(1), got=name)
            key = name or f"#{len(self.keys) + 1}"
            self.keys[key] = name
            found = self._range(key, name) or self._alternatives(key, name, start, names)
        finally:
            self.depth -= 1
            self.braces -= 1
        if name:
            names[name] = found
        return found

    def _named(self, use: re.Match[str], names: Names) -> Choice:
        if use[1] not in names:
            inside = use[1] in self.keys.values()
            raise self.fail(
                "This name is not known here: its choice is inside an alternative or a block that may be absent."
                if inside
                else "No choice before this has this name.",
                *use.span(1),
                got=use[1],
                expected=f"one of {', '.join(names)}" if names else _FORMS,
                hint=did_you_mean(use[1], names),
            )
        return names[use[1]]

    def _range(self, key: str, name: str | None) -> WholeNumbers | None:
        found = _RANGE.match(self.text, self.at)
        inside = self.text[self.at :].partition("}")[0].partition("|")[0]
        if found is None:
            if ".." not in inside or "{" in inside:
                return None
            place = self.at, self.at + len(inside)
            raise self.fail("This range cannot be read.", *place, got=inside, expected="{4..12} or {8..24/4}")
        low, high, step = (int(text) if text else 1 for text in found.groups())
        place = found.start(1), found.end() - 1
        if max(low, high, step) > LARGEST:
            raise self.fail("The number is too large.", *place, got=inside, expected=f"up to {LARGEST:,}")
        if low > high:
            raise self.fail("The range is upside down.", *place, got=f"{low}..{high}", expected=f"{high}..{low}")
        if step < 1 or (high - low) % step:
            nearest = high - (high - low) % step if step else high
            problem = "The step does not lead from one end of the range to the other."
            raise self.fail(problem, *place, got=inside.strip(), expected=f"{low}..{nearest}/{max(step, 1)}")
        self.at = found.end()
        return WholeNumbers(key=key, low=low, high=high, step=step, name=name)

    def _alternatives(self, key: str, name: str | None, start: int, names: Names) -> Alternatives:
        options: list[Sequence] = []
        while True:
            begin = self.at
            options.append(_stripped(self.sequence(closing="}", opened_at=start, names=dict(names))))
            if str(options[-1]) in map(str, options[:-1]):
                raise self.fail("Two alternatives are the same.", begin, self.at, got=options[-1])
            self.at += 1
            if self.text[self.at - 1] == "}":
                break
        if len(options) == 1:
            raise self.fail("Here is nothing to choose.", start, self.at, expected=_FORMS)
        return Alternatives(key=key, options=tuple(options), name=name)

    def _deeper(self, start: int) -> None:
        self.depth += 1
        if self.depth > MAX_NESTED:
            raise self.fail("Brackets are nested too deeply.", start, start + 1, expected=f"up to {MAX_NESTED}")


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Parts with neighbouring pieces of text made one, and runs of blanks one blank."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, FixedText) and joined and isinstance(joined[-1], FixedText):
            joined[-1] = FixedText(re.sub(" +", " ", joined[-1].text + part.text))
        else:
            joined.append(part)
    return tuple(joined)


def _stripped(sequence: Sequence) -> Sequence:
    """A sequence without blanks at its ends."""
    parts = list(sequence.parts)
    for index, side in ((0, str.lstrip), (-1, str.rstrip)):
        if parts and isinstance(parts[index], FixedText):
            text = side(str(parts[index]))
            parts[index : len(parts) if index else 1] = [FixedText(text)] if text else []
    return Sequence(tuple(parts))


def _placed(sequence: Sequence) -> Sequence:
    """The same tree, each part with its place in the printed text."""
    return _Placing().sequence(_stripped(sequence), 0)


class _Placing:
    """Walks a tree as it is printed; a use of a name leads to the choice that has its place already."""

    def __init__(self) -> None:
        self.placed: dict[str, Choice] = {}

    def sequence(self, sequence: Sequence, at: int) -> Sequence:
        parts: list[Part] = []
        for part in sequence.parts:
            parts.append(self.part(part, at))
            at += len(str(part))
        return Sequence(tuple(parts))

    def part(self, part: Part, at: int) -> Part:
        place = (at, at + len(str(part)))
        match part:
            case NameUse():
                return NameUse(self.placed[part.choice.key], at=place)
            case CountedBlock():
                inside = self.sequence(part.inside, at + 1)
                count = self.part(part.count, at + len(f"({part.inside}){part.sign}"))
                assert isinstance(count, WholeNumbers | Alternatives | NameUse)
                return CountedBlock(inside, part.sign, count, at=place)
            case Alternatives():
                options, begin = [], at + 1 + len(f"{part.name}=" if part.name else "")
                for option in part.options:
                    options.append(self.sequence(option, begin))
                    begin += len(str(option)) + 1
                placed: Choice = dataclasses.replace(part, options=tuple(options), at=place)
            case WholeNumbers():
                placed = dataclasses.replace(part, at=place)
            case FixedText():
                return dataclasses.replace(part, at=place)
        self.placed[placed.key] = placed
        return placed
