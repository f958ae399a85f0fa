"""Colours: the formulas of torchvision's jitter where they are the same, and greys that stay grey."""

import colorsys

import pytest
import torch

from tersenet.data.pixels.colour import change_colours

OFF = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
MOST = torch.ones(1, 4)  # of each setting, the upper end of its range


def noise(channels=3):
    return torch.rand(1, channels, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.2


def grey(picture):
    return (picture * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)


def test_brightness_multiplies_and_is_cut_at_white():
    picture = noise()
    assert torch.allclose(change_colours(picture, MOST, **OFF | {"brightness": 0.3}), picture * 1.3)
    assert change_colours(picture, MOST, **OFF | {"brightness": 1.0}).max() == 1.0


def test_saturation_moves_away_from_grey_and_to_it():
    picture = noise()
    more = change_colours(picture, MOST, **OFF | {"saturation": 0.2})
    expected = (1.2 * picture - 0.2 * grey(picture)).clamp(0, 1)
    assert torch.allclose(more, expected, atol=2e-3)
    none = change_colours(picture, torch.zeros(1, 4), **OFF | {"saturation": 1.0})
    assert torch.allclose(none, grey(picture).expand_as(picture), atol=2e-3)


def test_contrast_moves_away_from_the_mean_lightness():
    picture = noise()
    mean = grey(picture).mean()
    found = change_colours(picture, MOST, **OFF | {"contrast": 0.2})
    assert torch.allclose(found, (mean + (picture - mean) * 1.2).clamp(0, 1), atol=1e-5)


def test_hue_turns_red_to_green_and_leaves_grey_alone():
    red = torch.zeros(1, 3, 1, 1)
    red[:, 0] = 0.5
    turned = change_colours(red + 0.2, MOST, **OFF | {"hue": 1 / 3})[0, :, 0, 0]
    hue = colorsys.rgb_to_hsv(*turned.tolist())[0]
    assert min(abs(hue - 1 / 3), abs(hue - 2 / 3)) < 0.06
    middle = torch.full((1, 3, 4, 4), 0.4)
    assert torch.allclose(change_colours(middle, MOST, **OFF | {"hue": 0.3, "saturation": 0.5}), middle, atol=1e-4)


@pytest.mark.parametrize("setting", ["saturation", "hue"])
def test_a_grey_picture_has_no_colour_to_change(setting):
    picture = noise(channels=1)
    assert torch.equal(change_colours(picture, MOST, **OFF | {setting: 0.5}), picture)
