"""Figures of the lab: loss curves, the loss surface with the descent on it, the network's drawing, grids of
numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from tersenet._errors import TersenetError
from tersenet._files import written_whole
from tersenet.backprop.network import Array
from tersenet.backprop.problem import Problem
from tersenet.backprop.study import RateResult, Study, Surface

INK, MUTED, ACCENT, SECOND = "#1f2933", "#7b8794", "#c8553d", "#2b6cb0"
KINDS = (".png", ".svg", ".pdf")
RADIUS = 0.56  # of a unit in the drawing of a network
COLOURS = ("#2b6cb0", "#2f9e6e", "#c8553d", "#8256b5", "#c99a2e", "#3aa6b9", "#374151", "#b83280")


def save_figure(figure: Figure, path: Path | str, *, dpi: int = 150) -> Path:
    """Write a figure whole; the kind (png, svg, pdf) follows from the name.

    Raises `TersenetError` where the name has another ending or the path cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(Figure(figsize=(1, 1)), Path(folder) / "empty.png").name
    'empty.png'
    """
    if Path(path).suffix.lower() not in KINDS:
        raise TersenetError("The figure's name does not say what kind it is.", got=path, expected=" or ".join(KINDS))
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=dpi, facecolor="white")
    return Path(path)


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
        axes.plot(losses, color=_colour(place), linewidth=1.8, label=f"{one.learning_rate:g}: {one.verdict}")
    axes.set_yscale("log")
    lowest = min(
        (float(one.losses[one.losses > 0].min()) for one in study.rates if (one.losses > 0).any()), default=1.0
    )
    axes.set_ylim(bottom=max(lowest / 2, 1e-12))
    _dress(axes, "step", "E_total")
    momentum = f", momentum {study.momentum:g}" if study.momentum else ""
    axes.set_title(f"Loss over {study.steps} steps, by learning rate{momentum}", loc="left", color=INK, fontsize=11)
    axes.legend(
        title="learning rate", fontsize=8, title_fontsize=8, frameon=False, bbox_to_anchor=(1.01, 1), loc="upper left"
    )
    return figure


def plot_small_curves(study: Study) -> Figure:
    """One small figure a learning rate, each on its own linear axis from 0, as the write-up shows them.

    >>> from tersenet.backprop import COURSE, study
    >>> len(plot_small_curves(study(COURSE, [0.1, 1.0, 1000.0])).axes)
    3
    """
    columns = min(4, len(study.rates))
    rows = math.ceil(len(study.rates) / columns)
    figure = _figure(2.7 * columns, 2.3 * rows)
    for place, one in enumerate(study.rates):
        _small(figure.add_subplot(rows, columns, place + 1), one, _colour(place))
    return figure


def plot_one_curve(one: RateResult, *, place: int = 0) -> Figure:
    """One learning rate's small figure by itself; `place` chooses its colour.

    >>> from tersenet.backprop import COURSE, study
    >>> len(plot_one_curve(study(COURSE, [1.0]).rates[0]).axes[0].lines[0].get_ydata())
    69
    """
    figure = _figure(3.2, 2.4)
    _small(figure.add_subplot(), one, _colour(place))
    return figure


def plot_surface(surface: Surface) -> Figure:
    """The loss over two weights as a map and as a landscape, with the path of descent.

    >>> from tersenet.backprop import COURSE, loss_surface
    >>> plot_surface(loss_surface(COURSE, ("w1", "w5"), points=9)).axes[0].get_xlabel()
    'w1'
    """
    figure = _figure(10.5, 4.7)
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
        color="#ff9f6e",
        linewidth=1.4,
        linestyle="--",
        label="all weights move (seen from above)",
    )
    flat.plot(*surface.path[0], marker="o", color=ACCENT, markersize=7, linestyle="none", label="start")
    flat.set_xlim(surface.columns[0], surface.columns[-1])
    flat.set_ylim(surface.rows[0], surface.rows[-1])
    _dress(flat, first, second)
    flat.legend(fontsize=7.5, loc="upper left", framealpha=0.85, facecolor="#26323d", labelcolor="white")
    flat.set_title(
        f"E_total over {first} and {second}, learning rate {surface.learning_rate:g}",
        loc="left",
        color=INK,
        fontsize=10.5,
    )
    relief: Any = figure.add_subplot(1, 2, 2, projection="3d")
    relief.computed_zorder = False
    columns, rows = np.meshgrid(surface.columns, surface.rows)
    relief.plot_surface(columns, rows, surface.heights, cmap="viridis", alpha=0.85, linewidth=0)
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
    shown = np.where((surface.path >= low) & (surface.path <= high), surface.path, np.nan)
    lift = 0.008 * float(np.ptp(surface.heights))
    relief.plot(*shown.T, surface.path_losses + lift, color=ACCENT, linewidth=2.2, marker="o", markersize=2.4)
    relief.set_xlabel(first)
    relief.set_ylabel(second)
    relief.set_zlabel("E_total")
    relief.tick_params(labelsize=7)
    relief.view_init(elev=32, azim=-58)
    return figure


def draw_network(problem: Problem, *, with_values: bool = True, scale: float = 1.0) -> Figure:
    """The network as circles and lines, each line with its weight's name, each circle with its value.

    A smaller `scale` makes a smaller figure with letters of the same size.

    >>> from tersenet.backprop import COURSE
    >>> texts = [text.get_text() for text in draw_network(COURSE).axes[0].texts]
    >>> "w8" in texts or "w8 = 0.55" in texts
    True
    """
    network = problem.network
    values = problem.values()
    layers = [network.input_names, *network.sum_names, network.error_names]
    tallest = max(map(len, layers))
    figure = _figure(scale * 2.35 * len(layers), scale * max(3.1, 1.55 * tallest))
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_aspect("equal")
    spread, apart = 1.7, 2.6
    place = {
        name: (apart * column, spread * ((len(layer) - 1) / 2 - row))
        for column, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }
    few = len(network.weight_names) <= 30
    weights = iter(network.weight_names)
    for before, after in pairwise(layers[:-1]):
        for name in after:
            for source in before:
                weight = next(weights)
                label = f"{weight} = {values[weight]:.4g}" if with_values else weight
                _line(axes, place[source], place[name], label if few else "")
    for output, error in zip(layers[-2], layers[-1], strict=True):
        _line(axes, place[output], place[error], "")
    for layer in layers[:-1]:
        for name in layer:
            inner = name not in network.input_names
            text = f"{name}\na_{name}" if inner else name
            if with_values:
                text = (
                    f"{name} {values[name]:.4f}\na_{name} {values[f'a_{name}']:.4f}"
                    if inner
                    else f"{name}\n{values[name]:g}"
                )
            _circle(axes, place[name], text, "#e3edf7" if not inner else "#fdf1e7")
    for target, error in zip(network.target_names, layers[-1], strict=True):
        text = f"{target} {values[target]:g}\n{error} {values[error]:.5f}" if with_values else f"{target}\n{error}"
        _circle(axes, place[error], text, "#f6e4e1")
    units = [unit for layer in network.sum_names for unit in layer]
    for name, unit in zip(network.bias_names, units, strict=False):
        x, y = place[unit]
        axes.text(
            x,
            y + 0.66,
            f"{name} = {values[name]:.4g}" if with_values else name,
            ha="center",
            fontsize=7.5,
            color=SECOND,
        )
    axes.set_xlim(-0.8, apart * (len(layers) - 1) + 0.8)
    axes.set_ylim(-spread * (tallest - 1) / 2 - 0.85, spread * (tallest - 1) / 2 + 0.9)
    return figure


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
        figure.suptitle(title, x=0.02, ha="left", color=INK, fontsize=12)
    for place, (caption, values) in enumerate(grids):
        axes = figure.add_subplot(rows, columns, place + 1)
        matrix = np.atleast_2d(values)
        largest = float(np.abs(matrix).max()) or 1.0
        axes.imshow(matrix, cmap="RdBu_r", vmin=-1.6 * largest, vmax=1.6 * largest)
        size, digits = (9.5, 4) if matrix.shape[1] <= 4 else (8, 3)
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
        axes.set_title(caption, fontsize=9.5, color=INK)
    return figure


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
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.set_xticks(places, names)
    _dress(axes, "", "contribution to ∂E/∂x")
    axes.set_title(title, loc="left", color=INK, fontsize=11)
    axes.legend(fontsize=8, frameon=False)
    return figure


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _small(axes: Axes, one: RateResult, colour: str) -> None:
    axes.plot(one.losses, color=colour, linewidth=1.8)
    axes.set_ylim(0, float(np.nanmax(np.where(np.isfinite(one.losses), one.losses, np.nan))) * 1.08 or 1.0)
    _dress(axes, "", "")
    axes.set_title(f"rate {one.learning_rate:g}: {one.verdict}", fontsize=7.5, color=INK, loc="left")
    axes.tick_params(labelsize=7)


def _dress(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.grid(color="#d9dee3", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _line(axes: Axes, start: tuple[float, float], end: tuple[float, float], label: str) -> None:
    length = math.dist(start, end)
    across, up = ((b - a) / length * RADIUS for a, b in zip(start, end, strict=True))
    head, tail = (end[0] - across, end[1] - up), (start[0] + across, start[1] + up)
    arrow = {"arrowstyle": "-|>", "color": MUTED, "lw": 1.0, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", head, tail, arrowprops=arrow)
    if label:
        share = 0.33 if abs(start[1] - end[1]) > 0.1 else 0.5
        x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        axes.text(x, y, label, fontsize=7.5, ha="center", va="center", color=INK, bbox=box)


def _circle(axes: Axes, centre: tuple[float, float], text: str, colour: str) -> None:
    axes.add_patch(Circle(centre, RADIUS, facecolor=colour, edgecolor=INK, linewidth=1.1, zorder=3))
    axes.text(*centre, text, ha="center", va="center", fontsize=7.6, color=INK, zorder=4)
