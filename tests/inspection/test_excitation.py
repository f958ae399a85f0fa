"""The pictures that excite a unit most are found where they were planted."""

import pytest
import torch

from tersenet import TersenetError, exciting_pictures
from tersenet.networks import build

CROSS = torch.tensor([[-1.0, 2.0, -1.0], [2.0, 2.0, 2.0], [-1.0, 2.0, -1.0]])


@pytest.fixture
def looks_for_a_cross():
    model = build("2C3 R MP2 GAP 10N")
    with torch.no_grad():
        model.layers[0].weight[0, 0], model.layers[0].weight[1, 0] = CROSS, -1.0
    return model


@pytest.fixture
def pictures():
    """Faint noise; crosses of strength 3, 2 and 1 in pictures 17, 5 and 1100 at known places."""
    noise = 0.05 * torch.rand(1200, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    for index, (row, column), strength in ((17, (4, 20), 3), (5, (12, 12), 2), (1100, (24, 2), 1)):
        noise[index, 0, row : row + 3, column : column + 3] += strength * (CROSS > 0)
    return noise


def test_planted_pictures_come_in_order_with_their_places(looks_for_a_cross, pictures):
    best = exciting_pictures(looks_for_a_cross, pictures, "Conv2d-1", [0], count=3)[0]
    assert [each.index for each in best] == [17, 5, 1100]
    assert [each.position for each in best] == [(4, 20), (12, 12), (24, 2)]
    assert [each.value for each in best] == pytest.approx([30, 20, 10], abs=1)
    assert [(each.square.top, each.square.left) for each in best] == [(4, 20), (12, 12), (24, 2)]
    assert {each.square.size for each in best} == {(3, 3)}


def test_all_units_of_a_layer_agree_with_a_plain_look_at_all_maps(looks_for_a_cross, pictures):
    found = exciting_pictures(looks_for_a_cross, pictures, "MaxPool2d-3", count=4)
    maps = looks_for_a_cross.layers[:3](pictures).detach()
    for unit, best in found.items():
        values = maps[:, unit].amax((1, 2))
        assert [each.value for each in best] == pytest.approx(values.topk(4).values.tolist())
        for each in best:
            assert maps[each.index, unit][each.position] == pytest.approx(each.value)


def test_batches_number_the_pictures_as_one_tensor_does(looks_for_a_cross, pictures):
    batches = [(part, torch.zeros(len(part))) for part in pictures.split(7)]
    as_batches = exciting_pictures(looks_for_a_cross, batches, 3)
    assert as_batches == exciting_pictures(looks_for_a_cross, pictures, 3)


def test_of_equal_pictures_the_first_comes_first(looks_for_a_cross):
    best = exciting_pictures(looks_for_a_cross, torch.zeros(600, 1, 28, 28), "ReLU-2", [0], count=3)[0]
    assert [each.index for each in best] == [0, 1, 2]


def test_a_dense_unit_has_no_place_and_sees_everything(looks_for_a_cross, pictures):
    [best] = exciting_pictures(looks_for_a_cross, pictures[:20], "Linear-5", [2], count=1)[2]
    assert best.position is None
    assert best.value == pytest.approx(looks_for_a_cross(pictures[:20])[:, 2].max().item())
    assert best.square.size[0] >= 28 - 2


@pytest.mark.parametrize(
    ("layer", "units", "count", "said"),
    [("Conv2d-7", None, 20, "no such layer"), (1, [2], 20, "no such unit"), (1, None, 0, "no pictures")],
)
def test_mistakes_are_said(looks_for_a_cross, pictures, layer, units, count, said):
    with pytest.raises(TersenetError, match=said):
        exciting_pictures(looks_for_a_cross, pictures[:count], layer, units)


def test_no_batches_are_said(looks_for_a_cross):
    with pytest.raises(TersenetError, match="no pictures"):
        exciting_pictures(looks_for_a_cross, [], 1)
