"""`tersenet explain`, from a run and a picture to a figure and a page."""

import json
import shutil

import pytest
import torch
from PIL import Image

from tersenet.cli.main import main
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    return start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))


@pytest.fixture
def explain(trained):
    return lambda *words: main(["explain", "tiny", *map(str, words), "--runs-dir", str(trained.path.parent)])


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "stroke.png"
    image = Image.new("RGB", (200, 300), "white")
    image.paste("navy", (90, 60, 110, 240))
    image.save(path)
    return path


def test_a_figure_and_a_page_are_written_beside_the_run(explain, trained, picture, capsys):
    assert explain(picture) == 0
    folder = trained.path / "explain" / "stroke"
    assert sorted(path.name for path in folder.iterdir()) == ["explain.html", "explain.png"]
    out = capsys.readouterr().out
    assert str(folder / "explain.png") in out
    assert "maps from ReLU-3: exact" in out


def test_json_says_what_predict_says_and_maps_that_add_up(explain, trained, picture, tmp_path, capsys):
    assert main(["predict", "tiny", str(picture), "--runs-dir", str(trained.path.parent), "--json"]) == 0
    [predicted] = json.loads(capsys.readouterr().out)["predictions"]
    assert explain(picture, "--out", tmp_path / "o", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    for key in ("class", "name", "picture"):
        assert found[key] == predicted[key]
    assert found["probabilities"] == pytest.approx(predicted["probabilities"], abs=1e-6)
    activation = found["class_activation"]
    sums = torch.tensor(activation["maps"]).mean((1, 2)) + torch.tensor(activation["bias"])
    assert sums.tolist() == pytest.approx(found["logits"], abs=1e-5)
    assert [layer["name"] for layer in found["layers"]][:2] == ["Conv2d-1", "BatchNorm2d-2"]
    assert found["layers"][0]["receptive_field"] == [5, 5]
    assert (tmp_path / "o" / "explain.html").is_file()
    assert found["page"] == str(tmp_path / "o" / "explain.html")


def test_a_picture_of_the_test_set_and_a_unit_of_choice(explain, trained, tmp_path, capsys):
    assert explain("--index", 2, "--layer", 1, "--unit", 3, "--pictures", 4, "--out", tmp_path, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label"] == int(trained.data().test.labels[2])
    assert found["unit_layer"] == "Conv2d-1"
    [unit] = found["units"]
    assert unit["unit"] == 3
    assert len(unit["pictures"]) == 4


def test_a_picture_is_explained_without_data_that_is_not_there(trained, picture, tmp_path, capsys):
    copy = shutil.copytree(trained.path, tmp_path / "runs" / "tiny-1")
    moved = (copy / "experiment.toml").read_text().replace("folder:", f"folder:{tmp_path}/gone")
    (copy / "experiment.toml").write_text(moved)
    words = ["explain", "tiny", str(picture), "--runs-dir", str(copy.parent), "--out", str(tmp_path / "out")]
    assert main(words) == 1
    assert "--pictures 0" in capsys.readouterr().err
    assert main([*words, "--pictures", "0"]) == 0
    assert (tmp_path / "out" / "explain.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a picture file, or the index"),
        (("missing.png",), "missing.png"),
        (("--index", 1, "--layer", "Conv2d-7"), "did you mean Conv2d-1"),
        (("--index", 1, "--unit", 40), "0 to 3"),
        (("--index", 100_000), "no such picture"),
    ],
)
def test_a_mistake_is_one_clear_error_and_nothing_is_written(explain, words, said, tmp_path, capsys):
    assert explain(*words, "--out", tmp_path / "out", "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert not (tmp_path / "out").exists()
