"""Several trainings in one picture: every seed's accuracy, the mean by epoch, accuracy against parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tersenet._look import BLUE, FAINT, GREEN, INK, ORANGE, PAPER, PURPLE, VERMILION, one_line
from tersenet.analysis import Contender
from tersenet.figures.curves import log_ticks, use_error_scale
from tersenet.figures.style import SMALL, WIDTH, Drawing, dress, epoch_ticks, note

COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, INK)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")


def plot_seeds(
    sides: Sequence[Contender],
    *,
    best: bool = False,
    target: float | None = None,
    title: str = "",
    width: float = WIDTH,
    height: float | None = None,
) -> Drawing:
    """The accuracy of every seed, one row per side, with the mean and its 95 % interval below the dots.

    With `best` the best epochs are drawn in place of the last ones. `target` (percent) is drawn as a line.
    """
    drawing = Drawing(height=height or 1.0 + 0.62 * len(sides), width=width, title=title)
    axes = drawing.add_subplot()
    dress(axes, x="best epoch's accuracy (%), picked" if best else "test accuracy (%)", grid="x")
    if target is not None:
        axes.axvline(target, color=GREEN, linewidth=1.4, linestyle=":")
        axes.annotate(
            f"target {target:g} %",
            (target, 1.0),
            xycoords=("data", "axes fraction"),
            fontsize=SMALL,
            color=GREEN,
            va="bottom",
            ha="center",
        )
    for row, side in enumerate(sides):
        figures = side.best_accuracies if best else side.accuracies
        look = _look(row)
        heights = _beside_each_other(figures)
        axes.plot(
            figures,
            [row - 0.12 - 0.11 * height for height in heights],
            linestyle="none",
            marker=look["marker"],
            markersize=5.5,
            color=look["color"],
            alpha=0.8,
            markeredgecolor=PAPER,
            markeredgewidth=0.5,
        )
        mean = fmean(figures)
        if side.seeds > 1 and not best and side.spread.interval:
            low, high = side.spread.interval
            axes.plot([low, high], [row + 0.16] * 2, color=look["color"], linewidth=2.4, solid_capstyle="butt")
        axes.plot(mean, row + 0.16, marker="|", markersize=13, markeredgewidth=2.4, color=look["color"])
        note(axes, f"{mean:.2f}", (mean, row + 0.16), (0, -7), ha="center", va="top")
    axes.set_yticks(range(len(sides)), [one_line(side.name, 28) for side in sides])
    axes.set_ylim(len(sides) - 0.35, -0.75)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axes.margins(x=0.06)
    return drawing


def plot_means_by_epoch(
    sides: Sequence[Contender], *, target: float | None = None, title: str = "", height: float = 3.4
) -> Drawing:
    """The mean held-out accuracy of each side by epoch, and the range of its seeds.

    The scale is that of the error's logarithm. Of seeds that stopped early, each epoch counts those that came so far.
    """
    drawing = Drawing(height=height, title=title)
    axes = drawing.add_subplot()
    kinds = {side.kind for side in sides}
    what = kinds.pop() if len(kinds) == 1 else "held-out"
    dress(axes, x="epoch", y=f"{what} accuracy (%)\nscale: log of the error")
    shown: list[float] = []
    longest = 1
    for row, side in enumerate(sides):
        rows = [run.metrics for run in side.runs]
        by_epoch = [
            [each[epoch].held_out_accuracy for each in rows if len(each) > epoch]
            for epoch in range(max(map(len, rows)))
        ]
        epochs = list(range(1, len(by_epoch) + 1))
        means, look = [fmean(figures) for figures in by_epoch], _look(row)
        if side.seeds > 1:
            axes.fill_between(
                epochs,
                list(map(min, by_epoch)),
                list(map(max, by_epoch)),
                color=look["color"],
                alpha=0.16,
                linewidth=0,
            )
        axes.plot(
            epochs,
            means,
            linewidth=2.0,
            markersize=4.0,
            label=f"{one_line(side.name, 40)}: {means[-1]:.2f} %",
            color=look["color"],
            linestyle=look["linestyle"],
            marker=look["marker"],
        )
        shown += [figure for figures in by_epoch for figure in figures]
        longest = max(longest, len(epochs))
    if target is not None:
        axes.axhline(target, color=FAINT, linewidth=1.4, linestyle=":", label=f"target {target:g} %")
        shown.append(target)
    use_error_scale(axes, shown)
    epoch_ticks(axes, range(1, longest + 1))
    axes.legend(fontsize=SMALL, frameon=False, loc="lower right", labelcolor=INK)
    return drawing


def plot_accuracy_by_parameters(sides: Sequence[Contender], *, title: str = "", width: float = WIDTH) -> Drawing:
    """Mean test accuracy against parameters, one point per side; both scales are logarithmic."""
    drawing = Drawing(height=3.4, width=width, title=title)
    axes = drawing.add_subplot()
    dress(axes, x="parameters (log scale)", y="test accuracy (%)\nscale: log of the error", grid="both")
    axes.set_xscale("log")
    means = [side.spread.mean for side in sides]
    for row, (side, mean) in enumerate(zip(sides, means, strict=True)):
        look = _look(row)
        axes.plot(side.parameters, mean, marker=look["marker"], markersize=7, color=look["color"], linestyle="none")
        above = row % 2 == 0
        note(
            axes,
            one_line(side.name, 28),
            (side.parameters, mean),
            (0, 7 if above else -7),
            ha="center",
            va="bottom" if above else "top",
        )
    use_error_scale(axes, means)
    low, high = min(side.parameters for side in sides) / 1.5, max(side.parameters for side in sides) * 1.5
    axes.set_xlim(low, high)
    axes.set_xticks(log_ticks(low, high), [f"{level:,.0f}" for level in log_ticks(low, high)])
    axes.set_xticks([], minor=True)
    return drawing


def _look(row: int) -> dict[str, Any]:
    """Colour, dash and marker of a side; the first six differ in colour and marker, later ones in dashes too."""
    return {
        "color": COLOURS[row % len(COLOURS)],
        "marker": MARKERS[row % len(MARKERS)],
        "linestyle": DASHES[(row % 2 + 2 * (row // len(COLOURS))) % len(DASHES)],
    }


def _beside_each_other(figures: Sequence[float]) -> list[int]:
    """How many dots are at a figure already: equal ones are stacked, so that all can be counted.

    >>> _beside_each_other([99.4, 99.5, 99.4, 99.4])
    [0, 0, 1, 2]
    """
    width = (max(figures) - min(figures)) / 60 or 1.0
    before: dict[int, int] = {}
    heights = []
    for figure in figures:
        place = math.floor((figure - min(figures)) / width)
        heights.append(before.get(place, 0))
        before[place] = heights[-1] + 1
    return list(np.minimum(heights, 4).tolist())
