"""A checkpoint is put into a training only where its run, its schema and every tensor fit."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from tersenet import TersenetError
from tersenet.training import OPTIMIZERS, Recipe
from tersenet.training.averaging import WeightAverage
from tersenet.training.checkpoint import FILE, TrainingState, load_checkpoint, save_checkpoint
from tersenet.training.epoch_metrics import EpochMetrics
from tersenet.training.recipe import make_optimizer
from tersenet.training.schedules import LearningRate


def fresh(optimizer="sgd", averaging=0.9, width=3):
    recipe = Recipe(optimizer=optimizer, averaging=averaging)
    model = nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.Linear(width, 2))
    return TrainingState(
        model=model,
        optimizer=make_optimizer(model, recipe),
        learning_rate=LearningRate(recipe.schedule, 0.1, epochs=3, steps_per_epoch=1),
        average=WeightAverage(model, decay=0.9) if averaging else None,
        metrics=[],
        progress={"lowest": float("inf"), "waited": 0},
    )


def trained(**options):
    state = fresh(**options)
    state.model(torch.ones(4, 1, 3, 3)).sum().backward()
    state.optimizer.step()
    state.metrics.append(
        EpochMetrics(
            epoch=1, learning_rate=0.1, train_loss=1.0, train_accuracy=50.0, test_loss=1.0, test_accuracy=50.0,
            seconds=1.0, images_per_second=4.0,
        )
    )  # fmt: skip
    return state


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_what_was_saved_is_what_is_loaded(tmp_path, optimizer, averaging):
    saved, loaded = trained(optimizer=optimizer, averaging=averaging), fresh(optimizer=optimizer, averaging=averaging)
    save_checkpoint(tmp_path, saved, run="mine")
    load_checkpoint(tmp_path, loaded, run="mine")
    for name, tensor in saved.model.state_dict().items():
        assert torch.equal(tensor, loaded.model.state_dict()[name])
    slots, found = saved.optimizer.state_dict()["state"], loaded.optimizer.state_dict()["state"]
    assert slots.keys() == found.keys()
    for index, slot in slots.items():
        assert all(
            torch.equal(torch.as_tensor(value), torch.as_tensor(found[index][key])) for key, value in slot.items()
        )
    assert loaded.metrics == saved.metrics


def changed(folder, change):
    """Rewrite a checkpoint after `change(tensors, facts)`."""
    path = folder / FILE
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts = json.loads(file.metadata()["tersenet"])
    change(tensors, facts)
    save_file(tensors, path, {"tersenet": json.dumps(facts)})


CHANGES = {
    "another run": lambda tensors, facts: facts.update(run="other"),
    "no run": lambda tensors, facts: facts.update(run=None),
    "newer schema": lambda tensors, facts: facts.update(schema="99"),
    "no schema": lambda tensors, facts: facts.pop("schema"),
    "no metrics": lambda tensors, facts: facts.pop("metrics"),
    "metrics of text": lambda tensors, facts: facts.update(metrics="many"),
    "an epoch left out": lambda tensors, facts: facts["metrics"][0].update(epoch=2),
    "a rate of text": lambda tensors, facts: facts["learning_rate"].update(drops="two"),
    "a weight of another shape": lambda tensors, facts: tensors.update({"model.0.weight": torch.ones(1)}),
    "a weight of another type": lambda tensors, facts: tensors.update(
        {"model.0.weight": tensors["model.0.weight"].double()}
    ),
    "a weight too few": lambda tensors, facts: tensors.pop("model.0.bias"),
    "a weight too many": lambda tensors, facts: tensors.update({"model.9.bias": torch.ones(1)}),
    "a momentum of one value": lambda tensors, facts: tensors.update({"optimizer.0.momentum_buffer": torch.ones(1)}),
    "an empty momentum": lambda tensors, facts: tensors.update({"optimizer.0.momentum_buffer": torch.ones(0)}),
    "a momentum of another type": lambda tensors, facts: tensors.update(
        {"optimizer.0.momentum_buffer": tensors["optimizer.0.momentum_buffer"].half()}
    ),
    "a momentum of no weight": lambda tensors, facts: tensors.update({"optimizer.77.momentum_buffer": torch.ones(1)}),
    "a momentum of a number": lambda tensors, facts: (
        tensors.pop("optimizer.0.momentum_buffer"),
        facts.update(optimizer_slots={"0": {"momentum_buffer": 1.0}}),
    ),
    "some momentum missing": lambda tensors, facts: tensors.pop("optimizer.0.momentum_buffer"),
    "another optimiser's memory": lambda tensors, facts: tensors.update({"optimizer.0.exp_avg": torch.ones(1)}),
    "no average": lambda tensors, facts: [tensors.pop(name) for name in [*tensors] if name.startswith("average.")],
    "an average of another shape": lambda tensors, facts: tensors.update({"average.0.weight": torch.ones(2, 2)}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_fit_is_one_error_and_changes_nothing(tmp_path, change):
    save_checkpoint(tmp_path, trained(), run="mine")
    changed(tmp_path, CHANGES[change])
    state = fresh()
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    with pytest.raises(TersenetError, match="This checkpoint does not belong to this run") as caught:
        load_checkpoint(tmp_path, state, run="mine")
    assert caught.value.where == tmp_path / FILE
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.model.state_dict().items())
    assert state.optimizer.state_dict()["state"] == {}
    assert state.metrics == []


def test_a_checkpoint_of_schema_1_names_no_run_and_is_read(tmp_path):
    save_checkpoint(tmp_path, trained())
    changed(tmp_path, lambda tensors, facts: (facts.update(schema="1"), facts.pop("run")))
    state = fresh()
    load_checkpoint(tmp_path, state, run="mine")
    assert len(state.metrics) == 1


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_file_that_holds_no_checkpoint_is_one_error(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(TersenetError):
        load_checkpoint(tmp_path, fresh(), run="mine")


def test_a_folder_whose_name_is_not_utf8_is_read_as_any_other(tmp_path):
    folder = tmp_path / "caf\udce9"
    save_checkpoint(folder, trained(), run="mine")
    state = fresh()
    load_checkpoint(folder, state, run="mine")
    assert len(state.metrics) == 1
