"""How a training went: loss and accuracy by epoch, and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from tersenet._errors import TersenetError
from tersenet._look import BLUE, FAINT, GREEN, INK, ORANGE, VERMILION
from tersenet.analysis import History, Metrics, history_of
from tersenet.figures.style import SMALL, Drawing, dress, epoch_ticks, note

TRAINING = {"color": ORANGE, "linestyle": "--", "marker": "s", "markersize": 4.0, "linewidth": 1.8}
HELD_OUT = {"color": BLUE, "linestyle": "-", "marker": "o", "markersize": 4.5, "linewidth": 2.0}


def plot_curves(
    metrics: Metrics, *, title: str = "", target: float | None = None, height: float | None = None
) -> Drawing:
    """Accuracy and loss of training and test (or validation) by epoch, one above the other.

    `metrics` are rows with `epoch`, `train_loss`, `train_accuracy` (percent), `test_loss` … as attributes or keys, or
    a dictionary of lists; what is not there is not drawn. The accuracy's scale is that of the error's logarithm, so
    that the step from 99 to 99.5 % takes as much room as that from 98 to 99 %. `target` (percent) is drawn as a line.
    The last epoch is annotated; the best is marked as picked on the images it was measured on. `height` is in inches.

    >>> drawing = plot_curves({"train_accuracy": [88.0, 97.0], "test_accuracy": [95.0, 98.5]}, title="on mnist")
    >>> len(drawing.axes)
    1
    """
    history = history_of(metrics)
    panels = [
        (draw, pair)
        for draw, pair in (
            (_draw_accuracy, (history.train_accuracy, history.held_out_accuracy)),
            (_draw_loss, (history.train_loss, history.held_out_loss)),
        )
        if any(pair)
    ]
    if not panels:
        raise TersenetError("There is no curve to draw.", got="no loss and no accuracy", expected="train_loss, …")
    drawing = Drawing(height=height or 2.9 * len(panels) + 0.3, title=title)
    for place, (draw, pair) in enumerate(panels, start=1):
        axes = drawing.add_subplot(len(panels), 1, place)
        _mark_drops(axes, history, named=place == 1)
        for values, look, label in zip(pair, (TRAINING, HELD_OUT), ("training", history.held_out), strict=True):
            if values:
                axes.plot(history.epochs, values, label=label, **look)  # type: ignore[arg-type]
        draw(axes, history, target)
        epoch_ticks(axes, history.epochs)
    handles, labels = drawing.axes[0].get_legend_handles_labels()
    drawing.legend(
        handles, labels, loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False, labelcolor=INK
    )
    return drawing


def plot_learning_rate(
    metrics: Metrics, *, steps: Sequence[tuple[float, float]] = (), title: str = "", height: float = 2.8
) -> Drawing:
    """The learning rate at each step of the training, or, without `steps`, at each epoch's first step.

    `steps` are pairs of how many epochs were done (0.5: in the middle of the first) and the rate. The scale is
    logarithmic where the rate falls in steps, else it starts at 0. The highest rate is named.

    >>> drawing = plot_learning_rate({"learning_rate": [0.1, 0.1, 0.01, 0.01]})
    >>> drawing.axes[0].get_yscale()
    'log'
    """
    history = history_of(metrics)
    rates = history.learning_rate
    if rates is None:
        raise TersenetError("There is no learning rate to draw.", expected="a column learning_rate")
    # Row `e` of a history holds the rate at the start of epoch `e`, when e − 1 epochs were done.
    points = list(steps) or [(epoch - 1.0, rate) for epoch, rate in zip(history.epochs, rates, strict=True)]
    shown = [rate for _, rate in points]
    drawing = Drawing(height=height, title=title)
    axes = drawing.add_subplot()
    look = {"color": GREEN, "linewidth": 2.0} | ({} if steps else {"marker": "o", "markersize": 4.5})
    # A rate that steps holds between its points; one that slopes moves with every batch.
    stepped = "steps-post" if history.drops else "default"
    axes.plot(*zip(*points, strict=True), drawstyle=stepped, **look)  # type: ignore[arg-type]
    dress(axes, x="epochs done", y="learning rate")
    if history.drops and min(shown) > 0:
        axes.set_yscale("log")
        low, high = min(shown) / 1.4, max(shown) * 1.8
        axes.set_ylim(low, high)
        _use_ticks(axes, log_ticks(low, high))
    else:
        axes.set_ylim(0, 1.25 * max(shown) or 1)
    top = points[shown.index(max(shown))]
    side = "left" if top[0] < 0.7 * history.epochs[-1] else "right"
    note(axes, f"highest: {top[1]:.3g}", top, (3 if side == "left" else -3, 5), ha=side, va="bottom")
    epoch_ticks(axes, [0, *history.epochs])
    return drawing


def _draw_loss(axes: Axes, history: History, target: float | None) -> None:
    dress(axes, x="epoch", y="loss (nats, log scale)")
    curves = [values for values in (history.train_loss, history.held_out_loss) if values]
    shown = [value for values in curves for value in values if math.isfinite(value) and value > 0]
    if shown:
        axes.set_yscale("log")
        low, high = min(shown) / 1.3, max(shown) * 1.25
        axes.set_ylim(low, high)
        _use_ticks(axes, log_ticks(low, high))
    last = curves[-1][-1]
    _name_last(axes, history, f"last:\n{last:.4f}", last)


def _draw_accuracy(axes: Axes, history: History, target: float | None) -> None:
    dress(axes, x="epoch", y="accuracy (%)\nscale: log of the error")
    curves = [values for values in (history.train_accuracy, history.held_out_accuracy) if values]
    shown = [value for values in curves for value in values if not math.isnan(value)]
    if target is not None:
        axes.axhline(target, color=GREEN, linewidth=1.4, linestyle=":", label=f"target {target:g} %")
        shown.append(target)
    use_error_scale(axes, shown)
    values = curves[-1]
    best = history.best
    if best is None or best == len(values) - 1:
        said = "last:" if best is None else "last,\nbest:"
        _name_last(axes, history, f"{said}\n{values[-1]:.2f} %", values[-1])
        return
    _name_last(axes, history, f"last:\n{values[-1]:.2f} %", values[-1])
    top = (history.epochs[best], values[best])
    axes.plot(*top, marker="o", markersize=11, markerfacecolor="none", markeredgecolor=VERMILION, markeredgewidth=1.6)
    side = "right" if best > 0.45 * len(values) else "left"
    said = f"best: {values[best]:.2f} % in epoch {top[0]},\npicked on the {history.held_out} set"
    note(axes, said, top, (8 if side == "right" else -8, 12), ha=side, color=VERMILION)


def _name_last(axes: Axes, history: History, text: str, value: float) -> None:
    """The last epoch's figure in the right margin, where no curve runs through it."""
    note(axes, text, (history.epochs[-1], value), (12, 0), color=BLUE, va="center", annotation_clip=False)


def _mark_drops(axes: Axes, history: History, *, named: bool) -> None:
    """A dotted line where the learning rate fell to half or less; the factor is written above it where `named`."""
    rates = history.learning_rate or []
    for place in history.drops:
        between = history.epochs[place] - 0.5
        axes.axvline(between, color=FAINT, linewidth=1.2, linestyle=(0, (1, 2)))
        if named:
            axes.annotate(
                f"rate × {rates[place] / rates[place - 1]:.2g}",
                (between, 1.0),
                xycoords=("data", "axes fraction"),
                fontsize=SMALL,
                color=FAINT,
                va="bottom",
                ha="center",
            )


def use_error_scale(axes: Axes, accuracies: Sequence[float]) -> None:
    """Draw accuracy `a` at −log(100 − a): equal steps mean equal factors of the error."""
    errors = [100 - value for value in accuracies]
    # No error at all has no logarithm: it is drawn at half the smallest error that is there.
    floor = min((error for error in errors if error > 0), default=1.0) / 2
    axes.set_yscale(
        "function",
        functions=(
            lambda accuracy: -np.log10(np.maximum(100 - np.asarray(accuracy, dtype=float), floor)),
            lambda height: 100 - 10 ** -np.asarray(height, dtype=float),
        ),
    )
    clipped = [max(error, floor) for error in errors]
    low, high = 100 - min(100.0, max(clipped) * 1.25), 100 - min(clipped) / 2.2  # room for the note on the best epoch
    axes.set_ylim(low, high)
    _use_ticks(axes, [round(100 - error, 6) for error in log_ticks(100 - high, 100 - low)])


def _use_ticks(axes: Axes, levels: Sequence[float]) -> None:
    axes.yaxis.set_major_locator(FixedLocator(levels))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))


def log_ticks(low: float, high: float) -> list[float]:
    """Round figures between two positive ones, spread over a logarithmic scale so that none runs into the next.

    >>> log_ticks(0.015, 0.5)
    [0.02, 0.05, 0.1, 0.2, 0.5]
    >>> log_ticks(0.81, 2.95)
    [1.0, 1.5, 2.0, 2.5]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for figures in ((1.0,), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)):
        levels = sorted({float(f"{figure * 10.0**decade:.6g}") for figure in figures for decade in decades})
        inside = [level for level in levels if low * (1 - 1e-9) <= level <= high * (1 + 1e-9)]
        if len(inside) >= 4:
            return inside
    # So short a piece of the scale is nearly straight: equal steps will do.
    for bins in (6, 8, 10):
        steps = MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]).tick_values(low, high)
        inside = [float(f"{level:.6g}") for level in steps if low * (1 - 1e-9) <= level <= high * (1 + 1e-9)]
        if len(inside) >= 3:
            return inside
    return inside or [low]
