"""A named set small enough to serve and damage in tests."""

import dataclasses
import hashlib

import numpy as np
import pytest

from tersenet.data.formats.idx import read_idx, write_idx
from tersenet.data.named_sets import FASHION_MNIST, MNIST, NAMED_SETS, QMNIST


def shrink(named, folder, *, train=24, test=12):
    """`named` with a few random pictures, its files written to `folder`, its checksums those of the files."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    archives = {}
    for field, count in (
        ("train_images", train),
        ("train_labels", train),
        ("test_images", test),
        ("test_labels", test),
    ):
        archive = getattr(named, field)
        shape = (count, *archive.shape[1:])
        values = random.integers(0, 256, shape) if len(shape) == 3 else random.integers(0, 10, shape)
        write_idx(folder / archive.name, values.astype(np.int32 if "int" in archive.name else np.uint8))
        write_idx(folder / archive.plain_name, read_idx(folder / archive.name))
        archives[field] = dataclasses.replace(
            archive,
            shape=shape,
            md5=hashlib.md5((folder / archive.name).read_bytes()).hexdigest(),
            sha256=archive.sha256 and hashlib.sha256((folder / archive.plain_name).read_bytes()).hexdigest(),
        )
        (folder / archive.plain_name).unlink()
    return dataclasses.replace(named, **archives)


@pytest.fixture
def small_sets(tmp_path, monkeypatch):
    """Shrunken mnist, fashion-mnist and qmnist in the catalogue's place; `small_sets / NAME` holds their files."""
    published = tmp_path / "published"
    for named in (MNIST, FASHION_MNIST, QMNIST):
        small = shrink(named, published / named.name)
        monkeypatch.setitem(NAMED_SETS, named.name, dataclasses.replace(small, homes=()))
    monkeypatch.delenv("TERSENET_DATA", raising=False)
    return published
