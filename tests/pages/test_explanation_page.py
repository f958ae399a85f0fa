"""What a network sees in a picture, as one figure and one page."""

import io
import re

import matplotlib.colors
import numpy as np
import pytest
import torch
from PIL import Image

from tersenet._look import BLUE, VERMILION
from tersenet.data import Split
from tersenet.figures import explanation_panels as inside_panels
from tersenet.inspection import explain_picture
from tersenet.networks import build
from tersenet.pages import write_explanation

CLASSES = tuple("0123456789")


def explained(notation="8C3 BN R MP2 12C3 R GAP 10Nb", classes=CLASSES, **more):
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (12, 28, 28), dtype=torch.uint8, generator=draws)
    tested = Split(images=images, labels=torch.arange(12) % len(classes))
    return explain_picture(
        build(notation, classes=len(classes)),
        images[4],
        classes=classes,
        network="net-1",
        picture="some/five.png",
        tested=tested,
        **more,
    )


@pytest.fixture(scope="module")
def found():
    return explained(label=4)


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    return write_explanation(found, tmp_path_factory.mktemp("seen") / "new" / "folder")


def drawings(found):
    yield inside_panels.draw_answer(found)
    yield inside_panels.draw_class_activation(found)
    yield inside_panels.draw_receptive_field(found)
    if found.kernels:
        yield inside_panels.draw_kernels(found)
    yield inside_panels.draw_feature_maps(found)
    yield inside_panels.draw_excitation(found, found.tested.labels, found.tested.images)


def words(drawing):
    texts = [text.get_text() for text in drawing.texts]
    return [*texts, *(axes.get_xlabel() for axes in drawing.axes)]


@pytest.mark.parametrize(
    ("notation", "classes"),
    [
        ("8C3 BN R MP2 12C3 R GAP 10Nb", CLASSES),
        (
            "20C3p1 R MP2 16C3p1 R MP2 12C5 R 20N R 26N",
            tuple(f"letter {name}" for name in "abcdefghijklmnopqrstuvwxyz"),
        ),
        ("2C3 GAP 2N", ("a rather long name of a class", "b")),
    ],
)
def test_every_panel_is_of_one_width_and_nothing_is_cut_off_or_overlaps(notation, classes):
    for drawing in drawings(explained(notation, classes)):
        drawing.canvas.draw()
        whole = drawing.bbox
        renderer = drawing.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in drawing.texts if text.get_text()]
        boxes += [axes.xaxis.label.get_window_extent(renderer) for axes in drawing.axes if axes.get_xlabel()]
        boxes += [
            label.get_window_extent(renderer)
            for axes in drawing.axes
            if axes.axison
            for label in axes.get_yticklabels()
            if label.get_text()
        ]
        assert drawing.get_figwidth() == inside_panels.WIDTH
        for box in boxes:
            assert box.x0 >= whole.x0 - 4
            assert box.x1 <= whole.x1 + 4
            assert box.y0 >= whole.y0 - 1
            assert box.y1 <= whole.y1 + 1
        for number, box in enumerate(boxes):
            for other in boxes[number + 1 :]:
                across = min(box.x1, other.x1) - max(box.x0, other.x0)
                down = min(box.y1, other.y1) - max(box.y0, other.y0)
                assert across < 2 or down < 2, [text.get_text() for text in drawing.texts]


def test_exact_maps_say_how_the_logit_adds_up(found):
    said = words(inside_panels.draw_class_activation(found))
    assert any("exact" in text for text in said)
    sums = [re.findall(r"[−\d.]+", text.split("\n")[1].replace(" − ", " + −")) for text in said if "logit" in text]
    assert len(sums) == 10
    for number, (mean, bias) in enumerate(sums):
        total = float(mean.replace("−", "-")) + float(bias.replace("−", "-"))
        assert total == pytest.approx(found.logits[number], abs=0.11)


def test_an_approximation_is_called_one_in_figure_and_page(tmp_path):
    found = explained("8C3 R MP4 12N R 10N")
    assert any("Grad-CAM, approximate" in text for text in words(inside_panels.draw_class_activation(found)))
    page = write_explanation(found, tmp_path).page.read_text(encoding="utf-8")
    assert "an approximation" in page
    assert "Exact:" not in page


def test_the_frame_of_an_exciting_picture_is_what_the_unit_sees(found):
    drawing = inside_panels.draw_excitation(found, found.tested.labels, found.tested.images)
    axes = drawing.axes[1]
    best = found.units[0].pictures[0]
    [frame] = axes.patches
    assert (frame.get_y() + 0.5, frame.get_x() + 0.5) == (max(best.square.top, 0), max(best.square.left, 0))
    assert np.array_equal(axes.images[0].get_array(), found.tested.images[best.index][0].numpy())
    assert f"#{best.index}" in axes.get_xlabel()


def test_the_figure_holds_all_panels_and_the_page_needs_nothing_else(found, written):
    with Image.open(written.figure) as figure:
        panels = [Image.open(io.BytesIO(drawing.png())) for drawing in drawings(found)]
        assert figure.width > 2 * panels[0].width
        assert figure.width * figure.height >= sum(panel.width * panel.height for panel in panels)
    page = written.page.read_text(encoding="utf-8")
    assert page.count("<figure ") == 6
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "What net-1 sees in five.png" in page


def test_it_is_the_same_each_time(found, written, tmp_path):
    again = write_explanation(found, tmp_path)
    assert again.figure.read_bytes() == written.figure.read_bytes()
    assert again.page.read_bytes() == written.page.read_bytes()


def test_a_network_without_kernels_or_set_has_fewer_panels(tmp_path):
    found = explain_picture(build("AP4 10Nb"), torch.zeros(28, 28, dtype=torch.uint8), classes=CLASSES)
    page = write_explanation(found, tmp_path).page.read_text(encoding="utf-8")
    assert page.count("<figure ") == 4
    assert "Kernels of" not in page


def test_the_picture_as_given_is_beside_the_one_that_the_network_sees(tmp_path):
    photograph = torch.full((90, 120, 3), 200, dtype=torch.uint8)
    with_it = inside_panels.draw_answer(explained(original=photograph))
    assert [axes.get_xlabel().split("\n")[0] for axes in with_it.axes[:2]] == [
        "as given",
        "as the network sees it, 28×28",
    ]
    assert with_it.axes[0].get_images()[0].get_array().shape == (90, 120, 3)
    assert "as given" not in words(inside_panels.draw_answer(explained()))


def test_orange_and_blue_are_for_values_alone(found):
    """Classes, frames and receptive fields have other colours."""
    signed = {matplotlib.colors.to_hex(colour) for colour in (BLUE, VERMILION)}
    for drawing in drawings(found):
        for axes in drawing.axes:
            used = {matplotlib.colors.to_hex(patch.get_facecolor()) for patch in axes.patches if patch.get_fill()}
            used |= {matplotlib.colors.to_hex(patch.get_edgecolor()) for patch in axes.patches}
            used |= {matplotlib.colors.to_hex(spine.get_edgecolor()) for spine in axes.spines.values()}
            assert not used & signed
