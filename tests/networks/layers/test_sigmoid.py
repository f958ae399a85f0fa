"""The sigmoid is the logistic function."""

import torch

from tersenet.networks import build


def test_the_sigmoid_is_the_logistic_function():
    x = torch.linspace(-6, 6, 49, dtype=torch.float64).reshape(1, 1, 7, 7)
    made = build("S", (1, 7, 7), classes=None)(x)
    torch.testing.assert_close(made, (1 / (1 + (-x).exp())).flatten(1))
