"""A network as the engine takes it: one row a layer."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tersenet.networks.build import Chain, NotationNetwork
from tersenet.networks.notation import parse
from tersenet.networks.shapes import LayerShape, infer_shapes
from tersenet.networks.tree import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    GlobalPooling,
    LeakyReLU,
    Pooling,
)

# The columns of `struct Step` in engine.h.
STEP = np.dtype(
    [(name, np.int32) for name in ("kind", "channels_in", "height_in", "width_in", "channels", "height", "width")]
    + [
        (name, np.int32)
        for name in ("kernel_y", "kernel_x", "stride", "padding", "dilation", "bias", "weights", "buffers")
    ]
    + [(name, np.float32) for name in ("rate", "before", "momentum", "epsilon")]
)
CONVOLUTION, BATCH_NORM, ACTIVATION, MAX_POOL, AVERAGE_POOL, DROPOUT, MAP_DROPOUT = range(7)
NO_ACTIVATION = 1.0  # the slope below zero of what leaves everything as it is

Row = dict[str, int | float]


class Plan:
    """The rows of a network's layers, and the tensors that they read: parameters, running statistics."""

    def __init__(self, model: NotationNetwork, rows: list[Row]) -> None:
        self.steps: NDArray[np.void] = np.zeros(len(rows), STEP)
        for step, row in zip(self.steps, rows, strict=True):
            for name, value in row.items():
                step[name] = value
        self.drops = any(row["kind"] in (DROPOUT, MAP_DROPOUT) for row in rows)
        self.parameters: list[nn.Parameter] = list(model.parameters())
        norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
        self.statistics: list[Tensor] = [t for norm in norms for t in (norm.running_mean, norm.running_var)]  # type: ignore[misc]
        self.counters: list[Tensor] = [norm.num_batches_tracked for norm in norms]  # type: ignore[misc]


def plan(model: nn.Module) -> Plan | None:
    """The plan of a network, or None where it has a layer that the engine does not know.

    It knows convolutions without groups, batch normalisation, ReLU, leaky ReLU, pooling without padding,
    dropout and dense layers, one after the other.
    """
    if not isinstance(model, NotationNetwork) or any(
        parameter.device.type != "cpu" or parameter.dtype != torch.float32 for parameter in model.parameters()
    ):
        return None
    modules = _one_after_another(model.layers)
    steps = infer_shapes(parse(model.notation), model.input_size, model.classes)
    if modules is None or len(modules) != len(steps):
        return None
    rows: list[Row] = []
    weights = buffers = 0
    for step, module in zip(steps, modules, strict=True):
        row = _row(step, module)
        if row is None:
            return None
        row |= {"weights": weights, "buffers": buffers}
        weights += len(list(module.parameters()))
        buffers += 2 * (row["kind"] == BATCH_NORM)
        _add(rows, row)
    return Plan(model, rows)


def _add(rows: list[Row], row: Row) -> None:
    """Add a layer; one that does nothing, or that batch normalisation can do beside its own, is a pass less."""
    last: Row = rows[-1] if rows else {"kind": -1}
    if row["kind"] in (DROPOUT, MAP_DROPOUT) and row["rate"] == 0 and rows:
        return
    if row["kind"] == ACTIVATION and last["kind"] == BATCH_NORM and last["rate"] == NO_ACTIVATION:
        last["rate"] = row["rate"]
    elif row["kind"] == BATCH_NORM and last["kind"] == ACTIVATION:
        rows[-1] = row | {"before": last["rate"]}
    else:
        rows.append(row)


def _one_after_another(module: nn.Module) -> list[nn.Module] | None:
    """The layers of nested chains; None where a block is residual or shared."""
    if isinstance(module, Chain):
        parts = [_one_after_another(part) for part in module]
        return None if None in parts else list(itertools.chain(*[part for part in parts if part]))
    return [module] if not list(module.children()) else None


def _row(step: LayerShape, module: nn.Module) -> Row | None:
    channels_in, height_in, width_in = _maps(step.input_shape)
    channels, height, width = _maps(step.output_shape)
    row: Row = {
        "channels_in": channels_in, "height_in": height_in, "width_in": width_in,
        "channels": channels, "height": height, "width": width,
        "kernel_y": 1, "kernel_x": 1, "stride": 1, "dilation": 1,
    }  # fmt: skip
    match step.layer:
        case Convolution(groups=1) as layer if layer.padding <= layer.dilation * (layer.kernel - 1):
            window = {"kernel_y": layer.kernel, "kernel_x": layer.kernel}
            window |= {"stride": layer.stride, "dilation": layer.dilation}
            return row | window | {"kind": CONVOLUTION, "padding": layer.padding, "bias": layer.bias}
        case Dense():
            return row | {"kind": CONVOLUTION, "kernel_y": height_in, "kernel_x": width_in, "bias": step.layer.bias}
        case BatchNorm() if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.momentum is not None:
            constants = {
                "momentum": module.momentum,
                "epsilon": module.eps,
                "rate": NO_ACTIVATION,
                "before": NO_ACTIVATION,
            }
            return row | constants | {"kind": BATCH_NORM}
        case Activation(name="R"):
            return row | {"kind": ACTIVATION, "rate": 0.0}
        case LeakyReLU():
            return row | {"kind": ACTIVATION, "rate": step.layer.slope}
        case Pooling(padding=0) as layer:
            kind = MAX_POOL if layer.kind == "max" else AVERAGE_POOL
            return row | {"kind": kind, "kernel_y": layer.kernel, "kernel_x": layer.kernel, "stride": layer.step}
        case GlobalPooling():
            kind = MAX_POOL if step.layer.kind == "max" else AVERAGE_POOL
            return row | {"kind": kind, "kernel_y": height_in, "kernel_x": width_in}
        case Dropout() if isinstance(module, nn.modules.dropout._DropoutNd):
            return row | {"kind": MAP_DROPOUT if step.layer.whole_maps else DROPOUT, "rate": module.p}
    return None


def _maps(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (shape[0], 1, 1)
