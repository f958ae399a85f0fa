"""Figures of several trainings: every seed is a dot, curves are means, and no letter is cut off or too small."""

import dataclasses

import matplotlib.text
import numpy as np
import pytest

from made_runs import made_record
from tersenet.analysis.contender import Contender
from tersenet.figures.contender_figures import plot_accuracy_by_parameters, plot_means_by_epoch, plot_seeds
from tersenet.figures.gallery import plot_captioned
from tersenet.runs import Experiment
from tersenet.training import EpochMetrics


@dataclasses.dataclass
class Trained:
    """A run, or a group, that needs no folder."""

    name: str
    metrics: list
    experiment: Experiment = dataclasses.field(default_factory=lambda: Experiment(network="8C3 GAP 10N"))


def rows(*accuracies):
    return [
        EpochMetrics(
            epoch=epoch,
            learning_rate=0.1,
            train_loss=0.1,
            train_accuracy=98.0,
            test_loss=0.1,
            test_accuracy=accuracy,
            seconds=1.0,
            images_per_second=1.0,
        )
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]


def side(name, wrong, curves, parameters=7_000):
    right = np.arange(10_000) >= np.array(wrong)[:, None]
    return Contender(
        source=Trained(name, []),
        runs=[Trained(name, rows(*curve)) for curve in curves],
        results=[made_record(curve[-1], parameters=parameters, best=max(curve)) for curve in curves],
        guess=np.where(right, 0, 1),
        labels=np.zeros(10_000, dtype=np.int64),
        missing=0,
    )


SIDES = [
    side("base-1", [60, 55, 60], [(98.0, 99.4), (98.2, 99.45), (98.4, 99.4)]),
    side("a-rather-long-name-of-a-side-12", [40, 45], [(98.6, 99.0, 99.6), (98.5, 99.0, 99.55)], 19_500),
    side("alone-1", [300], [(90.0, 97.0)], 800),
]
FIGURES = {
    "seeds": lambda: plot_seeds(SIDES, target=99.4, title="on mnist"),
    "best": lambda: plot_seeds(SIDES, best=True, title="on mnist"),
    "curves": lambda: plot_means_by_epoch(SIDES, target=99.4, title="on mnist"),
    "parameters": lambda: plot_accuracy_by_parameters(SIDES, title="on mnist"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_letters_are_nine_points_or_more_and_none_is_cut_off(name):
    drawing = FIGURES[name]()
    drawing.canvas.draw()
    words = [word for word in drawing.findobj(matplotlib.text.Text) if word.get_text().strip() and word.get_visible()]
    assert min(word.get_fontsize() for word in words) >= 9
    inked, (width, height) = drawing.get_tightbbox(), drawing.get_size_inches()
    assert (inked.x0, inked.y0) >= (-0.02, -0.02)
    assert inked.x1 <= width + 0.02
    assert inked.y1 <= height + 0.02


def test_every_seed_is_a_dot_and_the_mean_is_said():
    axes = plot_seeds(SIDES).axes[0]
    dots = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata()) > 1]
    assert list(dots[0]) == pytest.approx([99.4, 99.45, 99.4])
    heights = next(line.get_ydata() for line in axes.lines if len(line.get_xdata()) == 3)
    assert heights[0] != heights[2]  # two seeds of one accuracy stand beside each other
    assert "99.42" in [text.get_text() for text in axes.texts]


def test_a_curve_is_the_mean_of_the_seeds_that_came_so_far():
    axes = plot_means_by_epoch(SIDES).axes[0]
    assert list(axes.lines[0].get_ydata()) == pytest.approx([98.2, (99.4 + 99.45 + 99.4) / 3])
    uneven = side("uneven", [10, 10], [(98.0, 99.0), (97.0,)])
    assert list(plot_means_by_epoch([uneven]).axes[0].lines[0].get_ydata()) == pytest.approx([97.5, 99.0])


def test_sides_can_be_told_apart_without_colour():
    looks = {(line.get_marker(), line.get_linestyle()) for line in plot_means_by_epoch(SIDES).axes[0].lines[:3]}
    assert len(looks) == 3


def test_captions_stand_under_their_pictures():
    import torch

    pictures = torch.arange(3 * 28 * 28).remainder(256).to(torch.uint8).view(3, 28, 28)
    drawing = plot_captioned(pictures, [(2, "two\nlines"), (0, "one")], framed={0})
    first, second = drawing.axes
    assert first.get_xlabel() == "two\nlines"
    assert np.array_equal(first.get_images()[0].get_array(), pictures[2])
    assert second.spines["left"].get_linewidth() > first.spines["left"].get_linewidth()
