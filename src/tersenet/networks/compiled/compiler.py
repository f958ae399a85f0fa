"""The engine's library: compiled once for the processor at hand, then found in the cache."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import platformdirs

COMPILERS = ("c++", "g++", "clang++")
SOURCES = ("engine.h", "convolution.cpp", "network.cpp")
FLAGS = ("-std=c++17", "-O2", "-march=native", "-fPIC", "-pthread", "-w")
LONGEST = 120  # seconds; two or three are usual


@functools.cache
def library(*, compile_it: bool = True) -> ctypes.CDLL | None:
    """The compiled engine, or None where this machine has no C++ compiler that makes it.

    The first call on a machine compiles it (two or three seconds on two cores) into the user's cache folder; a later
    version, another compiler or another processor gets a file of its own. `TERSENET_COMPILED=0` keeps Tersenet from
    it. With `compile_it` false, only one that was compiled before is taken.
    """
    compiler = _compiler()
    if compiler is None or os.environ.get("TERSENET_COMPILED") == "0":
        return None
    sources = {name: resources.files(__package__).joinpath(name).read_bytes() for name in SOURCES}
    how = (compiler.encode(), " ".join(FLAGS).encode(), _processor())
    key = hashlib.sha256(b"\0".join([*sources.values(), *how])).hexdigest()
    folder = Path(platformdirs.user_cache_dir("tersenet")) / "engine"
    file = folder / f"{key[:16]}.so"
    try:
        if not file.exists():
            if not compile_it:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            _compile(compiler, sources, file)
        return _declared(ctypes.CDLL(str(file)))
    except (OSError, subprocess.SubprocessError):
        return None


def multiplies_bfloat16() -> bool:
    """Whether the compiled engine has an instruction that multiplies bfloat16."""
    engine = library()
    return engine is not None and bool(engine.tersenet_bfloat16())


def _compiler() -> str | None:
    named = os.environ.get("CXX")
    for name in (named, *COMPILERS) if named else COMPILERS:
        path = shutil.which(name)
        if path:
            return path
    return None


def _processor() -> bytes:
    """What `-march=native` depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}".encode()
    told = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return "\n".join(sorted(set(told))).encode()


def _compile(compiler: str, sources: dict[str, bytes], file: Path) -> None:
    """Compile beside the place and move into it, so that whoever looks finds a whole library or none.

    The parts are compiled at the same time, one a core.
    """
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
        for name, source in sources.items():
            (Path(scratch) / name).write_bytes(source)
        parts = [name for name in sources if name.endswith(".cpp")]
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda part: _call(compiler, *FLAGS, "-c", part, "-o", f"{part}.o", folder=scratch), parts))
        _call(compiler, "-shared", "-pthread", *(f"{part}.o" for part in parts), "-o", file.name, folder=scratch)
        (Path(scratch) / file.name).replace(file)


def _call(*command: str, folder: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=LONGEST)


def _declared(engine: ctypes.CDLL) -> ctypes.CDLL:
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    engine.tersenet_create.restype = pointer
    engine.tersenet_create.argtypes = [
        pointer, integer, integer, integer, integer, pointer, pointer, integer, pointer, integer,
    ]  # fmt: skip
    engine.tersenet_forward.restype = None
    engine.tersenet_forward.argtypes = [pointer, pointer, integer, integer, ctypes.c_uint64, pointer]
    engine.tersenet_backward.restype = None
    engine.tersenet_backward.argtypes = [pointer, pointer, pointer]
    engine.tersenet_step.restype = None
    engine.tersenet_step.argtypes = [pointer, pointer, pointer, integer, ctypes.c_uint64, pointer, pointer]
    real = ctypes.c_float
    engine.tersenet_warp.restype = None
    engine.tersenet_warp.argtypes = [pointer, pointer, integer, integer, integer, real, real, integer, pointer]
    engine.tersenet_destroy.restype = None
    engine.tersenet_destroy.argtypes = [pointer]
    return engine
