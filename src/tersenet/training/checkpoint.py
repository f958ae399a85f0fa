"""All that an exact resume needs, in one safetensors file: nothing executes on load."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet.training.averaging import WeightAverage
from tersenet.training.epoch_metrics import EpochMetrics
from tersenet.training.optimizers.registry import kind_of
from tersenet.training.schedules import LearningRate

FILE = "state.safetensors"
SCHEMA = "2"
READABLE = ("1", "2")  # schema 1 has no run


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Everything a training changes as it goes; written after an epoch, read by a resume."""

    model: nn.Module
    optimizer: optim.Optimizer
    learning_rate: LearningRate
    average: WeightAverage | None
    metrics: list[EpochMetrics]
    progress: dict[str, Any]  # what early stopping remembers


@dataclass(frozen=True, kw_only=True)
class _Rate:
    lowest: float
    waited: int
    drops: int


@dataclass(frozen=True, kw_only=True)
class _Patience:
    lowest: float
    waited: int


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What a checkpoint says beside its tensors."""

    schema: str
    run: str | None = None
    learning_rate: _Rate
    average_updates: int
    optimizer_slots: dict[str, dict[str, float | bool]]
    metrics: list[EpochMetrics]
    progress: _Patience


def save_checkpoint(folder: Path, state: TrainingState, *, run: str | None = None) -> None:
    """Write `folder/state.safetensors`; what was there stays whole until the new file is.

    `run` is the identity of the run that it belongs to.
    """
    tensors = {f"model.{name}": tensor for name, tensor in state.model.state_dict().items()}
    slots: dict[str, dict[str, float]] = {}
    for index, slot in state.optimizer.state_dict()["state"].items():
        for name, value in slot.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
            elif value is not None:
                slots.setdefault(str(index), {})[name] = value
    if state.average:
        tensors |= {f"average.{name}": tensor for name, tensor in state.average.model.state_dict().items()}
    facts = {
        "schema": SCHEMA,
        "run": run,
        "learning_rate": state.learning_rate.state(),
        "average_updates": state.average.updates if state.average else 0,
        "optimizer_slots": slots,
        "metrics": [asdict(row) for row in state.metrics],
        "progress": state.progress,
    }
    save_tensors(folder / FILE, tensors, {"tersenet": json.dumps(facts)})


def has_checkpoint(folder: Path) -> bool:
    """Whether a checkpoint was ever written whole; one killed in its first leaves an empty folder."""
    return (folder / FILE).is_file()


def load_checkpoint(folder: Path, state: TrainingState, *, run: str | None = None) -> None:
    """Put a checkpoint's content into a freshly made `state`.

    Raises TersenetError where the checkpoint is of another run than `run`, or a key, a shape or a type does not fit;
    then `state` is as it was.
    """
    path = folder / FILE
    tensors, metadata = load_tensors(path)
    facts = _read_facts(metadata.get("tersenet", ""), path)
    if facts.run != run and not (facts.run is None and facts.schema == "1"):
        raise _foreign("it was written by another run", path)
    if [row.epoch for row in facts.metrics] != list(range(1, len(facts.metrics) + 1)):
        raise _foreign("its epochs do not follow each other", path)
    weights = _part(tensors, "model.")
    fit_tensors(weights, state.model.state_dict(), _PROBLEM, where=path, hint=_HINT)
    slots = _optimizer_slots(facts, _part(tensors, "optimizer."), state.optimizer, path)
    averaged = _part(tensors, "average.")
    if state.average:
        fit_tensors(averaged, state.average.model.state_dict(), _PROBLEM, where=path, hint=_HINT)
    elif averaged:
        raise _foreign("it has averaged weights, and this run averages none", path)

    state.model.load_state_dict(weights)
    state.optimizer.load_state_dict({**state.optimizer.state_dict(), "state": slots})
    if state.average:
        state.average.model.load_state_dict(averaged)
        state.average.updates = facts.average_updates
    state.learning_rate.restore(asdict(facts.learning_rate))
    state.metrics[:] = facts.metrics
    state.progress.update(asdict(facts.progress))


def fit_tensors(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], problem: str, *, where: object, hint: str | None = None
) -> None:
    """Raise TersenetError unless tensors have the names, shapes and types of those that they are to replace."""
    for name in sorted(found.keys() | wanted.keys()):
        if name not in wanted:
            got, expected = f"a tensor {name}", "none of this name"
        elif name not in found:
            got, expected = f"no tensor {name}", _described(wanted[name])
        else:
            got, expected = f"{name}: {_described(found[name])}", _described(wanted[name])
            if got == f"{name}: {expected}":
                continue
        raise TersenetError(problem, got=got, expected=expected, where=where, hint=hint)


_PROBLEM = "This checkpoint does not belong to this run."
_HINT = "start a new run"


def _foreign(got: str, path: Path) -> TersenetError:
    return TersenetError(_PROBLEM, got=got, where=path, hint=_HINT)


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def _read_facts(text: str, path: Path) -> _Facts:
    try:
        content = json.loads(text)
        schema = content.get("schema") if isinstance(content, dict) else None
        if schema not in READABLE:
            raise _foreign(f"schema {schema!r}, and this Tersenet reads {' and '.join(READABLE)}", path)
        return msgspec.convert(content, _Facts)
    except (ValueError, RecursionError) as error:
        raise _foreign(str(error)[:200], path) from error


def _optimizer_slots(
    facts: _Facts, tensors: Mapping[str, Tensor], optimizer: optim.Optimizer, path: Path
) -> dict[int, dict[str, Any]]:
    """What the optimiser remembers of each weight: all that its kind says, each of the weight's shape."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    kind = kind_of(optimizer)
    names = [kind.remembers(group) for group in optimizer.param_groups for _ in group["params"]]
    slots: dict[int, dict[str, Any]] = {}
    found: dict[str, Any] = {
        f"{i}.{name}": n for i, slot in facts.optimizer_slots.items() for name, n in slot.items()
    }
    for key, value in (found | dict(tensors)).items():
        index, _, name = key.partition(".")
        if not (index.isascii() and index.isdecimal() and int(index) < len(weights)) or name not in names[int(index)]:
            raise _foreign(f"a value optimizer.{key}", path)
        shape = [] if name == "step" else list(weights[int(index)].shape)
        if isinstance(value, Tensor) and (list(value.shape) != shape or value.dtype != weights[int(index)].dtype):
            got, expected = f"optimizer.{key}: {_described(value)}", f"the shape {shape} of its weight"
            raise TersenetError(_PROBLEM, got=got, expected=expected, where=path, hint=_HINT)
        if not isinstance(value, Tensor) and name != "step":
            raise _foreign(f"a number optimizer.{key}", path)
        slots.setdefault(int(index), {})[name] = value
    if slots and (len(slots) != len(weights) or any(slot.keys() != names[i] for i, slot in slots.items())):
        raise _foreign("the optimiser's state of some weights is missing", path)
    return slots


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file whole or not at all."""
    ready = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    write_whole(path, save(ready, metadata))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file; raises TersenetError where it cannot be read."""
    if not os.path.isfile(path):  # noqa: PTH113  # Path.is_file raises where a folder may not be entered
        raise TersenetError("This file does not exist.", where=path)
    try:
        with _named_in_utf8(path) as readable, safe_open(readable, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, AttributeError, TypeError) as error:
        raise TersenetError(
            "The safetensors file is damaged.",
            got=str(error),
            where=path,
            hint="train again, or restore the file",
        ) from error


@contextmanager
def _named_in_utf8(path: Path) -> Iterator[Path]:
    """A path to the same content that safetensors can open: it takes no other name than one in UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(shutil.copy(path, Path(folder) / "tensors"))
    else:
        yield path


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
