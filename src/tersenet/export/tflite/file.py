"""Writes a TFLite file: tensors with their scales, operators, and the flatbuffer around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from tersenet._errors import TersenetError

IDENTIFIER, VERSION = b"TFL3", 3
ALIGNMENT = 16  # of every buffer: kernels read vectors of that many bytes


def schema() -> ModuleType:
    """The module of TFLite's schema; raises TersenetError where it is not installed."""
    try:
        import flatbuffers  # noqa: F401
        import tflite
    except ImportError as error:
        raise TersenetError(
            "TFLite files need two small packages.",
            got=error,
            expected="flatbuffers and tflite",
            hint="pip install flatbuffers tflite, or install Tersenet with its extra `export`",
        ) from None
    module: ModuleType = tflite
    return module


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    kind: str
    data: int  # the buffer's place; 0 is the empty one
    scales: tuple[float, ...]
    zero: int
    axis: int


@dataclass(frozen=True)
class _Operator:
    code: str
    version: int
    options: str
    fields: Mapping[str, Any]
    inputs: tuple[int, ...]
    output: int


@dataclass
class TfliteGraph:
    """Collects tensors and operators, then writes the file.

    Constants of equal bytes share one buffer. Shapes are those of a batch of one picture.
    """

    tensors: list[_Tensor] = field(default_factory=list)
    operators: list[_Operator] = field(default_factory=list)
    buffers: dict[bytes, int] = field(default_factory=lambda: {b"": 0})

    def tensor(self, name: str, shape: Sequence[int], kind: str, *, scale: float | None = None, zero: int = 0) -> int:
        """A tensor that is computed; its number."""
        scales = () if scale is None else (scale,)
        self.tensors.append(_Tensor(name, tuple(shape), kind, 0, scales, zero, 0))
        return len(self.tensors) - 1

    def constant(
        self, name: str, values: np.ndarray, *, scales: Sequence[float] = (), zero: int = 0, axis: int = 0
    ) -> int:
        """A tensor of fixed values, int8 or int32, with one scale or one for each index of `axis`."""
        data = values.astype(values.dtype.newbyteorder("<")).tobytes()
        place = self.buffers.setdefault(data, len(self.buffers))
        kind = values.dtype.name.upper()
        self.tensors.append(_Tensor(name, values.shape, kind, place, tuple(scales), zero, axis))
        return len(self.tensors) - 1

    def operator(
        self, code: str, inputs: Sequence[int], output: int, *, options: str = "", version: int = 1, **fields: Any
    ) -> int:
        """Append an operator of the schema, `options` being its table there; the number of its result."""
        self.operators.append(_Operator(code, version, options, fields, tuple(inputs), output))
        return output

    def file(
        self, inputs: Sequence[int], outputs: Sequence[int], description: str, batch: int | None, facts: str
    ) -> bytes:
        """The bytes. `batch` is fixed, or None for any; `facts` is JSON, kept as metadata under `tersenet`."""
        place = self.buffers.setdefault(facts.encode(), len(self.buffers))
        return _Writer(self, batch).file(inputs, outputs, description, place)


class _Writer:
    """One flatbuffer, built from its leaves up."""

    def __init__(self, graph: TfliteGraph, batch: int | None) -> None:
        import flatbuffers

        self.schema = schema()
        self.graph, self.batch = graph, batch
        self.build = flatbuffers.Builder(1024)

    def file(self, inputs: Sequence[int], outputs: Sequence[int], description: str, facts: int) -> bytes:
        graph = self.graph
        codes = list(dict.fromkeys((each.code, each.version) for each in graph.operators))
        tensors = self.offsets([self.tensor(each) for each in graph.tensors])
        operators = self.offsets(
            [self.operator(each, codes.index((each.code, each.version))) for each in graph.operators]
        )
        subgraph = self.table(
            "SubGraph",
            Tensors=tensors,
            Inputs=self.numbers(inputs),
            Outputs=self.numbers(outputs),
            Operators=operators,
            Name=self.build.CreateString("main"),
        )
        model = self.table(
            "Model",
            Version=VERSION,
            OperatorCodes=self.offsets([self.code(*each) for each in codes]),
            Subgraphs=self.offsets([subgraph]),
            Description=self.build.CreateString(description),
            Buffers=self.offsets([self.buffer(each) for each in graph.buffers]),
            Metadata=self.offsets([self.table("Metadata", Name=self.build.CreateString("tersenet"), Buffer=facts)]),
        )
        self.build.Finish(model, file_identifier=IDENTIFIER)
        return bytes(self.build.Output())

    def tensor(self, tensor: _Tensor) -> int:
        shape, signature = tensor.shape, {}
        if tensor.data == 0:  # computed, so its first dimension is the batch
            shape = (self.batch or 1, *shape[1:])
            if self.batch is None:
                signature = {"ShapeSignature": self.numbers((-1, *shape[1:]))}
        meaning = {}
        if tensor.scales:
            meaning["Quantization"] = self.table(
                "QuantizationParameters",
                Scale=self.build.CreateNumpyVector(np.array(tensor.scales, np.float32)),
                ZeroPoint=self.build.CreateNumpyVector(np.full(len(tensor.scales), tensor.zero, np.int64)),
                QuantizedDimension=tensor.axis,
            )
        return self.table(
            "Tensor",
            Shape=self.numbers(shape),
            Type=getattr(self.schema.TensorType, tensor.kind),
            Buffer=tensor.data,
            Name=self.build.CreateString(tensor.name),
            **meaning,
            **signature,
        )

    def operator(self, operator: _Operator, code: int) -> int:
        inputs, outputs = self.numbers(operator.inputs), self.numbers([operator.output])
        options = {}
        if operator.options:
            options = {
                "BuiltinOptionsType": getattr(self.schema.BuiltinOptions, operator.options),
                "BuiltinOptions": self.table(operator.options, **operator.fields),
            }
        return self.table("Operator", OpcodeIndex=code, Inputs=inputs, Outputs=outputs, **options)

    def code(self, name: str, version: int) -> int:
        number = getattr(self.schema.BuiltinOperator, name)
        return self.table("OperatorCode", DeprecatedBuiltinCode=min(number, 127), Version=version, BuiltinCode=number)

    def buffer(self, data: bytes) -> int:
        if not data:
            return self.table("Buffer")
        build = self.build
        build.StartVector(1, len(data), ALIGNMENT)
        build.head -= len(data)
        build.Bytes[build.Head() : build.Head() + len(data)] = data
        return self.table("Buffer", Data=build.EndVector())

    def table(self, name: str, **fields: Any) -> int:
        """A table of the schema with these fields; tables and vectors within it were made before."""
        getattr(self.schema, f"{name}Start")(self.build)
        for key, value in fields.items():
            getattr(self.schema, f"{name}Add{key}")(self.build, value)
        return int(getattr(self.schema, f"{name}End")(self.build))

    def numbers(self, values: Sequence[int]) -> int:
        return int(self.build.CreateNumpyVector(np.array(values, np.int32)))

    def offsets(self, places: Sequence[int]) -> int:
        self.build.StartVector(4, len(places), 4)
        for place in reversed(places):
            self.build.PrependUOffsetTRelative(place)
        return int(self.build.EndVector())
