"""Experiments: TOML there and back, every mistake with its dotted name."""

import tomllib

import pytest
from hypothesis import given, strategies as st

from tersenet import TersenetError
from tersenet.runs import Experiment, experiment_from, experiment_names, load_experiment, to_toml, with_settings
from tersenet.training import Recipe, Schedule

MINE = Experiment(name="mine", network="8C3 BN R GAP 10N")


@pytest.mark.parametrize("name", experiment_names())
def test_a_shipped_experiment_survives_the_way_to_toml_and_back(name):
    experiment = load_experiment(name)
    assert experiment.name == name
    assert experiment_from(tomllib.loads(to_toml(experiment)), where=name) == experiment


@given(
    epochs=st.integers(1, 1000),
    rate=st.floats(1e-300, 1e30),
    kind=st.sampled_from(
        ["constant", "StepLR", "MultiStepLR", "ReduceLROnPlateau", "linear", "CosineAnnealingLR", "OneCycleLR"]
    ),
    target=st.text(),
    choices=st.tuples(st.text(), st.text()),
)
def test_any_experiment_survives_the_way_to_toml_and_back(epochs, rate, kind, target, choices):
    recipe = Recipe(epochs=epochs, learning_rate=rate, schedule=Schedule(kind=kind))
    experiment = MINE.changed(training=recipe, target=target, choices=choices)
    assert experiment_from(tomllib.loads(to_toml(experiment)), where="test") == experiment


def test_a_file_states_every_field_so_that_it_stays_true_when_defaults_change():
    tables = tomllib.loads(to_toml(MINE))
    assert tables["training"]["augmentation"]["elastic"] == 0.0
    assert tables["training"]["label_smoothing"] == 0.0
    assert tables["settings"] == {
        "device": "auto",
        "engine": "auto",
        "precision": "auto",
        "threads": 0,
        "workers": 0,
    }


@pytest.mark.parametrize(
    ("assignment", "where"),
    [
        ("training.epoch=3", "training.epoch"),
        ("training.schedule.kid=step", "training.schedule.kid"),
        ("training.epochs=three", "training.epochs"),
        ("training.epochs=0", "training.epochs"),
        ("training.augmentation.rotation=-1", "rotation"),
        ("nonsense=1", "nonsense"),
        ("name.deep=1", "name"),
        ("training=5", "training"),
        ("seed=-1", "seed"),
        ("name=a/b", "name"),
    ],
)
def test_a_wrong_setting_is_named(assignment, where):
    with pytest.raises(TersenetError) as error:
        with_settings(MINE, [assignment])
    assert where in str(error.value)


def test_a_misspelt_setting_is_offered_the_nearest():
    with pytest.raises(TersenetError, match="did you mean batch_size"):
        with_settings(MINE, ["training.batchsize=3"])


def test_a_setting_without_a_value_is_an_error():
    with pytest.raises(TersenetError, match="KEY=VALUE"):
        with_settings(MINE, ["training.epochs"])


def test_a_bare_word_is_text_and_a_toml_value_is_itself():
    changed = with_settings(
        MINE, ["training.schedule.kind=CosineAnnealingLR", "training.nesterov=false", 'name="x y"']
    )
    assert (changed.training.schedule.kind, changed.training.nesterov, changed.name) == (
        "CosineAnnealingLR",
        False,
        "x y",
    )


def test_a_file_that_is_not_toml_is_an_error(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("name = ", encoding="utf-8")
    with pytest.raises(TersenetError, match="not a TOML file"):
        load_experiment(file)
    with pytest.raises(TersenetError, match="no such experiment file"):
        load_experiment(tmp_path / "other.toml")


def test_a_missing_field_is_named(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('name = "x"', encoding="utf-8")
    with pytest.raises(TersenetError, match="network"):
        load_experiment(file)


def test_an_unknown_experiment_is_offered_the_nearest():
    with pytest.raises(TersenetError, match="did you mean gap-14320"):
        load_experiment("gap-14321")


@pytest.mark.parametrize("name", [name for name in experiment_names() if name.endswith("-improved")])
def test_an_improved_recipe_says_what_had_been_seen_of_the_test_set(name):
    assert "test figures of" in load_experiment(name).chosen_on


@pytest.mark.parametrize("name", ["sprint", "summit", "ladder-10-averaged"])
def test_a_recipe_chosen_on_held_out_images_says_so(name):
    assert load_experiment(name).chosen_on.startswith("held-out training images")
