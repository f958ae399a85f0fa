"""The tree of a notation: small immutable layers that print themselves back.

Every node checks itself when it is made, so that whatever tree exists can be printed and parsed again:
`parse(str(tree)) == tree`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from tersenet._errors import TersenetError

# Compact networks need far less; the limits keep a slip of the finger from filling the memory.
MAX_CHANNELS = 1_000_000
MAX_SIZE = 1_000  # kernel, padding, stride, dilation
MAX_TIMES = 1_000
MAX_LAYERS = 2_000
MAX_DEPTH = 40

Path = tuple[int, ...]
"""The position of a layer in a tree: its index, and for a block the index inside it, and so on."""


def _check(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise TersenetError(f"The {what} is out of range.", got=value, expected=f"{low} to {high:,}")


def _decimal(value: float) -> str:
    """A number without an exponent and without the zero before its point: 0.05 -> .05"""
    text = format(Decimal(repr(value)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.removeprefix("0") if text.startswith("0.") else text


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """`16C3`: 16 channels out, 3×3; options `p1 s2 d2 g4 b`. No padding and no bias unless asked for.

    >>> print(Convolution(channels=16, kernel=3, padding=1, bias=True))
    16C3p1b
    """

    channels: int
    kernel: int
    padding: int = 0
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    bias: bool = False

    def __post_init__(self) -> None:
        _check("number of channels", self.channels, 1, MAX_CHANNELS)
        _check("kernel", self.kernel, 1, MAX_SIZE)
        _check("padding", self.padding, 0, MAX_SIZE)
        _check("stride", self.stride, 1, MAX_SIZE)
        _check("dilation", self.dilation, 1, MAX_SIZE)
        _check("number of groups", self.groups, 1, MAX_CHANNELS)

    def __str__(self) -> str:
        return f"{self.channels}C{self.kernel}" + _options(
            p=(self.padding, 0), s=(self.stride, 1), d=(self.dilation, 1), g=(self.groups, 1), b=self.bias
        )


@dataclass(frozen=True, kw_only=True)
class Depthwise:
    """`DW3`: a convolution of each channel by itself; options `p s d b`."""

    kernel: int
    padding: int = 0
    stride: int = 1
    dilation: int = 1
    bias: bool = False

    def __post_init__(self) -> None:
        _check("kernel", self.kernel, 1, MAX_SIZE)
        _check("padding", self.padding, 0, MAX_SIZE)
        _check("stride", self.stride, 1, MAX_SIZE)
        _check("dilation", self.dilation, 1, MAX_SIZE)

    def __str__(self) -> str:
        options = _options(p=(self.padding, 0), s=(self.stride, 1), d=(self.dilation, 1), b=self.bias)
        return f"DW{self.kernel}{options}"


@dataclass(frozen=True)
class BatchNorm:
    """`BN`: batch normalisation, of maps or, after a dense layer, of plain values."""

    def __str__(self) -> str:
        return "BN"


ACTIVATIONS = ("R", "SiLU", "GELU", "T")


@dataclass(frozen=True)
class Activation:
    """`R`, `SiLU`, `GELU` or `T`: ReLU, SiLU, GELU, tanh."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in ACTIVATIONS:
            raise TersenetError("There is no such activation.", got=self.name, expected=", ".join(ACTIVATIONS))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class LeakyReLU:
    """`LR.1`: a ReLU that lets a tenth of what is negative through."""

    slope: float

    def __post_init__(self) -> None:
        if not 0 <= self.slope <= 1:
            raise TersenetError("The slope of a leaky ReLU is out of range.", got=self.slope, expected="0 to 1")
        object.__setattr__(self, "slope", abs(float(self.slope)))

    def __str__(self) -> str:
        return f"LR{_decimal(self.slope)}"


@dataclass(frozen=True)
class Dropout:
    """`D.05` drops single values, `DD.05` (`whole_maps`) drops whole maps; the rate lies in [0, 1)."""

    rate: float
    whole_maps: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise TersenetError(
                "The rate of dropout is out of range.",
                got=self.rate,
                expected="a rate in [0, 1), such as D.05",
            )
        object.__setattr__(self, "rate", abs(float(self.rate)))

    def __str__(self) -> str:
        return f"{'DD' if self.whole_maps else 'D'}{_decimal(self.rate)}"


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """`MP2`, `AP2`: maximum or average (`kind` "max" or "average"); the stride is the kernel unless given."""

    kind: str
    kernel: int
    stride: int | None = None
    padding: int = 0

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        _check("kernel", self.kernel, 1, MAX_SIZE)
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel)
        _check("stride", self.step, 1, MAX_SIZE)
        if not 0 <= self.padding <= self.kernel // 2:
            raise TersenetError(
                "The padding of a pooling is at most half its kernel.",
                got=f"padding {self.padding}, kernel {self.kernel}",
                expected=f"0 to {self.kernel // 2}",
            )

    @property
    def step(self) -> int:
        """The stride, settled."""
        return self.kernel if self.stride is None else self.stride

    def __str__(self) -> str:
        letters = "MP" if self.kind == "max" else "AP"
        return f"{letters}{self.kernel}" + _options(p=(self.padding, 0), s=(self.step, self.kernel))


@dataclass(frozen=True)
class GlobalPooling:
    """`GAP`, `GMP`: the average or the maximum of each whole map, which leaves maps of 1×1."""

    kind: str

    def __post_init__(self) -> None:
        _check_kind(self.kind)

    def __str__(self) -> str:
        return "GMP" if self.kind == "max" else "GAP"


@dataclass(frozen=True)
class Dense:
    """`10N`, with bias `10Nb`: a dense layer, which flattens what it is given."""

    units: int
    bias: bool = False

    def __post_init__(self) -> None:
        _check("number of units", self.units, 1, MAX_CHANNELS)

    def __str__(self) -> str:
        return f"{self.units}N{'b' if self.bias else ''}"


@dataclass(frozen=True)
class Block:
    """Layers one after another. `depth` and `size` (layers when all repetitions are written out) are counted."""

    layers: tuple[Layer, ...]
    depth: int = field(init=False, repr=False, compare=False)
    size: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.layers:
            raise TersenetError("There is no layer here.", expected="at least one layer, such as 16C3")
        inner = [layer for layer in self.layers if isinstance(layer, Block)]
        depth = 1 + max((block.depth for block in inner), default=0)
        size = self._times() * (len(self.layers) - len(inner) + sum(block.size for block in inner))
        if depth > MAX_DEPTH:
            raise TersenetError("Blocks are nested too deeply.", got=depth, expected=f"up to {MAX_DEPTH}")
        if size > MAX_LAYERS:
            raise TersenetError(
                "The network has too many layers.", got=f"{size:,} layers", expected=f"up to {MAX_LAYERS:,}"
            )
        object.__setattr__(self, "depth", depth)
        object.__setattr__(self, "size", size)

    def _times(self) -> int:
        return 1

    def _ends(self) -> tuple[str, str]:
        return "", ""

    def __str__(self) -> str:
        opening, closing = self._ends()
        return opening + " ".join(map(str, self.layers)) + closing


@dataclass(frozen=True)
class Network(Block):
    """A whole network, the root of a tree."""

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)


@dataclass(frozen=True)
class Residual(Block):
    """`[…]`: x + f(x)."""

    def _ends(self) -> tuple[str, str]:
        return "[", "]"


@dataclass(frozen=True)
class Repeat(Block):
    """`(…)x3`: three such blocks, each with its own weights."""

    times: int

    def _times(self) -> int:
        _check("number of times", self.times, 1, MAX_TIMES)
        return self.times

    def _ends(self) -> tuple[str, str]:
        return "(", f")x{self.times}"


@dataclass(frozen=True)
class Shared(Block):
    """`(…)*3`: one block applied three times, with the same weights each time."""

    times: int

    def _times(self) -> int:
        _check("number of times", self.times, 1, MAX_TIMES)
        return self.times

    def _ends(self) -> tuple[str, str]:
        return "(", f")*{self.times}"


Layer = (
    Convolution
    | Depthwise
    | BatchNorm
    | Activation
    | LeakyReLU
    | Dropout
    | Pooling
    | GlobalPooling
    | Dense
    | Residual
    | Repeat
    | Shared
)


def span(network: Network, path: Path) -> tuple[int, int]:
    """The place of the layer at `path` in `str(network)`: start and end."""
    block: Block = network
    start = 0
    for index in path:
        start += len(block._ends()[0]) + sum(len(str(layer)) + 1 for layer in block.layers[:index])
        layer = block.layers[index]
        if not isinstance(layer, Block):
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


def _check_kind(kind: str) -> None:
    if kind not in ("max", "average"):
        raise TersenetError("There is no such pooling.", got=kind, expected="max or average")


def _options(*, b: bool = False, **sizes: tuple[int, int]) -> str:
    """The options that differ from what goes without saying: name=(value, default)."""
    said = [f"{name}{value}" for name, (value, default) in sizes.items() if value != default]
    return "".join(said) + ("b" if b else "")
