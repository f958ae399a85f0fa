"""Runs an integer model in torch: the oracle of every exported file.

Sums of whole numbers are exact in float32 below 2^24 and in float64 below 2^53; the proved bound of a layer's sums
decides. They are requantised in whole numbers, of 32 bits where products fit.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tersenet.export.folded.real import as_maps, spread
from tersenet.export.integers.integer import (
    IntegerAdd,
    IntegerAverage,
    IntegerConvolve,
    IntegerJoin,
    IntegerLayer,
    IntegerLookup,
    IntegerMaps,
    IntegerMaximum,
    IntegerModel,
    Requantising,
)

TOGETHER = 500  # pictures at a time


def simulate(model: IntegerModel, images: Tensor) -> Tensor:
    """The scores of pictures, uint8 `[N, H, W]` or `[N, C, H, W]`: int8 `[N, K]`.

    >>> from tersenet.networks import build
    >>> from tersenet.export.integers.quantisation import quantise
    >>> images = torch.zeros(20, 28, 28, dtype=torch.uint8)
    >>> simulate(quantise(build("8C3 BN R GAP 10Nb"), images), images).shape
    torch.Size([20, 10])
    """
    made = [trace(model, batch)[model.scores].flatten(1) for batch in torch.split(images, TOGETHER)]
    return torch.cat(made).to(torch.int8)


def trace(model: IntegerModel, images: Tensor) -> dict[IntegerMaps, Tensor]:
    """What every layer makes of pictures: maps and their whole values, float32 `[N, C, H, W]`."""
    made = {model.picture: as_maps(images).float()}
    with torch.no_grad():
        for layer in model.layers:
            made[layer.target] = _layer(layer, [made[maps] for maps in layer.sources])
    return made


def guesses_of(scores: Tensor) -> Tensor:
    """The class with the largest score, the first of equals: int64 `[N]`.

    >>> guesses_of(torch.tensor([[3, 7, 7]], dtype=torch.int8)).tolist()
    [1]
    """
    places = torch.arange(scores.shape[1])
    is_most = scores == scores.max(dim=1, keepdim=True).values
    return torch.where(is_most, places, scores.shape[1]).min(dim=1).values


def _layer(layer: IntegerLayer, given: list[Tensor]) -> Tensor:
    x = given[0]
    match layer:
        case IntegerConvolve():
            exact = _exact_type(layer.requantising)
            sums = F.conv2d(
                x.to(exact),
                torch.from_numpy(layer.weights).to(exact),
                stride=layer.stride,
                padding=layer.padding,
                dilation=layer.dilation,
                groups=layer.groups,
            )
            return _requantised(sums, layer)
        case IntegerAverage():
            exact = _exact_type(layer.requantising)
            sums = F.avg_pool2d(x.to(exact), layer.kernel, layer.stride, layer.padding, divisor_override=1)
            return _requantised(sums * torch.from_numpy(layer.gain).to(exact).view(-1, 1, 1), layer)
        case IntegerMaximum():
            return F.max_pool2d(x, layer.kernel, layer.stride, layer.padding)
        case IntegerLookup():
            table = torch.from_numpy(layer.table).float()
            places = x.long() & 255
            if len(table) == 1:
                return table[0][places]
            channels = torch.arange(len(table)).view(1, -1, 1, 1)
            return table[channels, places]
        case IntegerAdd():
            return torch.stack(given).sum(dim=0).clamp(layer.low, layer.high)
        case IntegerJoin():
            return torch.cat(given, dim=1)
    raise TypeError(layer)


def _exact_type(how: Requantising) -> torch.dtype:
    """The floating point in which every part of a layer's sums is a whole number exactly."""
    return torch.float32 if how.bound < 2**24 else torch.float64


def _requantised(sums: Tensor, layer: IntegerConvolve | IntegerAverage) -> Tensor:
    """One rounding: `(sum · m + 2^(s−1)) >> s`, clipped."""
    bias = spread(torch.from_numpy(layer.bias), layer.borders)
    how: Requantising = layer.requantising
    whole = torch.int64 if how.wide else torch.int32
    m, s = (torch.from_numpy(each).to(whole).view(-1, 1, 1) for each in (how.multipliers, how.shifts))
    rounded = sums.to(whole).add_(bias).mul_(m).add_(1 << (s - 1)).bitwise_right_shift_(s)
    return rounded.clamp(how.low, how.high).float()
