"""What the engine must know of a layer: one row per layer, read from the module itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tersenet.engine import abi
from tersenet.engine.abi import (
    ACTIVATION,
    AVERAGE_POOL,
    BATCH_NORM,
    CONVOLUTION,
    DROPOUT,
    GROUP_NORM,
    MAP_DROPOUT,
    MAX_POOL,
    PRELU,
)
from tersenet.networks import Dropout

NO_ACTIVATION = 1.0  # the slope below zero of what leaves everything as it is

Row = dict[str, int | float]
Shape = tuple[int, ...]


class UnknownError(Exception):
    """A network, or a part of one, that the engine does not know; says which."""


def row_of(module: nn.Module, shape: Shape) -> tuple[Row, Shape]:
    """The row of a layer that is given `shape`, without the batch, and the shape that it gives.

    Raises UnknownError where the engine does not know what it does.
    """
    if type(module) not in _ROWS:
        raise UnknownError("an unsupported kind of layer")
    return _ROWS[type(module)](module, shape)


def weights_of(module: nn.Module) -> list[nn.Parameter]:
    """A layer's parameters, in the order in which the engine reads them: weight, bias."""
    weights = (module._parameters.get(name) for name in ("weight", "bias"))
    return [weight for weight in weights if weight is not None]


def _convolution(module: nn.Conv2d, shape: Shape) -> tuple[Row, Shape]:
    channels_in, height_in, width_in = _maps_of(shape)
    stride, dilation = _one(module.stride), _one(module.dilation)
    padding = None if isinstance(module.padding, str) else _one(module.padding)
    if module.padding_mode != "zeros" or None in (stride, dilation, padding):
        raise UnknownError("unsupported strides, padding or dilation")
    assert stride is not None
    assert dilation is not None
    assert padding is not None
    channels, taken, kernel_y, kernel_x = _weight_shape(module, 4)
    groups = module.groups
    if type(groups) is not int or groups < 1 or channels % groups or taken * groups != channels_in:
        raise UnknownError(f"{groups} groups of {taken} channels where it is given {channels_in}")
    height = _windows(height_in + 2 * padding, dilation * (kernel_y - 1) + 1, stride)
    width = _windows(width_in + 2 * padding, dilation * (kernel_x - 1) + 1, stride)
    row = row_between(CONVOLUTION, shape, (channels, height, width)) | {
        "kernel_y": kernel_y, "kernel_x": kernel_x, "stride": stride, "padding": padding, "dilation": dilation,
        "groups": groups, "bias": module.bias is not None,
    }  # fmt: skip
    return row, (channels, height, width)


def _dense(module: nn.Linear, shape: Shape) -> tuple[Row, Shape]:
    _, height_in, width_in = _maps(shape)
    units, taken = _weight_shape(module, 2)
    if taken != math.prod(shape):
        raise UnknownError(f"{taken} values where it is given {math.prod(shape)}")
    row = row_between(CONVOLUTION, shape, (units,)) | {"kernel_y": height_in, "kernel_x": width_in}
    return row | {"bias": module.bias is not None}, (units,)


def _batch_norm(module: nn.BatchNorm1d | nn.BatchNorm2d, shape: Shape) -> tuple[Row, Shape]:
    if len(shape) != (3 if isinstance(module, nn.BatchNorm2d) else 1):
        raise UnknownError(f"a shape of {list(shape)}")
    tracks = module.affine is True and module.track_running_stats is True
    if not tracks or set(module._parameters) != {"weight", "bias"}:
        raise UnknownError("no weights, or no running statistics")
    if module.momentum is None or not _is_number(module.momentum) or not _is_number(module.eps):
        raise UnknownError("statistics without a momentum")
    for weight in module._parameters.values():
        _require_plain(weight, nn.Parameter, shape[:1])
    for name in ("running_mean", "running_var"):
        _require_plain(module._buffers.get(name), Tensor, shape[:1])
    counter = module._buffers.get("num_batches_tracked")
    if type(counter) is not Tensor or counter.dtype is not torch.int64 or counter.device.type != "cpu":
        raise UnknownError("no count of batches")
    row = row_between(BATCH_NORM, shape, shape) | {"momentum": module.momentum, "epsilon": module.eps}
    return row | {"rate": NO_ACTIVATION, "before": NO_ACTIVATION}, shape


def _group_norm(module: nn.GroupNorm, shape: Shape) -> tuple[Row, Shape]:
    if module.affine is not True or module.num_channels != shape[0] or shape[0] % module.num_groups:
        raise UnknownError("no weights, or groups that do not fit")
    return _normalised(module, module.num_groups, shape)


def _layer_norm(module: nn.LayerNorm, shape: Shape) -> tuple[Row, Shape]:
    if module.elementwise_affine is not True or module.normalized_shape != shape or len(shape) != 1:
        raise UnknownError("no weights, or maps")
    return _normalised(module, 1, shape)


def _normalised(module: nn.GroupNorm | nn.LayerNorm, groups: int, shape: Shape) -> tuple[Row, Shape]:
    if set(module._parameters) != {"weight", "bias"} or not _is_number(module.eps):
        raise UnknownError("weights other than the usual ones")
    for weight in module._parameters.values():
        _require_plain(weight, nn.Parameter, shape[:1])
    return row_between(GROUP_NORM, shape, shape) | {"groups": groups, "epsilon": module.eps}, shape


def _activation(module: nn.Module, shape: Shape) -> tuple[Row, Shape]:
    """A function of single values; ELU and leaky ReLU have a figure of their own."""
    named = {nn.LeakyReLU: "negative_slope", nn.ELU: "alpha"}.get(type(module))
    rate: Any = getattr(module, named) if named else 0.0
    if getattr(module, "inplace", False) or not _is_number(rate) or getattr(module, "approximate", "none") != "none":
        raise UnknownError("changes its input in place, an approximation, or no finite slope")
    return row_between(ACTIVATION, shape, shape) | {"function": _FUNCTIONS[type(module)], "rate": rate}, shape


def _prelu(module: nn.PReLU, shape: Shape) -> tuple[Row, Shape]:
    if set(module._parameters) != {"weight"}:
        raise UnknownError("weights other than the usual ones")
    _require_plain(module._parameters["weight"], nn.Parameter, shape[:1])
    return row_between(PRELU, shape, shape), shape


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value)


def _max_pool(module: nn.MaxPool2d, shape: Shape) -> tuple[Row, Shape]:
    if _one(module.dilation) != 1 or module.return_indices is not False:
        raise UnknownError("dilation, or indices")
    return _pool(MAX_POOL, module, shape)


def _average_pool(module: nn.AvgPool2d, shape: Shape) -> tuple[Row, Shape]:
    if module.divisor_override is not None or (module.count_include_pad is not True and _one(module.padding) != 0):
        raise UnknownError("a custom divisor, or padding that is not counted")
    return _pool(AVERAGE_POOL, module, shape)


def _pool(kind: int, module: nn.MaxPool2d | nn.AvgPool2d, shape: Shape) -> tuple[Row, Shape]:
    channels, height_in, width_in = _maps_of(shape)
    kernel_y, kernel_x = _pair(module.kernel_size)
    stride, padding = _one(module.kernel_size if module.stride is None else module.stride), _one(module.padding)
    if padding is None or module.ceil_mode is not False or not stride:
        raise UnknownError("uneven padding or stride, or windows that do not fit whole")
    if 2 * padding > min(kernel_y, kernel_x):
        raise UnknownError("padding wider than half a window")
    height = _windows(height_in + 2 * padding, kernel_y, stride)
    width = _windows(width_in + 2 * padding, kernel_x, stride)
    row = row_between(kind, shape, (channels, height, width)) | {"kernel_y": kernel_y, "kernel_x": kernel_x}
    return row | {"stride": stride, "padding": padding}, (channels, height, width)


def _global_pool(module: nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d, shape: Shape) -> tuple[Row, Shape]:
    channels, height_in, width_in = _maps_of(shape)
    largest = isinstance(module, nn.AdaptiveMaxPool2d)
    if _one(module.output_size) != 1 or (largest and module.return_indices is not False):
        raise UnknownError("an output larger than 1×1, or indices")
    row = row_between(MAX_POOL if largest else AVERAGE_POOL, shape, (channels, 1, 1))
    return row | {"kernel_y": height_in, "kernel_x": width_in}, (channels, 1, 1)


def _dropout(module: nn.Dropout | nn.Dropout2d, shape: Shape) -> tuple[Row, Shape]:
    maps = isinstance(module, nn.Dropout2d)
    if not isinstance(module.p, float | int) or not 0 <= module.p < 1 or module.inplace or (maps and len(shape) != 3):
        raise UnknownError("an unsupported rate or shape, or values dropped in place")
    return row_between(MAP_DROPOUT if maps else DROPOUT, shape, shape) | {"rate": module.p}, shape


_FUNCTIONS: dict[type[nn.Module], int] = {
    nn.ReLU: abi.RECTIFIED,
    nn.LeakyReLU: abi.RECTIFIED,
    nn.SiLU: abi.SILU,
    nn.GELU: abi.GELU,
    nn.Tanh: abi.TANH,
    nn.Hardswish: abi.HARD_SWISH,
    nn.ELU: abi.ELU,
    nn.Sigmoid: abi.SIGMOID,
}
_ROWS: dict[type[nn.Module], Callable[[Any, Shape], tuple[Row, Shape]]] = {
    nn.Conv2d: _convolution,
    nn.Linear: _dense,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: _layer_norm,
    nn.PReLU: _prelu,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.AdaptiveMaxPool2d: _global_pool,
    Dropout: _dropout,
    nn.Dropout: _dropout,
    nn.Dropout2d: _dropout,
    **dict.fromkeys(_FUNCTIONS, _activation),
}


def row_between(kind: int, given: Shape, made: Shape) -> Row:
    """A row of a kind between two shapes; the windows of one that has any are still to be set."""
    channels_in, height_in, width_in = _maps(given)
    channels, height, width = _maps(made)
    return {
        "kind": kind,
        "channels_in": channels_in, "height_in": height_in, "width_in": width_in,
        "channels": channels, "height": height, "width": width,
        "kernel_y": 1, "kernel_x": 1, "stride": 1, "dilation": 1, "groups": 1,
    }  # fmt: skip


def _weight_shape(module: nn.Conv2d | nn.Linear, dimensions: int) -> Shape:
    """The shape of the weight of a convolution or dense layer, which has the weights that it should have."""
    weight, bias = module._parameters.get("weight"), module._parameters.get("bias")
    if set(module._parameters) != {"weight", "bias"} or weight is None or weight.ndim != dimensions:
        raise UnknownError("weights other than the usual ones")
    _require_plain(weight, nn.Parameter, weight.shape)
    if bias is not None:
        _require_plain(bias, nn.Parameter, weight.shape[:1])
    return tuple(weight.shape)


def _require_plain(tensor: object, kind: type[Tensor], shape: Shape) -> None:
    """A float32 tensor of this shape on the processor, in torch's plain order."""
    if type(tensor) is not kind or tensor.dtype is not torch.float32 or tensor.device.type != "cpu":
        raise UnknownError("weights or statistics that are not plain float32 tensors on the processor")
    if tensor.shape != shape or tensor.layout is not torch.strided or not tensor.is_contiguous() or tensor.is_neg():
        raise UnknownError("weights or statistics of another shape or order than torch's own")


def _maps_of(shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise UnknownError(f"a shape of {list(shape)}, which has no maps")
    return _maps(shape)


def _maps(shape: Shape) -> tuple[int, int, int]:
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, 1)


def _windows(length: int, reach: int, stride: int) -> int:
    """How many windows fit, as torch counts them."""
    if length < reach:
        raise UnknownError("a window larger than what it is given")
    return (length - reach) // stride + 1


def _pair(value: object) -> tuple[int, int]:
    down, across = value if isinstance(value, tuple) and len(value) == 2 else (value, value)
    if type(down) is not int or type(across) is not int or min(down, across) < 0:
        raise UnknownError(f"{value!r} where a whole number or two are expected")
    return down, across


def _one(value: object) -> int | None:
    """The number for both directions; None where they differ."""
    down, across = _pair(value)
    return down if down == across else None
