"""The figures: what is drawn, what is said beside it, and that no letter is smaller than nine points."""

import dataclasses
import io
import math
import os
import subprocess
import sys
import tracemalloc

import matplotlib.text
import numpy as np
import pytest
import torch
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.analysis import history_of
from tersenet.analysis.training_reread import TrainingReread
from tersenet.evaluation import Mistake, WrongLabel, calibrate
from tersenet.figures import (
    plot_calibration,
    plot_confusion,
    plot_curves,
    plot_learning_rate,
    plot_mistakes,
    plot_samples,
)
from tersenet.figures.curves import log_ticks
from tersenet.figures.reread_figure import plot_readings

HISTORY = {
    "learning_rate": [0.1, 0.1, 0.01, 0.01],
    "train_loss": [0.5, 0.2, 0.1, 0.08],
    "train_accuracy": [88.0, 95.0, 98.0, 98.5],
    "test_loss": [0.2, 0.1, 0.05, 0.06],
    "test_accuracy": [94.0, 97.0, 99.3, 99.2],
}
CLASSES = ("T-shirt", "trouser", "ankle boot")
PICTURES = torch.arange(6 * 28 * 28).remainder(256).to(torch.uint8).view(6, 28, 28)
MISTAKES = [
    Mistake(index=4, label=2, guess=0, probability=0.987),
    Mistake(index=1, label=1, guess=2, probability=0.5),
]


def words(drawing):
    """Everything that stands in a figure."""
    found = drawing.findobj(matplotlib.text.Text)
    return [text for text in found if text.get_text().strip() and text.get_visible()]


def said(drawing):
    return "\n".join(text.get_text() for text in words(drawing))


CALIBRATION = calibrate(torch.linspace(0.2, 1, 50), torch.arange(50) % 3 > 0)
READING = TrainingReread(
    images=9, accuracy=99.4, loss=0.01, sample=9, plain=99.4, with_dropout=98.2, with_augmentation=98.9
)
TITLE = {"title": "mine on mnist"}
FIGURES = {
    "curves": lambda: plot_curves(HISTORY, target=99.4, **TITLE),
    "learning rate": lambda: plot_learning_rate(HISTORY, **TITLE),
    "confusion": lambda: plot_confusion(np.diag([9, 8, 7]), CLASSES, **TITLE),
    "calibration": lambda: plot_calibration(CALIBRATION, **TITLE),
    "mistakes": lambda: plot_mistakes(PICTURES, MISTAKES, CLASSES, **TITLE),
    "readings": lambda: plot_readings(history_of(HISTORY), READING, **TITLE),
    "samples": lambda: plot_samples(PICTURES, torch.tensor([0, 1, 2, 0, 1, 2]), CLASSES, **TITLE),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_png_with_its_title_and_letters_of_nine_points_or_more(name):
    drawing = FIGURES[name]()
    png = drawing.png()
    picture = Image.open(io.BytesIO(png))
    assert picture.size == pytest.approx(tuple(192 * drawing.get_size_inches()), abs=1)
    assert "mine on mnist" in said(drawing)
    assert min(text.get_fontsize() for text in words(drawing)) >= 9
    assert png == FIGURES[name]()._repr_png_()


@pytest.mark.parametrize("name", FIGURES)
def test_no_letter_is_cut_off_at_the_edge(name):
    drawing = FIGURES[name]()
    drawing.canvas.draw()
    inked = drawing.get_tightbbox()
    width, height = drawing.get_size_inches()
    assert inked.x0 >= -0.02
    assert inked.y0 >= -0.02
    assert inked.x1 <= width + 0.02
    assert inked.y1 <= height + 0.02


def test_figures_need_no_display_and_leave_pyplot_alone():
    code = (
        "import sys; from tersenet.figures import plot_curves; plot_curves({'train_loss': [1.0]}).png();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "MPLBACKEND")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_curves_annotate_the_last_epoch_and_say_that_the_best_was_picked_on_the_test_set():
    text = said(plot_curves(HISTORY))
    assert "last:\n99.20 %" in text
    assert "best: 99.30 % in epoch 3,\npicked on the test set" in text
    assert "last:\n0.0600" in text
    assert "rate × 0.1" in text


def test_a_last_epoch_that_is_the_best_is_said_once():
    text = said(plot_curves({"test_accuracy": [98.0, 99.0]}))
    assert "last,\nbest:\n99.00 %" in text
    assert "picked" not in text


def test_validation_curves_are_called_so():
    text = said(plot_curves({"validation_accuracy": [98.0, 97.0], "train_accuracy": [90.0, 92.0]}))
    assert "picked on the validation set" in text
    assert "test" not in text


def test_the_accuracy_scale_gives_equal_factors_of_the_error_equal_room():
    axes = plot_curves(HISTORY).axes[0]
    heights = [axes.transData.transform((1, accuracy))[1] for accuracy in (90.0, 99.0, 98.0, 99.0)]
    tenth, half = heights[1] - heights[0], heights[3] - heights[2]
    assert half / tenth == pytest.approx(math.log(2) / math.log(10), rel=1e-6)


@pytest.mark.parametrize("accuracy", [[100.0, 100.0], [0.0, 0.0], [10.0], [math.nan, 50.0]])
def test_extreme_accuracies_are_drawn_too(accuracy):
    assert plot_curves({"test_accuracy": accuracy}).png()


@pytest.mark.parametrize("loss", [[0.0, 0.0], [math.inf, 1.0], [math.nan], [1e-9, 1e3]])
def test_extreme_losses_are_drawn_too(loss):
    assert plot_curves({"train_loss": loss}).png()


def test_the_learning_rate_is_on_a_log_scale_only_where_it_falls_in_steps():
    assert plot_learning_rate(HISTORY).axes[0].get_yscale() == "log"
    sloping = plot_learning_rate({"learning_rate": [0.05, 0.1, 0.05, 0.0]}).axes[0]
    assert sloping.get_yscale() == "linear"
    assert sloping.get_ylim()[0] == 0


def test_a_confusion_matrix_shows_every_count_but_zero_and_the_recall_of_each_row():
    text = [word.get_text() for word in words(plot_confusion([[8, 2], [0, 5]]))]
    assert {"8", "2", "5", "80.0 %", "100.0 %"} <= set(text)
    assert text.count("0") == 2  # the class 0 beside its row and under its column


def test_a_class_without_pictures_has_a_dash_for_its_recall():
    assert "–" in said(plot_confusion([[3, 0], [0, 0]]))


def test_a_matrix_of_many_classes_names_some_and_grows_no_larger():
    drawing = plot_confusion(np.ones((62, 62), dtype=int), [f"class {number}" for number in range(62)])
    assert drawing.get_size_inches()[0] == plot_confusion([[1]]).get_size_inches()[0]
    assert 10 <= len(drawing.axes[0].get_yticks()) <= 20
    assert min(text.get_fontsize() for text in words(drawing)) >= 9


def test_a_matrix_of_a_thousand_classes_is_drawn_in_little_memory_and_hides_no_mistake():
    confusion = np.diag(np.full(1000, 50))
    confusion[17, 803] = 40
    tracemalloc.start()
    drawing = plot_confusion(confusion)
    assert len(drawing.png()) < 300_000
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    cells = drawing.axes[0].get_images()[0].get_array()
    assert max(cells.shape) <= 400
    assert cells.max() == 40


NASTY = [
    "$\\frac{$",
    "a$_$b",
    "$\\sum_$",
    "**",
    "<script>",
    "a|b",
    "`x`",
    "two\nlines",
    "bell\x07\x1b[31m",
    "\udcff",
    "漢字",
    "x" * 300,
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NASTY)
def test_any_name_of_a_class_or_a_run_is_drawn_as_letters(name):
    drawings = [
        plot_curves(HISTORY, target=99.4, title=name),
        plot_confusion([[8, 1], [0, 9]], [name, name]),
        plot_mistakes(PICTURES, MISTAKES, [name, name, name], title=name),
        plot_samples(PICTURES, torch.tensor([0, 1, 0, 1, 0, 1]), [name, name], title=name),
    ]
    for drawing in drawings:
        png, svg = drawing.png_and_svg()
        assert png
        assert svg.encode()
        drawing.canvas.draw()
        inked, (width, _) = drawing.get_tightbbox(), drawing.get_size_inches()
        assert inked.x0 >= -0.02
        assert inked.x1 <= width + 0.02


def test_mistakes_show_true_label_guess_probability_and_mark_labels_known_to_be_wrong():
    drawing = plot_mistakes(PICTURES, MISTAKES, wrong_labels={4: WrongLabel(given=2, read=0)})
    first, second = (axes.get_xlabel() for axes in drawing.axes)
    assert first == "true 2, guess 0\n98.7 %, #4\nlabel wrong: 0"
    assert second == "true 1, guess 2\n50.0 %, #1"
    assert np.array_equal(drawing.axes[0].get_images()[0].get_array(), PICTURES[4])


def test_an_answer_that_is_not_a_number_is_shown_as_none():
    drawing = plot_mistakes(PICTURES, [Mistake(index=0, label=1, guess=-1, probability=math.nan)])
    assert drawing.axes[0].get_xlabel() == "true 1, guess none\nNaN, #0"


def test_the_gallery_ends_at_its_limit():
    assert len(plot_mistakes(PICTURES, MISTAKES * 30, limit=7).axes) == 7
    assert len(plot_samples(PICTURES, limit=4).axes) == 4


def test_samples_may_be_a_batch_as_a_loader_gives_it():
    batch = (PICTURES[:, None].float() / 255 - 0.1307) / 0.3081
    assert len(plot_samples(batch, torch.tensor([0, 1, 2, 0, 1, 2])).axes) == 6


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_curves({"learning_rate": [0.1]}),
        lambda: plot_learning_rate({"train_loss": [0.1]}),
        lambda: plot_confusion([[1, 2]]),
        lambda: plot_confusion([[1]], ["a", "b"]),
        lambda: plot_mistakes(PICTURES, []),
        lambda: plot_samples(torch.zeros(3, 4, 28, 28)),
        lambda: plot_calibration(calibrate(torch.tensor([math.nan]), torch.tensor([False]))),
    ],
)
def test_what_cannot_be_drawn_is_an_error(draw):
    with pytest.raises(TersenetError):
        draw()


def test_each_reading_of_the_training_images_has_its_dot_and_its_figure():
    drawing = plot_readings(history_of(HISTORY), READING)
    dots = [line.get_xdata()[0] for line in drawing.axes[0].lines if line.get_marker() in ("s", "o")]
    assert dots == [98.5, 98.2, 98.9, 99.4, 99.2]
    assert {"98.20", "98.90", "99.40", "99.20"} <= {text.get_text() for text in words(drawing)}
    only = dataclasses.replace(READING, with_dropout=None, with_augmentation=None)
    assert len(plot_readings(history_of({"test_accuracy": [99.0]}), only).axes[0].get_yticks()) == 2


@pytest.mark.parametrize("name", ["figure.jpg", "figure.pdf", "figure.PNG.txt"])
def test_a_figure_in_another_format_than_its_name_says_is_not_written(name, tmp_path):
    with pytest.raises(TersenetError, match="PNG or SVG"):
        plot_curves(HISTORY).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("low", "high"), [(1.547, 1.777), (0.5, 0.51), (3.0, 3.3)])
def test_ticks_have_at_most_three_figures(low, high):
    assert all(float(f"{level:.3g}") == level for level in log_ticks(low, high))


@pytest.mark.parametrize("factor", [1.05, 1.2, 1.5, 1.9, 2.2, 2.7, 3.0, 3.6, 5.0, 10.0, 100.0, 1000.0])
def test_ticks_of_a_logarithmic_scale_stand_apart_and_are_three_at_least(factor):
    """The figures beside an axis of 3 inches are 0.15 inches high: a twentieth of it."""
    for start in range(40):
        low = 0.01 * 1.2**start
        levels = np.log(log_ticks(low, low * factor)) / math.log(factor)
        assert len(levels) >= 3
        assert min(np.diff(levels)) > 0.07
