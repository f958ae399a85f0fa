"""A rule for each torch function: what its result sees of the input. A function without a rule is unknown.

The layers of the notation say which rule is theirs (`layers/`); the tables here are for what other code calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

from torch import Tensor

from tersenet.networks.summary.receptive_field import Axis, ReceptiveField, Unknown
from tersenet.networks.summary.torch_functions import NORMS, POINTWISE, REDUCTIONS, RESHAPES, SOFTMAXES, Call

Rule = Callable[[Call, ReceptiveField], ReceptiveField]
"""What the result of a call sees, from what its one input sees; raises Unknown."""


def follow(call: Call, fields: list[ReceptiveField], rule: Rule | None = None) -> ReceptiveField:
    """What the result of a call sees, from what its tensors see (`fields`, in order); raises Unknown.

    `rule` is that of a layer of the notation, where it is one of these that calls the function.
    """
    rule = rule or _RULES.get(call.name)
    if (
        rule is same
        or call.name in POINTWISE
        or (call.name in REDUCTIONS and isinstance(call.argument(1, "other"), Tensor))
    ):
        field = reduce(ReceptiveField.joined, fields)
    elif call.name in JOINS:
        field = _joined_along(call, fields)
    elif len(fields) == 1 and rule is not None:
        field = rule(call, fields[0])
    else:
        raise Unknown
    shape = call.result.shape
    fits = field.uniform or len(shape) == 2 if field.flat else tuple(shape[-2:]) == field.sizes
    if not fits:
        raise Unknown
    return field


def covers_whole_map(call: Call) -> bool:
    """Whether a call averages each whole map, under whatever name."""
    if call.name == "mean":
        return call.given.ndim == 4 and _dims(call) == {-1, -2}
    if call.name == "avg_pool2d":
        kernel = _pair(call.argument(1, "kernel_size"))
        reaches = all(k >= size for k, size in zip(kernel, call.given.shape[-2:], strict=True))
        return reaches and tuple(call.result.shape[-2:]) == (1, 1)
    return call.name == "adaptive_avg_pool2d" and tuple(call.result.shape[-2:]) == (1, 1)


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, (tuple, list)):
        return (int(value[0]), int(value[-1]))
    return (int(value), int(value))


def _slid(call: Call, field: ReceptiveField, kernel: Any, stride: Any, padding: Any, dilation: Any) -> ReceptiveField:
    if field.flat or call.given.ndim != 4:
        raise Unknown
    settings = zip(_pair(kernel), _pair(stride), _pair(padding), _pair(dilation), call.result.shape[-2:], strict=True)
    height, width = (
        axis.slid(kernel=k, stride=s, padding=p, dilation=d, size=size)
        for axis, (k, s, p, d, size) in zip((field.height, field.width), settings, strict=True)
    )
    return ReceptiveField(height, width)


def convolved(call: Call, field: ReceptiveField) -> ReceptiveField:
    kernel = tuple(call.argument(1, "weight").shape[2:])
    dilation = _pair(call.argument(5, "dilation", 1))
    padding = call.argument(4, "padding", 0)
    if isinstance(padding, str):
        same = padding == "same"
        padding = tuple(d * (k - 1) // 2 if same else 0 for k, d in zip(kernel, dilation, strict=True))
    return _slid(call, field, kernel, call.argument(3, "stride", 1), padding, dilation)


def _spread(call: Call, field: ReceptiveField) -> ReceptiveField:
    if field.flat or call.given.ndim != 4:
        raise Unknown
    kernel = tuple(call.argument(1, "weight").shape[2:])
    settings = zip(
        kernel,
        _pair(call.argument(3, "stride", 1)),
        _pair(call.argument(4, "padding", 0)),
        _pair(call.argument(7, "dilation", 1)),
        call.result.shape[-2:],
        strict=True,
    )
    height, width = (
        axis.spread(kernel=k, stride=s, padding=p, dilation=d, size=size)
        for axis, (k, s, p, d, size) in zip((field.height, field.width), settings, strict=True)
    )
    return ReceptiveField(height, width)


def pooled(call: Call, field: ReceptiveField) -> ReceptiveField:
    place = 2 if call.name == "lp_pool2d" else 1
    kernel = call.argument(place, "kernel_size")
    padding = 0 if call.name == "lp_pool2d" else call.argument(3, "padding", 0)
    dilation = call.argument(4, "dilation", 1) if call.name.startswith("max") else 1
    return _slid(call, field, kernel, call.argument(place + 1, "stride") or kernel, padding, dilation)


def pooled_to_size(call: Call, field: ReceptiveField) -> ReceptiveField:
    sizes = tuple(call.result.shape[-2:])
    if any(given % left for given, left in zip(field.sizes, sizes, strict=True)):
        raise Unknown  # windows of unequal sizes
    kernel = tuple(given // left for given, left in zip(field.sizes, sizes, strict=True))
    return _slid(call, field, kernel, kernel, 0, 1)


def _enlarged(call: Call, field: ReceptiveField) -> ReceptiveField:
    mode = call.argument(3, "mode", "nearest")
    scale = call.argument(2, "scale_factor")
    scales = scale if isinstance(scale, (tuple, list)) else [1 if scale is None else scale]
    linear = mode == "bilinear" and not call.kwargs.get("align_corners") and not call.kwargs.get("antialias")
    sizes = tuple(call.result.shape[-2:])
    whole = all(s == int(s) for s in scales) and not any(
        left % given for given, left in zip(field.sizes, sizes, strict=True)
    )
    if field.flat or not whole or not (linear or mode in ("nearest", "nearest-exact")):
        raise Unknown
    height, width = (
        axis.enlarged(left // axis.size, linear=linear)
        for axis, left in zip((field.height, field.width), sizes, strict=True)
    )
    return ReceptiveField(height, width)


def _shuffled(call: Call, field: ReceptiveField) -> ReceptiveField:
    factor = int(call.argument(1, "upscale_factor"))
    return ReceptiveField(field.height.enlarged(factor, linear=False), field.width.enlarged(factor, linear=False))


def _unshuffled(call: Call, field: ReceptiveField) -> ReceptiveField:
    factor = call.argument(1, "downscale_factor")
    return _slid(call, field, factor, factor, 0, 1)


def _padded(call: Call, field: ReceptiveField) -> ReceptiveField:
    left, right, top, bottom = (*call.argument(1, "pad"), 0, 0, 0, 0)[:4]
    if any(call.argument(1, "pad")[4:]) or field.flat:
        raise Unknown
    del right, bottom  # they change the size alone, which the result tells
    return _slid(call, field, 1, 1, (top, left), 1)


def dense(call: Call, field: ReceptiveField) -> ReceptiveField:
    if not field.flat:
        raise Unknown
    return field.collapsed()


def _multiplied(call: Call, field: ReceptiveField) -> ReceptiveField:
    """`x @ weights`, `addmm(bias, x, weights)`: dense layers written out."""
    factors = [value for value in call.args if isinstance(value, Tensor)][-2:]
    if len(factors) != 2 or factors[1].ndim != 2:
        raise Unknown
    return dense(call, field)


def _reshaped(call: Call, field: ReceptiveField) -> ReceptiveField:
    before, after = call.given.shape, call.result.shape
    if not after or before[0] != after[0]:
        raise Unknown
    if len(after) >= 3 and tuple(after[-2:]) == field.sizes:
        return replace(field, flat=False)
    if len(after) == 2 or field.sizes == (1, 1):
        return replace(field, flat=True)
    if field.flat and field.uniform and len(after) == 4:
        height, width = (
            axis.whole(jump=None, size=size) for axis, size in zip(_axes(field), after[-2:], strict=True)
        )
        return ReceptiveField(height, width)
    raise Unknown


def _axes(field: ReceptiveField) -> tuple[Axis, Axis]:
    return field.height, field.width


def _dims(call: Call) -> set[int]:
    """The dimensions that a call reduces, counted from the end."""
    place = 2 if call.name == "norm" else 1
    dims = call.argument(place, "dim")
    if dims is None:
        dims = tuple(range(call.given.ndim))
    listed = dims if isinstance(dims, (tuple, list)) else [dims]
    return {dim if dim < 0 else dim - call.given.ndim for dim in listed}


def _reduced(call: Call, field: ReceptiveField) -> ReceptiveField:
    dims, first = _dims(call), -call.given.ndim
    if first in dims:
        raise Unknown  # over the pictures of the batch
    if field.flat:
        return field if field.sizes == (1, 1) else field.collapsed()
    keeps = call.result.ndim == call.given.ndim
    if {-1, -2} <= dims:
        height, width = (
            axis.slid(kernel=axis.size, stride=axis.size, padding=0, dilation=1, size=1) for axis in _axes(field)
        )
        pooled = ReceptiveField(height, width)
        return pooled if keeps else replace(pooled, flat=True)
    if not dims & {-1, -2}:
        return field
    raise Unknown


def _normalized(call: Call, field: ReceptiveField) -> ReceptiveField:
    """Softmax and the like: every value depends on all along some dimension."""
    dim = call.argument(2 if call.name == "normalize" else 1, "dim", 1)
    dim = 1 if dim is None else dim
    along = dim if dim < 0 else dim - call.given.ndim
    if along == -call.given.ndim or (along <= -3 and not field.flat):
        return field
    if field.flat:
        return field if field.sizes == (1, 1) else field.mixed()
    raise Unknown


def mixed(call: Call, field: ReceptiveField) -> ReceptiveField:
    """Norms that take mean and deviation over each whole map, at every picture."""
    if call.name == "instance_norm" and call.argument(5, "use_input_stats", True) is False:
        return field
    if field.flat and call.given.ndim != 2:
        raise Unknown
    return field.mixed()


def _turned(call: Call, field: ReceptiveField) -> ReceptiveField:
    if field.flat or call.result.stride()[-2:] != call.given.stride()[-2:]:
        raise Unknown
    return field


def _cut(call: Call, field: ReceptiveField) -> ReceptiveField:
    """`x[:, ::2, 1:, 1:]`: parts of the channels, and of the map."""
    index = call.args[1]
    parts = list(index) if isinstance(index, tuple) else [index]
    if all(part is None or part == slice(None) for part in parts):
        return _reshaped(call, field)  # x[:, :, None, None]
    if any(not isinstance(part, (slice, int)) and part is not Ellipsis for part in parts):
        raise Unknown
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (call.given.ndim - len(parts) + 1)
    parts += [slice(None)] * (call.given.ndim - len(parts))
    if field.flat:
        if field.sizes == (1, 1):
            return field
        raise Unknown
    cut: list[Axis] = []
    for axis, part in zip(_axes(field), parts[-2:], strict=True):
        if not isinstance(part, slice):
            raise Unknown
        start, stop, step = part.indices(axis.size)
        size = len(range(start, stop, step))
        cut.append(axis.slid(kernel=1, stride=step, padding=-start, dilation=1, size=size))
    height, width = cut
    return ReceptiveField(height, width)


def _expanded(call: Call, field: ReceptiveField) -> ReceptiveField:
    if field.flat:
        raise Unknown
    height, width = (
        axis if axis.size == size else axis.whole(jump=None, size=size)
        for axis, size in zip(_axes(field), call.result.shape[-2:], strict=True)
    )
    if any(
        axis.size != 1 and axis.size != size for axis, size in zip(_axes(field), call.result.shape[-2:], strict=True)
    ):
        raise Unknown
    return ReceptiveField(height, width)


def _parted(call: Call, field: ReceptiveField) -> ReceptiveField:
    """chunk, split: parts of the channels."""
    dim = call.argument(2, "dim", 0)
    along = dim if dim < 0 else dim - call.given.ndim
    if -call.given.ndim < along <= -3 and not field.flat:
        return field
    if field.sizes == (1, 1) and along != -call.given.ndim:
        return field
    raise Unknown


def _joined_along(call: Call, fields: list[ReceptiveField]) -> ReceptiveField:
    dim = call.argument(1, "dim", 0)
    along = dim if dim < 0 else dim - call.result.ndim
    field = reduce(ReceptiveField.joined, fields)
    if along == -call.result.ndim or (along > -3 and not field.flat):
        raise Unknown
    return field


def same(call: Call, field: ReceptiveField) -> ReceptiveField:
    """Value by value, and channels that change places: each position sees what it saw."""
    return field


JOINS = {"cat", "concat", "concatenate", "stack"}
_RULES: dict[str, Rule] = {
    "conv_transpose2d": _spread,
    "interpolate": _enlarged,
    "pixel_shuffle": _shuffled,
    "pixel_unshuffle": _unshuffled,
    "channel_shuffle": same,
    "native_channel_shuffle": same,
    "pad": _padded,
    "glu": _normalized,
    "normalize": _normalized,
    "getitem": _cut,
    "lp_pool2d": pooled,
    **dict.fromkeys(RESHAPES, _reshaped),
    **dict.fromkeys(REDUCTIONS, _reduced),
    **dict.fromkeys(SOFTMAXES, _normalized),
    **dict.fromkeys(NORMS, mixed),
    **dict.fromkeys(("permute", "transpose", "swapaxes", "movedim"), _turned),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _expanded),
    **dict.fromkeys(("chunk", "split", "tensor_split", "split_with_sizes"), _parted),
    **dict.fromkeys(("matmul", "mm", "addmm"), _multiplied),
}
