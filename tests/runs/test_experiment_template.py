"""A file to start from: it loads as what it began as, and every field is explained."""

import dataclasses
import tomllib

import pytest

from tersenet.cli.main import main
from tersenet.data import Augmentation
from tersenet.networks import NETWORKS, Budget, parse
from tersenet.runs import Experiment, Settings, experiment_names, load_experiment
from tersenet.runs.experiment_template import ABOUT, new_experiment_file
from tersenet.training import Recipe, Schedule

SHAPES = {
    "": Experiment,
    "budget": Budget,
    "training": Recipe,
    "training.schedule": Schedule,
    "training.augmentation": Augmentation,
    "settings": Settings,
}


@pytest.mark.parametrize("table", SHAPES)
def test_every_field_has_its_sentence_and_no_sentence_is_without_a_field(table):
    tables = {name.rpartition(".")[2] for name in SHAPES if name}
    fields = {field.name for field in dataclasses.fields(SHAPES[table])} - tables - {"notation"}
    assert set(ABOUT[table]) == fields


@pytest.mark.parametrize("name", experiment_names())
def test_a_file_loads_as_the_experiment_that_it_began_as(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my-idea", "--from", name]) == 0
    base, mine = load_experiment(name), load_experiment(tmp_path / "my-idea.toml")
    known = NETWORKS.get(base.network)
    line = known.notation if known else base.network
    assert mine == base.changed(name="my-idea", network=line, source="", choices=(), chosen_on="")


def test_each_line_of_a_setting_has_a_comment_above_it_and_no_comment_is_too_wide():
    lines = new_experiment_file(load_experiment("sprint"), "mine", started_from="sprint").splitlines()
    settings = [place for place, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert len(settings) > 30
    assert all(lines[place - 1].startswith("# ") for place in settings)
    assert max(len(line) for line in lines if line.startswith("#")) <= 100


def test_without_a_budget_there_is_one_to_be_switched_on():
    text = new_experiment_file(Experiment(network="8C3 GAP 10N"), "mine", started_from="a line")
    assert "budget" not in tomllib.loads(text)
    switched = "\n".join(
        line.removeprefix("# ") if " = " in line or "[" in line else line for line in text.split("\n")
    )
    assert tomllib.loads(switched)["budget"]["accuracy"] == 99.4


def test_a_started_weight_and_awkward_words_survive(tmp_path):
    base = Experiment(network="8C3 GAP 10N", init="runs/sprint-1", target='"a\\b" = #1\n[two]')
    path = tmp_path / "mine.toml"
    path.write_text(new_experiment_file(base, "mine", started_from="it"), encoding="utf-8")
    assert load_experiment(path) == base.changed(name="mine")


def test_nothing_that_is_there_is_overwritten(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("precious", encoding="utf-8")
    assert main(["new", "mine"]) == 1
    assert "it was not changed" in capsys.readouterr().err
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sprint"], "has this name"),
        (["mine", "--from", "gap-1432"], "did you mean gap-14320"),
        (["mine", "--from", "missing.toml"], "no such experiment file"),
        ([".hidden"], "name"),
    ],
)
def test_a_mistake_is_one_clear_error_and_leaves_nothing(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", *words, "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_new_experiment_can_be_trained(picture_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "ideas/mine.toml", "--from", "4C5s3 BN R GAP 2Nb"]) == 0
    words = ["--data", f"folder:{picture_folder}", "--epochs", "1", "--no-report"]
    assert main(["train", "ideas/mine.toml", *words]) == 0
    assert "mine-1" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["two\nlines", "esc\x1b[31m", "bytes \udce9", 'quo"te', "it's"])
def test_any_name_and_notation_gives_a_file_that_loads(name, tmp_path):
    text = new_experiment_file(Experiment(network="8C3 BN\nR GAP 10Nb"), "mine", started_from=name)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert load_experiment(tmp_path / "mine.toml").network == "8C3 BN\nR GAP 10Nb"


def test_a_network_written_on_two_lines_becomes_one_that_loads_and_can_be_built(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["new", "x", "--from", "8C3 BN\nR GAP 10Nb"]) == 0
    assert "experiment: x.toml, a copy of 8C3 BN R GAP 10Nb\n" in capsys.readouterr().out
    mine = load_experiment(tmp_path / "x.toml")
    assert str(parse(mine.network)) == "8C3 BN R GAP 10Nb"
    assert mine == Experiment(network=mine.network, name="x")
    assert main(["summary", "x.toml"]) == 0
