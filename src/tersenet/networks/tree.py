"""The tree of a notation: layers (`layers/`) and blocks of them, immutable, which print themselves back.

Every node checks itself when it is made, so that whatever tree exists can be printed and parsed again:
`parse(str(tree)) == tree`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import LayerKind

MAX_TIMES = 1_000
MAX_LAYERS = 2_000
MAX_DEPTH = 40

TreePath = tuple[int, ...]
"""The position of a layer in a tree: its index, and for a block the index inside it, and so on."""


@dataclass(frozen=True)
class LayerBlock:
    """Layers one after another. `depth` and `size` (layers when all repetitions are written out) are counted."""

    layers: tuple[Layer, ...]
    depth: int = field(init=False, repr=False, compare=False)
    size: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check()
        inner = [layer for layer in self.layers if isinstance(layer, LayerBlock)]
        depth = self._levels() + max((block.depth for block in inner), default=0)
        size = self._times() * (len(self.layers) - len(inner) + sum(block.size for block in inner))
        if depth > MAX_DEPTH:
            raise TersenetError("Blocks are nested too deeply.", got=depth, expected=f"up to {MAX_DEPTH}")
        if size > MAX_LAYERS:
            raise TersenetError(
                "The network has too many layers.", got=f"{size:,} layers", expected=f"up to {MAX_LAYERS:,}"
            )
        object.__setattr__(self, "depth", depth)
        object.__setattr__(self, "size", size)

    def _check(self) -> None:
        if not self.layers:
            raise TersenetError("There is no layer here.", expected="at least one layer, such as 16C3")

    def _levels(self) -> int:
        return 1

    def _times(self) -> int:
        return 1

    def _ends(self) -> tuple[str, str]:
        return "", ""

    def _between(self) -> str:
        return " "

    def __str__(self) -> str:
        opening, closing = self._ends()
        return opening + self._between().join(map(str, self.layers)) + closing


@dataclass(frozen=True)
class Notation(LayerBlock):
    """A whole network, the root of a tree."""

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)


@dataclass(frozen=True)
class Residual(LayerBlock):
    """`[…]`: x + f(x)."""

    def _ends(self) -> tuple[str, str]:
        return "[", "]"


@dataclass(frozen=True)
class Branch(LayerBlock):
    """One branch of `[A + B]` or `[A & B]`; without layers it passes on what it is given."""

    def _check(self) -> None:
        pass

    def _levels(self) -> int:
        return 0


@dataclass(frozen=True)
class Branches(LayerBlock):
    """Two or more branches that are given the same; one of them may be without layers."""

    layers: tuple[Branch, ...]

    def _check(self) -> None:
        if len(self.layers) < 2:
            raise TersenetError(
                "There is one branch here.", expected=f"two or more, such as [8C3p1{self._between()}8C1]"
            )
        if sum(not branch.layers for branch in self.layers) > 1:
            raise TersenetError(
                "More than one branch has no layers.", expected="at most one, which passes on what it is given"
            )

    def _ends(self) -> tuple[str, str]:
        return "[", "]"


@dataclass(frozen=True)
class BranchSum(Branches):
    """`[A + B]`: A(x) + B(x).

    >>> print(BranchSum((Branch(()), Branch(()), Branch(()))))
    Traceback (most recent call last):
    tersenet._errors.TersenetError: More than one branch has no layers.
      expected: at most one, which passes on what it is given
    """

    def _between(self) -> str:
        return " + "


@dataclass(frozen=True)
class BranchJoin(Branches):
    """`[A & B]`: the channels of A(x), then those of B(x)."""

    def _between(self) -> str:
        return " & "


@dataclass(frozen=True)
class Repeat(LayerBlock):
    """`(…)x3`: three such blocks, each with its own weights."""

    times: int

    def _times(self) -> int:
        return _checked_times(self.times)

    def _ends(self) -> tuple[str, str]:
        return "(", f")x{self.times}"


@dataclass(frozen=True)
class Shared(LayerBlock):
    """`(…)*3`: one block applied three times, with the same weights each time."""

    times: int

    def _times(self) -> int:
        return _checked_times(self.times)

    def _ends(self) -> tuple[str, str]:
        return "(", f")*{self.times}"


Layer = LayerKind | LayerBlock


def _checked_times(times: int) -> int:
    if not 1 <= times <= MAX_TIMES:
        raise TersenetError("The number of times is out of range.", got=times, expected=f"1 to {MAX_TIMES:,}")
    return times


def span(network: Notation, path: TreePath) -> tuple[int, int]:
    """The place of the layer at `path` in `str(network)`: start and end."""
    block: LayerBlock = network
    start = 0
    for index in path:
        start += len(block._ends()[0]) + sum(
            len(str(layer)) + len(block._between()) for layer in block.layers[:index]
        )
        layer = block.layers[index]
        if not isinstance(layer, LayerBlock):
            return start, start + len(str(layer))
        block = layer
    return start, start + len(str(block))


def point_at(text: str, start: int, end: int, *, width: int = 64) -> str:
    """The text with carets under `start:end` on a second line; of a long text, the part around the place.

    >>> print(point_at("8C3 BN Q MP2", 7, 8))
    8C3 BN Q MP2
           ^
    """
    line = "".join(" " if sign.isspace() or not sign.isprintable() else sign for sign in text)
    end = max(start + 1, min(end, start + width // 2))
    first = 0 if len(line) <= width or end <= width - 2 else start - width // 3
    shown = line[first : first + width]
    before = "… " if first else ""
    after = " …" if first + width < len(line) else ""
    return f"{before}{shown}{after}\n{' ' * (len(before) + start - first)}{'^' * (end - start)}"
