"""Group normalisation takes each picture by itself, group by group."""

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.networks import build, infer_shapes


def test_each_group_of_each_picture_has_mean_0_and_variance_1():
    x = 3 * torch.randn(5, 8, 6, 6, dtype=torch.float64) + 2
    made = build("GN4", (8, 6, 6), classes=None).double()(x).reshape(5, 4, -1)
    torch.testing.assert_close(made.mean(2), torch.zeros(5, 4, dtype=torch.float64), atol=1e-9, rtol=0)
    torch.testing.assert_close(made.var(2, correction=0), torch.ones(5, 4, dtype=torch.float64), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("6C3 GN4 GAP 10N", "GN4", "do not divide"),
        ("4C3 GAP GN4 10N", "GN4", "a single value"),
        ("4N GN4 10N", "GN4", "a single value"),
        ("8C3 GN R", "GN", "need the number of groups after them"),
        ("8C3 GN0 R", "GN0", "out of range"),
    ],
)
def test_groups_that_cannot_be_are_pointed_at(text, place, says):
    with pytest.raises(TersenetError) as raised:
        infer_shapes(text)
    line, carets = raised.value.where.split("\n")
    assert line[carets.index("^") : len(carets)] == place
    assert says in str(raised.value)
