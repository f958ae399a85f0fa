"""Feature maps and kernels are the network's own."""

import pytest
import torch
from torch import nn

from tersenet import TersenetError, feature_maps, kernels
from tersenet.inspection import observe, squares_around
from tersenet.inspection.explanation.feature_maps import stages
from tersenet.networks import build


def test_a_map_is_the_correlation_with_the_kernel_by_hand():
    model = build("1C3 GAP 2N", classes=2)
    with torch.no_grad():
        model.layers[0].weight.copy_(torch.arange(9.0).view(1, 1, 3, 3))
    x = torch.zeros(1, 28, 28)
    x[0, 10, 12] = 1.0
    maps = feature_maps(model, x, ["Conv2d-1"])["Conv2d-1"][0, 0]
    # Cross-correlation: a point picks the kernel up turned round, kernel 8 at the upper left.
    assert maps[8:11, 10:13].tolist() == [[8, 7, 6], [5, 4, 3], [2, 1, 0]]
    assert int(maps.count_nonzero()) == 8


def test_kernels_come_in_the_order_of_calls_and_shared_ones_once():
    model = build("4C3 (4C3p1 R)*3 DW5 GAP 10N")
    assert [(each.layer, list(each.weights.shape)) for each in kernels(model)] == [
        ("Conv2d-1", [4, 1, 3, 3]),
        ("Conv2d-2", [4, 4, 3, 3]),
        ("Conv2d-8", [4, 1, 5, 5]),
    ]
    assert torch.equal(kernels(model)[0].weights, model.layers[0].weight)


def test_stages_hold_every_layer_with_maps_once():
    layers = observe(build("4C3 BN R D.1 MP2 [4C3p1 R] 8C1 GAP 10N"), torch.zeros(1, 28, 28))
    cut = stages(layers)
    assert [layer for stage in cut for layer in stage] == [layer for layer in layers if layer.has_maps]
    assert [stage[0].type for stage in cut] == ["Conv2d", "MaxPool2d", "Conv2d", "Conv2d"]


def test_squares_hold_the_pixel_and_grow_as_the_summary_says():
    layers = observe(build("4C3p1 R MP2 8C3p1 R MP2 8C3p1 R GAP 10N"), torch.zeros(1, 28, 28))
    found = squares_around(layers, (9.0, 17.0))
    assert [square.size[0] for _, square in found] == [3, 3, 4, 8, 8, 10, 18, 18]
    for _, square in found:
        assert square.top <= 9 <= square.bottom
        assert square.left <= 17 <= square.right


def test_a_layer_that_is_not_there_offers_the_nearest():
    with pytest.raises(TersenetError) as caught:
        feature_maps(build("4C3 R GAP 10N"), torch.zeros(1, 28, 28), ["Conv2d-2"])
    assert "Conv2d-1" in caught.value.hint


def test_no_kernels_where_there_is_no_convolution():
    assert kernels(nn.Sequential(nn.Flatten(), nn.Linear(784, 10))) == []
