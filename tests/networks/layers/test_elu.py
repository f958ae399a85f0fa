"""ELU is the formula of its paper."""

import torch

from tersenet.networks import build


def test_elu_is_x_and_below_zero_the_exponential_less_one():
    x = torch.linspace(-6, 6, 49, dtype=torch.float64).reshape(1, 1, 7, 7)
    made = build("ELU", (1, 7, 7), classes=None)(x)
    torch.testing.assert_close(made, torch.where(x > 0, x, x.exp() - 1).flatten(1))
