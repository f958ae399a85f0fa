"""The learning rate range test, drawn: the loss against the rate, and the rate that is suggested."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter

from tersenet._look import BLUE, FAINT, INK, VERMILION
from tersenet.figures.style import GRID, SMALL, Drawing, dress, note
from tersenet.training import BROKEN, RateTest


def plot_rate_test(test: RateTest, *, title: str = "") -> Drawing:
    """The loss of each batch (grey) and their moving mean against the learning rate, on a logarithmic scale.

    The lowest mean is marked, and the suggested rate, a tenth of its rate, drawn as a line.

    >>> test = RateTest(rates=(0.01, 0.1, 1.0), losses=(2.0, 1.0, 3.0), smoothed=(2.0, 1.2, 2.8), suggestion=0.01,
    ...                 rose=True)
    >>> plot_rate_test(test, title="mine on mnist").axes[0].get_xscale()
    'log'
    """
    drawing = Drawing(height=3.6, title=title)
    axes = drawing.add_subplot()
    dress(axes, x="learning rate (log scale)", y="loss of a batch (nats)")
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.7)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.plot(test.rates, test.losses, color=FAINT, linewidth=0.6, alpha=0.6, label="each batch")
    axes.plot(test.rates, test.smoothed, color=BLUE, linewidth=2.0, label="moving mean")
    low, high = min(test.smoothed), max(test.smoothed[0], BROKEN * min(test.smoothed))
    axes.set_ylim(max(0.0, low - 0.25 * (high - low)), high + 0.12 * (high - low))
    bottom = (test.rates[test.lowest], test.smoothed[test.lowest])
    axes.plot(*bottom, marker="o", markersize=10, markerfacecolor="none", markeredgecolor=BLUE, markeredgewidth=1.6)
    note(axes, "lowest", bottom, (0, -16), ha="center", va="top", color=BLUE)
    axes.axvline(
        test.suggestion, color=VERMILION, linewidth=1.6, linestyle="--", label=f"suggested: {test.suggestion:.2g}"
    )
    axes.legend(fontsize=SMALL, frameon=False, loc="lower left", labelcolor=INK)
    return drawing
