"""The lab's figures and sheets share the project's palette and figure style; its words are plain."""

import io
import re

import numpy as np
import openpyxl
import pytest
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from tersenet._look import PALETTE, save_figure
from tersenet.backprop import (
    COURSE,
    MAZUR,
    VERDICTS,
    convolution_text,
    convolve,
    derivation_page,
    derive,
    draw_network,
    errata_page,
    exercise_page,
    loss_surface,
    make_exercise,
    make_problem,
    normalization_text,
    normalize_batch,
    plot_small_curves,
    plot_study,
    plot_surface,
    study,
    write_workbook,
)
from tersenet.cli.main import main

LIGHT = {shades[0] for shades in PALETTE.values()}


def test_curves_have_the_palettes_colours_and_each_its_own():
    [axes] = plot_study(study(COURSE)).axes
    colours = [to_hex(line.get_color()) for line in axes.lines]
    assert set(colours) <= LIGHT
    assert len(set(colours)) == len(colours) == 7
    many = plot_study(study(COURSE, np.linspace(0.1, 2, 20).tolist())).axes[0].lines
    assert len({(line.get_color(), line.get_linestyle()) for line in many}) == 20


def test_no_axis_has_an_offset_and_losses_begin_at_0():
    figure = plot_small_curves(study(COURSE, [0.0, 0.1, 1000.0]))
    figure.canvas.draw()
    for axes in figure.axes:
        assert axes.get_ylim()[0] == 0
        assert axes.get_xlim()[0] == 0
        assert axes.yaxis.get_major_formatter().get_offset() == ""
        assert not any("e" in label.get_text() for label in axes.get_yticklabels())


def test_a_logarithmic_axis_is_written_with_powers_and_not_with_markup():
    figure = plot_study(study(COURSE))
    figure.canvas.draw()
    words = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "10⁻⁴" in words
    assert not any("$" in word for word in words)


@pytest.mark.parametrize(
    "problem", [COURSE, MAZUR, make_problem(sizes="2-3-3-1", biases=True), make_problem(sizes="3-12-2")]
)
def test_no_name_in_the_drawing_of_a_network_covers_another(problem):
    figure = draw_network(problem)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
    for place, box in enumerate(boxes):
        for other in boxes[place + 1 :]:
            shared_width = min(box.x1, other.x1) - max(box.x0, other.x0)
            shared_height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(shared_width, shared_height) < 4, (box, other)


def test_the_drawing_in_the_workbook_is_as_wide_as_its_table_and_sharp(tmp_path):
    book = openpyxl.load_workbook(write_workbook(tmp_path / "lab.xlsx", steps=2, rates=[1.0]))
    [image] = book["Network"]._images
    picture = Image.open(io.BytesIO(image._data()))
    assert picture.width >= 1600
    header = next(row for row in book["Network"].iter_rows() if row[0].value == "quantity")
    assert header[0].row > 8


def test_the_surface_of_a_flat_loss_can_be_drawn(tmp_path):
    flat = make_problem(inputs=[0.0, 0.0])
    path = save_figure(plot_surface(loss_surface(flat, ("w1", "w2"), points=5)), tmp_path / "flat.png", dpi=40)
    assert path.stat().st_size > 1000


DIALECT = re.compile(
    r"write-up|(?<![\d.,])00[0-4]\b|one's own|of your own|\btold\b|\bstands?\b|\brightly\b|what came of"
    r"|\bso many\b|\ba row a\b|one a pooled|is no (?:number|TOML|network)|\bfor ever\b",
    re.IGNORECASE,
)


def all_that_is_read(capsys, tmp_path):
    """Every text that the lab shows: help, pages, sheets."""
    for command in ("", "derive", "table", "study", "surface", "workbook", "conv", "batchnorm", "exercise", "errata"):
        with pytest.raises(SystemExit):
            main(["backprop", *command.split(), "--help"])
    yield capsys.readouterr().out
    for form in ("text", "html", "markdown"):
        yield derivation_page([derive(MAZUR, "w1")], form)
    yield from (errata_page(), exercise_page(make_exercise()), make_exercise().solution, *VERDICTS.values())
    yield from (convolution_text(convolve()), convolution_text(convolve(pooling="average")))
    yield normalization_text(normalize_batch())
    for sheet in openpyxl.load_workbook(write_workbook(tmp_path / "lab.xlsx", steps=1, rates=[1.0])):
        yield " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str))


def test_the_words_are_plain(capsys, tmp_path):
    for text in all_that_is_read(capsys, tmp_path):
        found = DIALECT.search(re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL))
        assert not found, text[max(0, found.start() - 60) : found.end() + 60]


def test_colour_blind_eyes_tell_the_curves_apart():
    """Two curves that look alike under deuteranopia (Viénot 1999) have different dashes."""
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    lost = np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]])
    lines = plot_study(study(COURSE)).axes[0].lines
    seen = [np.linalg.inv(to_lms) @ lost @ to_lms @ np.array(to_rgb(line.get_color())) ** 2.2 for line in lines]
    seen = [np.clip(colour, 0, 1) ** (1 / 2.2) for colour in seen]
    for place, one in enumerate(seen):
        for other in range(place + 1, len(seen)):
            alike = np.abs(one - seen[other]).max() < 0.12
            assert not alike or lines[place].get_linestyle() != lines[other].get_linestyle()
