"""The ladder in two pictures: every step by epoch, and accuracy against parameters among what others reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes

from tersenet._look import BLUE, FAINT, INK, VERMILION
from tersenet.analysis import PUBLIC_RECORDS, LadderStep
from tersenet.figures.curves import log_ticks, use_error_scale
from tersenet.figures.label_placement import Label, place_labels, spread_out
from tersenet.figures.style import SMALL, Drawing, dress, epoch_ticks
from tersenet.networks import NETWORKS

MARKERS = ("o", "s", "^", "D", "v")
DARK, LIGHT = 0.0, 0.82  # of the colour map: its last fifth is too light for lines on white
ROW = 13.5  # points between two labels in the margin
REPORTED: dict[str, Any] = {"marker": "^", "markersize": 6.5, "color": VERMILION}
# Hollow and in front, so that a step at the same place is seen within.
RECORD: dict[str, Any] = {"marker": "s", "markersize": 9.0, "color": INK, "fillstyle": "none", "zorder": 4}


def plot_ladder_curves(steps: Sequence[LadderStep], *, target: float | None = None, title: str = "") -> Drawing:
    """The mean test accuracy of each step by epoch, named in the margin with its last figure.

    The scale is that of the error's logarithm.
    """
    drawing = Drawing(height=4.6, title=title)
    axes = drawing.add_subplot()
    dress(axes, x="epoch", y="test accuracy (%), mean over seeds\nscale: log of the error")
    colours = mpl.colormaps["viridis"]
    places = [DARK + (LIGHT - DARK) * row / max(len(steps) - 1, 1) for row in range(len(steps))]
    shown = [] if target is None else [target]
    drawn: list[Any] = []
    for row, step in enumerate(steps):
        means = step.means
        drawn.append(colours(LIGHT - places[row]))
        axes.plot(
            range(1, len(means) + 1),
            means,
            color=drawn[-1],
            marker=MARKERS[row % len(MARKERS)],
            markersize=4.0,
            linewidth=1.8,
            linestyle="-" if row % 2 == 0 else "--",
        )
        shown += means
    if target is not None:
        axes.axhline(target, color=FAINT, linewidth=1.4, linestyle=":", zorder=1)
        axes.annotate(
            f"target {target:g} %",
            (0.0, target),
            xycoords=("axes fraction", "data"),
            xytext=(2, 2),
            textcoords="offset points",
            fontsize=SMALL,
            color=FAINT,
            va="bottom",
        )
    use_error_scale(axes, shown)
    _leave_little_above(axes, max(shown))
    epoch_ticks(axes, range(1, max(len(step.means) for step in steps) + 1))
    _name_in_the_margin(axes, steps, drawn)
    return drawing


def _name_in_the_margin(axes: Axes, steps: Sequence[LadderStep], colours: Sequence[Any]) -> None:
    """Each step's name and last figure right of the curves, one below the other, with a line to the curve's end."""
    axes.figure.canvas.draw()
    points = 72 / axes.figure.dpi
    ends = [axes.transData.transform((len(step.means), step.means[-1]))[1] * points for step in steps]
    for step, colour, end, placed in zip(steps, colours, ends, spread_out(ends, ROW), strict=True):
        axes.annotate(
            f"{step.label}  {step.means[-1]:.2f}",
            (len(step.means), step.means[-1]),
            xytext=(26, placed - end),
            textcoords="offset points",
            fontsize=SMALL,
            color=INK,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 1.2,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )


def plot_ladder_front(
    steps: Sequence[LadderStep], *, target: float | None = None, others: bool = True, title: str = ""
) -> Drawing:
    """Accuracy against parameters: the steps, the course networks as reported, and the best public records.

    Both scales are logarithmic, that of the accuracy in the error. A course network without a known accuracy is
    drawn at the bottom. Without `others`, for other data than MNIST, only the steps are drawn.
    """
    drawing = Drawing(height=6.0, title=title)
    axes = drawing.add_subplot()
    dress(axes, x="parameters (log scale)", y="test accuracy (%)\nscale: log of the error", grid="both")
    axes.set_xscale("log")
    climbed = [(step.parameters, step.spread.mean) for step in steps]
    known, unknown = _reported() if others else ({}, {})
    public = PUBLIC_RECORDS if others else ()
    records = [(record.parameters, record.accuracy) for record in public]
    seeds = " or ".join(map(str, sorted({len(step.runs) for step in steps})))
    if others:
        _points(axes, records, RECORD, "public records; most are best test epochs, of one run or of many")
        _points(axes, list(known.values()), REPORTED, "course networks as reported: best test epochs")
    label = f"steps of the ladder: last epoch, mean over seeds ({seeds})"
    axes.plot(*zip(*climbed, strict=True), color=BLUE, marker="o", markersize=7, linewidth=0.8, label=label)
    sizes = [*(size for size, _ in (*climbed, *known.values(), *records)), *unknown.values()]
    low, high = min(sizes) / 1.35, max(sizes) * 1.5
    axes.set_xlim(low, high)
    axes.set_xticks(log_ticks(low, high), [f"{level:,.0f}" for level in log_ticks(low, high)])
    axes.set_xticks([], minor=True)
    heights = [height for _, height in (*climbed, *known.values(), *records)]
    use_error_scale(axes, heights)
    _leave_little_above(axes, max(heights))
    if target is not None:
        axes.axhline(target, color=BLUE, linewidth=1.2, linestyle=":", zorder=1)
    foot = _at_the_foot(axes, unknown)
    drawing.legend(loc="outside lower left", fontsize=SMALL, frameon=False, labelcolor=INK)
    place_labels(
        axes,
        [
            *(
                Label(text=step.label.split()[0].lstrip("0"), at=at, colour=BLUE, bold=True)
                for step, at in zip(steps, climbed, strict=True)
            ),
            *(Label(text=name, at=at, colour=VERMILION) for name, at in known.items()),
            *foot,
            *(Label(text=record.name, at=at) for record, at in zip(public, records, strict=True)),
        ],
    )
    return drawing


def _reported() -> tuple[dict[str, tuple[int, float]], dict[str, int]]:
    """Parameters and best accuracy of the course networks; and the parameters of those without an accuracy."""
    known, unknown = {}, {}
    for name, network in NETWORKS.items():
        size = int(name.rpartition("-")[2])
        if network.reported and network.reported.best_accuracy is not None:
            known[name] = (size, network.reported.best_accuracy)
        elif network.reported:
            unknown[name] = size
    return known, unknown


def _points(axes: Axes, places: Sequence[tuple[float, float]], look: dict[str, Any], label: str) -> None:
    axes.plot(*zip(*places, strict=True), linestyle="none", label=label, **look)


def _leave_little_above(axes: Axes, highest: float) -> None:
    axes.set_ylim(top=100 - max(100 - highest, 1e-3) / 1.25)


def _at_the_foot(axes: Axes, unknown: dict[str, int]) -> list[Label]:
    """Hollow marks for networks without a known accuracy, just above the axis; and one label for them."""
    base, top = axes.get_ylim()
    height = 100 - (100 - base) ** 0.96 * (100 - top) ** 0.04
    for size in unknown.values():
        axes.plot(size, height, **(REPORTED | {"linestyle": "none", "fillstyle": "none"}))
    said = {name: reported.claim for name in unknown if (reported := NETWORKS[name].reported)}
    lines = [f"{name}: {f'claimed {claim}' if claim else 'not stated'}" for name, claim in said.items()]
    return [Label(text="\n".join(lines), at=(min(unknown.values()), height), colour=VERMILION)] if lines else []
