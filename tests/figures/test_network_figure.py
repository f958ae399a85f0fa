"""A network drawn: each map once, its facts under it, blocks marked, nothing outside the picture."""

import pytest
import torch
from matplotlib.patches import Polygon
from torch import nn

from tersenet.figures import plot_network
from tersenet.networks import NETWORKS, build, summarize

LINES = {
    "residual and shared": "8C3p1 [8C3p1 BN R] (8C3p1 BN R)*3 MP2 16C3 [(16C3p1 BN R)x2] GAP 10Nb",
    "forty layers": "8C3p1 BN R (8C3p1 BN R)x39 GAP 10Nb",
    "longer than the drawing": "8C3p1 (8C3p1)x120 GAP 10Nb",
    "branches": "8C3p1 [16C3p1s2 BN HS + 16C1s2] [8C3p1 GN4 PR & ] LN [[4C1 + 4C3p1] & MP3s1p1] S ELU GAP 10Nb",
    "dense only": "30N R 10Nb",
    "stride, dilation, depthwise": "8C5s2 DW3 8C3d2 MP2s1 GAP 10N",
}


class Foreign(nn.Module):
    """Anybody's module, with layers that it calls as functions."""

    def __init__(self):
        super().__init__()
        self.convolution, self.dense = nn.Conv2d(3, 8, 3, stride=2), nn.Linear(8 * 7 * 7, 10)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(torch.relu(self.convolution(x)), 2)
        return self.dense(x.flatten(1))


def words(drawing):
    return [text.get_text() for text in drawing.axes[0].texts]


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_no_word_overlaps_another_or_leaves_the_picture(line):
    drawing = plot_network(summarize(build(line)), line, title="mine on mnist")
    drawing.canvas.draw()
    boxes = [text.get_window_extent() for text in drawing.axes[0].texts if text.get_text()]
    whole = drawing.bbox
    for place, box in enumerate(boxes):
        assert box.x0 >= whole.x0 - 1
        assert box.x1 <= whole.x1 + 1
        assert box.y0 >= whole.y0 - 1
        for other in boxes[place + 1 :]:
            assert (
                min(box.x1, other.x1) - max(box.x0, other.x0) < 1 or min(box.y1, other.y1) - max(box.y0, other.y0) < 1
            )


@pytest.mark.parametrize("name", NETWORKS)
def test_every_shipped_network_shows_every_layer_with_weights(name):
    line = NETWORKS[name].notation
    summary = summarize(build(line))
    said = words(plot_network(summary, line))
    for row in summary.layers:
        if row.parameters and not row.type.startswith("BatchNorm"):
            assert f"{row.parameters:,} params" in said
            assert "×".join(map(str, row.output_shape)) in said


def test_a_layer_shows_shape_parameters_receptive_field_and_what_follows():
    line = "12C5s2 BN R GAP 10Nb"
    said = words(plot_network(summarize(build(line)), line))
    assert "conv 5×5\nstride 2" in said
    assert {"12×12×12", "300 params", "sees 5×5", "BN, ReLU", "global average", "130 params"} <= set(said)


def test_residual_and_shared_blocks_are_marked():
    line = LINES["residual and shared"]
    said = words(plot_network(summarize(build(line)), line))
    assert said.count("plus its own input") == 2
    assert "one block 3 times" in said
    assert said.count("shared") == 2


def test_a_larger_map_is_drawn_larger_and_more_channels_thicker():
    line = "8C3 32C3 MP2 GAP 10Nb"
    patches = plot_network(summarize(build(line)), line).axes[0].patches
    fronts = [patch.get_xy() for patch in patches if isinstance(patch, Polygon) and patch.get_fill()][::3]
    heights = [face[:, 1].max() - face[:, 1].min() for face in fronts]
    widths = [face[:, 0].max() - face[:, 0].min() for face in fronts]
    assert heights[0] > heights[1] > heights[2] > heights[3]
    assert widths[2] > widths[1] > widths[0]


def test_anybodys_module_is_drawn_without_a_notation():
    said = words(plot_network(summarize(Foreign(), (3, 32, 32))))
    assert {"3×32×32", "conv", "8×15×15", "224 params", "max pool", "dense", "3,930 params"} <= set(said)


def test_of_a_very_long_network_the_middle_is_left_out_and_that_is_said():
    line = LINES["longer than the drawing"]
    said = words(plot_network(summarize(build(line)), line))
    assert "… 45 more …" in said


def test_branches_stand_beside_a_sign_and_what_they_make_together_has_a_map():
    line = "8C3p1 [16C3p1s2 BN R + BN 16C1s2] LN [8C3p1 & ] S GAP 10Nb"
    said = words(plot_network(summarize(build(line)), line))
    assert (said.count("+"), said.count("&")) == (1, 0)
    assert {"2 branches, added", "2 branches, joined", "sum", "joined", "24×14×14"} <= set(said)
    assert said[said.index("sum") + 1 :][:2] == ["16×14×14", "GroupNorm"]
    assert said[said.index("joined") + 1 :][:2] == ["24×14×14", "Sigmoid"]
