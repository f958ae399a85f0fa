"""The C code of an integer model: one header, one source, no library; the same model gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tersenet.export.c.arena import Arena, plan_arena
from tersenet.export.c.names import check_name
from tersenet.export.c.steps import Step, steps_of
from tersenet.export.facts import ExportFacts
from tersenet.export.integers.integer import (
    IntegerAdd,
    IntegerAverage,
    IntegerConvolve,
    IntegerJoin,
    IntegerLookup,
    IntegerMaps,
    IntegerModel,
    IntegerWindow,
)

TEMPLATES = Path(__file__).parent / "templates"
OPTIMISE = ("size", "speed")
INLINING = {
    "size": "#define @NAME@_INLINE static\n",
    "speed": """\
/* Each layer has code of its own, with its sizes as constants. */
#if defined(__GNUC__)
#define @NAME@_INLINE static inline __attribute__((always_inline))
#else
#define @NAME@_INLINE static inline
#endif
""",
}
NONE = "0, 0, 1, 1"
UNROLLED = """\
#else
    for (; i + 4 <= count; i += 4) {
        sum += (int16_t)(values[i] * @NAME@_S8(weights + i));
        sum += (int16_t)(values[i + 1] * @NAME@_S8(weights + i + 1));
        sum += (int16_t)(values[i + 2] * @NAME@_S8(weights + i + 2));
        sum += (int16_t)(values[i + 3] * @NAME@_S8(weights + i + 3));
    }
"""


@dataclass(frozen=True, eq=False)
class CSource:
    """The code of a model: its files' text, its steps, where their results lie, and its constants by name."""

    name: str
    header: str
    source: str
    steps: tuple[Step, ...]
    arena: Arena
    constants: Mapping[str, Constant]


@dataclass(frozen=True, eq=False)
class Constant:
    """A constant array of the C code: its type there, and its values."""

    kind: str
    values: np.ndarray


def c_source(model: IntegerModel, facts: ExportFacts, *, name: str = "digits", optimise: str = "size") -> CSource:
    """The header and the source of a model, in C99 that is also C++17.

    `optimise` is "size", one function for all layers of a kind, or "speed", code for each layer. Raises TersenetError
    for a name that C cannot have.

    >>> import torch
    >>> from tersenet.networks import build
    >>> from tersenet.export.integers.quantisation import quantise
    >>> from tersenet.export.facts import ExportFacts
    >>> model = quantise(build("8C3 BN R MP2 GAP 10Nb"), torch.zeros(5, 28, 28, dtype=torch.uint8))
    >>> facts = ExportFacts(run="x", network=model.notation, data="d", classes=tuple("0123456789"),
    ...                     weights_sha256="0")
    >>> code = c_source(model, facts)
    >>> [step.name for step in code.steps], code.arena.size
    (['8C3 BN R MP2', 'GAP', '10Nb'], 1360)
    """
    steps = steps_of(model)
    arena = plan_arena(steps)
    writer = _Writer(check_name(name), model, steps, arena)
    return CSource(name, writer.header(facts), writer.source(facts, optimise), steps, arena, writer.constants)


class _Writer:
    """Writes the constants, the kernels that are needed, and the calls."""

    def __init__(self, name: str, model: IntegerModel, steps: Sequence[Step], arena: Arena) -> None:
        self.name, self.model, self.steps, self.arena = name, model, steps, arena
        self.constants: dict[str, Constant] = {}
        self.kernels: dict[tuple[str, bool, bool], None] = {}
        self.known: dict[tuple[str, bytes], str] = {}

    def header(self, facts: ExportFacts) -> str:
        channels, height, width = self.model.picture.shape
        form = f"{height} x {width} pixels" + ("" if channels == 1 else f" of {channels} channels, side by side")
        return self.named(f"""\
{_comment(facts)}
#ifndef @NAME@_H
#define @NAME@_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define @NAME@_PICTURE_BYTES {self.model.picture.size}
#define @NAME@_CLASSES {self.model.scores.size}
#define @NAME@_ARENA_BYTES {self.arena.size}

/* Classify a picture, {form}, each 0 to 255, row by row. The classes' scores are written to
 * `scores`, and the class with the largest is returned. `arena` is memory of @NAME@_ARENA_BYTES that is used during
 * the call; what it holds before and after means nothing. Nothing else is written, and nothing is allocated. */
int @name@_read(const uint8_t picture[@NAME@_PICTURE_BYTES], int8_t scores[@NAME@_CLASSES], void *arena);

#ifdef __cplusplus
}}
#endif

#endif
""")

    def source(self, facts: ExportFacts, optimise: str) -> str:
        calls = [self.step(number, step) for number, step in enumerate(self.steps)]
        checks = [
            self.check(number, step.target, self.arena.offsets[step.target])
            for number, step in enumerate(self.steps[:-1])
        ]
        parts = [_comment(facts), template("head").replace("@inlining@", INLINING[optimise].rstrip())]
        parts += self.needed_kernels(optimise)
        parts += [
            "\n/* Weights and what else is known beforehand. */\n",
            *self.stored(),
            "\n",
            *checks,
            self.read(calls),
        ]
        return self.named("".join(parts))

    def needed_kernels(self, optimise: str) -> Iterable[str]:
        kinds = [kind for kind, _, _ in self.kernels]
        if {"convolve", "average", "maximum"} & set(kinds):
            yield template("window") if {"average", "maximum", "convolve"} & set(kinds) else ""
        for wide in (False, True):
            if any(kind in ("convolve", "average") and each == wide for kind, _, each in self.kernels):
                yield template("requantise_wide" if wide else "requantise")
        for signed in sorted({signed for kind, signed, _ in self.kernels if kind == "convolve"}):
            text = template("dot").replace("@unrolled@", UNROLLED if optimise == "speed" else "")
            text = text.replace("@suffix@", "_s8" if signed else "_u8").replace("@force@", "inline")
            text = text.replace("@extend@", "__sxtb16((int8x4_t)" if signed else "__uxtb16(")
            yield text.replace("@type@", "int8_t" if signed else "uint8_t")
        for kind, signed, wide in self.kernels:
            suffix = f"_{'s8' if signed else 'u8'}{'_wide' if wide else ''}" if kind != "lookup" else ""
            text = template(kind).replace("@suffix@", suffix).replace("@wide@", "_wide" if wide else "")
            yield (
                text.replace("@type@", "int8_t" if signed else "uint8_t")
                .replace("@inline@", "@NAME@_INLINE")
                .replace("@kind@", "s8" if signed else "u8")
            )

    def named(self, text: str) -> str:
        return text.replace("@NAME@", self.name.upper()).replace("@name@", self.name)

    def check(self, number: int, maps: IntegerMaps, offset: int) -> str:
        return (
            f"typedef char @name@_step_{number}_fits_the_arena"
            f"[{offset} + {maps.size} <= @NAME@_ARENA_BYTES ? 1 : -1];\n"
        )

    def place(self, maps: IntegerMaps) -> str:
        """A map as an expression of `uint8_t *`."""
        if maps is self.model.picture:
            return "picture"
        if maps is self.steps[-1].target:
            return "(uint8_t *)scores"
        return f"memory + {self.arena.offsets[maps]}"

    def read(self, calls: Sequence[str]) -> str:
        return f"""
int @name@_read(const uint8_t picture[@NAME@_PICTURE_BYTES], int8_t scores[@NAME@_CLASSES], void *arena)
{{
    uint8_t *const memory = (uint8_t *)arena;
    int best = 0;
    (void)memory;
{"".join(calls)}
    for (int i = 1; i < @NAME@_CLASSES; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}}
"""

    def step(self, number: int, step: Step) -> str:
        """A step's call, in a block of its own; its constants are written on the way."""
        layer, out = step.layer, self.place(step.target)
        match layer:
            case IntegerConvolve():
                stored = np.moveaxis(layer.weights, 1, 3)  # the channels of a pixel lie side by side
                body = self.windowed("convolve", step, layer, self.array("int8_t", "weights", stored))
            case IntegerAverage():
                body = self.windowed("average", step, layer, self.array("int8_t", "gain", layer.gain))
            case IntegerLookup():
                self.kernels["lookup", False, False] = None
                channels, height, width = layer.target.shape
                table = self.array("uint8_t", "table", layer.table & 255)
                body = (
                    f"@name@_lookup({self.place(layer.source)}, {out}, {height * width}, {channels}, {table}, "
                    f"{len(layer.table)});\n"
                )
            case IntegerAdd():
                body = self.add(layer, out)
            case IntegerJoin():
                body = self.join(layer, out)
            case IntegerWindow():
                body = self.windowed("maximum", step, layer, None)
            case _:
                raise TypeError(layer)
        body = "".join(f"        {line}\n" for line in body.splitlines())
        after = f"        @NAME@_AFTER({number}, {out}, {step.target.size});\n"
        return f"\n    {{ /* {step.name} */\n{body}{after}    }}\n"

    def windowed(self, kind: str, step: Step, layer: IntegerWindow, weights: str | None) -> str:
        signed = layer.source.signed
        (channels, height, width), (outs, out_height, out_width) = layer.source.shape, step.target.shape
        groups, low, high, rest, wide = 1, 0, 0, "", False
        if isinstance(layer, (IntegerConvolve, IntegerAverage)):
            how = layer.requantising
            groups = layer.groups if isinstance(layer, IntegerConvolve) else 1
            low, high, wide = how.low, how.high, how.wide
            borders = NONE
            if layer.bias.shape[1:] != (1, 1):
                rows, columns = (
                    self.array("uint8_t", "border", np.array(each))
                    for each in (layer.borders.rows, layer.borders.columns)
                )
                borders = f"{rows}, {columns}, {layer.bias.shape[1]}, {layer.bias.shape[2]}"
            table = "0" if step.table is None else self.array("uint8_t", "table", step.table.table & 255)
            bias = self.array("int32_t", "bias", layer.bias)
            multipliers = self.array("uint16_t", "multipliers", how.multipliers)
            shifts = self.array("uint8_t", "shifts", how.shifts)
            rest = f", {weights},\n    {bias}, {borders},\n    {multipliers}, {shifts}, {table}"
        self.kernels[kind, signed, wide] = None
        sizes = [channels, height, width, outs, out_height, out_width, *layer.kernel]
        sizes += [layer.stride, layer.padding, layer.dilation, groups, step.pool, low, high]
        place = self.place(layer.source)
        given = f"(const int8_t *)({place})" if signed else place
        suffix = f"_{'s8' if signed else 'u8'}{'_wide' if wide else ''}"
        return (
            f"const @name@_window window = {{{', '.join(map(str, sizes))}}};\n"
            f"@name@_{kind}{suffix}(&window, {given}, {self.place(step.target)}{rest});\n"
        )

    def add(self, layer: IntegerAdd, out: str) -> str:
        self.kernels["add", False, False] = None
        places = ", ".join(self.place(maps) for maps in layer.sources)
        signs = ", ".join(str(int(maps.signed)) for maps in layer.sources)
        return (
            f"const uint8_t *const sources[] = {{{places}}};\nconst uint8_t is_signed[] = {{{signs}}};\n"
            f"@name@_add(sources, is_signed, {len(layer.sources)}, {out}, {layer.target.size}, {layer.low}, "
            f"{layer.high});\n"
        )

    def join(self, layer: IntegerJoin, out: str) -> str:
        self.kernels["join", False, False] = None
        outs, height, width = layer.target.shape
        lines, first = "", 0
        for maps in layer.sources:
            lines += f"@name@_join({self.place(maps)}, {out} + {first}, {height * width}, {maps.shape[0]}, {outs});\n"
            first += maps.shape[0]
        return lines

    def array(self, kind: str, what: str, values: np.ndarray) -> str:
        """The name of a constant array with these values; equal arrays are written once."""
        key = (kind, values.astype(np.int64).tobytes())
        if key not in self.known:
            self.known[key] = f"@name@_{what}_{len(self.known)}"
            self.constants[self.named(self.known[key])] = Constant(kind, values)
        return self.known[key]

    def stored(self) -> Iterable[str]:
        """The constants as C has them."""
        for name, constant in self.constants.items():
            numbers = [str(int(value)) for value in constant.values.flat]
            yield f"static const {constant.kind} {name}[{len(numbers)}] @NAME@_FLASH = {{\n{wrapped(numbers)}\n}};\n"


@cache
def template(name: str) -> str:
    """The text of a kernel."""
    return (TEMPLATES / f"{name}.c").read_text(encoding="utf-8")


def wrapped(numbers: Sequence[str], width: int = 116) -> str:
    """Numbers with commas between, in lines of an even width.

    >>> print(wrapped(["1", "2", "3", "4"], 12))
        1, 2, 3,
        4
    """
    lines, line = [], "   "
    for place, number in enumerate(numbers):
        word = f" {number}{',' if place + 1 < len(numbers) else ''}"
        if len(line) + len(word) > width:
            lines.append(line)
            line = "   "
        line += word
    return "\n".join([*lines, line])


def _comment(facts: ExportFacts) -> str:
    lines = "".join(f" * {line}\n" for line in facts.lines)
    return f"""\
/* A network that classifies pictures, in whole numbers. Generated; change the network, not this file.
 *
{lines} *
 * This generated code carries no restriction: use it for anything, without conditions and without warranty. */
"""
