"""Resampling: Pillow is the oracle, to the byte where the module promises it."""

import numpy as np
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image

from tersenet.data.resample import crop_and_resize_as_pillow, rotate_as_pillow, smooth_field, warp


def noise(height, width, seed):
    return torch.randint(0, 256, (1, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 45),
    width=st.integers(1, 45),
    degrees=st.floats(-400, 400, width=32) | st.sampled_from([0.0, 90.0, 180.0, 270.0, -90.0, 45.0]),
    seed=st.integers(0, 99),
)
def test_a_rotation_is_pillows_to_the_byte(height, width, degrees, seed):
    picture = noise(height, width, seed)
    expected = np.array(Image.fromarray(picture[0].numpy()).rotate(degrees))
    assert np.array_equal(rotate_as_pillow(picture, torch.tensor([degrees]))[0].numpy(), expected)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 45), width=st.integers(1, 45), share=st.floats(0, 1), seed=st.integers(0, 99))
def test_a_crop_is_pillows_to_the_byte(height, width, share, seed):
    picture, crop = noise(height, width, seed), max(1, round(share * min(height, width)))
    top, left = round((height - crop) / 2), round((width - crop) / 2)
    cropped = Image.fromarray(picture[0].numpy()).crop((left, top, left + crop, top + crop))
    expected = np.array(cropped.resize((width, height), Image.Resampling.BILINEAR))
    assert np.array_equal(crop_and_resize_as_pillow(picture, crop)[0].numpy(), expected)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(2, 20), width=st.integers(2, 20), x=st.integers(-5, 5), y=st.integers(-5, 5))
def test_a_warp_by_whole_pixels_is_a_shift_with_zeros(height, width, x, y):
    picture = noise(height, width, seed=1).float()[None]
    backward = torch.tensor([[[1.0, 0.0, x], [0.0, 1.0, y]]])
    around = torch.nn.functional.pad(picture, (5, 5, 5, 5))
    expected = around[:, :, 5 + y : 5 + y + height, 5 + x : 5 + x + width]
    assert torch.allclose(warp(picture, backward), expected, atol=0.01)
    displaced = torch.tensor([x, y], dtype=torch.float32)[None, :, None, None].expand(1, 2, height, width)
    identity = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    assert torch.allclose(warp(picture, identity, displacement_n2hw=displaced), expected, atol=0.01)


def test_control_points_on_a_plane_draw_that_plane():
    """Cubic B-splines reproduce linear functions."""
    k, m = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing="ij")
    field = smooth_field((2 * k - 3 * m)[None], 16, 26, 5.0)[0]
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(26.0), indexing="ij")
    assert torch.allclose(field, 2 * (y / 5 + 1) - 3 * (x / 5 + 1), atol=1e-4)
