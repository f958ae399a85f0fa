"""What is inside a network: the kernels of its convolutions, and the maps that a picture makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM
from tersenet.inspection.observe import ObservedLayer, Square, find_layer, observe
from tersenet.networks import SOFTMAX_OF_LOGITS

ROW_STARTS = ("Conv", "MaxPool", "AvgPool", "LPPool", "AdaptiveAvgPool", "AdaptiveMaxPool", "Linear", "Upsample")


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernels:
    """The kernels of one convolution: `weights` `[out, in / groups, height, width]`, `layer` its name."""

    layer: str
    weights: Tensor


def kernels(model: nn.Module, input_size: tuple[int, ...] = MNIST_FORM.size) -> list[Kernels]:
    """The kernels of every convolution of any module, in the order in which they are called, each once.

    They are what the convolution multiplies with: where a kernel is pruned or normalised, the result of that. They
    are cross-correlated with the input, as in torch: not rotated. Raises TersenetError where the
    module cannot take pictures of `input_size`.

    >>> from tersenet.networks import build
    >>> [(each.layer, list(each.weights.shape)) for each in kernels(build("8C3 R 16C3 GAP 10N"))]
    [('Conv2d-1', [8, 1, 3, 3]), ('Conv2d-3', [16, 8, 3, 3])]
    """
    return kernels_of(observe(model, torch.zeros(input_size)))


def kernels_of(layers: Iterable[ObservedLayer]) -> list[Kernels]:
    """The kernels among layers that were observed; shared ones once."""
    found: dict[tuple[int, ...], Kernels] = {}
    for layer in layers:
        if layer.kernel is not None and layer.kernel.ndim == 4:
            shared = tuple(weight.data_ptr() for weight in layer.weights)
            found.setdefault(shared or (-layer.number,), Kernels(layer=layer.name, weights=layer.kernel))
    return list(found.values())


def feature_maps(model: nn.Module, x: Tensor, layers: Iterable[str | int] | None = None) -> dict[str, Tensor]:
    """What each layer of any module gives for pictures `x` (`[N, C, H, W]` or `[C, H, W]`): name to output.

    `layers` are names, numbers in the summary or names of modules; all where none are given. Raises TersenetError for
    a layer that is not there.

    >>> from tersenet.networks import build
    >>> maps = feature_maps(build("4C3 R MP2 GAP 10N"), torch.zeros(1, 28, 28), layers=["MaxPool2d-3", "layers.0"])
    >>> {name: list(output.shape) for name, output in maps.items()}
    {'MaxPool2d-3': [1, 4, 13, 13], 'Conv2d-1': [1, 4, 26, 26]}
    """
    observed = observe(model, x)
    chosen = observed if layers is None else [find_layer(observed, name) for name in layers]
    return {layer.name: layer.output for layer in chosen}


def stages(layers: list[ObservedLayer]) -> list[list[ObservedLayer]]:
    """The layers with maps, cut before each convolution, pooling and dense layer; what comes after belongs to it.

    >>> from tersenet.networks import build
    >>> layers = observe(build("4C3 BN R MP2 8C3 R GAP 10N"), torch.zeros(1, 28, 28))
    >>> [[layer.name for layer in stage] for stage in stages(layers)]
    [['Conv2d-1', 'BatchNorm2d-2', 'ReLU-3'], ['MaxPool2d-4'], ['Conv2d-5', 'ReLU-6']]
    """
    cut: list[list[ObservedLayer]] = []
    for layer in layers:
        if not layer.has_maps or layer.type in SOFTMAX_OF_LOGITS:
            continue
        if not cut or layer.type.startswith(ROW_STARTS):
            cut.append([])
        cut[-1].append(layer)
    return cut


def squares_around(
    layers: Iterable[ObservedLayer], centre: tuple[float, float]
) -> list[tuple[ObservedLayer, Square]]:
    """Of each layer with maps, what its unit nearest to a pixel sees; layers that cannot tell are left out.

    >>> from tersenet.networks import build
    >>> layers = observe(build("4C3 R MP2 8C3 R GAP 10N"), torch.zeros(1, 28, 28))
    >>> [(layer.name, square.size) for layer, square in squares_around(layers, (13.5, 13.5))]
    [('Conv2d-1', (3, 3)), ('ReLU-2', (3, 3)), ('MaxPool2d-3', (4, 4)), ('Conv2d-4', (8, 8)), ('ReLU-5', (8, 8))]
    """
    found = []
    for layer in layers:
        if not layer.has_maps or layer.field is None:
            continue
        rows = [(square.centre[0], row) for row in range(layer.output.shape[2]) if (square := layer.square(row, 0))]
        columns = [(square.centre[1], at) for at in range(layer.output.shape[3]) if (square := layer.square(0, at))]
        if rows and columns:
            row = min(rows, key=lambda pair: abs(pair[0] - centre[0]))[1]
            column = min(columns, key=lambda pair: abs(pair[0] - centre[1]))[1]
            square = layer.square(row, column)
            if square is not None:
                found.append((layer, square))
    return found


def require_unit(layer: ObservedLayer, unit: int) -> int:
    """The unit, if the layer has that many; raises TersenetError if not."""
    units = layer.output.shape[1]
    if not 0 <= unit < units:
        raise TersenetError(
            "The layer has no such unit.",
            got=unit,
            expected=f"0 to {units - 1}",
            where=f"{layer.name}, {units} units",
        )
    return unit
