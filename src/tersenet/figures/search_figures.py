"""A search in pictures: accuracy against size, the course of the search, what mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.ticker import FuncFormatter, MaxNLocator

from tersenet._look import BLUE, FAINT, GREEN, INK, ORANGE, VERMILION, one_line
from tersenet.analysis import PUBLIC_RECORDS
from tersenet.figures.curves import log_ticks, use_error_scale
from tersenet.figures.label_placement import Label, place_labels
from tersenet.figures.style import SMALL, Drawing, dress

COSTS = {"parameters": "parameters", "macs": "multiply-adds per picture", "bytes": "bytes in 8 bits"}
NEAR = 3.0  # times smaller or larger: public records beyond are not drawn


@dataclass(frozen=True, kw_only=True)
class SearchedNetwork:
    """A network of a search in a picture: number of its trial, cost, held-out loss and accuracy (percent)."""

    trial: int
    cost: float
    loss: float
    accuracy: float


def plot_search_front(
    networks: Sequence[SearchedNetwork],
    front: Sequence[SearchedNetwork],
    *,
    cost: str = "parameters",
    tested: tuple[float, float, tuple[float, float] | None] | None = None,
    records: bool = False,
    title: str = "",
) -> Drawing:
    """Accuracy against size: every network that was trained in full, and the front of those that none beats in both.

    `tested` is the chosen network on the test set: cost, mean accuracy and interval. With `records` public records
    of nearly that size are drawn too. Both scales are logarithmic, that of the accuracy in the error.
    """
    drawing = Drawing(height=4.6, title=title)
    axes = drawing.add_subplot()
    dress(axes, x=f"{COSTS[cost]} (log scale)", y="accuracy (%)\nscale: log of the error", grid="both")
    axes.set_xscale("log")
    dots = [(each.cost, each.accuracy) for each in networks]
    line = [(each.cost, each.accuracy) for each in front]
    axes.plot(
        *zip(*dots, strict=True), linestyle="none", marker="o", color=FAINT, markersize=4.5, label="held-out images"
    )
    axes.plot(*zip(*line, strict=True), color=BLUE, marker="o", markersize=6, linewidth=1.2, label="front of these")
    sizes, heights = [size for size, _ in dots], [height for _, height in dots]
    labels = [Label(text=str(each.trial), at=at, colour=BLUE) for each, at in zip(front, line, strict=True)]
    if tested is not None:
        size, mean, interval = tested
        if interval is not None:
            axes.plot([size, size], interval, color=VERMILION, linewidth=2.0)
            heights += list(interval)
        label = "the chosen one on the test set" + (", with the interval of its mean" if interval else "")
        axes.plot([size], [mean], linestyle="none", marker="D", color=VERMILION, markersize=7, label=label)
        heights.append(mean)
        labels.append(Label(text=f"{mean:.2f} %", at=(size, mean), colour=VERMILION, bold=True))
    least, most = min(sizes) / NEAR, max(sizes) * NEAR
    public = [
        each for each in PUBLIC_RECORDS if records and cost == "parameters" and least <= each.parameters <= most
    ]
    if public:
        places = [(float(each.parameters), each.accuracy) for each in public]
        axes.plot(
            *zip(*places, strict=True),
            linestyle="none",
            marker="s",
            color=ORANGE,
            markerfacecolor="none",
            markersize=7,
            label="public records, on the test set; most are best epochs",
        )
        sizes += [size for size, _ in places]
        heights += [height for _, height in places]
        labels += [Label(text=each.name, at=at) for each, at in zip(public, places, strict=True)]
    low, high = min(sizes) / 1.35, max(sizes) * 1.5
    axes.set_xlim(low, high)
    axes.set_xticks(log_ticks(low, high), [f"{level:,.0f}" for level in log_ticks(low, high)])
    axes.set_xticks([], minor=True)
    use_error_scale(axes, heights)
    drawing.legend(loc="outside lower left", fontsize=SMALL, frameon=False, labelcolor=INK)
    place_labels(axes, labels, keep_clear=dots)
    return drawing


def plot_search_course(rungs: Mapping[int, Sequence[tuple[int, float]]], *, full: int, title: str = "") -> Drawing:
    """Held-out loss by number of the trial, one kind of dot per length of training, and the best full one so far.

    `rungs` has trial and loss by the epochs of the training; `full` are the epochs of a full one.
    """
    drawing = Drawing(height=3.4, title=title)
    axes = drawing.add_subplot()
    dress(axes, x="trial", y="held-out loss (log scale)")
    axes.set_yscale("log")
    looks = ((FAINT, "x"), (ORANGE, "^"), (GREEN, "s"), (INK, "v"))
    for place, (epochs, points) in enumerate(sorted(rungs.items())):
        colour, marker = (BLUE, "o") if epochs == full else looks[min(place, len(looks) - 1)]
        label = f"{epochs} epoch{'s' * (epochs != 1)}" + (", the full training" if epochs == full else "")
        axes.plot(
            *zip(*points, strict=True), linestyle="none", marker=marker, color=colour, markersize=5, label=label
        )
    best: list[float] = []
    reached = sorted(rungs.get(full, ()))
    for _, loss in reached:
        best.append(min([loss, *best[-1:]]))
    if reached:
        last = max(trial for points in rungs.values() for trial, _ in points)
        axes.step(
            [*(trial for trial, _ in reached), last], [*best, best[-1]], where="post", color=BLUE, linewidth=1.2
        )
    low, high = axes.get_ylim()
    ticks = log_ticks(low, high)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    drawing.legend(loc="outside lower left", ncols=2, fontsize=SMALL, frameon=False, labelcolor=INK)
    return drawing


def plot_importance(importance: Mapping[str, float], *, title: str = "") -> Drawing:
    """What each choice explains of the differences in held-out loss, in percent, the largest first."""
    rows = sorted(importance.items(), key=lambda item: -item[1])[:12]
    drawing = Drawing(height=0.9 + 0.3 * len(rows), title=title)
    axes = drawing.add_subplot()
    dress(axes, x="share of the differences in held-out loss (%)", grid="x")
    axes.barh(range(len(rows)), [100 * share for _, share in rows], color=BLUE, height=0.6)
    axes.set_yticks(range(len(rows)), [one_line(name, 30) for name, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return drawing
