"""Sets of coloured pictures through the command line alone; benchmarks/small_sets.py measures them at full size."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from tersenet.cli.main import main
from tersenet.runs import find_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made_sets():
    spec = importlib.util.spec_from_file_location("made_sets", ROOT / "benchmarks" / "_made_sets.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["made_sets"] = module
    spec.loader.exec_module(module)
    yield module.MADE_SETS
    del sys.modules["made_sets"]


def train(capsys, tmp_path, *words):
    assert main(["train", *words, "--no-report", "--json", "--runs-dir", str(tmp_path)]) == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    return result, find_run(result["run"], tmp_path), said.err


def test_classes_that_differ_by_colour_alone_are_learned_and_the_choice_is_said(made_sets, tmp_path, capsys):
    data = made_sets["colours"].save(tmp_path / "colours.npz", count=180)
    result, run, said = train(capsys, tmp_path, "--data", str(data), "--epochs", "6")
    assert result["test_accuracy"] >= 90
    assert result["parameters"] < 8000
    assert "for 150 pictures: batches of 16, rate 0.05, flips (chosen by the data)" in said
    assert run.experiment.fit == ()
    assert (run.experiment.training.epochs, run.experiment.training.batch_size) == (6, 16)
    assert run.experiment.network == "auto"
    assert run.experiment.notation.endswith("3Nb")


def test_what_the_user_gives_is_kept(made_sets, tmp_path, capsys):
    data = made_sets["colours"].save(tmp_path / "colours.npz", count=60)
    line = "4C5s3 BN R GAP 3Nb"
    words = ("--data", str(data), "--epochs", "1", "--set", "batch_size=20", "rotation=0.0", "optimizer=adam")
    _, run, _ = train(capsys, tmp_path, line, *words)
    recipe = run.experiment.training
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (1, 20, 0.2)
    assert recipe.augmentation.flip_probability == 0
    file = tmp_path / "mine.toml"
    file.write_text(f'network = "{line}"\ndata = "{data}"\n[training]\nepochs = 1\n', encoding="utf-8")
    _, run, _ = train(capsys, tmp_path, str(file))
    assert run.experiment.training.batch_size == 128


def test_a_file_without_a_recipe_gets_one_by_the_data(made_sets, tmp_path, capsys):
    data = made_sets["colours"].save(tmp_path / "colours.npz", count=60)
    file = tmp_path / "mine.toml"
    file.write_text(f'network = "4C5s3 BN R GAP 3Nb"\ndata = "{data}"\n', encoding="utf-8")
    _, run, _ = train(capsys, tmp_path, str(file), "--epochs", "1")
    assert run.experiment.training.batch_size == 16
