"""`tersenet predict`, from picture files to classes and probabilities."""

import json
import shutil

import pytest
import torch
from PIL import Image

from tersenet.cli import main
from tersenet.data import normalize, read_picture
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2N",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    return start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))


@pytest.fixture
def predict(trained):
    return lambda *words: main(["predict", "tiny", *map(str, words), "--runs-dir", str(trained.path.parent)])


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "stroke.png"
    image = Image.new("RGB", (200, 300), "white")
    image.paste("navy", (90, 60, 110, 240))
    image.save(path)
    return path


def test_json_gives_class_and_probabilities_as_the_network_does(predict, trained, picture, capsys):
    assert predict(picture, "--json") == 0
    [found] = json.loads(capsys.readouterr().out)["predictions"]
    images = torch.from_numpy(read_picture(picture))[None, None].float() / 255
    expected = trained.model()(normalize(images)).softmax(dim=1)[0]
    assert found["picture"] == str(picture)
    assert found["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
    assert found["class"] == int(expected.argmax())
    assert found["name"] == ("bar", "ring")[found["class"]]
    assert found["probability"] == max(found["probabilities"])


def test_people_read_the_class_by_its_name(predict, picture, capsys):
    assert predict(picture) == 0
    out = capsys.readouterr().out
    assert "bar" in out
    assert "read by tiny-1, trained on folder:" in out


def test_show_writes_what_the_network_sees_and_leaves_the_picture_alone(predict, picture, capsys):
    before = picture.read_bytes()
    assert predict(picture, picture, "--show", picture.parent) == 0
    forms = sorted(picture.parent.glob("*-28x28.png"))
    assert [path.name for path in forms] == ["stroke-2-28x28.png", "stroke-28x28.png"]
    assert picture.read_bytes() == before
    with Image.open(forms[0]) as form:
        assert form.size == (28, 28)
        assert list(form.tobytes()) == read_picture(picture).flatten().tolist()


@pytest.mark.parametrize("words", [(), ("missing.png",)])
def test_no_picture_is_one_clear_error(predict, words, capsys):
    assert predict(*words, "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "picture" in captured.err.lower()
    assert "Traceback" not in captured.err


def test_one_bad_picture_among_good_ones_is_named(predict, picture, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert predict(picture, bad) == 1
    assert str(bad) in capsys.readouterr().err


def test_every_bad_picture_is_named_before_anything_is_read_or_written(predict, picture, tmp_path, capsys):
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(b"no picture")
    assert predict(tmp_path / "one.png", picture, tmp_path / "two.png", "--show", tmp_path / "forms") == 1
    captured = capsys.readouterr()
    assert "2 of 3 pictures cannot be read" in captured.err
    assert "one.png" in captured.err
    assert "two.png" in captured.err
    assert captured.out == ""
    assert not (tmp_path / "forms").exists()


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_said(predict, picture, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert predict(picture, "--show", tmp_path / "file" / "forms") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "cannot be written" in captured.err


def test_an_interrupted_run_says_how_far_it_came(trained, picture, tmp_path, capsys):
    place = shutil.copytree(trained.path, tmp_path / "tiny-1")
    (place / "result.json").unlink()
    assert main(["predict", str(place), str(picture)]) == 0
    assert "not finished: 1 of 1 epochs are done" in capsys.readouterr().out
