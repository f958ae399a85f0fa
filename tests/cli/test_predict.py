"""`tersenet predict`, from picture files to classes and probabilities."""

import csv
import json
import os
import shutil

import pytest
import torch
from PIL import Image

from tersenet.cli.main import main
from tersenet.data import read_picture, write_samples
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
    images = torch.from_numpy(read_picture(picture, trained.form))[None]
    expected = trained.model()(trained.form.network_input(images)).softmax(dim=1)[0]
    assert found["picture"] == str(picture)
    assert found["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)
    assert found["class"] == int(expected.argmax())
    assert found["name"] == ("bar", "ring")[found["class"]]
    assert found["probability"] == max(found["probabilities"])


def test_people_read_the_class_by_its_name(predict, picture, capsys):
    assert predict(picture) == 0
    out = capsys.readouterr().out
    assert "bar" in out
    assert "classified by tiny-1, trained on folder:" in out


def test_show_writes_what_the_network_sees_and_leaves_the_picture_alone(predict, trained, picture, capsys):
    before = picture.read_bytes()
    assert predict(picture, picture, "--show", picture.parent) == 0
    forms = sorted(picture.parent.glob("*-28x28.png"))
    assert [path.name for path in forms] == ["stroke-2-28x28.png", "stroke-28x28.png"]
    assert picture.read_bytes() == before
    with Image.open(forms[0]) as form:
        assert form.size == (28, 28)
        assert list(form.tobytes()) == read_picture(picture, trained.form).flatten().tolist()


@pytest.mark.parametrize("words", [(), ("missing.png",)])
def test_no_picture_is_one_clear_error(predict, words, capsys):
    assert predict(*words, "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "picture" in captured.err.lower()
    assert "Traceback" not in captured.err


def test_each_picture_has_a_row_and_one_that_cannot_be_read_says_why(predict, picture, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    assert predict(bad, picture) == 1
    out = capsys.readouterr().out
    assert "bar" in out
    assert "This is not a picture" in out
    assert "1 of 2 pictures could not be read" in out
    assert predict(bad, picture, "--json") == 1
    first, second = json.loads(capsys.readouterr().out)["predictions"]
    assert (first["picture"], first["class"], first["note"]) == (
        str(bad),
        None,
        "This is not a picture that can be read.",
    )
    assert second["name"] == "bar"


def test_where_no_picture_can_be_read_all_are_named_and_nothing_is_written(predict, tmp_path, capsys):
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(b"no picture")
    assert predict(tmp_path / "one.png", tmp_path / "two.png", "--show", tmp_path / "forms", "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "None of the 2 pictures can be read" in captured.err
    assert "one.png" in captured.err
    assert "two.png" in captured.err
    assert not (tmp_path / "forms").exists()


def test_a_folder_is_all_of_its_pictures_and_other_files_are_counted(predict, picture, tmp_path, capsys):
    scans = tmp_path / "scans"
    (scans / "more").mkdir(parents=True)
    for name in ("10.png", "9.png", "more/1.png"):
        shutil.copy(picture, scans / name)
    (scans / "notes.txt").write_text("about")
    (scans / "more" / "circle").symlink_to(scans)
    assert predict(scans, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["picture"] for row in document["predictions"]] == [
        str(scans / name) for name in ("more/1.png", "9.png", "10.png")
    ]
    assert document["passed_over"] == 1
    assert predict(scans) == 0
    assert "1 file that is not a picture was skipped" in capsys.readouterr().out


def test_a_folder_is_named_once_and_each_picture_by_what_follows_it(predict, picture, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    scans = tmp_path / "scans of a folder with a long name"
    (scans / "more").mkdir(parents=True)
    for name in ("scan 10.png", "more/scan 1.png"):
        shutil.copy(picture, scans / name)
    assert predict(scans) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if ".png" in line]
    assert [row[: row.index(".png  ")] for row in rows] == ["more/scan 1", "scan 10"]
    assert " ".join(out.split()).count(scans.name) == 1


def test_a_folder_without_pictures_is_one_clear_error(predict, tmp_path, capsys):
    assert predict(tmp_path) == 1
    assert "no pictures in this folder" in capsys.readouterr().err


def test_pictures_of_the_test_set_are_named_by_index_with_their_labels(predict, trained, capsys):
    assert predict("--index", "0", "7", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["predictions"]
    labels = trained.data().test.labels
    assert [(row["picture"], row["label"]) for row in rows] == [
        ("test picture 0", int(labels[0])),
        ("test picture 7", int(labels[7])),
    ]
    assert predict("--index", "0") == 0
    assert "label" in capsys.readouterr().out.splitlines()[0]
    assert predict("--index", "9999") == 1
    assert "no such picture" in capsys.readouterr().err


def test_the_csv_file_has_a_row_for_each_picture(predict, picture, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    table = tmp_path / "predictions.csv"
    assert predict(picture, bad, "--csv", table, "--json") == 1
    [found, _] = json.loads(capsys.readouterr().out)["predictions"]
    with table.open(newline="") as file:
        good, unread = csv.DictReader(file)
    assert (good["picture"], good["class"], good["note"]) == (str(picture), "bar", found["note"])
    assert float(good["probability"]) == pytest.approx(found["probability"], abs=1e-6)
    assert float(good["bar"]) + float(good["ring"]) == pytest.approx(1, abs=1e-5)
    assert (unread["class"], unread["note"]) == ("", "This is not a picture that can be read.")


def test_a_picture_is_decoded_once(predict, picture, tmp_path, monkeypatch, capsys):
    opened = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda path, *rest: opened.append(str(path)) or real(path, *rest))
    predict(picture)  # fits what the training pictures are like, and reads them for that
    opened.clear()
    assert predict(picture, "--show", tmp_path / "forms") == 0
    assert opened == [str(picture)]


def test_two_marks_are_not_to_be_believed(tmp_path, capsys):
    """Two sevens side by side, by a network that comes with the package."""
    [seven] = [path for path in write_samples(tmp_path) if path.name == "seven.png"]
    with Image.open(seven) as opened:
        digit = opened.convert("RGB")
    both = Image.new("RGB", (480, 240))
    both.paste(digit, (0, 0))
    both.paste(digit, (240, 0))
    both.save(tmp_path / "77.png")
    assert main(["predict", "stem-17150", str(seven), str(tmp_path / "77.png"), "--json"]) == 0
    one, two = json.loads(capsys.readouterr().out)["predictions"]
    assert (one["believable"], one["note"]) == (True, "")
    assert two["believable"] is False
    assert "two separate marks" in two["note"]
    assert main(["predict", "stem-17150", str(tmp_path / "77.png")]) == 0
    assert "Do not believe this prediction" in capsys.readouterr().out


def test_where_the_data_is_gone_predictions_are_made_and_said_to_be_unchecked(
    trained, picture, tmp_path, capsys, monkeypatch
):
    place = shutil.copytree(trained.path, tmp_path / "tiny-1", ignore=shutil.ignore_patterns("familiarity*"))
    text = (place / "experiment.toml").read_text()
    (place / "experiment.toml").write_text(text.replace(trained.experiment.data, f"folder:{tmp_path}/gone"))
    assert main(["predict", str(place), str(picture), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["checked"], document["predictions"][0]["believable"]) == (False, None)
    assert main(["predict", str(place), str(picture)]) == 0
    assert "Whether to believe them was not checked" in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal_and_loses_no_letter(predict, picture, tmp_path, monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    bad = tmp_path / "a-picture-with-a-long-name-that-cannot-be-read.png"
    bad.write_bytes(b"no picture")
    assert predict(bad, picture) == 1
    lines = capsys.readouterr().out.splitlines()
    table = lines[: lines.index("")]
    assert max(map(len, table)) <= width
    start = table[0].index("note")
    assert " ".join("".join(line[start:].ljust(width) for line in table).split()).startswith(
        "note This is not a picture that can be read."
    )


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


def test_names_that_are_not_text_are_escaped(predict, picture, tmp_path, capsys):
    strange = tmp_path / os.fsdecode(b"caf\xe9\x1b.png")
    shutil.copy(picture, strange)
    assert predict(strange, "--csv", tmp_path / "p.csv") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\xe9" in out
    assert r"caf\xe9\x1b.png" in (tmp_path / "p.csv").read_text(encoding="utf-8")


def test_a_picture_without_a_run_gets_the_command_that_reads_it(picture, capsys):
    assert main(["predict", str(picture)]) == 1
    error = capsys.readouterr().err
    assert "No run was given." in error
    assert f"tersenet predict stem-17150 {picture}" in error.replace("\n            ", "")
