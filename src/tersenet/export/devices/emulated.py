"""Runs exported C code on emulated devices, compares every score, and measures flash, memory and instructions."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.export.c.selftest import in_memory
from tersenet.export.devices.host import (
    READ_ALL,
    TRACE_ONE,
    Compared,
    compile_error,
    compile_host,
    first_difference,
    run_program,
)
from tersenet.export.devices.targets import Target
from tersenet.export.folded.real import as_maps
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.integers.simulation import simulate

TEMPLATES = Path(__file__).parent / "templates"
SECONDS = 600  # for one run of the emulator


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bytes that code and constants, and that memory with the stack may take; None where there is no limit."""

    flash: int | None = None
    ram: int | None = None


def compare_on_target(
    target: Target, folder: Path, name: str, model: IntegerModel, images: Tensor, limits: Limits | None = None
) -> Compared:
    """Run exported code on an emulated device, on pictures uint8 `[N, H, W]` or `[N, C, H, W]`.

    With a limit of memory the program is linked again, for a device with that much memory and the measured stack
    reserved, and runs there. Raises TersenetError where a limit is missed or the code does not compile.
    """
    limits = limits or Limits()
    wanted = simulate(model, images).numpy()
    with tempfile.TemporaryDirectory() as scratch:
        bench = _Bench(target, folder, name, model, Path(scratch))
        flash = bench.flash()
        _require(limits.flash, flash, "flash", target, folder)
        found, ticks, stack = bench.all_scores(images)
        ram = bench.static_bytes() + stack
        if limits.ram is not None:
            _require(limits.ram, ram, "memory", target, folder)
            bench.link_within(limits.ram, stack)
            found, ticks, stack = bench.all_scores(images)
        apart = np.flatnonzero((found != wanted).any(axis=1))
        first = bench.difference(images[apart[0] : apart[0] + 1], int(apart[0])) if len(apart) else None
    return Compared(
        target=target.name,
        pictures=len(images),
        different=len(apart),
        first=first,
        flash=flash,
        ram=ram,
        cost=round(ticks * (target.tick or 1)),
        unit=target.unit,
    )


def _require(limit: int | None, found: int, what: str, target: Target, folder: Path) -> None:
    if limit is not None and found > limit:
        raise TersenetError(
            f"The exported code needs too much {what}.",
            got=f"{found:,} bytes on {target.name}",
            expected=f"at most {limit:,}",
            where=folder,
            hint="--optimise size, fewer channels, or an earlier pooling",
        )


class _Bench:
    """A folder of files for one device: the program, its pictures, its output."""

    def __init__(self, target: Target, folder: Path, name: str, model: IntegerModel, scratch: Path) -> None:
        self.target, self.folder, self.name, self.model, self.scratch = target, folder, name, model, scratch
        self.ram, self.stack = target.ram, 0

    def compile(self, *arguments: str) -> None:
        command = [
            self.target.compiler,
            *self.target.flags,
            "-std=gnu99",
            "-O2",
            "-Wall",
            "-Werror",
            f"-I{self.folder}",
            *arguments,
        ]
        done = subprocess.run(command, cwd=self.scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            raise compile_error(self.folder / f"{self.name}.c", self.target.compiler, done.stderr)

    def flash(self) -> int:
        """Bytes of code and constants of the exported code alone."""
        self.compile("-c", str(self.folder / f"{self.name}.c"), "-o", "code.o")
        listed = subprocess.run(
            [self.target.size_program, "-A", "code.o"], cwd=self.scratch, capture_output=True, text=True, check=True
        ).stdout
        sections = re.findall(r"^\.(?:text|rodata|srodata|progmem|data)\S*\s+(\d+)", listed, re.MULTILINE)
        return sum(map(int, sections))

    def static_bytes(self) -> int:
        """Bytes of memory beside the stack: the arena and the scores; on AVR constants that C keeps in memory too."""
        text = (self.folder / f"{self.name}.h").read_text(encoding="utf-8")
        found = re.search(rf"#define {self.name.upper()}_ARENA_BYTES (\d+)", text)
        assert found is not None
        own = self.model.scores.size + int(found[1])
        if not self.target.tick:
            listed = subprocess.run(
                [self.target.size_program, "-A", "code.o"],
                cwd=self.scratch,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            own += sum(map(int, re.findall(r"^\.(?:rodata|data|bss)\S*\s+(\d+)", listed, re.MULTILINE)))
        return own

    def link_within(self, ram: int, stack: int) -> None:
        """From now on the device has only so much memory, with so much of it for the stack."""
        if self.target.tick:
            self.ram, self.stack = (self.ram[0], ram), stack

    def all_scores(self, images: Tensor) -> tuple[np.ndarray, float, int]:
        """Scores int8 `[N, K]`, counter ticks per picture, and the deepest stack in bytes."""
        most = max(1, self.target.room // self.model.picture.size)
        scores, ticks, stack = [], 0.0, 0
        for first in range(0, len(images), most):
            some = images[first : first + most]
            found, count, depth = self.scores(some)
            scores.append(found)
            ticks += count
            stack = max(stack, depth)
        return np.concatenate(scores), ticks / len(images), stack

    def scores(self, images: Tensor) -> tuple[np.ndarray, float, int]:
        """One run of the emulator."""
        (self.scratch / "images.bin").write_bytes(in_memory(as_maps(images)).tobytes())
        output = self.run_qemu(len(images)) if self.target.tick else self.run_simavr(len(images))
        classes = self.model.scores.size
        lines = re.findall(rf"=([0-9a-f]{{{2 * classes}}})", output)
        last = re.search(r"#([0-9a-f]{16}) ([0-9a-f]{8})", output)
        if len(lines) != len(images) or last is None:
            raise TersenetError(
                "The exported code ended before its last picture.",
                got=f"{len(lines)} of {len(images)} pictures on {self.target.name}",
                expected=f"{len(images)} lines of scores",
                where=self.folder,
                hint="does the arena fit the memory of the device?",
            )
        found = np.frombuffer(bytes.fromhex("".join(lines)), np.int8).reshape(-1, classes)
        return found, int(last[1], 16), int(last[2], 16)

    def run_qemu(self, pictures: int) -> str:
        target = self.target
        device = template("riscv" if target.name.startswith("rv") else "cortex")
        self.write("runner.c", template("runner").replace("@device@", device), pictures=pictures)
        layout = (TEMPLATES / "memory.ld").read_text(encoding="utf-8")
        marks = {
            "flash_origin": target.flash[0],
            "flash_length": target.flash[1],
            "ram_origin": self.ram[0],
            "ram_length": self.ram[1],
            "stack": self.stack,
        }
        for mark, value in marks.items():
            layout = layout.replace(f"@{mark}@", str(value))
        (self.scratch / "memory.ld").write_text(layout, encoding="utf-8")
        self.compile("-T", "memory.ld", "runner.c", str(self.folder / f"{self.name}.c"), "-lgcc", "-o", "run.elf")
        loader = f"loader,file=images.bin,addr={target.pictures_at:#x},force-raw=on"
        return self.emulate(*target.machine, "-device", loader, "-kernel", "run.elf")

    def run_simavr(self, pictures: int) -> str:
        self.write("runner.c", template("avr").replace("@file@", "images.bin"), pictures=pictures)
        self.compile("runner.c", str(self.folder / f"{self.name}.c"), "-o", "run.elf")
        return self.emulate(*self.target.machine, "run.elf")

    def write(self, file: str, text: str, *, pictures: int) -> None:
        for mark, value in {
            "pictures": str(pictures),
            "address": str(self.target.pictures_at),
            "NAME": self.name.upper(),
            "name": self.name,
        }.items():
            text = text.replace(f"@{mark}@", value)
        (self.scratch / file).write_text(text, encoding="utf-8")

    def emulate(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [self.target.emulator, *arguments],
                cwd=self.scratch,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TersenetError(
                "The emulator does not come to an end.",
                got=f"more than {SECONDS} seconds on {self.target.name}",
                hint="--pictures 20",
            ) from None
        return (done.stdout + done.stderr).decode(errors="replace")

    def difference(self, image: Tensor, number: int) -> str:
        """Where a picture goes apart: on this machine too, or only on the device."""
        source = (self.folder / f"{self.name}.c",)
        program = compile_host(self.folder, self.name, READ_ALL, self.scratch, ("-O1",), sources=source)
        if (run_program(program, image, self.model.scores.size) == simulate(self.model, image).numpy()).all():
            return f"picture {number}: the host is equal to the simulation, so the device's compiler or memory is not"
        tracer = compile_host(self.folder, self.name, TRACE_ONE, self.scratch, ("-O1", "-Wno-unused-value"))
        return f"picture {number}: {first_difference(tracer, self.model, image)}"


@cache
def template(name: str) -> str:
    """The text of a runner."""
    return (TEMPLATES / f"{name}.c").read_text(encoding="utf-8")
