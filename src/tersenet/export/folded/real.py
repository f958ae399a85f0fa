"""Runs a flat list of layers in real numbers: for calibration, and to check that lowering changed nothing."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from tersenet.export.folded.graph import (
    PIXEL_SCALE,
    Add,
    Average,
    Borders,
    Convolve,
    FloatModel,
    Join,
    Layer,
    Lookup,
    Maps,
    Maximum,
    Normalise,
)

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "silu": F.silu,
    "gelu": F.gelu,
    "tanh": torch.tanh,
    "hardswish": F.hardswish,
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
}


def run_real(model: FloatModel, images: Tensor, *, dtype: torch.dtype = torch.float32) -> dict[Maps, Tensor]:
    """What every layer makes of pictures, uint8 `[N, H, W]` or `[N, C, H, W]`: maps and their values `[N, C, H, W]`.

    >>> from tersenet.networks import build
    >>> from tersenet.export.folded.lowering import lower
    >>> model = lower(build("8C3 BN R GAP 10Nb").eval(), [0.13], [0.31])
    >>> run_real(model, torch.zeros(5, 28, 28, dtype=torch.uint8))[model.scores].shape
    torch.Size([5, 10, 1, 1])
    """
    made = {model.picture: as_maps(images).to(dtype) * PIXEL_SCALE}
    with torch.no_grad():
        for layer in model.layers:
            made[layer.target] = _layer(layer, [made[maps] for maps in layer.sources])
    return made


def as_maps(images: Tensor) -> Tensor:
    """Pictures `[N, H, W]` or `[N, C, H, W]` as `[N, C, H, W]`."""
    return images.unsqueeze(1) if images.dim() == 3 else images


def spread(bias: Tensor, borders: Borders) -> Tensor:
    """A bias by class of border position, `[O, R, S]`, as one for each position: `[O, H, W]`, or `[O, 1, 1]`."""
    if bias.shape[1:] == (1, 1):
        return bias
    return bias[:, list(borders.rows)][:, :, list(borders.columns)]


def apply_function(function: str, slopes: Tensor | None, x: Tensor) -> Tensor:
    """A lookup's function of real values `[N, C, …]`."""
    if slopes is None:
        return FUNCTIONS[function](x)
    shape = (1, -1, *[1] * (x.dim() - 2))
    return torch.where(x < 0, x * slopes.to(x.dtype).view(shape), x)


def _layer(layer: Layer, given: list[Tensor]) -> Tensor:
    x = given[0]
    match layer:
        case Convolve():
            y = F.conv2d(
                x,
                layer.weights.to(x.dtype),
                stride=layer.stride,
                padding=layer.padding,
                dilation=layer.dilation,
                groups=layer.groups,
            )
            return _ended(y, layer)
        case Average():
            y = F.avg_pool2d(x, layer.kernel, layer.stride, layer.padding) * layer.gain.to(x.dtype).view(-1, 1, 1)
            return _ended(y, layer)
        case Maximum():
            return F.max_pool2d(x, layer.kernel, layer.stride, layer.padding)
        case Lookup():
            return apply_function(layer.function, layer.slopes, x)
        case Add():
            total = torch.stack(given).sum(dim=0)
            return total.relu() if layer.relu else total
        case Join():
            return torch.cat(given, dim=1)
        case Normalise():
            return F.group_norm(x, layer.groups, layer.gain.to(x.dtype), layer.shift.to(x.dtype), layer.epsilon)
    raise TypeError(layer)


def _ended(y: Tensor, layer: Convolve | Average) -> Tensor:
    y = y + spread(layer.bias, layer.borders).to(y.dtype)
    return y.relu() if layer.relu else y
