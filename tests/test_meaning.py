"""What a field means is written once, and everything that people read prints that."""

import dataclasses

import pytest

from tersenet._meaning import entries, meanings
from tersenet.cli import main
from tersenet.cli.commands.training.train import Arguments
from tersenet.data import NAMED_SETS, Augmentation, is_named
from tersenet.networks import Budget
from tersenet.runs import Experiment, Settings
from tersenet.training import Recipe, Schedule

OWNERS = {
    Recipe: "training.recipe",
    Schedule: "training.schedules",
    Settings: "runs.experiment",
    Experiment: "runs.experiment",
    Budget: "networks.budget",
    Augmentation: "data.augment",
}
TABLES = {"schedule", "augmentation", "budget", "training", "settings"}  # they have fields of their own


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.__name__)
def test_every_field_says_what_it_means_and_its_default(owner):
    found = meanings(OWNERS[owner], owner.__name__)
    fields = {item.name: item for item in dataclasses.fields(owner) if item.name not in TABLES | {"notation"}}
    assert set(found) == set(fields)
    for name, meaning in found.items():
        assert meaning.text.endswith((".", "…"))
        if fields[name].default is not dataclasses.MISSING:
            assert eval(meaning.default, {}) == fields[name].default


def test_the_help_of_train_says_the_same(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    said = {name: meaning.text for name, meaning in meanings("training.recipe", "Recipe").items()}
    options = {item.name for item in dataclasses.fields(Arguments)} & set(said)
    assert options >= {"epochs", "batch_size", "optimizer"}
    assert all(said[name] in text for name in options)


def test_every_named_data_set_says_what_it_is_about():
    found = entries("data.named_sets")
    assert set(found) > set(NAMED_SETS)
    assert all(is_named(name) for name in found)
    assert all(found[name] == named.about for name, named in NAMED_SETS.items())
