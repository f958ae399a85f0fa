"""`tersenet data`: what is listed, fetched, verified and shown, for people and for programs."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tersenet.cli.main import main
from tersenet.data import write_idx
from tersenet.data.named_sets import NAMED_SETS


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """Nothing is here, nobody answers."""
    monkeypatch.delenv("TERSENET_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name, named in list(NAMED_SETS.items()):
        monkeypatch.setitem(NAMED_SETS, name, dataclasses.replace(named, homes=("http://127.0.0.1:9/",)))


@pytest.fixture
def kmnist(tmp_path, monkeypatch):
    """A small KMNIST, decompressed, in a folder of its own."""
    named = NAMED_SETS["kmnist"]
    small = {}
    for field, count in (("train_images", 60), ("train_labels", 60), ("test_images", 20), ("test_labels", 20)):
        archive = getattr(named, field)
        shape = (count, *archive.shape[1:])
        small[field] = dataclasses.replace(archive, shape=shape)
        folder = tmp_path / "sets" / "kmnist"
        folder.mkdir(parents=True, exist_ok=True)
        write_idx(folder / archive.plain_name, np.arange(np.prod(shape)).reshape(shape).astype(np.uint8) % 10)
    monkeypatch.setitem(NAMED_SETS, "kmnist", dataclasses.replace(named, **small))
    return tmp_path / "sets"


@pytest.fixture
def drawn(monkeypatch):
    """A few drawn digits in place of the 70,000, which take seconds."""
    import tersenet.data.drawn.synthetic as synthetic

    monkeypatch.setattr(synthetic, "load_synthetic", lambda _: synthetic.draw_synthetic(train=40, test=10))


def run(capsys, *words, status=0):
    assert main(["data", *map(str, words)]) == status
    return capsys.readouterr()


def run_json(capsys, *words):
    """The one document on standard output."""
    return json.loads(run(capsys, *words, "--json").out)


def test_list_says_what_is_here_and_where(capsys, kmnist, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = run(capsys, "list", "--data-dir", kmnist).out
    table = out.partition("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 80
    rows = {line.split()[0]: line for line in table if not line.startswith(" ")}
    assert "yes, unchecked" in rows["kmnist"]
    assert rows["mnist"].rstrip().endswith(" no")
    assert f"{kmnist} (--data-dir): kmnist" in out


def test_list_json_has_a_row_a_set(capsys, kmnist):
    document = run_json(capsys, "list", "--data-dir", kmnist)
    states = {row["name"]: (row["state"], row["folder"]) for row in document["sets"]}
    assert states["kmnist"] == ("unchecked", str(kmnist / "kmnist"))
    assert states["mnist"] == ("absent", None)
    (kmnist / "kmnist" / "t10k-labels-idx1-ubyte").write_bytes(b"damaged")
    (kmnist / "kmnist" / "t10k-images-idx3-ubyte").unlink()
    states = {row["name"]: row["state"] for row in run_json(capsys, "list", "--data-dir", kmnist)["sets"]}
    assert states["kmnist"] == "corrupt"


def test_verify_names_each_file_and_how_it_was_checked(capsys, kmnist):
    document = run_json(capsys, "verify", "kmnist", "--data-dir", kmnist)
    assert [file["check"] for file in document["files"]] == ["unchecked"] * 4
    (kmnist / "kmnist" / "t10k-labels-idx1-ubyte").write_bytes(b"\0\0\x08\1")
    captured = run(capsys, "verify", "kmnist", "--data-dir", kmnist, "--json", status=1)
    assert captured.out == ""
    assert "t10k-labels-idx1-ubyte: The file is truncated." in captured.err


@pytest.mark.parametrize("words", [["fetch", "mnist"], ["verify", "mnist"], ["show", "mnist"], ["show", "mnst"]])
def test_what_cannot_be_done_is_one_error_and_no_document(capsys, words):
    captured = run(capsys, *words, "--json", status=1)
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "Traceback" not in captured.err


def test_fetching_what_is_here_fetches_nothing(capsys, kmnist):
    document = run_json(capsys, "fetch", "kmnist", "--data-dir", kmnist)
    assert document == {"data": "kmnist", "folder": str(kmnist / "kmnist"), "fetched": [], "home": None}


def test_fetch_into_brings_a_whole_set(capsys, kmnist, tmp_path, monkeypatch):
    from tersenet.data import catalog

    def serve(named, folder, **_):
        shutil.copytree(kmnist / "kmnist", folder)
        return "http://home/"

    monkeypatch.setattr(catalog, "fetch_set", serve)
    out = run(capsys, "fetch", "kmnist", "--into", tmp_path / "mine").out
    assert "4 files from http://home/" in out
    assert (tmp_path / "mine" / "kmnist" / "train-images-idx3-ubyte").is_file()


def test_show_writes_a_grid_of_samples(capsys, kmnist, tmp_path):
    document = run_json(capsys, "show", "kmnist", "--data-dir", kmnist, "--split", "test")
    assert (document["train"], document["test"]) == (60, 20)
    with Image.open(tmp_path / document["picture"]) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 1000


def test_show_previews_an_augmentation(capsys, kmnist, tmp_path):
    words = ("show", "kmnist", "--data-dir", kmnist, "--out", "preview.png", "--count", "2")
    assert run_json(capsys, *words, "--augment", "a")["augmentation"]["rotation"] == 15
    first = (tmp_path / "preview.png").read_bytes()
    assert run_json(capsys, *words, "--set", "rotation=170", "shift=0.2")["augmentation"]["shift"] == 0.2
    assert (tmp_path / "preview.png").read_bytes() != first
    assert run_json(capsys, *words, "--augment", "gap-14320")["augmentation"]["rotation"] == 0
    captured = run(capsys, *words, "--set", "rotaton=3", status=1)
    assert "did you mean rotation" in captured.err


def test_show_auto_on_a_bare_machine_says_that_the_digits_are_drawn(capsys, drawn, tmp_path):
    out = run(capsys, "show").out
    assert "NOT the MNIST digits" in out
    assert (tmp_path / "samples-synthetic.png").is_file()
    assert run_json(capsys, "show")["data"] == "synthetic"


def test_nothing_to_show_is_an_error(capsys):
    assert "nothing to show" in run(capsys, "show", "--count", "0", status=1).err


def test_more_pictures_than_a_grid_can_show_are_an_error_before_anything_is_read(capsys):
    captured = run(capsys, "show", "mnist", "--count", "100000", "--json", status=1)
    assert captured.out == ""
    assert "1 to 1000" in captured.err


def test_verify_finds_a_label_that_is_no_class_as_training_does(capsys, kmnist):
    labels = np.arange(60).astype(np.uint8) % 10 + 1
    write_idx(kmnist / "kmnist" / "train-labels-idx1-ubyte", labels)
    captured = run(capsys, "verify", "kmnist", "--data-dir", kmnist, status=1)
    assert "train-labels-idx1-ubyte: A label is not a class of the data set." in captured.err
    assert "corrupt" in run(capsys, "list", "--data-dir", kmnist).out
    assert "not a class" in run(capsys, "show", "kmnist", "--data-dir", kmnist, status=1).err


def test_samples_are_written_and_nothing_is_lost(capsys, tmp_path):
    document = run_json(capsys, "samples", "digits")
    assert [Path(path).name for path in document["pictures"]] == ["five.png", "seven.png", "three.png"]
    for path in document["pictures"]:
        with Image.open(tmp_path / path) as picture:
            assert picture.size == (240, 240)
    assert run_json(capsys, "samples", "digits") == document
    (tmp_path / "digits" / "five.png").write_text("mine")
    assert "was not changed" in run(capsys, "samples", "digits", status=1).err
    assert (tmp_path / "digits" / "five.png").read_text() == "mine"


def test_the_sample_digits_are_classified_correctly_by_every_network_in_the_package(tmp_path):
    from tersenet.data.samples import write_samples
    from tersenet.evaluation import predict
    from tersenet.runs import packaged_names, packaged_run

    paths = write_samples(tmp_path)
    for name in packaged_names():
        assert [prediction.guess for prediction in predict(packaged_run(name), paths)] == [5, 7, 3], name


def test_a_data_folder_of_an_unknown_user_is_one_error(capsys, monkeypatch):
    monkeypatch.setenv("TERSENET_DATA", "~nobody-here")
    assert "home folder of an unknown user" in run(capsys, "list", status=1).err
    monkeypatch.delenv("TERSENET_DATA")
    assert "home folder of an unknown user" in run(capsys, "list", "--data-dir", "~nobody-here/x", status=1).err
    assert "home folder of an unknown user" in run(capsys, "fetch", "mnist", "--into", "~nobody-here/x", status=1).err


def test_the_grid_of_a_folder_is_named_after_the_folder(picture_folder, capsys):
    assert main(["data", "show", f"folder:{picture_folder}", "--skip-bad"]) == 0
    assert Path(f"samples-{picture_folder.name}.png").is_file()


def test_stats_count_every_class_and_draw_a_sheet(capsys, tmp_path):
    """The counts add up, and the means are those of the pictures."""
    pictures = np.zeros((30, 8, 8, 3), np.uint8)
    pictures[::3, :, :, 0] = 255
    np.savez(tmp_path / "signs.npz", images=pictures, labels=np.arange(30) % 3, classes=["stop", "go", "wait"])
    found = run_json(capsys, "stats", "signs.npz")
    assert sum(row["train"] for row in found["classes"]) == found["train"] == 27
    assert [row["test"] for row in found["classes"]] == [1, 1, 1]
    assert found["classes"][0]["mean"] == [1.0, 0.0, 0.0]
    assert found["mean"][0] == pytest.approx(1 / 3, abs=1e-3)
    with Image.open(found["sheet"]) as sheet:
        assert sheet.width > 300
    said = run(capsys, "stats", "signs.npz").out
    assert "3×8×8" in said
    assert "wait" in said
