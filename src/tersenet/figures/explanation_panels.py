"""The panels that show what a network makes of one picture: answer, class activation, receptive field, inner maps.

One colour has one meaning in all: orange is positive, blue negative, green what a unit sees, black the guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from tersenet._look import BLUE, FAINT, GREEN, INK, PAPER, VERMILION, one_line
from tersenet.figures.style import GRID, SMALL, WIDTH, Drawing, draw_picture, dress
from tersenet.inspection import EXACT, Explanation, Kernels, ObservedLayer, Square, squares_around, stages
from tersenet.networks import names_dropout

# From blue through nothing to orange: zero takes the colour of the page, light or dark.
SIGNED = LinearSegmentedColormap.from_list("signed", [f"{BLUE}ff", f"{BLUE}00", f"{VERMILION}00", f"{VERMILION}ff"])
SEEN = LinearSegmentedColormap.from_list("seen", ["#c9f2e2", "#3fbf95", GREEN])
HERE = "#3fbf95"  # the frame around what a unit sees; green has no other meaning
CLASSES_SHOWN = 10
NAME = 14  # letters of a class's name
KERNELS_SHOWN, MAPS_SHOWN = 48, 16
TOP = 0.42  # inches for a panel's title


def draw_answer(found: Explanation) -> Drawing:
    """The picture as it was given and as the network sees it, and the probability of each class."""
    shown = sorted(_most_likely(found))
    side = 1.9
    above = side + 0.34 if found.original is not None else 0.0
    height = TOP + 0.62 + max(0.2 * len(shown), above + side)
    drawing = Drawing(height=height, title="Answer", layout=None)
    if found.original is not None:
        given = drawing.add_axes(_place(0.12, TOP, side, side, height))
        given.imshow(found.original.numpy(), interpolation="antialiased")
        _frame(given, GRID, 0.8)
        given.set_xlabel("as given", fontsize=SMALL, color=INK, labelpad=4)
    picture = drawing.add_axes(_place(0.12, TOP + above, side, side, height))
    _image(picture, found.image)
    words = [f"guess {_cut(found.classes[found.guess], NAME)}, {100 * found.probabilities[found.guess]:.1f} %"]
    if found.original is not None:
        words.insert(0, f"as the network sees it, {'×'.join(map(str, found.image.shape[1:]))}")
    if found.label is not None:
        words.append(_label_words(found, found.label))
    picture.set_xlabel("\n".join(words), fontsize=SMALL, color=INK, labelpad=4)
    names = [_cut(found.classes[number], NAME) for number in shown]
    left = 2.4 + 0.085 * max(map(len, names))
    bars = drawing.add_axes(_place(left, TOP, WIDTH - left - 0.6, height - TOP - 0.62, height))
    values = [100 * found.probabilities[number] for number in shown]
    bars.barh(
        range(len(shown)), values, color=[INK if number == found.guess else FAINT for number in shown], height=0.72
    )
    for row, value in enumerate(values):
        bars.text(value + 1.5, row, f"{value:.1f} %", va="center", fontsize=SMALL - 1, color=INK)
    bars.set_yticks(range(len(shown)), names)
    bars.set_xlim(0, 100)
    bars.set_ylim(len(shown) - 0.45, -0.55)
    dress(bars, x="probability (%)", grid="x")
    return drawing


def draw_class_activation(found: Explanation) -> Drawing:
    """A map for each class over the picture's outline, all on one scale."""
    shown = sorted(_most_likely(found))
    maps = found.activation.on_input(*found.image.shape[1:])[0].cpu().numpy()
    exact = found.activation.method == EXACT
    title = "Evidence for each class: " + ("exact maps" if exact else "Grad-CAM, approximate")
    drawing, places, _ = _grid(len(shown), 5, 2 if exact else 1, title)
    scale = float(np.abs(maps[shown]).max()) or 1.0
    for axes, number in zip(places, shown, strict=True):
        axes.imshow(maps[number], cmap=SIGNED, vmin=-scale, vmax=scale, interpolation="bicubic")
        axes.contour(found.image.float().mean(dim=0).numpy(), levels=[96], colors=INK, linewidths=0.9)
        _frame(axes, INK if number == found.guess else GRID, 2.4 if number == found.guess else 1.0)
        name, logit = _cut(found.classes[number], 9), found.logits[number]
        words = f"{name}: logit {_signed(logit)}" if len(name) < 4 else f"{name}: {_signed(logit)}"
        if exact and found.activation.bias is not None:
            mean, bias = float(found.activation.maps[0, number].mean()), float(found.activation.bias[number])
            words += f"\n{_signed(mean)} {'+' if bias >= 0 else '−'} {abs(bias):.1f}"
        heavy = "bold" if number == found.guess else "normal"
        axes.set_xlabel(words, fontsize=SMALL - 0.5, color=INK, labelpad=3, fontweight=heavy, linespacing=1.15)
    return drawing


def draw_receptive_field(found: Explanation) -> Drawing:
    """Squares on the picture that grow from layer to layer, and the same as a line."""
    grown = _grown(squares_around(found.layers, found.centre))
    height = TOP + 3.05
    drawing = Drawing(height=height, title="Receptive field: what one unit of each layer sees", layout=None)
    rows, columns = found.image.shape[1:]
    picture = drawing.add_axes(_place(0.12, TOP, 2.55, 2.55, height))
    _image(picture, found.image)
    tones = [SEEN(place / max(1, len(grown) - 1)) for place in range(len(grown))]
    low = min([0, *(min(square.top, square.left) for _, square in grown)])
    high = max([max(rows, columns) - 1, *(max(square.bottom, square.right) for _, square in grown)])
    picture.set_xlim(low - 1, high + 1)
    picture.set_ylim(high + 1, low - 1)
    picture.set_facecolor(FAINT)
    for (_, square), tone in zip(grown, tones, strict=True):
        _mark(picture, square, tone, 1.6)
    beyond = low < 0 or high >= max(rows, columns)
    picture.set_xlabel("grey margin: padding" if beyond else "", fontsize=SMALL, color=INK, labelpad=4)
    line = drawing.add_axes(_place(4.35, TOP, WIDTH - 4.35 - 0.45, 2.4, height))
    sizes = [max(square.size) for _, square in grown]
    line.barh(range(len(grown)), sizes, color=tones, edgecolor=FAINT, linewidth=0.5, height=0.7)
    line.axvline(rows, color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    for row, size in enumerate(sizes):
        ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}
        beside = size + 0.03 * max(sizes)
        line.text(beside, row, str(size), va="center", fontsize=SMALL - 1, color=INK, bbox=ground, zorder=3)
    line.set_yticks(range(len(grown)), [layer.name for layer, _ in grown])
    line.set_ylim(len(grown) - 0.4, -0.6)
    line.set_xlim(0, max([rows, *sizes]) * 1.02)
    line.set_xticks([0, rows // 2, rows])
    dress(line, x="pixels per side", grid="")
    line.tick_params(axis="y", labelsize=SMALL - (1 if len(grown) > 12 else 0))
    return drawing


def draw_kernels(found: Explanation) -> Drawing:
    """The kernels of the first convolution, and of the second for each of its inputs."""
    first, *rest = found.kernels
    shown = [_flat(first), *([_flat(rest[0])] if rest else [])]
    names = [_kernel_words(each) for each in found.kernels[:2]]
    columns = (8, 16)
    blocks = [(tensors[:KERNELS_SHOWN], columns[min(place, 1)]) for place, tensors in enumerate(shown)]
    return _strips("Kernels of the first layers", names, blocks)


def draw_feature_maps(found: Explanation) -> Drawing:
    """The picture after each stage of the network: a strip of the strongest maps."""
    names, blocks = [], []
    for stage in stages(found.layers):
        layer = stage[-1]
        maps = layer.output[0].cpu().numpy()
        strongest = np.sort(np.argsort(-np.abs(maps).max(axis=(1, 2)), kind="stable")[:MAPS_SHOWN])
        names.append(_stage_words(stage, len(maps)))
        blocks.append((maps[strongest], 8))
    return _strips("Feature maps, stage by stage", names, blocks, interpolation="bilinear")


def draw_excitation(found: Explanation, labels: Tensor, images: Tensor) -> Drawing:
    """One row per unit: the explained picture, then those that excite it most; what the unit sees is framed."""
    units = found.units
    count = max(len(unit.pictures) for unit in units)
    layer = found.unit_layer
    title = f"What excites units of {layer.name}" if layer else ""
    columns = max(count + 1, 7)
    drawing, places, at = _grid(columns * len(units), columns, 1, title, row_words=1)
    for row, unit in enumerate(units):
        line = places[row * columns : (row + 1) * columns]
        _image(line[0], found.image)
        if unit.here.square:
            _shade(line[0], unit.here.square, HERE)
        letters = SMALL - 1 if columns < 9 else SMALL - 3
        here = f"here {unit.here.value:.2f}" if columns < 9 else f"{unit.here.value:.2f}"
        line[0].set_xlabel(here, fontsize=letters, color=INK, labelpad=2)
        head = f"unit {unit.number}: {100 * unit.share:.0f} % of its largest value"
        if not unit.pictures or unit.pictures[0].value <= 0:
            head = f"unit {unit.number}: no image of the set excites it"
        drawing.text(at[row][0], at[row][1], head, fontsize=SMALL, color=INK, va="bottom", ha="left")
        for axes, picture in zip(line[1:], unit.pictures, strict=False):
            label = int(labels[picture.index])
            _image(axes, images[picture.index])
            if picture.square:
                _shade(axes, picture.square, HERE)
            words = f"{_cut(found.classes[label], 5)} #{picture.index}"
            axes.set_xlabel(words, fontsize=letters, color=INK, labelpad=2)
        for axes in line[1 + len(unit.pictures) :]:
            axes.set_visible(False)
    return drawing


def _label_words(found: Explanation, label: int) -> str:
    name = _cut(found.classes[label], NAME)
    if found.read_by_people is not None:
        return f"label {name}, known to be wrong:\npeople see {_cut(found.classes[found.read_by_people], NAME)}"
    return f"label {name}" + (": a mistake" if label != found.guess else "")


def _most_likely(found: Explanation) -> list[int]:
    order = sorted(range(len(found.classes)), key=lambda number: -found.probabilities[number])
    return order[:CLASSES_SHOWN]


def _grown(squares: Iterable[tuple[ObservedLayer, Square]]) -> list[tuple[ObservedLayer, Square]]:
    """The layers at which the receptive field grows."""
    grown: list[tuple[ObservedLayer, Square]] = []
    for layer, square in squares:
        if not grown or max(square.size) > max(grown[-1][1].size):
            grown.append((layer, square))
    return grown


def _flat(kernels: Kernels) -> np.ndarray:
    """All kernels of a layer one after another, `[out · in, height, width]`."""
    weights: np.ndarray = kernels.weights.cpu().numpy()
    return weights.reshape(-1, *weights.shape[2:])


def _kernel_words(kernels: Kernels) -> str:
    out, given, height, width = kernels.weights.shape
    shown = f", the first {KERNELS_SHOWN} of {out * given:,}" if out * given > KERNELS_SHOWN else ""
    many = f"{out} kernels" if given == 1 else f"{out}×{given} kernels"
    return f"{kernels.layer}: {many} of {height}×{width}{shown}"


def _stage_words(stage: Sequence[ObservedLayer], channels: int) -> str:
    layer = stage[-1]
    square = layer.square(0, 0)
    route = [each.name for each in stage if not names_dropout(each.type)]
    path = " → ".join(route) if len(route) < 4 else f"{route[0]} → … → {route[-1]}"
    height, width = layer.output.shape[2:]
    sees = f", sees {'×'.join(map(str, square.size))}" if square else ""
    part = f" (strongest {MAPS_SHOWN})" if channels > MAPS_SHOWN else ""
    return f"{path}: {channels} × {height}×{width}{part}{sees}"


def _strips(
    title: str, names: Sequence[str], blocks: Sequence[tuple[np.ndarray, int]], *, interpolation: str = "none"
) -> Drawing:
    """Named blocks of small pictures, one below the other; each block has its own scale, symmetric about zero."""
    gap, words, edge = 0.05, 0.27, 0.12
    sides = [(WIDTH - 2 * edge - gap * (columns - 1)) / columns for _, columns in blocks]
    lines = [-(-len(pictures) // columns) for pictures, columns in blocks]
    height = TOP + sum(words + n * (side + gap) for n, side in zip(lines, sides, strict=True)) + 0.08
    drawing = Drawing(height=height, title=title, layout=None)
    top = TOP - 0.06
    # One plane in inches for all: an axes for each of some hundred pictures would take seconds.
    plane = drawing.add_axes((0, 0, 1, 1))
    for name, (pictures, columns), side, count in zip(names, blocks, sides, lines, strict=True):
        x, y, _, _ = _place(edge, top + words - 0.06, 0, 0, height)
        drawing.text(x, y, name, fontsize=SMALL, color=INK, va="bottom", ha="left")
        scale = float(np.abs(pictures).max()) or 1.0
        for number, picture in enumerate(pictures):
            row, column = divmod(number, columns)
            left, down = edge + column * (side + gap), top + words + row * (side + gap)
            extent = (left, left + side, down + side, down)
            plane.imshow(
                picture,
                cmap=SIGNED,
                vmin=-scale,
                vmax=scale,
                interpolation=interpolation,
                extent=extent,
                aspect="auto",
            )
            frame = Rectangle((left, down), side, side, fill=False, edgecolor=GRID, linewidth=0.8)
            plane.add_patch(frame)
        top += words + count * (side + gap)
    plane.set_axis_off()
    plane.set_xlim(0, WIDTH)
    plane.set_ylim(height, 0)
    return drawing


def _grid(
    number: int, columns: int, lines: int, title: str, *, row_words: int = 0
) -> tuple[Drawing, list[Axes], list[tuple[float, float]]]:
    """Square places in rows, with room for `lines` of words under each and `row_words` above each row."""
    gap, edge, below, above = 0.1, 0.12, 0.19 * lines + 0.07, 0.27 * row_words
    rows = -(-number // columns)
    side = (WIDTH - 2 * edge - gap * (columns - 1)) / columns
    height = TOP + rows * (above + side + below)
    drawing = Drawing(height=height, title=title, layout=None)
    places: list[Axes] = []
    heads = []
    for row in range(rows):
        down = TOP - (0.08 if row_words else 0) + row * (above + side + below) + above
        x, y, _, _ = _place(edge, down - 0.05, 0, 0, height)
        heads.append((x, y))
        lefts = (edge + column * (side + gap) for column in range(min(columns, number - row * columns)))
        places += [drawing.add_axes(_place(left, down, side, side, height)) for left in lefts]
    return drawing, places, heads


def _place(left: float, down: float, width: float, tall: float, height: float) -> tuple[float, float, float, float]:
    """A place in parts of the drawing, from inches: from the left, and down from the top."""
    return left / WIDTH, 1 - (down + tall) / height, width / WIDTH, tall / height


def _image(axes: Axes, picture: Tensor) -> None:
    draw_picture(axes, picture.numpy(), 0, 255)
    _frame(axes, GRID, 0.8)


def _frame(axes: Axes, colour: str, width: float) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(colour)
        spine.set_linewidth(width)


def _mark(axes: Axes, square: Square, colour: Any, width: float) -> None:
    height, across = square.size
    axes.add_patch(
        Rectangle(
            (square.left - 0.5, square.top - 0.5),
            across,
            height,
            fill=False,
            edgecolor=colour,
            linewidth=width,
        )
    )


def _shade(axes: Axes, square: Square, colour: str) -> None:
    """Frame what a unit sees, and darken the rest; what lies in the padding is cut off."""
    rows, columns = (round(abs(b - a)) for a, b in (axes.get_ylim(), axes.get_xlim()))
    top, left = max(square.top, 0), max(square.left, 0)
    bottom, right = min(square.bottom, rows - 1), min(square.right, columns - 1)
    veil = np.zeros((rows, columns, 4))
    veil[..., :3], veil[..., 3] = (0.35, 0.37, 0.4), 0.62
    veil[top : bottom + 1, left : right + 1, 3] = 0
    axes.imshow(veil, interpolation="none")
    _mark(axes, Square(top, left, bottom, right), colour, 1.8)


def _signed(value: float) -> str:
    """One digit after the point, with a true minus sign, and no minus before zero.

    >>> _signed(-1.26), _signed(-0.04)
    ('−1.3', '0.0')
    """
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def _cut(name: str, most: int) -> str:
    return one_line(name, most)
