"""The training accuracy measured in several ways, beside the test accuracy."""

from __future__ import annotations

from tersenet._look import BLUE, FAINT, INK, ORANGE
from tersenet.analysis import History, TrainingReread
from tersenet.figures.style import GRID, LETTERS, SMALL, Drawing, dress


def plot_readings(history: History, reading: TrainingReread, *, title: str = "") -> Drawing:
    """One dot each: during the epoch, measured again with dropout, with augmentation, with neither, and held out.

    >>> from tersenet.analysis import history_of
    >>> history = history_of({"train_accuracy": [97.0], "test_accuracy": [98.5]})
    >>> reading = TrainingReread(images=9, accuracy=99.0, loss=0.1, sample=9, plain=99.0, with_dropout=98.0,
    ...                   with_augmentation=None)
    >>> [label.get_text() for label in plot_readings(history, reading).axes[0].get_yticklabels()][1]
    'trained, dropout on'
    """
    rows = [
        ("during the last epoch", _last(history.train_accuracy), ORANGE, "s"),
        ("trained, dropout on", reading.with_dropout, ORANGE, "s"),
        ("trained, augmentation on", reading.with_augmentation, ORANGE, "s"),
        ("trained, all off", reading.accuracy, ORANGE, "o"),
        (f"{history.held_out} images, last epoch", _last(history.held_out_accuracy), BLUE, "o"),
    ]
    there = [(name, float(value), colour, marker) for name, value, colour, marker in rows if value is not None]
    low, high = (extreme(value for _, value, _, _ in there) for extreme in (min, max))
    drawing = Drawing(height=1.15 + 0.34 * len(there), title=title)
    axes = drawing.add_subplot()
    dress(axes, x="accuracy (%)", grid="x")
    for place, (_, value, colour, marker) in enumerate(there):
        axes.plot([low, value], [place, place], color=GRID, linewidth=2)
        axes.plot([value], [place], color=colour, marker=marker, markersize=8)
        axes.annotate(
            f"{value:.2f}",
            (value, place),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
        )
    axes.set_yticks(range(len(there)), [name for name, *_ in there], fontsize=LETTERS - 1)
    axes.set_ylim(len(there) - 0.5, -0.5)
    span = max(high - low, 0.1)
    axes.set_xlim(low - 0.06 * span, high + 0.2 * span)
    axes.axhline(len(there) - 1.5, color=FAINT, linewidth=0.8, linestyle=(0, (1, 2)))
    return drawing


def _last(values: list[float] | None) -> float | None:
    return values[-1] if values else None
