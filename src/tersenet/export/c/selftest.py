"""`digits_test.c`: a test of the exported code that runs on the device itself, without files or data."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from tersenet.export.c.source import CSource, template
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.integers.simulation import trace

PICTURES = 8
FNV_BASIS, FNV_PRIME = 2166136261, 16777619


def c_test(model: IntegerModel, code: CSource) -> str:
    """The source of the test: it draws pictures, and compares a hash of every step's results."""
    made = trace(model, drawn_pictures(model.picture.shape, PICTURES))
    hashes = [_hash(in_memory(made[step.target]).tobytes()) for step in code.steps]
    names = ",\n".join(f"    {json.dumps(step.name)}" for step in code.steps)
    text = template("test")
    for mark, value in {
        "steps": str(len(code.steps)),
        "pictures": str(PICTURES),
        "expected": ",\n".join(f"    {value}u" for value in hashes),
        "names": names,
        "constants": "\n".join(_reads(code)),
        "hash": str(_hash(b"".join(each.values.astype("<i4").tobytes() for each in code.constants.values()))),
        "NAME": code.name.upper(),
        "name": code.name,
    }.items():
        text = text.replace(f"@{mark}@", value)
    return text


def drawn_pictures(shape: tuple[int, int, int], count: int) -> Tensor:
    """The test's pictures, uint8 `[N, C, H, W]`: every second one of noise, the others mostly empty.

    >>> drawn_pictures((1, 28, 28), 2)[0, 0, 0, :4].tolist()
    [136, 136, 22, 115]
    """
    channels, height, width = shape
    state, values = 1, []
    for number in range(count):
        for _ in range(channels * height * width):
            state = (state * 1664525 + 1013904223) % 2**32
            values.append(state >> 16 & 255 if number % 2 == 0 or state >> 30 == 0 else 0)
    pictures = torch.tensor(values, dtype=torch.uint8).view(count, height, width, channels)
    return pictures.permute(0, 3, 1, 2).contiguous()


def in_memory(values: Tensor) -> np.ndarray:
    """Maps `[N, C, H, W]` as the C code has them in memory: uint8 `[N, H·W·C]`, negative values modulo 256."""
    return (values.permute(0, 2, 3, 1).flatten(1).long() & 255).to(torch.uint8).numpy()


def _reads(code: CSource) -> Iterator[str]:
    """The lines that hash every constant, read as the code reads them."""
    reads = {"int8_t": "S8", "uint8_t": "U8", "uint16_t": "U16", "int32_t": "S32"}
    for name, constant in code.constants.items():
        read = f"{code.name.upper()}_{reads[constant.kind]}({name} + i)"
        yield f"    for (int32_t i = 0; i < {constant.values.size}; i++)\n        hash_number({read});"


def _hash(data: bytes) -> int:
    """FNV-1a with 32 bits."""
    found = FNV_BASIS
    for value in data:
        found = (found ^ value) * FNV_PRIME % 2**32
    return found
