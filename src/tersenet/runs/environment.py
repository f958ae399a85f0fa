"""Where a run happened: versions, machine, device, commit, command line."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from tersenet._errors import TersenetError, did_you_mean

SCHEMA = 1
DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(wanted: str) -> str:
    """A device that is there: `auto` takes cuda, else mps, else cpu.

    >>> choose_device("cpu")
    'cpu'
    """
    if wanted not in DEVICES:
        hint = did_you_mean(wanted, DEVICES)
        raise TersenetError("There is no such device.", got=wanted, expected=", ".join(DEVICES), hint=hint)
    here = ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available() + ["cpu"]
    if wanted == "auto":
        return here[0]
    if wanted not in here:
        raise TersenetError("This machine has no such device.", got=wanted, expected=" or ".join(here))
    return wanted


def core_count() -> int:
    """The processor cores that this process may use.

    >>> core_count() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_environment(device: str) -> dict[str, Any]:
    """What `environment.json` says of the machine and the software; `schema` is the version of the run folder."""
    packages = ("tersenet", "torch", "numpy", "safetensors")
    return {
        "schema": SCHEMA,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": core_count(),
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        },
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "git_commit": _git_commit(),
        "command_line": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def _processor() -> str:
    """The processor's model name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git_commit() -> str | None:
    """The commit of Tersenet's own source, with `+changes` where it was changed since; None outside a checkout."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(here, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
