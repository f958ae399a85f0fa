"""What the engine must know of a layer: one row per layer, read from the module itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tersenet.engine.abi import ACTIVATION, AVERAGE_POOL, BATCH_NORM, CONVOLUTION, DROPOUT, MAP_DROPOUT, MAX_POOL
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
    if module.groups != 1 or module.padding_mode != "zeros" or None in (stride, dilation, padding):
        raise UnknownError("groups, or unsupported strides, padding or dilation")
    assert stride is not None
    assert dilation is not None
    assert padding is not None
    channels, taken, kernel_y, kernel_x = _weight_shape(module, 4)
    if taken != channels_in:
        raise UnknownError(f"{taken} channels where it is given {channels_in}")
    if padding > dilation * (min(kernel_y, kernel_x) - 1):
        raise UnknownError("more padding than the kernel reaches")
    height = _windows(height_in + 2 * padding, dilation * (kernel_y - 1) + 1, stride)
    width = _windows(width_in + 2 * padding, dilation * (kernel_x - 1) + 1, stride)
    row = _row(CONVOLUTION, shape, (channels, height, width)) | {
        "kernel_y": kernel_y, "kernel_x": kernel_x, "stride": stride, "padding": padding, "dilation": dilation,
        "bias": module.bias is not None,
    }  # fmt: skip
    return row, (channels, height, width)


def _dense(module: nn.Linear, shape: Shape) -> tuple[Row, Shape]:
    _, height_in, width_in = _maps(shape)
    units, taken = _weight_shape(module, 2)
    if taken != math.prod(shape):
        raise UnknownError(f"{taken} values where it is given {math.prod(shape)}")
    row = _row(CONVOLUTION, shape, (units,)) | {"kernel_y": height_in, "kernel_x": width_in}
    return row | {"bias": module.bias is not None}, (units,)


def _batch_norm(module: nn.BatchNorm1d | nn.BatchNorm2d, shape: Shape) -> tuple[Row, Shape]:
    if len(shape) != (3 if isinstance(module, nn.BatchNorm2d) else 1):
        raise UnknownError(f"a shape of {list(shape)}")
    tracks = module.affine is True and module.track_running_stats is True
    if not tracks or set(module._parameters) != {"weight", "bias"}:
        raise UnknownError("no weights, or no running statistics")
    if not isinstance(module.momentum, float | int) or not all(map(math.isfinite, (module.momentum, module.eps))):
        raise UnknownError("statistics without a momentum")
    for weight in module._parameters.values():
        _require_plain(weight, nn.Parameter, shape[:1])
    for name in ("running_mean", "running_var"):
        _require_plain(module._buffers.get(name), Tensor, shape[:1])
    counter = module._buffers.get("num_batches_tracked")
    if type(counter) is not Tensor or counter.dtype is not torch.int64 or counter.device.type != "cpu":
        raise UnknownError("no count of batches")
    row = _row(BATCH_NORM, shape, shape) | {"momentum": module.momentum, "epsilon": module.eps}
    return row | {"rate": NO_ACTIVATION, "before": NO_ACTIVATION}, shape


def _activation(module: nn.ReLU | nn.LeakyReLU, shape: Shape) -> tuple[Row, Shape]:
    slope = module.negative_slope if isinstance(module, nn.LeakyReLU) else 0.0
    if module.inplace or not isinstance(slope, float | int) or not math.isfinite(slope):
        raise UnknownError("changes its input in place, or has no finite slope")
    return _row(ACTIVATION, shape, shape) | {"rate": slope}, shape


def _max_pool(module: nn.MaxPool2d, shape: Shape) -> tuple[Row, Shape]:
    if _one(module.dilation) != 1 or module.return_indices is not False:
        raise UnknownError("dilation, or indices")
    return _pool(MAX_POOL, module, shape)


def _average_pool(module: nn.AvgPool2d, shape: Shape) -> tuple[Row, Shape]:
    if module.divisor_override is not None:
        raise UnknownError("a custom divisor")
    return _pool(AVERAGE_POOL, module, shape)


def _pool(kind: int, module: nn.MaxPool2d | nn.AvgPool2d, shape: Shape) -> tuple[Row, Shape]:
    channels, height_in, width_in = _maps_of(shape)
    kernel_y, kernel_x = _pair(module.kernel_size)
    stride = _one(module.kernel_size if module.stride is None else module.stride)
    if _one(module.padding) != 0 or module.ceil_mode is not False or stride is None:
        raise UnknownError("padding, or windows that do not fit whole")
    height, width = _windows(height_in, kernel_y, stride), _windows(width_in, kernel_x, stride)
    row = _row(kind, shape, (channels, height, width))
    return row | {"kernel_y": kernel_y, "kernel_x": kernel_x, "stride": stride}, (channels, height, width)


def _global_pool(module: nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d, shape: Shape) -> tuple[Row, Shape]:
    channels, height_in, width_in = _maps_of(shape)
    largest = isinstance(module, nn.AdaptiveMaxPool2d)
    if _one(module.output_size) != 1 or (largest and module.return_indices is not False):
        raise UnknownError("an output larger than 1×1, or indices")
    row = _row(MAX_POOL if largest else AVERAGE_POOL, shape, (channels, 1, 1))
    return row | {"kernel_y": height_in, "kernel_x": width_in}, (channels, 1, 1)


def _dropout(module: nn.Dropout | nn.Dropout2d, shape: Shape) -> tuple[Row, Shape]:
    maps = isinstance(module, nn.Dropout2d)
    if not isinstance(module.p, float | int) or not 0 <= module.p < 1 or module.inplace or (maps and len(shape) != 3):
        raise UnknownError("an unsupported rate or shape, or values dropped in place")
    return _row(MAP_DROPOUT if maps else DROPOUT, shape, shape) | {"rate": module.p}, shape


_ROWS: dict[type[nn.Module], Callable[[Any, Shape], tuple[Row, Shape]]] = {
    nn.Conv2d: _convolution,
    nn.Linear: _dense,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.ReLU: _activation,
    nn.LeakyReLU: _activation,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.AdaptiveMaxPool2d: _global_pool,
    Dropout: _dropout,
    nn.Dropout: _dropout,
    nn.Dropout2d: _dropout,
}


def _row(kind: int, given: Shape, made: Shape) -> Row:
    channels_in, height_in, width_in = _maps(given)
    channels, height, width = _maps(made)
    return {
        "kind": kind,
        "channels_in": channels_in, "height_in": height_in, "width_in": width_in,
        "channels": channels, "height": height, "width": width,
        "kernel_y": 1, "kernel_x": 1, "stride": 1, "dilation": 1,
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
