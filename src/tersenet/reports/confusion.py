"""Which classes are taken for which, and whether the network is as sure as it is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from tersenet._errors import TersenetError
from tersenet.evaluation import Calibration
from tersenet.evaluation.statistics import wilson_interval
from tersenet.reports.style import BLUE, FAINT, INK, LETTERS, SMALL, WIDTH, Drawing, dress

# From white to a dark blue, by lightness alone: it reads the same to every eye and in black and white.
MISTAKES = LinearSegmentedColormap.from_list("mistakes", ["#ffffff", "#9ecae1", BLUE, "#003a5c"])
LEAST_DARK = 6  # pictures; a single mistake stays pale however good the network is
CELLS_WITH_NUMBERS = 15  # classes; beyond, the numbers would be smaller than 9 points


def plot_confusion(confusion: ArrayLike, classes: Sequence[str] | None = None, *, title: str = "") -> Drawing:
    """The confusion matrix `[K, K]`: rows the truth, columns the guess, numbers of pictures.

    Only mistakes are coloured, since the diagonal of a good network would outshine them; on the diagonal stands how
    many of a class were read rightly, and on the right the class's recall in percent.

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
    side = max(WIDTH, 0.3 * number if number <= CELLS_WITH_NUMBERS else 0.17 * number)
    drawing = Drawing(width=side, height=0.95 * side, title=title)
    axes = drawing.add_subplot()
    axes.imshow(mistakes, cmap=MISTAKES, vmin=0, vmax=max(LEAST_DARK, mistakes.max()))
    dress(axes, x="guess", y="true class", grid="")
    for spine in axes.spines.values():
        spine.set_visible(False)
    long = max(map(len, names)) > 3
    axes.set_xticks(range(number), names, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(range(number), names)
    axes.tick_params(length=0, labelsize=LETTERS if number <= CELLS_WITH_NUMBERS else SMALL)
    if number <= CELLS_WITH_NUMBERS:
        _write_counts(axes, counts, mistakes)
    for place in range(number):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor="#eeeeee", edgecolor="none", zorder=1.5))
    _write_recall(axes, counts)
    return drawing


def plot_calibration(calibration: Calibration, *, title: str = "") -> Drawing:
    """Accuracy against confidence, bin by bin, and below it how many pictures each bin holds.

    On the diagonal the network is right as often as it says; below it, it is too sure. Bars are 95 % intervals
    (Wilson): a bin of few pictures tells little.

    >>> import torch
    >>> from tersenet.evaluation import calibrate
    >>> len(plot_calibration(calibrate(torch.tensor([0.9, 0.7]), torch.tensor([True, False]))).axes)
    2
    """
    bins = [found for found in calibration.bins if found.count]
    if not bins:
        raise TersenetError("There is no confidence to draw.", got="bins without pictures")
    drawing = Drawing(height=5.4, title=title)
    upper, lower = drawing.subplots(2, 1, sharex=True, height_ratios=[3, 1.3])
    upper.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, linestyle="--")
    upper.text(0.0, 0.1, "as sure\nas right", fontsize=SMALL, color=FAINT, va="bottom")
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
    dress(upper, y="accuracy (fraction right)", grid="both")
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


def _write_counts(axes: Axes, counts: np.ndarray, mistakes: np.ndarray) -> None:
    dark = 0.45 * max(LEAST_DARK, mistakes.max())
    for (row, column), count in np.ndenumerate(counts):
        if count or row == column:
            colour = "white" if row != column and count > dark else INK
            axes.text(column, row, f"{count:d}", ha="center", va="center", fontsize=SMALL, color=colour, zorder=3)


def _write_recall(axes: Axes, counts: np.ndarray) -> None:
    number = len(counts)
    axes.text(number - 0.3, -0.75, "recall", ha="left", va="center", fontsize=SMALL, color=FAINT)
    for row, total in enumerate(counts.sum(axis=1)):
        recall = f"{100 * counts[row, row] / total:.1f} %" if total else "–"
        axes.text(number - 0.3, row, recall, ha="left", va="center", fontsize=SMALL, color=FAINT)
