"""Writes ONNX files without a library: the few messages of onnx.proto3 that a network needs.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 (field numbers), and the encoding of protocol buffers,
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

IR_VERSION, OPSET = 8, 17  # what every onnxruntime since 1.12 reads
DATA_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7}
VARINT, BYTES, FIXED32 = 0, 2, 5

Attribute = int | float | Sequence[int]


def varint(value: int) -> bytes:
    """A whole number in groups of seven bits; a negative one as 64 bits.

    >>> varint(300).hex()
    'ac02'
    """
    value &= 2**64 - 1
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def number(place: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return varint(place << 3 | VARINT) + varint(value)


def message(place: int, content: bytes | str) -> bytes:
    """A field that holds bytes, text or another message."""
    data = content.encode() if isinstance(content, str) else content
    return varint(place << 3 | BYTES) + varint(len(data)) + data


def tensor(name: str, values: np.ndarray) -> bytes:
    """A TensorProto."""
    dims = b"".join(number(1, size) for size in values.shape)
    data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
    return dims + number(2, DATA_TYPES[values.dtype.name]) + message(8, name) + message(9, data)


def attribute(name: str, value: Attribute) -> bytes:
    """An AttributeProto: a whole number, a real one, or several whole numbers."""
    head = message(1, name)
    if isinstance(value, int):
        return head + number(3, value) + number(20, 2)
    if isinstance(value, float):
        return head + varint(2 << 3 | FIXED32) + struct.pack("<f", value) + number(20, 1)
    return head + b"".join(number(8, each) for each in value) + number(20, 7)


def value_info(name: str, kind: str, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto: an input or output; a word in the shape is a size that is not fixed."""
    dims = b"".join(message(1, number(1, size) if isinstance(size, int) else message(2, size)) for size in shape)
    return message(1, name) + message(2, message(1, number(1, DATA_TYPES[kind]) + message(2, dims)))


@dataclass
class OnnxGraph:
    """A graph that is being written: nodes, and constants by name."""

    name: str
    nodes: list[bytes] = field(default_factory=list)
    constants: dict[str, bytes] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def constant(self, name: str, values: np.ndarray) -> str:
        """The name of a constant."""
        name = self.free(name)
        self.constants[name] = tensor(name, values)
        return name

    def free(self, name: str) -> str:
        """The name, or the name with a number where it is taken."""
        found, count = name, 1
        while found in self.taken:
            count += 1
            found = f"{name}_{count}"
        self.taken.add(found)
        return found

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> str:
        """Append an operation; give back the name of its result."""
        output = self.free(output)
        parts = [message(1, each) for each in inputs]
        parts += [message(2, output), message(3, output), message(4, kind)]
        parts += [message(5, attribute(name, value)) for name, value in attributes.items()]
        self.nodes.append(b"".join(parts))
        return output

    def model(
        self, inputs: Sequence[bytes], outputs: Sequence[bytes], metadata: Mapping[str, str], producer: str
    ) -> bytes:
        """The whole file."""
        graph = b"".join(message(1, node) for node in self.nodes) + message(2, self.name)
        graph += b"".join(message(5, each) for each in self.constants.values())
        graph += b"".join(message(11, each) for each in inputs) + b"".join(message(12, each) for each in outputs)
        properties = b"".join(message(14, message(1, key) + message(2, value)) for key, value in metadata.items())
        return (
            number(1, IR_VERSION)
            + message(2, "Tersenet")
            + message(3, producer)
            + message(7, graph)
            + message(8, message(1, "") + number(2, OPSET))
            + properties
        )
