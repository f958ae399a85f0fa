"""The integer model as ONNX: the operations of quantised networks, equal to the simulation in every bit.

All maps are uint8: what is signed has the zero point 128, which onnxruntime asks for where types differ. Weights are
uint8 with zero point 128 too: with int8 weights its kernels for older processors saturate.
"""

from __future__ import annotations

import numpy as np
import torch

from tersenet.export.facts import ExportFacts
from tersenet.export.folded.real import spread
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
)
from tersenet.export.onnx.metadata import Batch, finished, metadata_of
from tersenet.export.onnx.protobuf import OnnxGraph

FLOAT, UINT8, INT8, INT32 = 1, 2, 3, 6
MIDDLE = 128


def integer_onnx(model: IntegerModel, facts: ExportFacts, *, batch: Batch = None) -> bytes:
    """The file: `picture` uint8 `[batch, C, H, W]` in; `scores` int8 and `logits` float32 `[batch, K]` out."""
    writer = _Writer(model)
    outputs = [("scores", "int8"), ("logits", "float32")]
    metadata = metadata_of(facts, model.mean, model.deviation)
    return finished(writer.graph, model.picture.shape, model.scores.size, outputs, metadata, batch)


class _Writer:
    """Appends the operations of each layer."""

    def __init__(self, model: IntegerModel) -> None:
        self.graph = graph = OnnxGraph(model.notation, taken={"picture", "scores", "logits"})
        self.zeros = {zero: graph.constant(f"zero_{zero}", np.array(zero, np.uint8)) for zero in (0, MIDDLE)}
        self.scales: dict[float, str] = {}
        self.names: dict[IntegerMaps, str] = {model.picture: "picture"}
        for layer in model.layers:
            self.names[layer.target] = self.layer(layer, [self.names[maps] for maps in layer.sources])
        last = graph.node("Flatten", [self.names[model.scores]], "flat", axis=1)
        graph.taken -= {"scores", "logits"}
        middle = graph.constant("middle", np.array(MIDDLE, np.int32))
        wide = graph.node("Sub", [graph.node("Cast", [last], "wide", to=INT32), middle], "centred")
        graph.node("Cast", [wide], "scores", to=INT8)
        graph.node("DequantizeLinear", [last, *self.meaning(model.scores)], "logits")

    def meaning(self, maps: IntegerMaps) -> list[str]:
        """The constants of a map's scale and zero point."""
        if maps.scale not in self.scales:
            self.scales[maps.scale] = self.graph.constant("scale", np.array(maps.scale, np.float32))
        return [self.scales[maps.scale], self.zeros[_zero(maps)]]

    def layer(self, layer: IntegerLayer, given: list[str]) -> str:
        match layer:
            case IntegerConvolve():
                return self.convolve(layer, given[0], layer.weights, layer.weight_scales, layer.groups)
            case IntegerAverage():
                weights = np.broadcast_to(layer.gain.reshape(-1, 1, 1, 1), (len(layer.gain), 1, *layer.kernel))
                return self.convolve(layer, given[0], weights, layer.gain_scales, len(layer.gain))
            case IntegerMaximum():
                return self.graph.node(
                    "MaxPool",
                    given,
                    layer.name,
                    kernel_shape=list(layer.kernel),
                    strides=[layer.stride] * 2,
                    pads=[layer.padding] * 4,
                )
            case IntegerLookup():
                return self.lookup(layer, given[0])
            case IntegerAdd():
                return self.add(layer, given)
            case IntegerJoin():
                return self.graph.node("Concat", given, layer.name, axis=1)
        raise TypeError(layer)

    def convolve(
        self,
        layer: IntegerConvolve | IntegerAverage,
        x: str,
        weights: np.ndarray,
        scales: np.ndarray,
        groups: int,
    ) -> str:
        graph, name, how = self.graph, layer.name, layer.requantising
        stored = graph.constant(f"{name}.weight", (weights.astype(np.int16) + MIDDLE).astype(np.uint8))
        window = {
            "kernel_shape": list(layer.kernel),
            "strides": [layer.stride] * 2,
            "pads": [layer.padding] * 4,
            "dilations": [layer.dilation] * 2,
        }
        if layer.bias.shape[1:] == (1, 1):
            middles = graph.constant(f"{name}.weight_zero", np.full(len(scales), MIDDLE, np.uint8))
            steps = graph.constant(f"{name}.weight_scale", scales)
            bias = graph.constant(f"{name}.bias", layer.bias.reshape(-1))
            inputs = [x, *self.meaning(layer.source), stored, steps, middles, *self.meaning(layer.target), bias]
            y = graph.node("QLinearConv", inputs, name, group=groups, **window)
        else:
            zeros = [self.zeros[_zero(layer.source)], self.zeros[MIDDLE]]
            sums = graph.node("ConvInteger", [x, stored, *zeros], f"{name} sums", group=groups, **window)
            at = spread(torch.from_numpy(layer.bias), layer.borders).numpy()[None]
            sums = graph.node("Add", [sums, graph.constant(f"{name}.bias", at)], f"{name} biased")
            factors = np.ldexp(how.multipliers.astype(np.float64), -how.shifts).astype(np.float32)
            factor = graph.constant(f"{name}.multiplier", factors.reshape(1, -1, 1, 1))
            real = graph.node("Mul", [graph.node("Cast", [sums], f"{name} real", to=FLOAT), factor], f"{name} scaled")
            one = graph.constant(f"{name}.one", np.array(1, np.float32))
            y = graph.node("QuantizeLinear", [real, one, self.zeros[_zero(layer.target)]], name)
        if how.low > layer.target.lowest:
            return graph.node("Clip", [y, self.zeros[MIDDLE]], f"{name} rectified")
        return y

    def lookup(self, layer: IntegerLookup, x: str) -> str:
        """The table in the order of the stored bytes; of several tables, one behind the other."""
        graph, name = self.graph, layer.name
        order = (np.arange(256) - _zero(layer.source)) & 255
        table = (layer.table[:, order] + _zero(layer.target)).astype(np.uint8)
        places = graph.node("Cast", [x], f"{name} places", to=INT32)
        if len(table) > 1:
            first = (np.arange(len(table), dtype=np.int32) * 256).reshape(1, -1, 1, 1)
            places = graph.node("Add", [places, graph.constant(f"{name}.first", first)], f"{name} rows")
        return graph.node("Gather", [graph.constant(f"{name}.table", table.reshape(-1)), places], name)

    def add(self, layer: IntegerAdd, given: list[str]) -> str:
        graph, name = self.graph, layer.name
        total, *others = [graph.node("Cast", [each], f"{name} wide", to=INT32) for each in given]
        for other in others:
            total = graph.node("Add", [total, other], f"{name} sum")
        zero, zeros = _zero(layer.target), sum(_zero(maps) for maps in layer.sources)
        shift, low, high = (
            graph.constant(f"{name}.{what}", np.array(value, np.int32))
            for what, value in (("shift", zero - zeros), ("low", layer.low + zero), ("high", layer.high + zero))
        )
        total = graph.node("Add", [total, shift], f"{name} shifted")
        total = graph.node("Clip", [total, low, high], f"{name} clipped")
        return graph.node("Cast", [total], name, to=UINT8)


def _zero(maps: IntegerMaps) -> int:
    return MIDDLE if maps.signed else 0
