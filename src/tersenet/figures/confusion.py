"""Which classes are confused with which, and whether the network's confidence can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from tersenet._errors import TersenetError
from tersenet._look import BLUE, CARD, FAINT, INK, PAPER, one_line
from tersenet.evaluation import Calibration, wilson_interval
from tersenet.figures.style import GRID, LETTERS, SMALL, WIDTH, Drawing, dress

# From nothing to blue, by strength alone: it reads the same to every eye, in black and white and on a dark page.
MISTAKES = LinearSegmentedColormap.from_list("mistakes", [f"{BLUE}00", f"{BLUE}ff"])
LEAST_DARK = 6  # pictures; a single mistake stays pale however good the network is
CELLS_WITH_NUMBERS = 15  # classes; with more, the numbers would be smaller than 9 points
NAMED = 20  # classes; with more, only some are named on the axes
CELLS = 400  # of a drawn matrix's side; with more classes, each cell holds several


def plot_confusion(confusion: ArrayLike, classes: Sequence[str] | None = None, *, title: str = "") -> Drawing:
    """The confusion matrix `[K, K]`: rows are true classes, columns guesses, cells numbers of pictures.

    Only mistakes are coloured, since the diagonal of a good network would outshine them. With up to 15 classes the
    numbers are written: on the diagonal the pictures classified correctly, on the right the class's recall in
    percent. With more than 400, each cell holds the largest count of its neighbours.

    >>> plot_confusion([[8, 1], [0, 9]], ["cat", "dog"]).axes[0].get_ylabel()
    'true class'
    """
    counts = np.asarray(confusion)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise TersenetError("A confusion matrix is square.", got=list(counts.shape), expected="[K, K]")
    number = len(counts)
    names = [str(name) for name in (range(number) if classes is None else classes)]
    if len(names) != number:
        raise TersenetError("There are not as many names as classes.", got=len(names), expected=number)
    mistakes = counts * (1 - np.eye(number, dtype=counts.dtype))
    drawing = Drawing(height=0.95 * WIDTH, title=title)
    axes = drawing.add_subplot()
    darkest = max(LEAST_DARK, int(mistakes.max()))
    if number <= CELLS_WITH_NUMBERS:
        _draw_cells(axes, mistakes, darkest)
        _write_counts(axes, counts, mistakes, darkest)
        _write_recall(axes, counts)
    else:
        edges = (-0.5, number - 0.5, number - 0.5, -0.5)
        axes.imshow(
            _at_most(mistakes, CELLS), cmap=MISTAKES, vmin=0, vmax=darkest, extent=edges, interpolation="none"
        )
        axes.plot([-0.5, number - 0.5], [-0.5, number - 0.5], color=GRID, linewidth=1.0, zorder=0.5)
    axes.set_xlim(-0.5, number - 0.5)
    axes.set_ylim(number - 0.5, -0.5)
    axes.set_aspect("equal")
    dress(axes, x="guess", y="true class", grid="")
    _name_classes(axes, names)
    for spine in axes.spines.values():
        spine.set_visible(number > CELLS_WITH_NUMBERS)
    return drawing


def _at_most(counts: np.ndarray, most: int) -> np.ndarray:
    """A matrix of at most `most` rows and columns; each cell holds the largest of those that it covers."""
    together = -(-len(counts) // most)
    starts = np.arange(0, len(counts), together)
    largest: np.ndarray = np.maximum.reduceat(np.maximum.reduceat(counts, starts, axis=0), starts, axis=1)
    return largest


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    every = -(-len(names) // NAMED)
    places = list(range(0, len(names), every))
    shown = [one_line(names[place], 12) for place in places]
    long = max(map(len, shown)) > 3
    axes.set_xticks(places, shown, rotation=45 if long else 0, ha="right" if long else "center")
    if long:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set_yticks(places, shown)
    axes.tick_params(length=0 if every == 1 else 3, labelsize=LETTERS if len(shown) <= CELLS_WITH_NUMBERS else SMALL)


def plot_calibration(calibration: Calibration, *, title: str = "") -> Drawing:
    """Accuracy against confidence, bin by bin, and below it the number of pictures in each bin.

    On the diagonal the network is right as often as it says; below it, it is overconfident. Bars are 95 % intervals
    (Wilson): a bin of few pictures says little.

    >>> import torch
    >>> from tersenet.evaluation import calibrate
    >>> len(plot_calibration(calibrate(torch.tensor([0.9, 0.7]), torch.tensor([True, False]))).axes)
    2
    """
    bins = [found for found in calibration.bins if found.count]
    if not bins:
        raise TersenetError("There is no confidence to draw.", got="bins without pictures")
    drawing = Drawing(height=0.95 * WIDTH, title=title)
    upper, lower = drawing.subplots(2, 1, sharex=True, height_ratios=[3, 1.3])
    upper.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, linestyle="--")
    upper.text(1.0, 0.0, "below the line: overconfident", fontsize=SMALL, color=FAINT, va="bottom", ha="right")
    for found in bins:
        low, high = wilson_interval(round(found.accuracy * found.count), found.count)
        upper.plot([found.confidence] * 2, [low, high], color=BLUE, linewidth=1.4, alpha=0.55)
    upper.plot(
        [found.confidence for found in bins],
        [found.accuracy for found in bins],
        color=BLUE,
        linestyle="none",
        marker="o",
        markersize=6,
    )
    dress(upper, y="accuracy (fraction correct)", grid="both")
    upper.set_ylim(-0.03, 1.05)
    upper.set_xlim(-0.02, 1.02)
    error = 100 * calibration.expected_calibration_error
    upper.set_title(f"expected calibration error {error:.2f} points", fontsize=SMALL, color=INK, loc="left")
    dress(lower, x="confidence: probability of the guess", y="pictures\n(log scale)")
    lower.bar(
        [found.lower for found in bins],
        [found.count for found in bins],
        width=[0.94 * (found.upper - found.lower) for found in bins],
        align="edge",
        color=BLUE,
    )
    lower.set_yscale("log")
    lower.set_ylim(0.6, 3 * max(found.count for found in bins))
    lower.yaxis.set_major_locator(FixedLocator([10.0**power for power in range(7)]))
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    lower.xaxis.set_major_locator(MaxNLocator(6))
    return drawing


def _draw_cells(axes: Axes, mistakes: np.ndarray, darkest: int) -> None:
    for (row, column), count in np.ndenumerate(mistakes):
        if row == column:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=CARD, edgecolor="none", zorder=1))
        elif count:
            strength = 0.12 + 0.88 * count / darkest
            place = (column - 0.46, row - 0.46)
            axes.add_patch(Rectangle(place, 0.92, 0.92, facecolor=BLUE, alpha=strength, edgecolor="none", zorder=1))


def _write_counts(axes: Axes, counts: np.ndarray, mistakes: np.ndarray, darkest: int) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count or row == column:
            colour = PAPER if row != column and mistakes[row, column] > 0.5 * darkest else INK
            axes.text(column, row, f"{count:d}", ha="center", va="center", fontsize=SMALL, color=colour, zorder=3)


def _write_recall(axes: Axes, counts: np.ndarray) -> None:
    number = len(counts)
    axes.text(number - 0.35, -0.75, "recall", ha="left", va="center", fontsize=SMALL, color=FAINT)
    for row, total in enumerate(counts.sum(axis=1)):
        recall = f"{100 * counts[row, row] / total:.1f} %" if total else "–"
        axes.text(number - 0.35, row, recall, ha="left", va="center", fontsize=SMALL, color=FAINT)
