"""A named network for other pictures and another number of classes."""

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.networks import NETWORKS, find_network, parse
from tersenet.networks.adapt import with_classes


@pytest.mark.parametrize("name", list(NETWORKS))
@pytest.mark.parametrize(("size", "classes"), [((3, 32, 32), 3), ((1, 28, 28), 60), ((3, 48, 40), 1000)])
def test_a_named_network_takes_other_pictures_and_classes_or_says_at_which_layer_it_cannot(name, size, classes):
    try:
        found = find_network(name, size, classes)
    except TersenetError as refused:  # one that leaves maps of more than a pixel of larger pictures
        assert size[1:] != (28, 28)
        assert " GAP " not in NETWORKS[name].notation
        hint = refused.hint
        assert "end with GAP" in hint
        return
    assert found.module.eval()(torch.zeros(2, *size)).shape == (2, classes)
    assert found.notation == found.module.notation


@pytest.mark.parametrize("name", list(NETWORKS))
def test_for_ten_classes_it_is_what_it_was(name):
    assert find_network(name).notation == NETWORKS[name].notation


def test_a_last_layer_inside_a_block_is_left_alone():
    network = parse("8C3 GAP (10N)x2")
    assert with_classes(network, 3) is network
