"""Layer normalisation takes all values of a picture together."""

import pytest
import torch
from torch.nn.functional import layer_norm

from tersenet._errors import TersenetError
from tersenet.networks import build, infer_shapes


@pytest.mark.parametrize("shape", [(8, 6, 6), (2, 1, 1), (3, 5, 7)])
def test_maps_are_normalised_as_torch_normalises_the_whole_picture(shape):
    x = 3 * torch.randn(5, *shape, dtype=torch.float64) + 2
    made = build("LN", shape, classes=None).double()(x)
    torch.testing.assert_close(made, layer_norm(x, shape).flatten(1))


def test_plain_values_are_normalised_as_torch_does():
    model = build("7N LN", (1, 4, 4), classes=None).double()
    x = torch.randn(5, 1, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(model(x), layer_norm(model.layers[0](x.flatten(1)), (7,)))


def test_a_single_value_is_refused():
    with pytest.raises(TersenetError, match="single value"):
        infer_shapes("1C3 GAP LN 10N")
