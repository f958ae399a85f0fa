"""What a network will take on a device, before it is trained: bytes of constants, and of working memory."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from tersenet.export.c.arena import plan_arena
from tersenet.export.c.steps import steps_of
from tersenet.export.integers.integer import IntegerAverage, IntegerConvolve, IntegerLookup, IntegerModel
from tersenet.export.integers.quantisation import quantise
from tersenet.networks import NotationNetwork, build


@dataclass(frozen=True, kw_only=True)
class DeviceSizes:
    """Bytes of an 8-bit network in C: `constants` (weights, biases, multipliers, tables) and working memory, `arena`.

    The code itself and the stack are not in them; they depend on the compiler.
    """

    constants: int
    arena: int


def device_sizes(network: NotationNetwork) -> DeviceSizes:
    """The sizes of a network's export, which depend on its layers and not on what it learned.

    Raises TersenetError for layers that have no integer form.

    >>> device_sizes(build("12C5s2 BN R 24C3 BN R 32C3 BN R MP2 24C3 BN R GAP 10Nb"))
    DeviceSizes(constants=17862, arena=2756)
    """
    channels, height, width = network.input_size
    like_trained = build(network.notation, network.input_size, network.classes).eval()
    generator = torch.Generator().manual_seed(0)
    for module in like_trained.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):  # as after a training, none of these is 0
            assert module.running_mean is not None
            module.running_mean.normal_(generator=generator)
            with torch.no_grad():
                module.bias.normal_(generator=generator)
    images = torch.randint(256, (4, channels, height, width), dtype=torch.uint8, generator=generator)
    model = quantise(like_trained, images, mean=[0.5] * channels, deviation=[0.5] * channels)
    return DeviceSizes(constants=constant_bytes(model), arena=plan_arena(steps_of(model)).size)


def constant_bytes(model: IntegerModel) -> int:
    """Bytes of all constants of the C code; shared weights count once."""
    total = model.weight_bytes
    for layer in model.layers:
        if isinstance(layer, IntegerLookup):
            total += layer.table.size
        if isinstance(layer, (IntegerConvolve, IntegerAverage)):
            outputs = len(layer.requantising.shifts)
            total += 4 * layer.bias.size + (2 + 1) * outputs
            if layer.bias.shape[1:] != (1, 1):
                total += len(layer.borders.rows) + len(layer.borders.columns)
        if isinstance(layer, IntegerAverage):
            total += layer.gain.size
    return total
