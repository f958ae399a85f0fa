"""All that an exact resume needs, in one safetensors file: nothing executes on load."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet.training.averaging import WeightAverage
from tersenet.training.metrics import EpochMetrics
from tersenet.training.schedules import LearningRate

FILE = "state.safetensors"
SCHEMA = "1"


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Everything a training changes as it goes; written after an epoch, read by a resume."""

    model: nn.Module
    optimizer: optim.Optimizer
    learning_rate: LearningRate
    average: WeightAverage | None
    metrics: list[EpochMetrics]
    progress: dict[str, Any]  # what early stopping remembers


def save_checkpoint(folder: Path, state: TrainingState) -> None:
    """Write `folder/state.safetensors`; what was there stays whole until the new file is."""
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


def load_checkpoint(folder: Path, state: TrainingState) -> None:
    """Put a checkpoint's content into a freshly made `state`; raises TersenetError where it does not fit."""
    path = folder / FILE
    tensors, metadata = load_tensors(path)
    try:
        facts = json.loads(metadata["tersenet"])
        state.model.load_state_dict(_part(tensors, "model."))
        slots: dict[int, dict[str, Any]] = {int(index): dict(s) for index, s in facts["optimizer_slots"].items()}
        for key, tensor in _part(tensors, "optimizer.").items():
            index, name = key.split(".", 1)
            slots.setdefault(int(index), {})[name] = tensor
        state.optimizer.load_state_dict({**state.optimizer.state_dict(), "state": slots})
        if state.average:
            state.average.model.load_state_dict(_part(tensors, "average."))
            state.average.updates = facts["average_updates"]
        state.learning_rate.restore(facts["learning_rate"])
        state.metrics[:] = [EpochMetrics(**row) for row in facts["metrics"]]
        state.progress.update(facts["progress"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise TersenetError(
            "This checkpoint does not belong to this run.",
            got=str(error).splitlines()[0],
            where=path,
            hint="start the run anew",
        ) from error


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file whole or not at all."""
    ready = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    write_whole(path, save(ready, metadata))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file; raises TersenetError where it cannot be read."""
    if not path.is_file():
        raise TersenetError("This file is not there.", where=path)
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise TersenetError(
            "This is not a whole safetensors file.",
            got=str(error),
            where=path,
            hint="train again, or restore the file",
        ) from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
