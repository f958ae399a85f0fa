"""The emulated devices: their compiler, their emulator, their memory, and the Debian packages that bring both."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from tersenet._errors import TersenetError, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device. `packages` are the Debian packages of its compiler and emulator.

    `most_pictures` are as many as fit its memory at once, `default_pictures` as many as take a few seconds. With one
    instruction per nanosecond `tick` instructions pass in a tick of its counter; 0: it counts cycles.
    """

    name: str
    device: str
    compiler: str
    flags: tuple[str, ...]
    emulator: str
    machine: tuple[str, ...]
    packages: tuple[str, str]
    default_pictures: int
    flash: tuple[int, int] = (0, 0)
    ram: tuple[int, int] = (0, 0)
    pictures_at: int = 0
    room: int = 0
    tick: float = 0.0

    @property
    def unit(self) -> str:
        """What its counter counts."""
        return "instructions" if self.tick else "cycles"

    @property
    def size_program(self) -> str:
        """The program that lists the sections of its object files."""
        return self.compiler.removesuffix("gcc") + "size"


_ARM = ("-mthumb", "-ffreestanding", "-nostdlib")
_QUIET = ("-display", "none", "-monitor", "none", "-icount", "shift=0")
_SEMIHOSTING = ("-serial", "none", "-semihosting-config", "enable=on,target=native")
_ARM_PACKAGES = ("gcc-arm-none-eabi", "qemu-system-arm")


def _cortex(name: str, machine: str, *, tick: float) -> Target:
    """A Cortex-M of one of ARM's boards, which have 16 MB at 0x21000000 for pictures."""
    return Target(
        name=name,
        device=machine,
        compiler="arm-none-eabi-gcc",
        flags=(f"-mcpu={name}", *_ARM),
        emulator="qemu-system-arm",
        machine=("-M", machine, *_QUIET, *_SEMIHOSTING),
        packages=_ARM_PACKAGES,
        default_pictures=1000,
        flash=(0, 4 << 20),
        ram=(0x20000000, 4 << 20),
        pictures_at=0x21000000,
        room=16 << 20,
        tick=tick,
    )


TARGETS = {
    target.name: target
    for target in (
        Target(
            name="cortex-m0",
            device="microbit",
            compiler="arm-none-eabi-gcc",
            flags=("-mcpu=cortex-m0", *_ARM),
            emulator="qemu-system-arm",
            machine=("-M", "microbit", *_QUIET, *_SEMIHOSTING),
            packages=_ARM_PACKAGES,
            default_pictures=1000,
            flash=(0, 128 << 10),
            ram=(0x20000000, 16 << 10),
            pictures_at=128 << 10,
            room=128 << 10,
            tick=62.5,
        ),
        _cortex("cortex-m3", "mps2-an385", tick=40.0),
        _cortex("cortex-m4", "mps2-an386", tick=40.0),
        Target(
            name="rv32imc",
            device="virt",
            compiler="riscv64-unknown-elf-gcc",
            flags=("-march=rv32imc_zicsr", "-mabi=ilp32", "-ffreestanding", "-nostdlib"),
            emulator="qemu-system-riscv32",
            machine=("-M", "virt", "-bios", "none", *_QUIET, "-serial", "stdio"),
            packages=("gcc-riscv64-unknown-elf", "qemu-system-misc"),
            default_pictures=1000,
            flash=(0x80000000, 2 << 20),
            ram=(0x80200000, 4 << 20),
            pictures_at=0x84000000,
            room=64 << 20,
            tick=1.0,
        ),
        Target(
            name="atmega2560",
            device="atmega2560",
            compiler="avr-gcc",
            flags=("-mmcu=atmega2560", "-DF_CPU=16000000UL"),
            emulator="simavr",
            machine=("-m", "atmega2560", "-f", "16000000"),
            packages=("gcc-avr avr-libc", "simavr"),
            default_pictures=20,
            ram=(0x200, 8 << 10),
            room=128 << 10,
        ),
    )
}


def find_target(name: str) -> Target:
    """A target by its name; raises TersenetError for an unknown one, and where its programs are missing."""
    if name not in TARGETS:
        known = ("host", *TARGETS)
        raise TersenetError(
            "There is no such target.", got=name, expected=", ".join(known), hint=did_you_mean(name, known)
        )
    target = TARGETS[name]
    require_programs(
        f"The target {name} cannot be emulated here.",
        [(target.compiler, target.packages[0]), (target.emulator, target.packages[1])],
    )
    return target


def require_programs(problem: str, programs: Sequence[tuple[str, str]]) -> None:
    """Raise where a program is not on this machine, with the Debian packages that bring what is missing."""
    missing = [(program, package) for program, package in programs if shutil.which(program) is None]
    if missing:
        raise TersenetError(
            problem,
            got=f"no {' and no '.join(program for program, _ in missing)}",
            hint=f"on Debian and Ubuntu: apt install {' '.join(package for _, package in missing)}",
        )
