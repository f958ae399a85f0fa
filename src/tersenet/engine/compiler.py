"""The engine's library: compiled once for the processor at hand, then found in the cache and checked."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path

import platformdirs

from tersenet.engine.abi import declared

COMPILERS = ("c++", "g++", "clang++")
SOURCES = (
    "workers.h", "engine.h", "activations.h", "batch_norm.h", "layers.h", "planes.h", "warp.h", "descent.h",
    "convolution.cpp", "network.cpp",
)  # fmt: skip
FLAGS = ("-std=c++17", "-O2", "-march=native", "-fPIC", "-pthread", "-w")
LONGEST = 60  # seconds that compiling may take; two or three are usual
PATIENCE = 5  # seconds of compiling before a line says what is being waited for
SCRATCH = "compiling-"  # how the names of the folders begin in which it is compiled

_loaded: dict[str, ctypes.CDLL | None] = {}  # by key; None: compiling it failed
_lock = threading.Lock()


def library(*, compile_it: bool = True) -> ctypes.CDLL | None:
    """The compiled engine, or None where this machine has no C++ compiler that makes it.

    The first call on a machine compiles it (two or three seconds on two cores) into the user's cache folder; a later
    version, another compiler or another processor gets a file of its own. The name of the file holds its checksum:
    one that was cut short or changed is compiled again. `TERSENET_COMPILED=0` turns the engine off. With `compile_it`
    false, only a library that was compiled before is taken.
    """
    compiler = _compiler(os.environ.get("CXX"), os.environ.get("PATH"))
    if compiler is None or os.environ.get("TERSENET_COMPILED") == "0":
        return None
    key = _key(compiler)
    with _lock:
        if key not in _loaded:
            folder = Path(platformdirs.user_cache_dir("tersenet")) / "engine"
            try:
                engine = _found(folder, key)
                if engine is None and not compile_it:
                    return None  # it may be compiled later
                _loaded[key] = engine or _made(compiler, folder, key)
            except (OSError, subprocess.SubprocessError):
                _loaded[key] = None
        return _loaded[key]


def multiplies_bfloat16() -> bool:
    """Whether the compiled engine has an instruction that multiplies bfloat16."""
    engine = library()
    return engine is not None and bool(engine.tersenet_bfloat16())


@functools.cache
def _compiler(named: str | None, path: str | None) -> str | None:
    """The compiler that `CXX` names, or the first one on the `PATH`."""
    for name in (named, *COMPILERS) if named else COMPILERS:
        found = shutil.which(name, path=path)
        if found:
            return found
    return None


@functools.cache
def _sources() -> dict[str, bytes]:
    return {name: resources.files(__package__).joinpath(name).read_bytes() for name in SOURCES}


@functools.cache
def _key(compiler: str) -> str:
    """All that the library depends on, as one short word."""
    how = (compiler.encode(), " ".join(FLAGS).encode(), _processor())
    return hashlib.sha256(b"\0".join([*_sources().values(), *how])).hexdigest()[:16]


def _processor() -> bytes:
    """What `-march=native` depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}".encode()
    kept = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return "\n".join(sorted(set(kept))).encode()


def _found(folder: Path, key: str) -> ctypes.CDLL | None:
    """The library in the cache; a file that is not what its name says is removed."""
    for file in sorted(folder.glob(f"{key}-*.so")):
        if file.is_file() and file.name == _name(key, file.read_bytes()):
            with suppress(AttributeError, ValueError):  # another library under this name
                return declared(ctypes.CDLL(str(file)))
        with suppress(OSError):
            file.unlink()
    return None


def _name(key: str, content: bytes) -> str:
    """A library's file name: its key, and the checksum of its content."""
    return f"{key}-{hashlib.sha256(content).hexdigest()[:16]}.so"


def _made(compiler: str, folder: Path, key: str) -> ctypes.CDLL:
    """Compile in a folder beside the place and move the library there: anyone who looks finds a whole one or none."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{SCRATCH}*"):  # by a process that was killed
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > 2 * LONGEST:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
        _compile(compiler, Path(scratch))
        made = Path(scratch) / "engine.so"
        file = folder / _name(key, made.read_bytes())
        made.replace(file)
    return declared(ctypes.CDLL(str(file)))


def _compile(compiler: str, scratch: Path) -> None:
    """Compile `scratch/engine.so`, its parts at the same time."""
    for name, source in _sources().items():
        (scratch / name).write_bytes(source)
    parts = [name for name in SOURCES if name.endswith(".cpp")]
    objects = [f"{part}.o" for part in parts]
    until = time.monotonic() + LONGEST
    waiting = threading.Timer(
        PATIENCE,
        _say,
        [
            "Compiling Tersenet's engine for this processor (once).\n"
            f"Waiting for {compiler}, at most {LONGEST} s; TERSENET_COMPILED=0 does without it."
        ],
    )
    waiting.daemon = True
    waiting.start()
    try:
        _call([[compiler, *FLAGS, "-c", part, "-o", f"{part}.o"] for part in parts], scratch, until)
        _call([[compiler, "-shared", "-pthread", *objects, "-o", "engine.so"]], scratch, until)
    except subprocess.TimeoutExpired:
        _say(f"{compiler} did not finish in {LONGEST} s.\nNetworks run layer by layer in torch, which is slower.")
        raise
    finally:
        waiting.cancel()


def _call(commands: Sequence[Sequence[str]], folder: Path, until: float) -> None:
    """Run commands at the same time; whatever ends this, none of them is left running."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(  # noqa: PERF401 - those that began must be known where the next one fails
                subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        for process in running:
            status = process.wait(timeout=max(0.0, until - time.monotonic()))
            if status:
                raise subprocess.CalledProcessError(status, process.args)
    finally:
        for process in running:
            if process.poll() is None:
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)  # the compiler and what it started
                process.wait()


def _say(line: str) -> None:
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)


def _after_fork() -> None:
    """A child begins with a free lock, even if it was held at the fork."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
