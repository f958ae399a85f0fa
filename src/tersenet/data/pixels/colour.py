"""Lightness and colours of a batch, changed a little: each picture in its own way."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# The columns of a picture's row of random numbers, uniform in [0, 1).
BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)
COLOUR_COLUMNS = 4

LIGHTNESS = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R 601)
# Chroma of YIQ: a turn in this plane turns the hue and leaves the lightness.
_IN_PHASE = (0.596, -0.274, -0.322)
_QUADRATURE = (0.211, -0.523, 0.312)


def change_colours(
    images_nchw: Tensor, draws_nc: Tensor, *, brightness: float, contrast: float, saturation: float, hue: float
) -> Tensor:
    """Floats `[N, C, H, W]` in 0..1 with other brightness, contrast, saturation and hue, in 0..1 again.

    `draws_nc` has a row of uniform numbers `[N, 4]`; each factor lies in 1 ± its setting, the turn of the hue in
    ± `hue` of the colour circle. Of grey pictures, brightness and contrast change.

    >>> middle = torch.full((1, 3, 2, 2), 0.5)
    >>> lighter = change_colours(middle, torch.ones(1, 4), brightness=0.2, contrast=0, saturation=0, hue=0)
    >>> [round(value, 3) for value in lighter[0, :, 0, 0].tolist()]
    [0.6, 0.6, 0.6]
    """
    between_nc = draws_nc * 2 - 1
    factors = 1 + between_nc * torch.tensor([brightness, contrast, saturation, 0.0], device=draws_nc.device)
    images = images_nchw * factors[:, BRIGHTNESS, None, None, None]
    if images.shape[1] == 3 and (saturation or hue):
        turn_n33 = _turn(factors[:, SATURATION], between_nc[:, HUE] * (hue * 2 * math.pi))
        images = (turn_n33 @ images.flatten(2)).view(images.shape)
    if contrast:
        mean_n111 = _lightness(images).mean(dim=(1, 2), keepdim=False)[:, None, None, None]
        images = mean_n111 + (images - mean_n111) * factors[:, CONTRAST, None, None, None]
    return images.clamp_(0, 1)


def _lightness(images_nchw: Tensor) -> Tensor:
    """`[N, H, W]`."""
    if images_nchw.shape[1] == 1:
        return images_nchw[:, 0]
    weights = images_nchw.new_tensor(LIGHTNESS).view(-1, 1, 1)
    return (images_nchw * weights).sum(dim=1)


def _turn(stretch_n: Tensor, angle_n: Tensor) -> Tensor:
    """`[N, 3, 3]`: colours turned by an angle about the greys, and moved away from them by a factor."""
    to_yiq = torch.tensor([LIGHTNESS, _IN_PHASE, _QUADRATURE], dtype=torch.float64)
    cos, sin = (angle_n.cos() * stretch_n).double(), (angle_n.sin() * stretch_n).double()
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    turned = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1).view(-1, 3, 3)
    to_yiq = to_yiq.to(turned.device)
    turn_n33: Tensor = torch.linalg.inv(to_yiq) @ turned @ to_yiq
    return turn_n33.to(stretch_n.dtype)
