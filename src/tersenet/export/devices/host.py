"""Compiles exported C code on this machine and compares it with the simulation, score by score."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.export.c.selftest import in_memory
from tersenet.export.c.steps import steps_of
from tersenet.export.folded.real import as_maps
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.integers.simulation import simulate, trace

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror")

READ_ALL = """\
#include <stdio.h>
#include "@name@.h"
static uint8_t picture[@NAME@_PICTURE_BYTES], arena[@NAME@_ARENA_BYTES];
static int8_t scores[@NAME@_CLASSES];
int main(void)
{
    while (fread(picture, 1, sizeof picture, stdin) == sizeof picture) {
        @name@_read(picture, scores, arena);
        fwrite(scores, 1, sizeof scores, stdout);
    }
    return 0;
}
"""
TRACE_ONE = """\
#include <stdio.h>
#define @NAME@_AFTER(step, data, bytes) fwrite(data, 1, bytes, stdout)
#include "@name@.c"
static uint8_t picture[@NAME@_PICTURE_BYTES], arena[@NAME@_ARENA_BYTES];
static int8_t scores[@NAME@_CLASSES];
int main(void)
{
    if (fread(picture, 1, sizeof picture, stdin) != sizeof picture)
        return 1;
    @name@_read(picture, scores, arena);
    return 0;
}
"""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a target computed beside the simulation.

    `different` counts the pictures with any score that differs, `first` says where the first of them went apart.
    Sizes are in bytes; `ram` is static memory and stack. `cost` counts `unit`, "instructions" or "cycles", for
    each picture. What was not measured is None.
    """

    target: str
    pictures: int
    different: int
    first: str | None = None
    flash: int | None = None
    ram: int | None = None
    cost: int | None = None
    unit: str | None = None


def find_compiler() -> str:
    """The C compiler of this machine: $CC, cc, gcc or clang."""
    names = [name for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name]
    for name in names:
        if found := shutil.which(name):
            return found
    raise TersenetError(
        "There is no C compiler on this machine.",
        got=f"none of {', '.join(names)}",
        hint="on Debian and Ubuntu: apt install gcc; or name one: CC=/path/to/cc",
    )


def compare_on_host(folder: Path, name: str, model: IntegerModel, images: Tensor) -> Compared:
    """Run exported code on pictures, uint8 `[N, H, W]` or `[N, C, H, W]`, and compare each score."""
    with tempfile.TemporaryDirectory() as scratch:
        program = compile_host(folder, name, READ_ALL, Path(scratch), ("-O3",), sources=(folder / f"{name}.c",))
        found = run_program(program, images, model.scores.size)
        wanted = simulate(model, images).numpy()
        apart = np.flatnonzero((found != wanted).any(axis=1))
        first = None
        if len(apart):
            tracer = compile_host(folder, name, TRACE_ONE, Path(scratch), ("-O1", "-Wno-unused-value"))
            first = first_difference(tracer, model, images[apart[0] : apart[0] + 1])
            first = f"picture {apart[0]}: {first}"
    return Compared(target="host", pictures=len(images), different=len(apart), first=first)


def compile_host(
    folder: Path, name: str, main: str, scratch: Path, flags: tuple[str, ...], *, sources: tuple[Path, ...] = ()
) -> Path:
    """Compile a main program with exported code; raises TersenetError with what the compiler says."""
    program, text = scratch / "program", scratch / "main.c"
    text.write_text(main.replace("@NAME@", name.upper()).replace("@name@", name), encoding="utf-8")
    command = [find_compiler(), *STRICT, *flags, f"-I{folder}", str(text), *map(str, sources), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise compile_error(folder / f"{name}.c", command[0], done.stderr)
    return program


def compile_error(source: Path, compiler: str, said: str) -> TersenetError:
    """What to say where exported code does not compile."""
    lines = [line for line in said.splitlines() if "error:" in line or "undefined" in line] or said.splitlines()
    return TersenetError(
        "The exported code does not compile.",
        got="\n".join(lines[:5]),
        expected=f"no message of {Path(compiler).name} with {' '.join(STRICT)}",
        where=source,
        hint="export it again; generated files are not to be changed",
    )


def run_program(program: Path, images: Tensor, classes: int) -> np.ndarray:
    """The scores that a program writes for pictures: int8 `[N, K]`."""
    given = in_memory(as_maps(images)).tobytes()
    done = subprocess.run([str(program)], input=given, capture_output=True, check=False)
    if done.returncode or len(done.stdout) != len(images) * classes:
        raise TersenetError(
            "The exported code ended before its last picture.",
            got=f"status {done.returncode}, {len(done.stdout) // classes} of {len(images)} pictures",
            where=program,
        )
    return np.frombuffer(done.stdout, np.int8).reshape(-1, classes)


def first_difference(tracer: Path, model: IntegerModel, image: Tensor) -> str:
    """Where the code and the simulation go apart on one picture: the first layer and channel, with both values."""
    given = in_memory(as_maps(image)).tobytes()
    written = np.frombuffer(
        subprocess.run([str(tracer)], input=given, capture_output=True, check=True).stdout, np.uint8
    )
    made, at = trace(model, image), 0
    for number, step in enumerate(steps_of(model)):
        found = written[at : at + step.target.size]
        at += step.target.size
        wanted = in_memory(made[step.target])[0]
        places = np.flatnonzero(found != wanted)
        if len(places):
            channels, _, width = step.target.shape
            pixel, channel = divmod(int(places[0]), channels)
            row, column = divmod(pixel, width)
            kind = torch.int8 if step.target.signed else torch.uint8
            got, expected = (
                int(torch.tensor(int(values[places[0]]), dtype=torch.uint8).view(kind)) for values in (found, wanted)
            )
            place = f"channel {channel}, row {row}, column {column}"
            return f"step {number} ({step.name}), {place}: {got}, expected {expected}"
    return "every step is equal, but not the scores: the header and the code do not belong together"
