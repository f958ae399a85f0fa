"""Data sets in files: arrays of numpy, tables of pixels, IDX files under any usual name; and what may be wrong."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from tersenet import TersenetError
from tersenet.cli.main import main
from tersenet.data import FILE_KINDS, MNIST_FORM, load_data, write_idx
from tersenet.data.files import npz

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (30, 12, 10), dtype=np.uint8)
LABELS = np.arange(30) % 3
COLOURED = RANDOM.integers(0, 256, (30, 9, 8, 3), dtype=np.uint8)


@pytest.fixture
def saved(tmp_path):
    """Writes arrays as `set.npz`."""

    def save(**arrays):
        np.savez_compressed(tmp_path / "set.npz", **arrays)
        return f"npz:{tmp_path}/set.npz"

    return save


def refusal(name):
    with pytest.raises(TersenetError) as caught:
        load_data(name)
    return str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("Train_X", "Train_Y", "Test_X", "Test_Y"),
    ],
)
def test_an_npz_with_two_splits_is_read_whatever_the_usual_names(saved, names):
    arrays = (GREY[:24], LABELS[:24, None], GREY[24:], LABELS[24:, None])
    found = load_data(saved(**dict(zip(names, arrays, strict=True))))
    assert (len(found.train), len(found.test), found.form.size) == (24, 6, (1, 12, 10))
    assert torch.equal(found.train.images[:, 0], torch.from_numpy(GREY[:24]))
    assert found.test.labels.tolist() == LABELS[24:].tolist()
    assert found.classes == ("0", "1", "2")


def test_medmnist_validation_images_are_trained_on(saved):
    parts = {}
    for half in ("train", "val", "test"):
        parts |= {f"{half}_images": GREY[:18], f"{half}_labels": LABELS[:18]}
    assert len(load_data(saved(**parts)).train) == 36


def test_of_one_split_every_sixth_picture_of_a_class_is_for_the_test(saved):
    found = load_data(saved(images=GREY, labels=LABELS))
    assert (len(found.train), len(found.test)) == (27, 3)
    assert torch.equal(found.test.images[:, 0], torch.from_numpy(GREY[15:18]))


@pytest.mark.parametrize("layout", [COLOURED, COLOURED.transpose(0, 3, 1, 2)])
def test_colours_may_come_first_or_last(saved, layout):
    found = load_data(saved(images=layout, labels=LABELS))
    assert found.form.size == (3, 9, 8)
    assert torch.equal(found.train.images[0], torch.from_numpy(np.ascontiguousarray(COLOURED[0].transpose(2, 0, 1))))


def test_fractions_booleans_and_whole_numbers_are_brightness(saved):
    same = load_data(saved(images=GREY / 255.0, labels=LABELS)).train.images
    assert torch.equal(same[:, 0], torch.from_numpy(GREY)[[i for i in range(30) if i not in (15, 16, 17)]])
    assert load_data(saved(images=GREY.astype(np.int64), labels=LABELS)).train.images.equal(same)
    assert set(load_data(saved(images=GREY > 99, labels=LABELS)).train.images.unique().tolist()) == {0, 255}


def test_texts_and_given_names_are_the_classes(saved):
    animals = np.array(["cat", "dog", "ant"])[LABELS]
    found = load_data(saved(images=GREY, labels=animals))
    assert found.classes == ("ant", "cat", "dog")
    assert found.train.labels[:3].tolist() == [1, 2, 0]
    assert load_data(saved(images=GREY, labels=LABELS, class_names=["a", "b", "c"])).classes == ("a", "b", "c")
    assert load_data(saved(images=GREY, labels=LABELS * 5 + 1)).classes == ("1", "6", "11")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": GREY, "labels": LABELS[:-1]}, "30 pictures, 29 labels"),
        ({"images": GREY, "labels": LABELS * 0}, "1 different labels"),
        ({"images": GREY.astype(float) - 300, "labels": LABELS}, "not brightness"),
        ({"images": np.full(GREY.shape, np.nan), "labels": LABELS}, "not brightness"),
        ({"images": GREY.reshape(30, -1), "labels": LABELS}, "uint8 30×120"),
        ({"images": GREY[:, :4], "labels": LABELS}, "sides of 8 to 96"),
        ({"images": GREY, "labels": LABELS + 0.5}, "neither whole numbers nor texts"),
        ({"images": GREY, "labels": np.stack([LABELS, LABELS], 1)}, "not one per picture"),
        ({"images": GREY, "labels": LABELS, "classes": ["a", "b"]}, "A label has no name."),
        ({"pixels": GREY, "labels": LABELS}, "pixels 30×12×10"),
        ({"x_train": GREY[:3], "y_train": LABELS[:3], "x_test": GREY[:2], "y_test": LABELS[:2]}, "no test picture"),
        ({"x_train": GREY, "y_train": LABELS, "x_test": GREY[:, :9], "y_test": LABELS}, "differ"),
        ({"images": np.array([{}] * 30), "labels": LABELS}, "cannot be read"),
    ],
)
def test_arrays_that_are_no_data_set_are_one_clear_error(saved, arrays, said):
    assert said in refusal(saved(**arrays))


def test_an_npz_that_unpacks_to_gigabytes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "LARGEST", 10_000_000)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("images.npy", bytes(20_000_000))
    assert "unpacks to more" in refusal(f"npz:{tmp_path}/bomb.npz")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_a_broken_npz_is_one_clear_error(tmp_path, content):
    (tmp_path / "set.npz").write_bytes(content)
    assert "set.npz" in refusal(f"npz:{tmp_path}/set.npz")


@pytest.fixture
def table(tmp_path):
    """Writes rows of a label and 64 pixels as `set.csv`."""

    def write(rows, head=None, end="\n"):
        lines = ([",".join(head)] if head else []) + [",".join(map(str, row)) for row in rows]
        (tmp_path / "set.csv").write_text(end.join(lines) + end, encoding="utf-8")
        return f"csv:{tmp_path}/set.csv"

    return write


PIXELS = RANDOM.integers(0, 256, (24, 64))
ROWS = [[index % 2, *row] for index, row in enumerate(PIXELS.tolist())]


def test_a_table_is_read_with_and_without_a_head_the_label_first_or_last(table):
    head = ["label", *(f"pixel{number}" for number in range(64))]
    plain = load_data(table(ROWS))
    assert plain.form.size == (1, 8, 8)
    assert torch.equal(plain.train.images.flatten(1)[0], torch.from_numpy(PIXELS[0]).byte())
    for rows, names, end in (
        (ROWS, head, "\n"),
        (ROWS, head, "\r\n"),
        ([row[1:] + row[:1] for row in ROWS], head[1:] + head[:1], "\n"),
    ):
        assert load_data(table(rows, names, end)).train.images.equal(plain.train.images)
    named = load_data(table([["dog" if row[0] else "cat", *row[1:]] for row in ROWS], head))
    assert named.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[5].pop(), "line 6"),
        (lambda rows: rows[5].append(7), "line 6"),
        (lambda rows: rows[5].__setitem__(9, ""), "line 6"),
        (lambda rows: rows[5].__setitem__(9, "x"), "line 6"),
        (lambda rows: rows[5].__setitem__(9, 256), "values from 0 to 256"),
        (lambda rows: [row.pop() for row in rows], "63 columns beside the label"),
        (lambda rows: rows.clear(), "columns"),
    ],
)
def test_a_table_with_a_fault_names_its_line(table, change, said):
    rows = [list(row) for row in ROWS]
    change(rows)
    assert said in refusal(table(rows))


def test_a_folder_of_two_tables_is_split_as_they_are(table, tmp_path):
    table(ROWS)
    (tmp_path / "set.csv").rename(tmp_path / "train.csv")
    table(ROWS[:4])
    (tmp_path / "set.csv").rename(tmp_path / "test.csv")
    found = load_data(str(tmp_path))
    assert (found.name, len(found.train), len(found.test)) == (f"csv:{tmp_path}", 24, 4)


@pytest.mark.parametrize(
    "pattern",
    [
        "{0}-{1}-idx{2}-ubyte",
        "{0}-{1}.idx{2}-ubyte.gz",
        "qmnist-{0}-{1}-idx{2}-ubyte.gz",
        "raw/{0}-{1}-idx{2}-ubyte",
        "{0}_{1}.idx",
    ],
)
@pytest.mark.parametrize("test", ["t10k", "test"])
def test_idx_files_are_found_under_any_usual_name(tmp_path, pattern, test):
    (tmp_path / "raw").mkdir()
    for split, part in (("train", slice(0, 24)), (test, slice(24, 30))):
        write_idx(tmp_path / pattern.format(split, "images", 3), GREY[part])
        write_idx(tmp_path / pattern.format(split, "labels", 1), LABELS[part].astype(np.uint8))
    found = load_data(str(tmp_path))
    assert (found.name, len(found.train), len(found.test)) == (f"idx:{tmp_path}", 24, 6)
    next(iter(tmp_path.rglob(f"*{test}*labels*"))).unlink()
    assert "no IDX file of the test labels" in refusal(str(tmp_path))


def test_mnist_by_path_is_mnist_with_its_form(mnist, tmp_path):
    found = load_data(str(Path(os.environ["TERSENET_DATA"], "mnist")))
    assert found.form == MNIST_FORM
    assert found.train.images.equal(mnist.train.images)
    assert found.test.labels.equal(mnist.test.labels)


def test_a_path_tells_its_kind_and_a_missing_one_is_said(saved, tmp_path, monkeypatch):
    saved(images=GREY, labels=LABELS)
    monkeypatch.chdir(tmp_path)
    assert load_data("set.npz").name == "npz:set.npz"
    assert "There is no such file or folder." in refusal("other.npz")
    assert "The path of the data set is missing." in refusal("npz:")
    assert "null byte" in refusal("csv:a\0b")
    assert all(kind.form in refusal("mnits") for kind in FILE_KINDS.values())


def test_a_run_knows_its_file_from_any_folder_and_notices_a_change(saved, tmp_path, monkeypatch, capsys):
    saved(images=GREY, labels=LABELS)
    monkeypatch.chdir(tmp_path)
    words = [
        "4C3 BN R GAP 3N",
        "--data",
        "set.npz",
        "--epochs",
        "1",
        "--name",
        "small",
        "--runs-dir",
        str(tmp_path / "runs"),
    ]
    assert main(["train", *words]) in (0, 3)
    monkeypatch.chdir("/")
    capsys.readouterr()
    assert main(["evaluate", "small", "--runs-dir", str(tmp_path / "runs"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 3
    saved(images=GREY[::-1], labels=LABELS)
    assert main(["evaluate", "small", "--runs-dir", str(tmp_path / "runs")]) == 0
    said = capsys.readouterr()
    assert "have changed since the run was trained" in said.out + said.err
    assert main(["claim", "small", "--runs-dir", str(tmp_path / "runs")]) == 1
    assert "could not be verified by others" in capsys.readouterr().err


def write_emnist(folder, variant, labels):
    for split, part in (("train", slice(0, 24)), ("test", slice(24, 30))):
        write_idx(folder / f"{variant}-{split}-images-idx3-ubyte.gz", GREY[part].transpose(0, 2, 1))
        write_idx(folder / f"{variant}-{split}-labels-idx1-ubyte.gz", labels[part].astype(np.uint8))


def test_emnist_is_set_upright_and_its_letters_are_named(tmp_path):
    write_emnist(tmp_path, "emnist-letters", np.arange(30) % 3 + 1)
    with pytest.raises(TersenetError, match="no training picture") as caught:
        load_data(str(tmp_path))  # three letters of 26
    assert "D, E, F" in str(caught.value)
    many = np.tile(np.arange(10), 3)
    write_emnist(tmp_path, "emnist-digits", np.where(np.arange(30) < 24, np.arange(30) % 10, np.arange(30) % 6))
    assert "name the part: idx:" in refusal(str(tmp_path))
    pictures = np.tile(GREY, (3, 1, 1))
    for split in ("train", "test"):
        write_idx(tmp_path / f"emnist-digits-{split}-images-idx3-ubyte.gz", pictures[:30].transpose(0, 2, 1))
        write_idx(tmp_path / f"emnist-digits-{split}-labels-idx1-ubyte.gz", many.astype(np.uint8))
    found = load_data(f"idx:{tmp_path}/emnist-digits")
    assert found.classes == tuple("0123456789")
    assert torch.equal(found.train.images[:, 0], torch.from_numpy(GREY))
    assert load_data(f"{tmp_path}/emnist-digits").name == found.name


def test_every_letter_of_emnist_has_its_name(tmp_path):
    pictures, labels = np.repeat(GREY[:26], 2, axis=0), np.repeat(np.arange(1, 27), 2)
    for split in ("train", "test"):
        write_idx(tmp_path / f"emnist-letters-{split}-images-idx3-ubyte", pictures)
        write_idx(tmp_path / f"emnist-letters-{split}-labels-idx1-ubyte", labels.astype(np.uint8))
    found = load_data(str(tmp_path))
    assert "".join(found.classes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert found.train.labels.tolist() == (labels - 1).tolist()


TINY = RANDOM.integers(0, 256, (8, 3, 32, 32), dtype=np.uint8)


def write_cifar(folder, label_bytes, names):
    for name in names:
        rows = [
            bytes([9] * (label_bytes - 1) + [index % 2]) + picture.tobytes() for index, picture in enumerate(TINY)
        ]
        (folder / name).write_bytes(b"".join(rows))


CIFAR_10 = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]


@pytest.mark.parametrize(("label_bytes", "names"), [(1, CIFAR_10), (2, ["train.bin", "test.bin"])])
def test_cifars_binary_batches_are_read_plane_by_plane(tmp_path, label_bytes, names):
    write_cifar(tmp_path, label_bytes, names)
    (tmp_path / ("batches.meta.txt" if label_bytes == 1 else "fine_label_names.txt")).write_text("cat\ndog\n\n")
    found = load_data(str(tmp_path))
    assert (found.name, found.form.size, found.classes) == (f"cifar:{tmp_path}", (3, 32, 32), ("cat", "dog"))
    assert (len(found.train), len(found.test)) == (8 * (len(names) - 1), 8)
    assert torch.equal(found.test.images, torch.from_numpy(TINY))
    assert found.test.labels.tolist() == [0, 1] * 4


def test_a_batch_of_cifar_that_is_missing_or_cut_short_is_one_clear_error(tmp_path):
    write_cifar(tmp_path, 1, CIFAR_10)
    (tmp_path / "data_batch_3.bin").write_bytes((tmp_path / "data_batch_3.bin").read_bytes()[:-1])
    assert "24,583 bytes" in refusal(str(tmp_path))
    (tmp_path / "data_batch_3.bin").unlink()
    assert "data_batch_3.bin" in refusal(str(tmp_path))
