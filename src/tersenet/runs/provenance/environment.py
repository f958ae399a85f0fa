"""Where a run happened: versions, machine, device, commit, command line."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from tersenet._errors import TersenetError, did_you_mean
from tersenet.runs.record import Environment, Machine

GIT_SECONDS = 3.0  # a training does not wait longer for a git that hangs
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


def describe_environment(device: str) -> Environment:
    """The machine and the software, now; nothing is said yet of the data."""
    packages = ("tersenet", "torch", "numpy", "safetensors")
    return Environment(
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        machine=Machine(
            system=platform.platform(),
            processor=_processor(),
            cores=core_count(),
            cpu_capability=torch.backends.cpu.get_cpu_capability(),
        ),
        device=torch.cuda.get_device_name() if device == "cuda" else device,
        git_commit=_git_commit(),
        command_line=(_program(), *sys.argv[1:]),
    )


def _processor() -> str:
    """The processor's model name, where the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git_commit() -> str | None:
    """The commit of Tersenet's own source, with `+changes` where it was changed since.

    None outside a checkout, in the checkout of another project (as where its `.venv` holds Tersenet), and where git
    does not answer in time.
    """
    here = Path(__file__)
    try:
        top = Path(_git(here.parent, "rev-parse", "--show-toplevel"))
        if not _is_tersenets(top) or not _git(here.parent, "ls-files", "--", here.name):
            return None
        commit = _git(here.parent, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(here.parent, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _is_tersenets(checkout: Path) -> bool:
    """Whether a checkout is one of Tersenet, by the name in its `pyproject.toml`."""
    try:
        project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == "tersenet"


def _git(folder: Path, *words: str) -> str:
    """What git says; it gets a few seconds, and nothing that it started can hold the training longer."""
    command = ["git", "-C", str(folder), *words]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            status = process.wait(GIT_SECONDS)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()
            raise
        if status:
            raise subprocess.CalledProcessError(status, command)
        said.seek(0)
        return said.read().decode(errors="replace").strip()


def _program() -> str:
    """How the program was called: `python -m tersenet` is the command `tersenet`."""
    called = Path(sys.argv[0])
    return called.parent.name if called.name == "__main__.py" else called.name
