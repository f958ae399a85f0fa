"""Hard-swish is the formula of its paper."""

import torch

from tersenet.networks import build


def test_hard_swish_is_x_times_a_sixth_of_x_plus_three_cut_off_at_zero_and_six():
    x = torch.linspace(-6, 6, 49, dtype=torch.float64).reshape(1, 1, 7, 7)
    made = build("HS", (1, 7, 7), classes=None)(x)
    torch.testing.assert_close(made, (x * (x + 3).clamp(0, 6) / 6).flatten(1))
