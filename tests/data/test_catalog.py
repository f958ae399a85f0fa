"""Named sets: where they are looked for, in which order, and that nothing stands in for a damaged one."""

import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.data import load_data, read_idx, write_idx
from tersenet.data.named_sets import NAMED_SETS

TORCHVISION = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "qmnist": "QMNIST"}


def load(name, tmp_path, **more):
    return load_data(name, cache_dir=tmp_path / "cache", download=False, **more)


def unpack(folder):
    """Decompress every file of a folder in place."""
    for path in folder.iterdir():
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("torchvision", [False, True])
@pytest.mark.parametrize("name", list(TORCHVISION))
def test_each_layout_compressed_or_not_is_found(small_sets, tmp_path, name, torchvision, plain):
    folder = tmp_path / "here" / (f"{TORCHVISION[name]}/raw" if torchvision else name)
    shutil.copytree(small_sets / name, folder)
    expected = read_idx(folder / NAMED_SETS[name].train_images.name)
    if plain:
        unpack(folder)
    dataset = load(name, tmp_path, data_dir=tmp_path / "here")
    assert dataset.name == name
    assert dataset.notice is None
    assert str(folder) in dataset.source
    assert dataset.train.images.dtype == torch.uint8
    assert dataset.train.labels.dtype == torch.int64
    assert (len(dataset.train), len(dataset.test), len(dataset.classes)) == (24, 12, 10)
    np.testing.assert_array_equal(dataset.train.images[:, 0].numpy(), expected)
    assert ("not checked" in dataset.source) == (plain and name != "mnist")


def test_the_label_of_a_qmnist_digit_is_the_first_of_eight_columns(small_sets, tmp_path):
    table = read_idx(small_sets / "qmnist" / "qmnist-test-labels-idx2-int.gz")
    assert table.shape == (12, 8)
    assert load("qmnist", tmp_path, data_dir=small_sets).test.labels.tolist() == [row[0] for row in table.tolist()]


def test_places_are_searched_in_their_order(small_sets, tmp_path, monkeypatch):
    for place in ("given", "variable", "cache"):
        shutil.copytree(small_sets / "mnist", tmp_path / place / "mnist")
    monkeypatch.setenv("TERSENET_DATA", str(tmp_path / "variable"))
    assert str(tmp_path / "given") in load("mnist", tmp_path, data_dir=tmp_path / "given").source
    assert str(tmp_path / "variable") in load("mnist", tmp_path).source
    monkeypatch.setenv("TERSENET_DATA", str(tmp_path / "nowhere"))
    assert str(tmp_path / "cache") in load("mnist", tmp_path).source
    assert load("auto", tmp_path).name == "mnist"


def test_a_set_that_is_nowhere_names_every_place_looked_in(small_sets, tmp_path, monkeypatch):
    monkeypatch.setenv("TERSENET_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(TersenetError, match="not on this machine") as caught:
        load("mnist", tmp_path, data_dir=tmp_path)
    assert str(tmp_path / "cache") in caught.value.got
    assert f"{tmp_path / 'nowhere'} ($TERSENET_DATA, no such folder)" in caught.value.got


def test_a_data_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(TersenetError, match="data folder does not exist"):
        load("auto", tmp_path, data_dir=tmp_path / "none")


def damage(path, how):
    content = path.read_bytes()
    payload = bytearray(gzip.decompress(content))
    if how == "cut":
        path.write_bytes(content[:-20])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "pixel":
        payload[-1] ^= 1
        path.write_bytes(gzip.compress(payload))
    elif how == "fewer":
        array = read_idx(path)
        write_idx(path, array[:-1])
    elif how == "page":
        path.write_text("<html>not found</html>")
    elif how == "folder":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("how", ["cut", "empty", "pixel", "fewer", "page", "folder"])
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "auto"])
def test_a_damaged_file_is_an_error_and_nothing_stands_in_for_it(small_sets, tmp_path, name, how):
    """Not a whole copy in a place searched later, not a download, not the synthetic digits."""
    shutil.copytree(small_sets, tmp_path / "cache")
    set_name = "mnist" if name == "auto" else name
    path = small_sets / set_name / NAMED_SETS[set_name].test_images.name
    damage(path, how)
    with pytest.raises(TersenetError) as caught:
        load_data(name, data_dir=small_sets, cache_dir=tmp_path / "cache")
    assert caught.value.where == path
    assert f"tersenet data fetch {set_name}" in caught.value.hint


def test_mnist_compressed_anew_is_mnist(small_sets, tmp_path):
    for path in (small_sets / "mnist").iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
    assert len(load("mnist", tmp_path, data_dir=small_sets).test) == 12


@pytest.mark.parametrize("name", ["mnist", "auto"])
def test_a_set_with_a_file_missing_is_an_error_outside_the_cache(small_sets, tmp_path, name):
    (small_sets / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(TersenetError, match="not complete") as caught:
        load(name, tmp_path, data_dir=small_sets)
    assert "t10k-labels-idx1-ubyte.gz" in caught.value.expected


def test_a_label_beyond_the_classes_is_an_error(small_sets, tmp_path):
    """Where no checksum can tell: in a decompressed file of a set that has none."""
    unpack(small_sets / "fashion-mnist")
    path = small_sets / "fashion-mnist" / "train-labels-idx1-ubyte"
    labels = read_idx(path)
    labels[5] = 10
    write_idx(path, labels)
    with pytest.raises(TersenetError, match="not a class") as caught:
        load("fashion-mnist", tmp_path, data_dir=small_sets)
    assert (caught.value.got, caught.value.expected) == (10, "0 to 9")


@pytest.mark.parametrize("name", ["mnst", "MNIST", "", "folder"])
def test_an_unknown_name_is_an_error_that_names_the_known_ones(name):
    with pytest.raises(TersenetError, match="no such data set") as caught:
        load_data(name)
    assert "qmnist" in caught.value.expected


@pytest.mark.mnist
def test_mnist_has_the_published_class_counts(mnist):
    """LeCun, Bottou, Bengio, Haffner (1998) and the MNIST page: 60,000 and 10,000 digits."""
    assert mnist.train.images.shape == (60_000, 1, 28, 28)
    assert mnist.test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.train.images.double().mean().item() / 255 == pytest.approx(0.1307, abs=5e-5)


@pytest.mark.mnist
def test_mnist_decompressed_as_torchvision_leaves_it_is_checked_and_read(mnist, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    shutil.copytree(Path(os.environ["TERSENET_DATA"], "mnist"), raw)
    unpack(raw)
    dataset = load("mnist", tmp_path, data_dir=tmp_path)
    assert torch.equal(dataset.test.images, mnist.test.images)
    images = bytearray((raw / "train-images-idx3-ubyte").read_bytes())
    images[30_000_000] ^= 1
    (raw / "train-images-idx3-ubyte").write_bytes(images)
    with pytest.raises(TersenetError, match="corrupt"):
        load("mnist", tmp_path, data_dir=tmp_path)
