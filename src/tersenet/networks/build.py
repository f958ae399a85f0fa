"""A tree becomes a module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from tersenet.data import DIGITS, MNIST_FORM
from tersenet.networks.notation import parse
from tersenet.networks.shapes import LayerShape, infer_shapes
from tersenet.networks.tree import Branches, BranchSum, LayerBlock, Notation, Repeat, Residual, Shared


def build(
    network: Notation | str, input_size: tuple[int, int, int] = MNIST_FORM.size, classes: int | None = len(DIGITS)
) -> NotationNetwork:
    """The module of a notation or of its tree, with torch's own initial weights.

    It takes pictures `[N, C, H, W]` and gives logits `[N, K]`; it contains no softmax. `classes=None` takes
    whatever the last layer gives, flattened. Raises TersenetError where the notation or its shapes cannot work.

    >>> import torch
    >>> model = build("16C3 BN R MP2 GAP 10Nb")
    >>> model(torch.zeros(5, 1, 28, 28)).shape, model.notation
    (torch.Size([5, 10]), '16C3 BN R MP2 GAP 10Nb')
    """
    return NotationNetwork(parse(network) if isinstance(network, str) else network, input_size, classes)


class NotationNetwork(nn.Module):
    """A network built from a notation, which it keeps as `notation`; gives logits `[N, K]`."""

    def __init__(self, tree: Notation, input_size: tuple[int, int, int], classes: int | None) -> None:
        super().__init__()
        self.notation = str(tree)
        self.input_size = input_size
        self.classes = classes
        self.layers = _chain(tree, iter(infer_shapes(tree, input_size, classes)))

    def forward(self, x_nchw: Tensor) -> Tensor:
        logits: Tensor = self.layers(x_nchw).flatten(1)
        return logits


class LayerChain(nn.Sequential):
    """Layers one after another; a dense layer among them flattens what it is given."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x.flatten(1) if isinstance(layer, nn.Linear) else x)
        return x


class ResidualBlock(nn.Module):
    """x + f(x)."""

    def __init__(self, body: LayerChain) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.body(x)
        return y


class SumBlock(nn.Module):
    """A(x) + B(x) + …"""

    def __init__(self, branches: Iterable[LayerChain]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        first, *others = (branch(x) for branch in self.branches)
        y: Tensor = first
        for other in others:
            y = y + other
        return y


class JoinBlock(nn.Module):
    """The channels of A(x), then those of B(x), and so on."""

    def __init__(self, branches: Iterable[LayerChain]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class SharedBlock(nn.Module):
    """One block applied several times, with the same weights each time."""

    def __init__(self, body: LayerChain, times: int) -> None:
        super().__init__()
        self.body = body
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.times):
            x = self.body(x)
        return x


def _chain(block: LayerBlock, steps: Iterator[LayerShape]) -> LayerChain:
    """The modules of a block's layers; `steps` are the shapes of the layers in the order of calls."""
    return LayerChain(
        *[_block(layer, steps) if isinstance(layer, LayerBlock) else _layer(next(steps)) for layer in block.layers]
    )


def _block(block: LayerBlock, steps: Iterator[LayerShape]) -> nn.Module:
    match block:
        case Residual():
            return ResidualBlock(_chain(block, steps))
        case Branches():
            branches = [_chain(branch, steps) for branch in block.layers]
            return SumBlock(branches) if isinstance(block, BranchSum) else JoinBlock(branches)
        case Repeat():
            return LayerChain(*[_chain(block, steps) for _ in range(block.times)])
        case Shared():
            shared = SharedBlock(_chain(block, steps), block.times)
            for _ in range(block.size - block.size // block.times):  # the later passes bring no modules
                next(steps)
            return shared
    raise TypeError(block)


def _layer(step: LayerShape) -> nn.Module:
    return step.layer.module(step.input_shape)
