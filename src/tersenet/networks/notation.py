"""The notation: one line of text to a tree. The tree prints itself back (`tree.py`).

`16C3 BN R MP2 32C3 BN R GAP 10Nb` is a network; `docs/notation.md` explains each form to its user.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import LayerKind
from tersenet.networks.layers.registry import LAYER_KINDS
from tersenet.networks.tree import (
    MAX_DEPTH,
    Branch,
    BranchJoin,
    BranchSum,
    Layer,
    Notation,
    Repeat,
    Residual,
    Shared,
    point_at,
)

MAX_TEXT = 100_000
MAX_WORD = 500  # the longest printed rate has 340 digits
Node = TypeVar("Node")
_LAYER = re.compile(
    r"(?P<before>[0-9]*)(?P<letters>[A-Z]+)(?P<after>[0-9.]*)(?P<options>(?:[A-Z][0-9]*)*)", re.I | re.A
)
_OPTION = re.compile(r"([A-Z])([0-9]*)", re.I | re.A)
_DECIMAL = re.compile(r"[0-9]*\.?[0-9]+", re.A)
_WORD = re.compile(r"[^\s|()\[\]+&-]+")


def parse(text: str, *, shown: Callable[[int, int], str] | None = None) -> Notation:
    """The tree of a network written in one line.

    Separators are blanks, `-` and `|`; case is free. Raises TersenetError with a caret under the place
    where the text cannot be read. Where the text was made from another, `shown` gives that one with carets under
    the place which became `start:end`.

    >>> tree = parse("16c3-bn-r | (8C3P1 R)x2 [DW3p1] gap 10nb")
    >>> print(tree)
    16C3 BN R (8C3p1 R)x2 [DW3p1] GAP 10Nb
    >>> parse(str(tree)) == tree
    True
    >>> parse("16C3 MB2")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: There is no such layer.
      got:      MB2
      expected: one of 16C3 DW3 BN ... GAP GMP 10N
      where:    16C3 MB2
                     ^^^
      hint:     did you mean MP2?
    """
    if len(text) > MAX_TEXT:
        raise TersenetError(
            "The notation is too long.", got=f"{len(text):,} characters", expected=f"up to {MAX_TEXT:,}"
        )
    reader = _Reader(text, shown or functools.partial(point_at, text))
    layers, _ = reader.layers(closing="", opened_at=0)
    return reader.made(Notation, 0, len(text), layers)


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str, shown: Callable[[int, int], str]) -> None:
        self.text = text
        self.shown = shown
        self.at = 0
        self.depth = 0

    def fail(self, problem: str, start: int, end: int, **more: object) -> TersenetError:
        return TersenetError(problem, where=self.shown(start, end), **more)

    def made(self, make: Callable[..., Node], start: int, end: int, *arguments: object, **options: object) -> Node:
        """A node; what it says about itself when it refuses is said at its place."""
        try:
            return make(*arguments, **options)
        except TersenetError as error:
            raise self.fail(
                error.problem, start, end, got=error.got, expected=error.expected, hint=error.hint
            ) from None

    def layers(self, *, closing: str, opened_at: int) -> tuple[tuple[Layer, ...], str]:
        """The layers up to the closing bracket, to the + or & before the next branch, or to the end of the text.

        The sign that ended them comes with them; it has been read.
        """
        found: list[Layer] = []
        separated = True
        while True:
            start = self.at
            while self.at < len(self.text) and (self.text[self.at].isspace() or self.text[self.at] in "-|"):
                self.at += 1
            separated = separated or self.at > start
            if self.at == len(self.text):
                if closing:
                    raise self.fail(
                        f"This bracket is never closed by {closing}", opened_at, opened_at + 1, hint=f"add {closing}"
                    )
                return tuple(found), ""
            if self.text[self.at] in "+&":
                if closing != "]":
                    raise self.fail(
                        "This sign stands between the branches of a block, and here is no such block.",
                        self.at,
                        self.at + 1,
                        got=self.text[self.at],
                        expected="square brackets around the branches: [8C3p1 + 8C1]",
                    )
                self.at += 1
                return tuple(found), self.text[self.at - 1]
            if self.text[self.at] in ")]":
                if self.text[self.at] != closing:
                    raise self.fail(
                        "This bracket closes nothing.",
                        self.at,
                        self.at + 1,
                        got=self.text[self.at],
                        expected=closing or "a layer",
                    )
                self.at += 1
                return tuple(found), closing
            if not separated:
                raise self.fail(
                    "A separator is missing between two layers.",
                    self.at,
                    self.at + 1,
                    expected="a blank, - or | before this",
                )
            found.append(self.block() if self.text[self.at] in "([" else self.layer())
            separated = False

    def block(self) -> Layer:
        """`(…)x3`, `(…)*3`, `[…]`, `[… + …]` or `[… & …]`."""
        start = self.at
        opening = self.text[start]
        self.at += 1
        self.depth += 1
        if self.depth >= MAX_DEPTH:
            raise self.fail("Blocks are nested too deeply.", start, start + 1, expected=f"up to {MAX_DEPTH}")
        if opening == "[":
            block = self.branches(start)
            self.depth -= 1
            return block
        inside, _ = self.layers(closing=")", opened_at=start)
        self.depth -= 1
        word = _WORD.match(self.text, self.at)
        times = re.fullmatch(r"([x*])([0-9]{1,9})", word[0], re.I | re.A) if word else None
        if times is None:
            end = word.end() if word else self.at
            raise self.fail(
                "A block in round brackets needs a count after it.",
                self.at if word else self.at - 1,
                end,
                got=word[0] if word else None,
                expected="x3 (three blocks, each with its own weights) or *3 (one block applied three times)",
            )
        self.at += len(times[0])
        make: Callable[..., Repeat | Shared] = Shared if times[1] == "*" else Repeat
        return self.made(make, start, self.at, inside, int(times[2]))

    def branches(self, start: int) -> Layer:
        """The inside of square brackets that open at `start`."""
        branches: list[Branch] = []
        signs: list[str] = []
        while True:
            begin = self.at
            inside, sign = self.layers(closing="]", opened_at=start)
            if sign == "]" and not signs:
                return self.made(Residual, start, self.at, inside)
            branches.append(self.made(Branch, begin, self.at - 1, inside))
            if sign == "]":
                return self.made(BranchSum if signs[0] == "+" else BranchJoin, start, self.at, tuple(branches))
            signs.append(sign)
            if sign != signs[0]:
                raise self.fail(
                    "Branches of one block are either added or joined.",
                    self.at - 1,
                    self.at,
                    got=sign,
                    expected=signs[0],
                    hint="use brackets inside brackets: [[A + B] & C]",
                )

    def layer(self) -> Layer:
        """One word: a layer without blocks in it."""
        word = _WORD.match(self.text, self.at)
        assert word is not None
        self.at = word.end()
        if len(word[0]) > MAX_WORD:
            raise self.fail("This word is too long for a layer.", word.start(), word.end(), expected="a layer: 16C3")
        match = _LAYER.fullmatch(word[0])
        letters = match["letters"].upper() if match else ""
        if match and letters not in LAYER_KINDS:
            # Letters without a number after them run into the options: 10Nb, and 16CS2 (whose kernel is missing).
            split = next((n for n in range(len(letters) - 1, 0, -1) if letters[:n] in LAYER_KINDS), None)
            kind = LAYER_KINDS[letters[:split]] if split else None
            if split and kind and kind.at("option") and (match["before"] or not kind.at("before")):
                head = word.start() + len(match["before"]) + split
                return self.form(kind, word, match["before"], "", head)
        if match is None or letters not in LAYER_KINDS:
            raise self.unknown(word)
        options = word.start() + match.start("options")
        return self.form(LAYER_KINDS[letters], word, match["before"], match["after"], options)

    def unknown(self, word: re.Match[str]) -> TersenetError:
        near = nearest_forms(word[0])
        return self.fail(
            "There is no such layer.",
            word.start(),
            word.end(),
            got=word[0],
            expected="one of " + " ".join(kind.example for kind in LAYER_KINDS.values()),
            hint=f"did you mean {' or '.join(near)}?" if near else None,
        )

    def form(self, kind: type[LayerKind], word: re.Match[str], before: str, after: str, options_at: int) -> Layer:
        """The layer of this kind, with the numbers around its letters and the options after them."""

        def misfit(problem: str) -> TersenetError:
            return self.fail(problem, word.start(), word.end(), got=word[0], expected=kind.form())

        given: dict[str, float] = {}
        for place, number in (("before", before), ("after", after)):
            field = next(iter(kind.at(place).items()), None)
            if field is None:
                if number:
                    raise misfit(f"These letters take no number {'in front' if place == 'before' else 'after them'}.")
                continue
            name, how = field
            if how.decimal and not _DECIMAL.fullmatch(number):
                raise misfit("These letters need a number after them.")
            if not how.decimal and not number.isdigit():
                missing = f"the {how.what} {'in front' if place == 'before' else 'after them'}"
                raise misfit(f"These letters need {missing}.")
            if len(number) > how.longest:
                raise misfit("The number is too long.")
            given[name] = float(number) if how.decimal else int(number)
        given |= self.options(kind, word, options_at, misfit)
        return self.made(kind, word.start(), word.end(), **given)

    def options(
        self, kind: type[LayerKind], word: re.Match[str], start: int, misfit: Callable[[str], TersenetError]
    ) -> dict[str, int | bool]:
        """The options of a word from `start` on, by the names that the layer gives them."""
        known = {how.letter: (name, how) for name, how in kind.at("option").items()}
        found: dict[str, int | bool] = {}
        for option in _OPTION.finditer(self.text, start, word.end()):
            letter, number = option[1].lower(), option[2]
            place = option.start(), option.end()
            if letter not in known:
                names = ", ".join(f"{key} ({how.what})" for key, (_, how) in known.items())
                raise self.fail("There is no such option here.", *place, got=option[0], expected=names or "no option")
            name, how = known[letter]
            if name in found:
                raise self.fail("The same option is given twice.", *place, got=option[0])
            if how.switch and number:
                raise misfit(f"The option {letter} ({how.what}) has no number.")
            if not how.switch and not 0 < len(number) <= how.longest:
                raise self.fail(
                    "An option is one letter and its number.", *place, got=option[0], expected=letter + how.shown
                )
            found[name] = True if how.switch else int(number)
        return found


def nearest_forms(word: str) -> list[str]:
    """Layers that an unknown word may have meant, the nearest first, with the word's own numbers where they fit.

    >>> nearest_forms("16K3"), nearest_forms("BM"), nearest_forms("GAB")
    (['16C3'], ['BN'], ['GAP'])
    >>> nearest_forms("vgg16"), nearest_forms("resnet18")
    ([], [])
    """
    numbers = re.findall(r"[0-9]+", word[:40])
    kinds = LAYER_KINDS.values()
    candidates = {name: kind.example for kind in kinds for name in kind.also_called}
    candidates |= dict(_spelled(kind.example, numbers) for kind in kinds)
    letters = _letters(word[:40])
    # Numbers that two words have in common say nothing where their letters differ: vgg16 is not GN16.
    candidates = {
        name: form
        for name, form in candidates.items()
        if len(letters) == len(_letters(name)) == 1 or _likeness(letters, _letters(name)) >= 0.5
    }
    near = difflib.get_close_matches(word[:40].upper(), list(candidates), n=3, cutoff=0.5)
    best = list(dict.fromkeys(candidates[name] for name in near))
    return best[:1] if best and _likeness(word.upper(), near[0]) >= 0.75 else best


def _letters(word: str) -> str:
    return "".join(filter(str.isalpha, word.upper()))


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _spelled(example: str, numbers: Iterable[str]) -> tuple[str, str]:
    """The example of a form with other numbers in it: in capitals to compare, and as it is written."""
    given = iter(numbers)
    text = re.sub(r"[0-9]+", lambda number: next(given, number[0]), example)
    return text.upper(), text
