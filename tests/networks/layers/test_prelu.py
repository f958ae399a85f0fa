"""PReLU has a slope for each channel."""

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.networks import build, infer_shapes


def test_each_channel_has_its_own_slope_below_zero():
    model = build("PR", (3, 2, 2), classes=None)
    (slopes,) = model.parameters()
    assert slopes.tolist() == [0.25, 0.25, 0.25]
    with torch.no_grad():
        slopes.copy_(torch.tensor([0.0, 0.5, 2.0]))
    x = torch.randn(5, 3, 2, 2)
    expected = torch.where(x > 0, x, x * torch.tensor([0.0, 0.5, 2.0]).reshape(3, 1, 1))
    torch.testing.assert_close(model(x), expected.flatten(1))


def test_shared_slopes_fit_one_number_of_channels():
    with pytest.raises(TersenetError, match="weights must fit at every pass"):
        infer_shapes("4C3 (PR 8C3)*2 GAP 10N")
