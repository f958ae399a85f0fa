"""The integer model as TFLite: int8 with scales per channel, for TensorFlow Lite, LiteRT and what reads their files.

Maps lie as `[batch, H, W, C]`. Unsigned ones, as the picture, are stored as `q − 128` with the zero point −128.
TFLite's convolutions have one bias per channel. Where it depends on the border (a padded layer on the normalised
picture, or behind a folded batch normalisation), the layer is computed in float32: sums of whole numbers are exact.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import torch

from tersenet._errors import TersenetError
from tersenet._json import finite
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
    IntegerWindow,
)
from tersenet.export.tflite.file import TfliteGraph, schema

EXACT = 2**24  # whole numbers below it are exact in float32
OPTIONS = {
    "ADD": "AddOptions",
    "MUL": "MulOptions",
    "ROUND": "",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
}


def integer_tflite(model: IntegerModel, facts: ExportFacts, *, batch: int | None = None) -> bytes:
    """The file: `picture` int8 `[batch, H, W, C]`, pixels minus 128, in; `scores` int8 `[batch, K]` out.

    Raises TersenetError for a layer that TFLite cannot express, and where `flatbuffers` and `tflite` are missing.

    >>> import torch
    >>> from tersenet.networks import build
    >>> from tersenet.export import quantise
    >>> model = quantise(build("8C3 BN R MP2 GAP 10Nb"), torch.zeros(5, 28, 28, dtype=torch.uint8))
    >>> facts = ExportFacts(run="x", network=model.notation, data="d", classes=tuple("0123456789"),
    ...                     weights_sha256="0")
    >>> integer_tflite(model, facts)[4:8]
    b'TFL3'
    """
    writer = _Writer(model)
    document = json.dumps(finite(facts.document()), ensure_ascii=False)
    return writer.graph.file([writer.picture], [writer.scores], "\n".join(facts.lines), batch, document)


class _Writer:
    """Appends the operators of each layer."""

    def __init__(self, model: IntegerModel) -> None:
        self.schema = schema()
        self.notation = model.notation
        self.graph = TfliteGraph()
        self.picture = self.maps(model.picture, "picture")
        self.numbers: dict[IntegerMaps, int] = {model.picture: self.picture}
        for layer in model.layers:
            self.numbers[layer.target] = self.layer(layer, [self.numbers[maps] for maps in layer.sources])
        scores = model.scores
        flat = self.graph.constant("classes", np.array([-1, scores.size], np.int32))
        target = self.graph.tensor("scores", (1, scores.size), "INT8", scale=scores.scale, zero=_zero(scores))
        self.scores = self.graph.operator("RESHAPE", [self.numbers[scores], flat], target, options="ReshapeOptions")

    def maps(self, maps: IntegerMaps, name: str) -> int:
        """The tensor of maps."""
        return self.graph.tensor(name, _nhwc(maps.shape), "INT8", scale=maps.scale, zero=_zero(maps))

    def layer(self, layer: IntegerLayer, given: list[int]) -> int:
        match layer:
            case IntegerConvolve():
                return self.convolve(layer, given[0])
            case IntegerAverage():
                weights = np.broadcast_to(layer.gain.reshape(-1, 1, 1, 1), (len(layer.gain), 1, *layer.kernel))
                return self.window(layer, given[0], weights, layer.gain_scales, depthwise=True)
            case IntegerMaximum():
                return self.maximum(layer, given[0])
            case IntegerLookup():
                return self.lookup(layer, given[0])
            case IntegerAdd():
                return self.add(layer, given)
            case IntegerJoin():
                return self.graph.operator(
                    "CONCATENATION",
                    given,
                    self.maps(layer.target, layer.name),
                    options="ConcatenationOptions",
                    version=2,
                    Axis=3,
                )
        raise TypeError(layer)

    def convolve(self, layer: IntegerConvolve, x: int) -> int:
        channels = layer.source.shape[0]
        depthwise = layer.groups == channels and channels > 1
        return self.window(layer, x, layer.weights, layer.weight_scales, depthwise=depthwise)

    def window(
        self,
        layer: IntegerConvolve | IntegerAverage,
        x: int,
        weights: np.ndarray,
        scales: np.ndarray,
        *,
        depthwise: bool,
    ) -> int:
        """A convolution; a depthwise one has its kernels `[1, h, w, O]`, others `[O, h, w, I/groups]`."""
        if layer.bias.shape[1:] != (1, 1):
            return self.bordered(layer, x, weights, depthwise=depthwise)
        name, graph = layer.name, self.graph
        kernels = np.ascontiguousarray(weights.transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1)))
        kernel = graph.constant(f"{name}/weight", kernels, scales=scales.tolist(), axis=3 if depthwise else 0)
        steps = (scales.astype(np.float64) * layer.source.scale).astype(np.float32)
        bias = graph.constant(f"{name}/bias", layer.bias.reshape(-1), scales=steps.tolist())
        padding, x = self.padded(layer, x, lowest=False)
        rectified = layer.requantising.low > layer.target.lowest
        target = self.maps(layer.target, name)
        return self.convolution(layer, [x, kernel, bias], target, padding, depthwise=depthwise, rectified=rectified)

    def convolution(
        self,
        layer: IntegerConvolve | IntegerAverage,
        inputs: Sequence[int],
        target: int,
        padding: int,
        *,
        depthwise: bool,
        rectified: bool = False,
    ) -> int:
        fields = {
            "Padding": padding,
            "StrideH": layer.stride,
            "StrideW": layer.stride,
            "DilationHFactor": layer.dilation,
            "DilationWFactor": layer.dilation,
            "FusedActivationFunction": self.activation(rectified),
        }
        if depthwise:
            fields["DepthMultiplier"] = layer.target.shape[0] // layer.source.shape[0]
            options, code = "DepthwiseConv2DOptions", "DEPTHWISE_CONV_2D"
        else:
            options, code = "Conv2DOptions", "CONV_2D"
        return self.graph.operator(code, inputs, target, options=options, version=3, **fields)

    def bordered(
        self, layer: IntegerConvolve | IntegerAverage, x: int, weights: np.ndarray, *, depthwise: bool
    ) -> int:
        """A layer whose bias depends on the border: sums, their bias, a multiplication, and one rounding."""
        name, graph, how = layer.name, self.graph, layer.requantising
        if how.bound >= EXACT:
            raise TersenetError(
                "TFLite cannot compute this layer exactly: its bias depends on the border, and its sums are large.",
                got=f"sums up to {how.bound:,}",
                expected=f"below {EXACT:,}",
                where=f"{name} in {self.notation}",
                hint="export it as c, onnx or json, which are equal to the bit",
            )
        x = self.real(self.cast(x, "INT8", "FLOAT32", self.floats(layer.source, name)), layer.source, name)
        kernels = np.ascontiguousarray(weights.transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1)))
        kernel = graph.constant(f"{name}/weight", kernels.astype(np.float32))
        bias = graph.constant(f"{name}/zeros", np.zeros(len(weights), np.float32))
        padding, x = self.padded(layer, x, lowest=False, kind="FLOAT32")
        target = layer.target
        total = self.convolution(layer, [x, kernel, bias], self.floats(target, name), padding, depthwise=depthwise)
        border = spread(torch.from_numpy(layer.bias), layer.borders).numpy().transpose(1, 2, 0)[None]
        factor = np.ldexp(how.multipliers.astype(np.float64), -how.shifts).astype(np.float32)
        for code, number in (
            ("ADD", border.astype(np.float32)),
            ("MUL", factor),
            ("ROUND", None),
            ("MAXIMUM", np.array([how.low], np.float32)),
            ("MINIMUM", np.array([how.high], np.float32)),
            ("ADD", np.array([_zero(target)], np.float32)),
        ):
            given = [total] if number is None else [total, graph.constant(f"{name}/{code.lower()}", number)]
            total = graph.operator(code, given, self.floats(target, name), options=OPTIONS[code])
        return self.cast(total, "FLOAT32", "INT8", self.maps(target, name))

    def real(self, x: int, maps: IntegerMaps, name: str) -> int:
        """The values that stored ones mean, in float32, but for their scale."""
        if maps.signed:
            return x
        shift = self.graph.constant(f"{name}/zero", np.array([-_zero(maps)], np.float32))
        return self.graph.operator("ADD", [x, shift], self.floats(maps, name), options="AddOptions")

    def floats(self, maps: IntegerMaps, name: str) -> int:
        return self.graph.tensor(f"{name}/real", _nhwc(maps.shape), "FLOAT32")

    def maximum(self, layer: IntegerMaximum, x: int) -> int:
        padding, x = self.padded(layer, x, lowest=True)
        height, width = layer.kernel
        return self.graph.operator(
            "MAX_POOL_2D",
            [x],
            self.maps(layer.target, layer.name),
            options="Pool2DOptions",
            version=2,
            Padding=padding,
            StrideH=layer.stride,
            StrideW=layer.stride,
            FilterHeight=height,
            FilterWidth=width,
        )

    def padded(self, layer: IntegerWindow, x: int, *, lowest: bool, kind: str = "INT8") -> tuple[int, int]:
        """How TFLite names the layer's padding, and its input; what it has no name for is padded before."""
        if layer.padding == 0:
            return self.schema.Padding.VALID, x
        if _is_same(layer):
            return self.schema.Padding.SAME, x
        graph, p = self.graph, layer.padding
        channels, height, width = layer.source.shape
        shape = (1, height + 2 * p, width + 2 * p, channels)
        around = graph.constant(f"{layer.name}/padding", np.array([(0, 0), (p, p), (p, p), (0, 0)], np.int32))
        scale, zero = (None, 0) if kind == "FLOAT32" else (layer.source.scale, _zero(layer.source))
        target = graph.tensor(f"{layer.name}/padded", shape, kind, scale=scale, zero=zero)
        if lowest and layer.source.signed:
            least = graph.constant(f"{layer.name}/least", np.array([-128], np.int8), scales=[layer.source.scale])
            graph.operator("PADV2", [x, around, least], target, options="PadV2Options", version=2)
        else:
            graph.operator("PAD", [x, around], target, options="PadOptions", version=2)
        return self.schema.Padding.VALID, target

    def lookup(self, layer: IntegerLookup, x: int) -> int:
        """The table in the order of the stored bytes; of several tables, one behind the other."""
        graph, name = self.graph, layer.name
        order = (np.arange(-128, 128) - _zero(layer.source)) & 255
        table = (layer.table[:, order] + _zero(layer.target)).astype(np.int8).reshape(-1)
        first = 128 + 256 * np.arange(len(layer.table), dtype=np.int32)
        places = self.whole(x, layer.source, f"{name}/wide")
        shift = graph.constant(f"{name}/first", first)
        places = self.sum([places, shift], graph.tensor(f"{name}/places", _nhwc(layer.source.shape), "INT32"))
        scale, zero = layer.target.scale, _zero(layer.target)
        values = graph.constant(f"{name}/table", table, scales=[scale], zero=zero)
        target = self.maps(layer.target, name)
        return graph.operator("GATHER", [values, places], target, options="GatherOptions", version=2, Axis=0)

    def add(self, layer: IntegerAdd, given: list[int]) -> int:
        """Two at once; more are summed in 32 bits, so that only their sum is clipped."""
        graph, name, target = self.graph, layer.name, layer.target
        if len(given) == 2 and layer.low in (target.lowest, 0):
            rectified = layer.low > target.lowest
            return self.sum(given, self.maps(target, name), rectified=rectified)
        shape = _nhwc(target.shape)
        total, *others = [self.whole(x, maps, f"{name}/wide") for x, maps in zip(given, layer.sources, strict=True)]
        for other in others:
            total = self.sum([total, other], graph.tensor(f"{name}/sum", shape, "INT32"))
        zero = _zero(target) - sum(_zero(maps) for maps in layer.sources)
        total = self.sum(
            [total, graph.constant(f"{name}/shift", np.array([zero], np.int32))],
            graph.tensor(f"{name}/shifted", shape, "INT32"),
        )
        for code, limit in (("MAXIMUM", layer.low), ("MINIMUM", layer.high)):
            bound = graph.constant(f"{name}/{code.lower()}", np.array([limit + _zero(target)], np.int32))
            total = graph.operator(
                code,
                [total, bound],
                graph.tensor(f"{name}/clipped", shape, "INT32"),
                options=OPTIONS[code],
                version=2,
            )
        return self.cast(total, "INT32", "INT8", self.maps(target, name))

    def sum(self, given: Sequence[int], target: int, *, rectified: bool = False) -> int:
        return self.graph.operator(
            "ADD",
            given,
            target,
            options="AddOptions",
            version=2,
            FusedActivationFunction=self.activation(rectified),
        )

    def whole(self, x: int, maps: IntegerMaps, name: str) -> int:
        """The stored bytes as 32-bit numbers."""
        return self.cast(x, "INT8", "INT32", self.graph.tensor(name, _nhwc(maps.shape), "INT32"))

    def cast(self, x: int, before: str, after: str, target: int) -> int:
        kinds = self.schema.TensorType
        fields = {"InDataType": getattr(kinds, before), "OutDataType": getattr(kinds, after)}
        return self.graph.operator("CAST", [x], target, options="CastOptions", **fields)

    def activation(self, rectified: bool) -> int:
        functions = self.schema.ActivationFunctionType
        return int(functions.RELU if rectified else functions.NONE)


def _nhwc(shape: tuple[int, int, int]) -> tuple[int, int, int, int]:
    channels, height, width = shape
    return 1, height, width, channels


def _zero(maps: IntegerMaps) -> int:
    return 0 if maps.signed else -128


def _is_same(layer: IntegerWindow) -> bool:
    """Whether TFLite's padding SAME is this layer's: it puts the smaller half before, and as little as needed."""
    for side in (0, 1):
        size, made = layer.source.shape[1 + side], layer.target.shape[1 + side]
        reach = layer.dilation * (layer.kernel[side] - 1) + 1
        total = max((made - 1) * layer.stride + reach - size, 0)
        if made != -(-size // layer.stride) or total // 2 != layer.padding:
            return False
    return True
