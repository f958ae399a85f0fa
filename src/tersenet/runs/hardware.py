"""Where and how the arithmetic runs: settled once, when a run starts, and written down."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from tersenet._notes import note
from tersenet.engine import compile_network, library, multiplies_bfloat16, refusal
from tersenet.evaluation import own_precision
from tersenet.runs.experiment import Settings
from tersenet.runs.provenance.environment import choose_device, core_count
from tersenet.training import compiled_or_error

# A processor without an instruction for bfloat16 multiplies it more slowly than float32, one with it at least twice
# as fast: a bound between the two is not crossed by chance, even on a busy machine, so that two starts settle alike.
NATIVE = 1.4
PROBE_SIZES = (128, 768)  # the small product first: without an instruction the large one takes a second
HOPELESS = 0.5
MOST_WORKERS = 8  # a batch of 128 is four pairs of sixteen pictures; more would only wait
LOOK = 0.1  # seconds for which a machine that seems busy is watched


def settle(settings: Settings, model: nn.Module) -> Settings:
    """The complete settings for a network.

    Raises TersenetError where a device is not there, or the compiled engine is asked for and cannot run the network.
    """
    device = choose_device(settings.device)
    compiled = _takes_compiled(settings, model, device)
    precision = settings.precision
    if precision == "auto" and own_precision(model) is torch.float64:
        precision = "float32"
    if precision == "auto":
        instruction = multiplies_bfloat16() if compiled else device != "mps"
        precision = "bfloat16" if instruction and bfloat16_gain(device) >= NATIVE else "float32"
    return Settings(
        device=device,
        engine="compiled" if compiled else "layers",
        precision=precision,
        threads=settings.threads or core_count(),
        workers=(settings.workers or min(core_count(), MOST_WORKERS)) if compiled else 1,
    )


@functools.cache
def bfloat16_gain(device: str) -> float:
    """How many times as fast a device multiplies matrices in bfloat16 as in float32; a few hundredths of a second.

    >>> bfloat16_gain("cpu") > 0
    True
    """
    gain = 1.0
    for size in PROBE_SIZES:
        matrix = torch.ones(size, size, device=device)
        with arithmetic_threads(1):
            gain = _seconds(matrix, device) / _seconds(matrix.bfloat16(), device)
        if gain < HOPELESS:
            break
    return gain


@contextmanager
def arithmetic_threads(count: int) -> Iterator[None]:
    """Use `count` threads of torch's arithmetic; afterwards as many as before.

    >>> with arithmetic_threads(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _seconds(matrix: Tensor, device: str) -> float:
    """The shortest of several times of one product: whatever disturbs a measurement only makes it longer.

    On a processor the thread's own time counts: what it waits while others work would hide the difference.
    """
    now = time.thread_time if device == "cpu" else time.perf_counter
    times = []
    for _ in range(8):
        start = now()
        matrix @ matrix
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(now() - start)
    return min(times[1:])


def busy_notice(settings: Settings) -> str | None:
    """One line where other programs leave a training fewer cores than its threads want; None otherwise.

    The load of the last minute decides whether to look; a tenth of a second of the processors' own counts decides.
    """
    compiled = settings.engine == "compiled"
    wanted = settings.workers if compiled else settings.threads
    cores = core_count()
    if settings.device != "cpu" or min(wanted, cores) < 2 or not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load + min(wanted, cores) < cores + 0.5:
        return None
    free = _idle_cores()
    if free is not None and free > min(wanted, cores) - 0.5:
        return None
    remedy = "settings.workers=1" if compiled else "settings.threads=1"
    return f"The machine is busy (load {load:.1f} on {cores} cores). Try --set {remedy}"


def _idle_cores() -> float | None:
    """How many of this process's cores have nothing to do; None where the system does not say."""
    try:
        before = _idle_ticks()
        time.sleep(LOOK)
        after = _idle_ticks()
    except (OSError, ValueError, IndexError):
        return None
    parts = [(after[core][0] - idle) / max(1, after[core][1] - every) for core, (idle, every) in before.items()]
    return sum(parts) if parts else None


def _idle_ticks() -> dict[int, tuple[int, int]]:
    """Idle and all ticks of each core that this process may use, from /proc/stat."""
    found = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu" and int(name[3:]) in os.sched_getaffinity(0):
            numbers = [int(tick) for tick in ticks[:8]]  # later ones are counted among the first
            found[int(name[3:])] = (numbers[3] + numbers[4], sum(numbers))
    return found


def _takes_compiled(settings: Settings, model: nn.Module, device: str) -> bool:
    # In bfloat16 the engine runs where the processor multiplies it; elsewhere torch does.
    precision = "float32" if settings.precision == "auto" else settings.precision
    workers = settings.workers or 1
    if settings.engine == "compiled":
        compiled_or_error(model if device == "cpu" else model.to(device), precision, workers)
    if settings.engine == "layers" or device != "cpu":
        return False
    compiled = compile_network(model, precision=precision, workers=workers) is not None
    if not compiled and os.environ.get("TERSENET_COMPILED") != "0":
        why = refusal(model) or ("no bfloat16 on this processor" if library() else "no working C++ compiler")
        note(f"torch trains this network layer by layer, which is slower. The compiled engine does not: {why}")
    return compiled
