"""Figures of the lab: loss curves, the loss surface with the descent on it, the network's drawing, grids of
numbers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from tersenet._look import BLUE, FAINT, FIGURE_STYLE, GREEN, INK, LINE, ORANGE, PALETTE, PAPER, PURPLE, SKY, VERMILION
from tersenet.backprop.drawings.drawing import Node, crowds, layout_of, lines_of, short_number
from tersenet.backprop.numbers.learning_rates import RateResult, Study, Surface
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import Problem

STEEP = 230  # CSS pixels: a line that climbs more has its name near its end, away from the other names
MOST_NAMES = 9  # weights of a layer that are named in the drawing of a network
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK)
LIGHT_ORANGE = PALETTE["orange"][1]  # on the dark parts of a map
DASHES = ("-", "--", "-.", ":")  # beside the colour, so that lines differ in black and white too
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Parameters = ParamSpec("Parameters")


def styled(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Let a function draw in the project's figure style."""

    @functools.wraps(draw)
    def drawn(*args: Parameters.args, **options: Parameters.kwargs) -> Figure:
        with rc_context(FIGURE_STYLE):
            return draw(*args, **options)

    return drawn


@styled
def plot_study(study: Study) -> Figure:
    """All loss curves in one figure, on a logarithmic axis.

    >>> from tersenet.backprop import COURSE, study
    >>> len(plot_study(study(COURSE)).axes[0].lines)
    7
    """
    figure = _figure(8.0, 4.8)
    axes = figure.add_subplot()
    for place, one in enumerate(study.rates):
        losses = np.where(one.losses > 0, one.losses, np.nan)
        axes.plot(losses, color=_colour(place), linestyle=_dash(place), label=f"{one.learning_rate:g}: {one.verdict}")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(_power)
    axes.set_xlim(0, study.steps)
    lowest = min(
        (float(one.losses[one.losses > 0].min()) for one in study.rates if (one.losses > 0).any()), default=1.0
    )
    axes.set_ylim(bottom=max(lowest / 2, 1e-12))
    _dress(axes, "step", "E_total")
    momentum = f", momentum {study.momentum:g}" if study.momentum else ""
    axes.set_title(f"Loss over {study.steps:,} steps, by learning rate{momentum}")
    axes.legend(title="learning rate", fontsize=9, title_fontsize=9, bbox_to_anchor=(1.01, 1), loc="upper left")
    return figure


@styled
def plot_small_curves(study: Study) -> Figure:
    """One small figure per learning rate, each on its own linear axis from 0, as in the course spreadsheet.

    >>> from tersenet.backprop import COURSE, study
    >>> len(plot_small_curves(study(COURSE, [0.1, 1.0, 1000.0])).axes)
    3
    """
    columns = min(4, len(study.rates))
    rows = math.ceil(len(study.rates) / columns)
    figure = _figure(2.8 * columns, 2.3 * rows)
    for place, one in enumerate(study.rates):
        _small(figure.add_subplot(rows, columns, place + 1), one, _colour(place))
    return figure


@styled
def plot_one_curve(one: RateResult, *, place: int = 0) -> Figure:
    """One learning rate's small figure by itself; `place` chooses its colour.

    >>> from tersenet.backprop import COURSE, study
    >>> len(plot_one_curve(study(COURSE, [1.0]).rates[0]).axes[0].lines[0].get_ydata())
    69
    """
    figure = _figure(3.2, 2.4)
    _small(figure.add_subplot(), one, _colour(place))
    return figure


@styled
def plot_surface(surface: Surface) -> Figure:
    """The loss over two weights as a map and as a landscape, with the path of descent.

    >>> from tersenet.backprop import COURSE, loss_surface
    >>> plot_surface(loss_surface(COURSE, ("w1", "w5"), points=9)).axes[0].get_xlabel()
    'w1'
    """
    figure = _figure(10.5, 4.9)
    first, second = surface.names
    flat = figure.add_subplot(1, 2, 1)
    filled = flat.contourf(surface.columns, surface.rows, surface.heights, levels=24, cmap="viridis")
    figure.colorbar(filled, ax=flat, label="E_total", shrink=0.85)
    flat.plot(
        *surface.path.T,
        color="white",
        linewidth=1.6,
        marker="o",
        markersize=2.6,
        label=f"only {first}, {second} move",
    )
    flat.plot(
        *surface.full_path.T,
        color=LIGHT_ORANGE,
        linewidth=1.6,
        linestyle="--",
        label="all weights move, seen from above",
    )
    flat.plot(*surface.path[0], marker="o", color=VERMILION, markersize=7, linestyle="none", label="start")
    flat.set_xlim(surface.columns[0], surface.columns[-1])
    flat.set_ylim(surface.rows[0], surface.rows[-1])
    _dress(flat, first, second)
    box = {"frameon": True, "framealpha": 0.9, "facecolor": INK, "edgecolor": INK, "labelcolor": "white"}
    flat.legend(fontsize=8.5, loc="upper left", **box)
    flat.set_title(f"E_total over {first} and {second}, learning rate {surface.learning_rate:g}")
    relief: Any = figure.add_subplot(1, 2, 2, projection="3d")
    relief.computed_zorder = False
    columns, rows = np.meshgrid(surface.columns, surface.rows)
    relief.plot_surface(columns, rows, surface.heights, cmap="viridis", alpha=0.85, linewidth=0)
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
    shown = np.where((surface.path >= low) & (surface.path <= high), surface.path, np.nan)
    lift = 0.008 * float(np.ptp(surface.heights))
    relief.plot(*shown.T, surface.path_losses + lift, color=VERMILION, linewidth=2.2, marker="o", markersize=2.4)
    relief.set_xlabel(first)
    relief.set_ylabel(second)
    relief.set_zlabel("E_total")
    relief.tick_params(labelsize=8)
    relief.set_box_aspect(None, zoom=0.92)
    relief.view_init(elev=32, azim=-58)
    return figure


@styled
def draw_network(problem: Problem, *, with_values: bool = True, scale: float = 1.0) -> Figure:
    """The network: each unit with its sum and its activation, each line with its weight.

    A smaller `scale` makes a smaller figure. Of layers with many units some are left out, and the drawing says how
    many; layers with many weights have no names on their lines.

    >>> from tersenet.backprop import COURSE
    >>> texts = [text.get_text() for text in draw_network(COURSE).axes[0].texts]
    >>> "w8 = 0.55" in texts
    True
    """
    layout = layout_of(problem, labels=MOST_NAMES)
    values = problem.values() if with_values else {}
    figure = Figure(figsize=(scale * layout.width / 96, scale * layout.height / 96))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, layout.width)
    axes.set_ylim(layout.height, 0)
    pen = _Pen(axes, scale, values)
    crowd = crowds(problem)
    for source, target, weight in lines_of(problem):
        if source in layout.nodes and target in layout.nodes:
            pen.line(layout.nodes[source], layout.nodes[target], weight if crowd[target] <= MOST_NAMES else "")
    for node in dict.fromkeys(layout.nodes.values()):
        pen.box(node)
    for x, y, count in layout.left_out:
        pen.text(x, y, f"… {count} more", FAINT)
    units = (name for layer in problem.network.sum_names for name in layer)
    for bias, unit in zip(problem.network.bias_names, units, strict=False):
        if unit in layout.nodes:
            node = layout.nodes[unit]
            pen.text(node.x, node.y - node.high / 2 - 11, pen.said(bias), INK)
    return figure


@dataclass(frozen=True)
class _Pen:
    """Draws the boxes and lines of a network; lengths are CSS pixels, `scale` that of the figure."""

    axes: Axes
    scale: float
    values: Mapping[str, float]

    def said(self, name: str) -> str:
        return f"{name} = {short_number(self.values[name])}" if name in self.values else name

    def text(self, x: float, y: float, text: str, colour: str, *, size: float = 9.5, weight: str = "normal") -> None:
        self.axes.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=size * self.scale,
            color=colour,
            fontweight=weight,
            zorder=5,
        )

    def line(self, start: Node, end: Node, weight: str) -> None:
        arrow = {"arrowstyle": "-|>", "color": FAINT, "lw": self.scale, "shrinkA": 0, "shrinkB": 0}
        head, tail = end.border((start.x, start.y), 3), start.border((end.x, end.y), 2)
        self.axes.annotate("", head, tail, arrowprops=arrow)
        if weight:
            across = start.width / 2 + 42  # from the unit's centre: clear of the unit, before the lines cross
            share = across / (end.x - start.x) if abs(end.y - start.y) > 1 else 0.5
            share = 1 - share if abs(end.y - start.y) > STEEP else share
            x, y = start.x + share * (end.x - start.x), start.y + share * (end.y - start.y)
            box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
            size = 9.5 * self.scale
            self.axes.text(x, y, self.said(weight), fontsize=size, ha="center", va="center", bbox=box, zorder=4)

    def box(self, node: Node) -> None:
        left, top = node.x - node.width / 2, node.y - node.high / 2
        edge = {"i": INK, "t": VERMILION, "E": VERMILION}.get(node.names[0][0], BLUE)
        style = f"Round,pad=0,rounding_size={node.high / 2 - 0.01}"
        shape = FancyBboxPatch((left, top), node.width, node.high, boxstyle=style, fc=PAPER, ec=edge, zorder=3)
        shape.set_linewidth(1.4 * self.scale)
        self.axes.add_patch(shape)
        if len(node.names) == 2:
            self.axes.plot([node.x] * 2, [top + 6, top + node.high - 6], color=LINE, lw=self.scale, zorder=4)
        for place, name in enumerate(node.names):
            x = node.x + ((place - 0.5) * node.width * 0.47 if len(node.names) == 2 else 0)
            known = name in self.values
            self.text(x, node.y - (8 if known else 0), name, INK, weight="bold")
            if known:
                self.text(x, node.y + 9, short_number(self.values[name]), FAINT, size=8.5)


@styled
def draw_grids(
    grids: Sequence[tuple[str, Array]],
    *,
    columns: int = 3,
    title: str = "",
    marked: Mapping[str, Array | npt.NDArray[np.bool_]] | None = None,
) -> Figure:
    """Matrices as grids of coloured cells with their values, a caption over each; `marked` cells get a frame.

    >>> len(draw_grids([("kernel", np.eye(2))]).axes)
    1
    """
    columns = min(columns, len(grids))
    rows = math.ceil(len(grids) / columns)
    figure = _figure(3.3 * columns, 3.3 * rows + (0.4 if title else 0))
    if title:
        figure.suptitle(title, x=0.02, ha="left", fontsize=12, fontweight="bold")
    for place, (caption, values) in enumerate(grids):
        axes = figure.add_subplot(rows, columns, place + 1)
        matrix = np.atleast_2d(values)
        largest = float(np.abs(matrix).max()) or 1.0
        axes.imshow(matrix, cmap="RdBu_r", vmin=-1.6 * largest, vmax=1.6 * largest)
        size, digits = (11, 4) if matrix.shape[1] <= 4 else (8.5 if matrix.shape[1] <= 6 else 6.5, 3)
        for (row, column), value in np.ndenumerate(matrix):
            axes.text(
                column,
                row,
                f"{value + 0.0:.{digits}g}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=size,
                color=INK,
            )
        for row, column in np.argwhere((marked or {}).get(caption, np.zeros(matrix.shape))):
            corner = (column - 0.46, row - 0.46)
            axes.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, edgecolor=INK, linewidth=2))
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xticks(np.arange(-0.5, matrix.shape[1]), minor=True)
        axes.set_yticks(np.arange(-0.5, matrix.shape[0]), minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
        for edge in axes.spines.values():
            edge.set_visible(False)
        axes.set_title(caption, fontsize=10, fontweight="normal", loc="center")
    return figure


@styled
def draw_paths(names: Sequence[str], paths: Sequence[tuple[str, Array]], total: Array, title: str) -> Figure:
    """For each of `names` a bar for every path to it, and a dot for their sum."""
    figure = _figure(8.0, 4.0)
    axes = figure.add_subplot()
    places, wide = np.arange(len(names)), 0.8 / len(paths)
    for number, (label, values) in enumerate(paths):
        axes.bar(
            places + (number - (len(paths) - 1) / 2) * wide, values, wide * 0.92, label=label, color=_colour(number)
        )
    axes.plot(places, total, "o", color=INK, markersize=7, label="their sum, ∂E/∂x")
    axes.axhline(0, color=FAINT, linewidth=0.8)
    axes.set_xticks(places, names)
    _dress(axes, "", "contribution to ∂E/∂x")
    axes.set_title(title)
    axes.legend(fontsize=9)
    return figure


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _small(axes: Axes, one: RateResult, colour: str) -> None:
    axes.plot(one.losses, color=colour)
    top = float(np.nanmax(np.where(np.isfinite(one.losses), one.losses, np.nan)))
    axes.set_ylim(0, top * 1.08 or 1.0)
    axes.set_xlim(0, len(one.losses) - 1 or 1)
    _dress(axes, "", "")
    axes.set_title(f"rate {one.learning_rate:g}\n{one.verdict}", fontsize=9, fontweight="normal")
    axes.tick_params(labelsize=8.5)


def _dress(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid()


def _power(value: float, _: float | None = None) -> str:
    """A power of ten on a logarithmic axis.

    >>> _power(0.001), _power(1.0)
    ('10⁻³', '1')
    """
    exponent = round(math.log10(value))
    return "1" if exponent == 0 else "10" + str(exponent).translate(SUPERSCRIPTS)


def _dash(place: int) -> str:
    return DASHES[place % len(DASHES)]


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]
