"""A network drawn: every map a slab, scaled by size and channels, with shape, parameters and receptive field."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Polygon

from tersenet._look import BLUE, FAINT, GREEN, INK, ORANGE, PURPLE, VERMILION, one_line
from tersenet.figures.style import SMALL, WIDTH, Drawing
from tersenet.networks import (
    Branches,
    BranchJoin,
    LayerBlock,
    LayerKind,
    LayerRow,
    Repeat,
    Residual,
    Shared,
    Summary,
    layer_types,
    parse,
)

COLUMNS = 10  # maps in a row
MOST_MAPS = 80  # of a longer network the middle is left out
COLUMN = 2 * WIDTH / COLUMNS  # inches
TALLEST, SMALLEST = 0.72, 0.07  # inches: the sides of a slab
THICKEST, THINNEST = 0.3, 0.05
SKEW = 0.38  # how far the far side of a slab moves to the right and up, as a part of its height
LINE = 0.155  # inches between two lines of words
MARK = 0.28  # inches for the mark of a block
LETTERS_IN_LINE = 15  # what fits under a map
IDLE = {"BatchNorm": "BN", "Dropout": "dropout", "Identity": ""}
KEEPS = layer_types("normalisation") | layer_types("activation")  # these keep the maps, also where they have weights
WORDS = {
    "Conv": "conv",
    "MaxPool": "max pool",
    "AvgPool": "average pool",
    "AdaptiveAvgPool": "global average",
    "AdaptiveMaxPool": "global max",
    "Linear": "dense",
}
RESIDUAL = "plus its own input"
KEY = (
    "Under each map: channels × height × width, parameters of its layer,",
    "the pixels of the input that one value sees, and what follows before the next map.",
)


@dataclass(frozen=True, kw_only=True)
class _Map:
    """One map of the drawing: the layer that makes it, and what follows without changing its shape.

    `sign`, + or &, is drawn before the first map of a further branch.
    """

    word: str
    colour: str
    shape: tuple[int, ...]
    words: list[str]
    sign: str = ""
    after: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The words under the map, none longer than its column."""
        after = textwrap.wrap(", ".join(self.after), LETTERS_IN_LINE)
        return [*(one_line(word, LETTERS_IN_LINE + 2) for word in self.words), *after]


@dataclass(frozen=True, kw_only=True)
class _Span:
    """The rows of the layer table, from `first` to `last`, that belong to one block."""

    first: int
    last: int
    kind: str


@dataclass(kw_only=True)
class _Reading:
    """A notation in the order of calls: its layers, its blocks, where a further branch begins and where all have met.

    `begins` has the sign before a branch by the number of its first layer; `meets` what branches make together, with
    its shape, by the number of the last layer in them.
    """

    leaves: list[LayerKind] = field(default_factory=list)
    spans: list[_Span] = field(default_factory=list)
    begins: dict[int, str] = field(default_factory=dict)
    meets: dict[int, list[tuple[str, tuple[int, ...]]]] = field(default_factory=dict)


def plot_network(summary: Summary, notation: str | None = None, *, title: str = "") -> Drawing:
    """The maps of a network from input to answer, ten in a row.

    Height and skew of a slab follow the map's height and width, its thickness the channels (both by their square
    roots). With the `notation` of the network, kernels are named and residual and shared blocks are marked; any
    module's summary can be drawn without it.

    >>> from tersenet.networks import build, summarize
    >>> line = "8C3 BN R MP2 [8C3p1 BN R] GAP 10Nb"
    >>> len(plot_network(summarize(build(line)), line).axes)
    1
    """
    reading = _read(notation, summary)
    maps, spans = _maps(summary, reading), reading.spans
    left_out = len(maps) - MOST_MAPS
    if left_out > 0:
        keep = MOST_MAPS * 2 // 3
        gap = _Map(word=f"… {left_out + 1} more …", colour=FAINT, shape=(), words=[])
        maps = [*maps[:keep], gap, *maps[keep + left_out + 1 :]]
    rows = -(-len(maps) // COLUMNS)
    columns = -(-len(maps) // rows)
    scale = _Scale(maps)
    marks = [_pieces(span, maps, columns) for span in spans]
    lines = [maps[start : start + columns] for start in range(0, len(maps), columns)]
    floors, y = [], 0.34 if title else 0.08
    for row, line in enumerate(lines):
        floors.append(y + max(scale.height(each) + LINE * (each.word.count("\n") + 1) for each in line) + 0.05)
        y = floors[-1] + LINE * max(len(each.lines) for each in line) + 0.2
        y += MARK * sum(any(piece[0] == row for piece in pieces) for pieces in marks)
    width, height = max(columns * COLUMN, WIDTH) + 0.24, y + LINE * len(KEY) + 0.06
    drawing = Drawing(height=height, width=width, title=title, layout=None)
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    margin = (width - columns * COLUMN) / 2
    for row, line in enumerate(lines):
        for column, each in enumerate(line):
            middle = margin + (column + 0.5) * COLUMN
            _draw_map(axes, each, middle, floors[row], scale, arrow=column > 0)
        at = floors[row] + LINE * max(len(each.lines) for each in line) + 0.12
        for span, pieces in zip(spans, marks, strict=True):
            for piece_row, first, last in pieces:
                if piece_row == row:
                    _mark(axes, span, (margin + first * COLUMN, margin + (last + 1) * COLUMN), at)
                    at += MARK
    axes.text(0.14, height - 0.05, "\n".join(KEY), fontsize=SMALL, color=FAINT, va="bottom", linespacing=1.15)
    return drawing


def _read(notation: str | None, summary: Summary) -> _Reading:
    """What a notation says of the rows of a table; nothing where it does not fit them."""
    reading = _Reading()
    tree = parse(notation) if notation is not None else None
    if tree is not None and tree.size == len(summary.layers):
        _unroll(tree, reading, summary.layers, tuple(summary.input_size))
    return reading


def _unroll(
    block: LayerBlock, reading: _Reading, rows: Sequence[LayerRow], shape: tuple[int, ...]
) -> tuple[int, ...]:
    """Read a block that is given maps of a shape; the shape that it gives."""
    for layer in block.layers:
        first = len(reading.leaves)
        if isinstance(layer, LayerKind):
            reading.leaves.append(layer)
            shape = rows[first].output_shape
            continue
        if isinstance(layer, Branches):
            shape = _branches(layer, reading, rows, shape)
        else:
            for _ in range(layer.times if isinstance(layer, Repeat | Shared) else 1):
                shape = _unroll(layer, reading, rows, shape)
        kind = _kind(layer)
        if kind:
            reading.spans.append(_Span(first=first, last=len(reading.leaves) - 1, kind=kind))
    return shape


def _branches(
    block: Branches, reading: _Reading, rows: Sequence[LayerRow], shape: tuple[int, ...]
) -> tuple[int, ...]:
    joined = isinstance(block, BranchJoin)
    made = []
    for number, branch in enumerate(block.layers):
        if number and branch.layers:
            reading.begins[len(reading.leaves)] = "&" if joined else "+"
        made.append(_unroll(branch, reading, rows, shape))
    together = (sum(each[0] for each in made), *made[0][1:]) if joined else made[0]
    reading.meets.setdefault(len(reading.leaves) - 1, []).append(("joined" if joined else "sum", together))
    return together


def _kind(block: LayerBlock) -> str:
    """The words under the maps of a block; none for one that is drawn as the layers in it."""
    if isinstance(block, Residual):
        return RESIDUAL
    if isinstance(block, Branches):
        return f"{len(block.layers)} branches, {'joined' if isinstance(block, BranchJoin) else 'added'}"
    return f"one block {block.times} times" if isinstance(block, Shared) and block.times > 1 else ""


def _maps(summary: Summary, reading: _Reading) -> list[_Map]:
    maps = [_Map(word="input", colour=FAINT, shape=summary.input_size, words=[_shape(summary.input_size)])]
    for number, row in enumerate(summary.layers):
        sign = reading.begins.get(number, "")
        idle = None if sign else _idle(row, maps[-1].shape)
        if idle is None:
            leaf = reading.leaves[number] if reading.leaves else None
            maps.append(
                _Map(
                    word=_word(row, leaf),
                    colour=_colour(row),
                    shape=row.output_shape,
                    words=list(_facts(row)),
                    sign=sign,
                )
            )
        elif idle and idle not in maps[-1].after:
            maps[-1].after.append(idle)
        maps[-1].rows.append(number)
        for word, shape in reading.meets.get(number, ()):
            maps.append(_Map(word=word, colour=VERMILION, shape=shape, words=[_shape(shape)]))
    return maps


def _idle(row: LayerRow, before: tuple[int, ...]) -> str | None:
    """The short name of a layer that keeps the shape and mixes nothing; None for one with a map to itself."""
    for start, word in IDLE.items():
        if row.type.startswith(start):
            return word
    if row.type in KEEPS:
        return row.type
    if (
        row.output_shape == before
        and not row.parameters
        and not row.shared
        and not row.macs
        and "Pool" not in row.type
    ):
        return row.type
    return None


def _word(row: LayerRow, leaf: LayerKind | None) -> str:
    word = next(
        (said for start, said in sorted(WORDS.items(), reverse=True) if row.type.startswith(start)),
        one_line(row.type, 15),
    )
    return (leaf.caption() if leaf else None) or word


def _colour(row: LayerRow) -> str:
    if "Pool" in row.type or row.whole_map:
        return ORANGE
    if "Conv" in row.type:
        return BLUE
    return GREEN if row.type.endswith("Linear") else PURPLE


def _facts(row: LayerRow) -> Iterator[str]:
    yield _shape(row.output_shape)
    if row.shared:
        yield "shared"
    elif row.parameters:
        yield f"{row.parameters:,} params"
    if row.receptive_field is not None and len(row.output_shape) == 3:
        field_ = row.receptive_field
        high, wide = field_ if isinstance(field_, tuple) else (field_, field_)
        yield f"sees {high:g}×{wide:g}"


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


class _Scale:
    """Inches for heights, widths and channels, the largest of each as large as may be."""

    def __init__(self, maps: Sequence[_Map]) -> None:
        sizes = [side for each in maps for side in each.shape[1:]] or [1]
        channels = [each.shape[0] for each in maps if each.shape]
        self.largest, self.most = max(sizes), max(channels)

    def side(self, size: int) -> float:
        return max(SMALLEST, TALLEST * math.sqrt(size / self.largest))

    def thickness(self, channels: int) -> float:
        return THINNEST + (THICKEST - THINNEST) * math.sqrt(channels / self.most)

    def height(self, each: _Map) -> float:
        """How far a map's drawing reaches above the floor."""
        if not each.shape:
            return TALLEST / 2
        high, wide, _ = self.of(each.shape)
        return high + SKEW * wide

    def of(self, shape: tuple[int, ...]) -> tuple[float, float, float]:
        """Height, width and thickness of a map; plain values are a column as tall as their number asks for."""
        if len(shape) == 1:
            return TALLEST * min(1.0, 0.35 + 0.65 * shape[0] / max(self.most, 1)), SMALLEST, 1.5 * SMALLEST
        return self.side(shape[-2]), self.side(shape[-1]), self.thickness(math.prod(shape[:-2]))


def _draw_map(axes: Axes, each: _Map, middle: float, floor: float, scale: _Scale, *, arrow: bool) -> None:
    if each.shape:
        high, wide, thick = scale.of(each.shape)
        skew = SKEW * wide
        x, y = middle - (thick + skew) / 2, floor - high
        front = [(x, floor), (x + thick, floor), (x + thick, y), (x, y)]
        side = [(x + thick, floor), (x + thick + skew, floor - skew), (x + thick + skew, y - skew), (x + thick, y)]
        roof = [(x, y), (x + thick, y), (x + thick + skew, y - skew), (x + skew, y - skew)]
        for corners, strength in ((front, 0.3), (side, 0.55), (roof, 0.42)):
            axes.add_patch(Polygon(corners, closed=True, facecolor=each.colour, alpha=strength, edgecolor="none"))
            axes.add_patch(Polygon(corners, closed=True, fill=False, edgecolor=each.colour, linewidth=0.8))
    above = floor - scale.height(each) - 0.05
    axes.text(middle, above, each.word, fontsize=SMALL, color=INK, ha="center", va="bottom", fontweight="bold")
    if each.sign:
        place = (middle - COLUMN / 2, floor - 0.06)
        axes.text(*place, each.sign, fontsize=SMALL + 2, color=VERMILION, ha="center", va="center", fontweight="bold")
    elif arrow:
        ends = ((middle - COLUMN / 2 - 0.16, floor - 0.06), (middle - COLUMN / 2 + 0.12, floor - 0.06))
        axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=8, color=FAINT, linewidth=0.9))
    for number, line in enumerate(each.lines):
        place = (middle, floor + 0.05 + number * LINE)
        axes.text(*place, line, fontsize=SMALL - 0.5, color=FAINT if number else INK, ha="center", va="top")


def _pieces(span: _Span, maps: Sequence[_Map], columns: int) -> list[tuple[int, int, int]]:
    """Where the maps of a block are: (row, first column, last column) for each row of the drawing."""
    pieces: dict[int, list[int]] = {}
    for number, each in enumerate(maps):
        if any(span.first <= row <= span.last for row in each.rows[:1]):
            row, column = divmod(number, columns)
            pieces.setdefault(row, []).append(column)
    return [(row, found[0], found[-1]) for row, found in pieces.items()]


def _mark(axes: Axes, span: _Span, ends: tuple[float, float], y: float) -> None:
    """A bracket under the maps of a block, with its name."""
    left, right = ends[0] + 0.08, ends[1] - 0.08
    colour = VERMILION if span.kind == RESIDUAL else PURPLE
    axes.plot([left, left, right, right], [y - 0.04, y, y, y - 0.04], color=colour, linewidth=1.6)
    axes.text((left + right) / 2, y + 0.03, span.kind, fontsize=SMALL - 0.5, color=INK, ha="center", va="top")
