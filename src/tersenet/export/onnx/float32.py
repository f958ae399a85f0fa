"""A network as ONNX in float32, with normalisations folded; logits out, no softmax."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from tersenet.export.facts import ExportFacts
from tersenet.export.folded.graph import (
    PIXEL_SCALE,
    Add,
    Average,
    Convolve,
    FloatModel,
    Join,
    Layer,
    Lookup,
    Maps,
    Maximum,
    Normalise,
    Window,
)
from tersenet.export.folded.real import spread
from tersenet.export.onnx.metadata import Batch, finished, metadata_of
from tersenet.export.onnx.protobuf import OnnxGraph

SIMPLE = {"tanh": "Tanh", "sigmoid": "Sigmoid", "hardswish": "HardSwish", "elu": "Elu"}


def float_onnx(model: FloatModel, facts: ExportFacts, *, batch: Batch = None) -> bytes:
    """The file: `picture` uint8 `[batch, C, H, W]` in, `logits` float32 `[batch, K]` out."""
    writer = _Writer(model)
    classes = model.scores.shape[0]
    metadata = metadata_of(facts, model.mean, model.deviation)
    return finished(writer.graph, model.picture.shape, classes, [("logits", "float32")], metadata, batch)


class _Writer:
    """Appends the operations of each layer."""

    def __init__(self, model: FloatModel) -> None:
        self.graph = OnnxGraph(model.notation, taken={"picture", "logits"})
        pixels = self.graph.node("Cast", ["picture"], "pixels", to=1)
        scale = self.graph.constant("pixel_scale", np.array(PIXEL_SCALE, np.float32))
        self.names: dict[Maps, str] = {model.picture: self.graph.node("Mul", [pixels, scale], "scaled")}
        for layer in model.layers:
            self.names[layer.target] = self.layer(layer, [self.names[maps] for maps in layer.sources])
        self.graph.taken.discard("logits")
        self.graph.node("Flatten", [self.names[model.scores]], "logits", axis=1)

    def layer(self, layer: Layer, given: list[str]) -> str:
        name, x = layer.name, given[0]
        match layer:
            case Convolve():
                return self.convolve(layer, x)
            case Average():
                return self.average(layer, x)
            case Maximum():
                if is_global(layer):
                    return self.graph.node("GlobalMaxPool", given, name)
                return self.graph.node("MaxPool", given, name, **window(layer, with_dilation=False))
            case Lookup():
                return self.lookup(layer, x)
            case Add():
                y = self.graph.node("Sum", given, name)
                return self.graph.node("Relu", [y], f"{name} R") if layer.relu else y
            case Join():
                return self.graph.node("Concat", given, name, axis=1)
            case Normalise():
                return self.normalise(layer, x)
        raise TypeError(layer)

    def convolve(self, layer: Convolve, x: str) -> str:
        name = layer.name
        inputs = [x, self.graph.constant(f"{name}.weight", single(layer.weights))]
        plain = layer.bias.shape[1:] == (1, 1)
        if plain:
            inputs.append(self.graph.constant(f"{name}.bias", single(layer.bias.flatten())))
        y = self.graph.node("Conv", inputs, name, group=layer.groups, **window(layer))
        if not plain:
            bias = self.graph.constant(f"{name}.bias", single(spread(layer.bias, layer.borders)[None]))
            y = self.graph.node("Add", [y, bias], f"{name} biased")
        return self.graph.node("Relu", [y], f"{name} rectified") if layer.relu else y

    def average(self, layer: Average, x: str) -> str:
        name = layer.name
        if is_global(layer):
            x = self.graph.node("GlobalAveragePool", [x], name)
        elif layer.kernel != (1, 1):
            x = self.graph.node("AveragePool", [x], name, count_include_pad=1, **window(layer, with_dilation=False))
        if not (layer.gain == 1).all():
            gain = self.graph.constant(f"{name}.gain", single(layer.gain.view(1, -1, 1, 1)))
            x = self.graph.node("Mul", [x, gain], f"{name} scaled")
        if not (layer.bias == 0).all():
            bias = self.graph.constant(f"{name}.shift", single(spread(layer.bias, layer.borders)[None]))
            x = self.graph.node("Add", [x, bias], f"{name} shifted")
        return self.graph.node("Relu", [x], f"{name} rectified") if layer.relu else x

    def lookup(self, layer: Lookup, x: str) -> str:
        name = layer.name
        if layer.slopes is not None:
            slopes = self.graph.constant(f"{name}.slope", single(layer.slopes.view(-1, 1, 1)))
            return self.graph.node("PRelu", [x, slopes], name)
        if layer.function == "silu":
            return self.graph.node("Mul", [x, self.graph.node("Sigmoid", [x], f"{name} gate")], name)
        if layer.function == "gelu":  # x/2 · (1 + erf(x/√2)); its own operation came with opset 20
            root, one, half = (
                self.graph.constant(f"{name}.{what}", np.array(value, np.float32))
                for what, value in (("root", math.sqrt(0.5)), ("one", 1.0), ("half", 0.5))
            )
            inner = self.graph.node("Erf", [self.graph.node("Mul", [x, root], f"{name} inner")], f"{name} erf")
            gate = self.graph.node("Add", [inner, one], f"{name} gate")
            return self.graph.node("Mul", [self.graph.node("Mul", [x, gate], f"{name} gated"), half], name)
        return self.graph.node(SIMPLE[layer.function], [x], name)

    def normalise(self, layer: Normalise, x: str) -> str:
        """Group normalisation as instance normalisation of each group laid out in a row."""
        name, (channels, height, width) = layer.name, layer.source.shape
        grouped, back = (
            self.graph.constant(f"{name}.{what}", np.array(shape, np.int64))
            for what, shape in (
                ("groups", (-1, layer.groups, channels * height * width // layer.groups)),
                ("maps", (-1, channels, height, width)),
            )
        )
        ones = self.graph.constant(f"{name}.ones", np.ones(layer.groups, np.float32))
        zeros = self.graph.constant(f"{name}.zeros", np.zeros(layer.groups, np.float32))
        row = self.graph.node("Reshape", [x, grouped], f"{name} groups")
        row = self.graph.node("InstanceNormalization", [row, ones, zeros], f"{name} normal", epsilon=layer.epsilon)
        y = self.graph.node("Reshape", [row, back], f"{name} maps")
        gain = self.graph.constant(f"{name}.gain", single(layer.gain.view(1, -1, 1, 1)))
        shift = self.graph.constant(f"{name}.shift", single(layer.shift.view(1, -1, 1, 1)))
        return self.graph.node("Add", [self.graph.node("Mul", [y, gain], f"{name} scaled"), shift], name)


def is_global(layer: Window) -> bool:
    """Whether the window is the whole map."""
    return layer.kernel == layer.source.shape[1:] and layer.padding == 0


def window(layer: Window, *, with_dilation: bool = True) -> dict[str, list[int]]:
    """Kernel, strides, pads and dilations as ONNX has them."""
    found = {
        "kernel_shape": list(layer.kernel),
        "strides": [layer.stride] * 2,
        "pads": [layer.padding] * 4,
    }
    return found | ({"dilations": [layer.dilation] * 2} if with_dilation else {})


def single(values: Tensor) -> np.ndarray:
    """As float32."""
    return np.asarray(values.float().numpy())
