"""Moving the pixels of a batch: one warp for all geometry, and Pillow's own crop and rotation to the byte."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

# Pillow's integer arithmetic (libImaging): resizing weights carry 32 − 8 − 2 = 22 bits, a nearest-neighbour
# affine map is stepped in 16.16 fixed point.
RESIZE_BITS = 22
AFFINE_BITS = 16


def warp(
    images_nchw: Tensor,
    backward_n23: Tensor,
    *,
    displacement_n2hw: Tensor | None = None,
    interpolation: str = "bilinear",
    beyond: str = "zeros",
) -> Tensor:
    """Resample every picture once through its own affine map.

    Beyond a picture there is 0 (`zeros`), or its nearest pixel (`border`).

    `backward_n23` says where each output pixel comes from: `x_in = b00·x + b01·y + b02` and
    `y_in = b10·x + b11·y + b12`, in pixels from the picture's centre, x to the right and y down. `displacement_n2hw`
    (x, y, in pixels) is added to that place. `images_nchw` is float `[N, C, H, W]`, and so is the result.

    >>> picture = torch.arange(9.0).view(1, 1, 3, 3)
    >>> one_to_the_left = torch.tensor([[[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]])
    >>> warp(picture, one_to_the_left).round(decimals=4)[0, 0].tolist()
    [[1.0, 2.0, 0.0], [4.0, 5.0, 0.0], [7.0, 8.0, 0.0]]
    """
    height, width = images_nchw.shape[-2:]
    to_unit_21 = backward_n23.new_tensor([[2 / width], [2 / height]])  # grid_sample's coordinates run from −1 to 1
    x_w, y_h = (torch.arange(size, device=images_nchw.device) - (size - 1) / 2 for size in (width, height))
    # An affine map is a term of the column plus a term of the row: one addition a pixel, where torch's affine_grid
    # spends a matrix product.
    from_x_n2, from_y_n2, offset_n2 = (backward_n23 * to_unit_21).unbind(2)
    column_n2w = from_x_n2[:, :, None] * x_w
    row_n2h = from_y_n2[:, :, None] * y_h + offset_n2[:, :, None]
    grid_n2hw = row_n2h[:, :, :, None] + column_n2w[:, :, None, :]
    if displacement_n2hw is not None:
        grid_n2hw.addcmul_(displacement_n2hw, to_unit_21[:, :, None])
    grid_nhw2 = grid_n2hw.permute(0, 2, 3, 1)
    return F.grid_sample(images_nchw, grid_nhw2, mode=interpolation, padding_mode=beyond, align_corners=False)


def crop_and_resize_as_pillow(images_nhw: Tensor, crop: int) -> Tensor:
    """The central `crop`×`crop` pixels resized to the whole picture, byte for byte as torchvision does on PIL images.

    That is `CenterCrop(crop)` and `Resize((H, W))`: Pillow's separable bilinear filter, first along the rows, then
    along the columns, each pass rounded to a byte. uint8 `[N, H, W]` in and out; `crop` is at most H and W.

    >>> crop_and_resize_as_pillow(torch.tensor([[[9, 9, 9, 9], [9, 0, 100, 9], [9, 0, 100, 9], [9, 9, 9, 9]]],
    ...                                        dtype=torch.uint8), 2)[0, 0].tolist()
    [0, 25, 75, 100]
    """
    height, width = images_nhw.shape[-2:]
    top, left = round((height - crop) / 2), round((width - crop) / 2)  # torchvision rounds halves to even
    # Sums of bytes times 22-bit weights are exact in float64, whatever the order in which they are added.
    cropped = images_nhw[:, top : top + crop, left : left + crop].double()
    rows = _rounded_to_bytes(cropped @ _resize_weights(crop, width).to(cropped.device).T)
    return _rounded_to_bytes(_resize_weights(crop, height).to(cropped.device) @ rows).to(torch.uint8)


def _rounded_to_bytes(sums: Tensor) -> Tensor:
    return sums.add_(1 << (RESIZE_BITS - 1)).mul_(2.0**-RESIZE_BITS).floor_().clamp_(0, 255)


@lru_cache(maxsize=8)
def _resize_weights(size_in: int, size_out: int) -> Tensor:
    """The 22-bit integer weights `[size_out, size_in]` (held in float64) of Pillow's bilinear resizing."""
    scale = size_in / size_out
    support = max(scale, 1.0)
    weights = torch.zeros(size_out, size_in, dtype=torch.float64)
    for out in range(size_out):
        centre = (out + 0.5) * scale
        taps = range(max(int(centre - support + 0.5), 0), min(int(centre + support + 0.5), size_in))
        triangle = [max(0.0, 1.0 - abs((tap - centre + 0.5) / support)) for tap in taps]
        for tap, weight in zip(taps, triangle, strict=True):
            weights[out, tap] = int(0.5 + weight / sum(triangle) * (1 << RESIZE_BITS))
    return weights


def rotate_as_pillow(images_nhw: Tensor, degrees_n: Tensor) -> Tensor:
    """Each picture turned counter-clockwise by its own angle, byte for byte as `PIL.Image.rotate(angle)` does.

    Nearest neighbour, about the centre, fill 0: torchvision's `RandomRotation` on PIL images. uint8 `[N, H, W]` in
    and out; `degrees_n` is `[N]`.

    >>> rotate_as_pillow(torch.tensor([[[1, 2], [3, 4]]], dtype=torch.uint8), torch.tensor([90.0]))[0].tolist()
    [[2, 4], [1, 3]]
    """
    height, width = images_nhw.shape[-2:]
    radians = degrees_n.double() * (-math.pi / 180)
    cos, sin = radians.cos(), radians.sin()
    x0 = width / 2 - cos * (width / 2) - sin * (height / 2)
    y0 = height / 2 + sin * (width / 2) - cos * (height / 2)
    x_in = _fixed_point(x0 + cos / 2 + sin / 2, cos, sin, height, width)
    y_in = _fixed_point(y0 - sin / 2 + cos / 2, -sin, cos, height, width)
    # A black border of one pixel represents everything outside.
    bordered_nhw = F.pad(images_nhw, (1, 1, 1, 1))
    row = y_in.add_(1).clamp_(0, height + 1).mul_(width + 2)
    source_nhw = row.add_(x_in.add_(1).clamp_(0, width + 1)).long()
    return bordered_nhw.flatten(1).gather(1, source_nhw.flatten(1)).view_as(images_nhw)


def _fixed_point(start_n: Tensor, step_x_n: Tensor, step_y_n: Tensor, height: int, width: int) -> Tensor:
    """The whole pixel `[N, H, W]` under `start + step_x·x + step_y·y`, in 16.16 fixed point as Pillow steps it."""
    start, step_x, step_y = (
        (part * (1 << AFFINE_BITS) + 0.5).floor().int() for part in (start_n, step_x_n, step_y_n)
    )
    x_w, y_h = (torch.arange(size, dtype=torch.int32, device=start.device) for size in (width, height))
    row_nh = start[:, None] + step_y[:, None] * y_h
    return (row_nh[:, :, None] + (step_x[:, None] * x_w)[:, None, :]).bitwise_right_shift_(AFFINE_BITS)


def control_points(size: int, spacing: float) -> int:
    """How many control points of a cubic B-spline, `spacing` pixels apart, cover `size` pixels."""
    return math.ceil((size - 1) / spacing) + 3


def smooth_field(controls_ckl: Tensor, height: int, width: int, spacing: float) -> Tensor:
    """Fields `[C, height, width]` drawn through control points `[C, K, L]` by uniform cubic B-splines.

    Twice continuously differentiable, and never beyond the largest control point (the weights of a pixel are positive
    and add up to 1).

    >>> smooth_field(torch.full((1, 4, 4), 2.5), 8, 8, spacing=7.0).round(decimals=5).unique().tolist()
    [2.5]
    """
    rows_ckw = controls_ckl @ _spline_weights(width, spacing).to(controls_ckl.device).T
    return _spline_weights(height, spacing).to(controls_ckl.device) @ rows_ckw


@lru_cache(maxsize=8)
def _spline_weights(size: int, spacing: float) -> Tensor:
    """`[size, K]`: the uniform cubic B-spline's weight of each control point at each pixel."""
    at = (torch.arange(size, dtype=torch.float64) / spacing)[:, None]
    distance = (at - (torch.arange(control_points(size, spacing), dtype=torch.float64) - 1)).abs()
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = (2 - distance).clamp(min=0) ** 3 / 6
    return torch.where(distance < 1, near, far).float()
