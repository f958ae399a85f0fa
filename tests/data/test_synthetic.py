"""The drawn digits: the same bytes everywhere, MNIST's form, and a cache that can be trusted."""

import hashlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.data.drawn import synthetic
from tersenet.data.drawn.synthetic import SHA256, checksum, draw_synthetic, load_synthetic

SMALL_SHA256 = "194e92e392cd76d26b4037e78b3bdf8099175d1efae9744223f70273595700b6"
"""Of seed 7, 1,500 training and 300 test pictures; it changes only when `synthetic.VERSION` does."""

DRAW_SMALL = """
from tersenet.data.drawn.synthetic import checksum, draw_synthetic
print(checksum(*draw_synthetic(seed=7, train=1500, test=300)))
"""

NO_VECTOR_EXTENSIONS = (
    "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX2 FMA3 X86_V3 X86_V4"
)


@pytest.fixture(scope="module")
def small():
    return draw_synthetic(seed=7, train=1500, test=300)


@pytest.fixture(scope="module")
def whole():
    start = time.process_time()
    splits = draw_synthetic()
    return splits, time.process_time() - start


def disabled_features():
    """Those of the vector extensions above that this numpy knows and did not compile in as its base line."""
    try:
        from numpy._core._multiarray_umath import __cpu_baseline__, __cpu_dispatch__
    except ImportError:
        return ""
    return " ".join(
        name for name in NO_VECTOR_EXTENSIONS.split() if name in set(__cpu_dispatch__) - set(__cpu_baseline__)
    )


@pytest.mark.parametrize(
    "surroundings",
    [{"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2"}, {"NPY_DISABLE_CPU_FEATURES": disabled_features()}],
    ids=["one thread", "two threads", "no vector extensions"],
)
def test_the_bytes_do_not_depend_on_threads_or_vector_extensions(surroundings):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRAW_SMALL],
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == SMALL_SHA256, done.stderr


def test_a_small_draw_has_the_bytes_it_had_when_this_version_was_made(small):
    assert checksum(*small) == SMALL_SHA256


def test_the_whole_set_has_the_bytes_it_had_when_this_version_was_made(whole):
    (train, test), _ = whole
    assert (len(train), len(test)) == (60_000, 10_000)
    assert checksum(train, test) == SHA256


def test_the_checksum_is_the_plain_sha256_of_images_and_labels(small):
    train, test = small
    arrays = (train.images, train.labels.byte(), test.images, test.labels.byte())
    assert checksum(*small) == hashlib.sha256(b"".join(array.numpy().tobytes() for array in arrays)).hexdigest()


def test_the_whole_set_is_drawn_in_seconds(whole):
    assert whole[1] < 40  # of processor time; about 8 on a quiet machine


def test_pictures_and_labels_have_mnists_types_and_shapes(small):
    train, test = small
    assert train.images.shape == (1500, 1, 28, 28)
    assert test.images.shape == (300, 1, 28, 28)
    assert train.images.dtype == torch.uint8
    assert train.labels.dtype == torch.int64


def test_every_digit_comes_equally_often_and_in_mixed_order(whole):
    (train, test), _ = whole
    assert torch.bincount(train.labels).tolist() == [6000] * 10
    assert torch.bincount(test.labels).tolist() == [1000] * 10
    repeats = (train.labels[1:] == train.labels[:-1]).double().mean().item()
    assert repeats == pytest.approx(0.1, abs=0.01)


def test_no_picture_occurs_twice(whole):
    (train, test), _ = whole
    images = torch.cat((train.images, test.images)).numpy().reshape(70_000, -1)
    assert len({hashlib.md5(image.tobytes()).digest() for image in images}) == 70_000


def test_ink_fills_a_box_of_20_by_20_and_its_mass_lies_in_the_middle(whole):
    """So it is in MNIST: the longer side is 20, the centre of mass at pixel 14, to half a pixel."""
    (_, test), _ = whole
    images = test.images[:, 0].numpy()
    inked = images > 0
    extents = []
    for axis in (1, 2):
        line = inked.any(axis=axis)
        extents.append(28 - line.argmax(1) - line[:, ::-1].argmax(1))
    longer = np.maximum(*extents)
    assert longer.max() <= 20
    assert np.mean(longer >= 19) > 0.99
    mass = images.sum(axis=(1, 2), dtype=np.int64)
    for axis in (1, 2):
        centre = (images.sum(axis=3 - axis, dtype=np.int64) * np.arange(28)).sum(axis=1) / mass
        assert np.mean(np.abs(centre - 14) <= 0.5) > 0.999  # a few would leave the picture, and stop at its edge


@pytest.mark.mnist
def test_grey_levels_and_ink_are_like_mnists(whole, mnist):
    (train, _), _ = whole
    drawn, real = train.images.double(), mnist.train.images.double()
    assert drawn.mean().item() == pytest.approx(real.mean().item(), rel=0.1)
    assert (drawn > 0).double().mean().item() == pytest.approx((real > 0).double().mean().item(), rel=0.1)
    assert drawn[drawn > 0].mean().item() == pytest.approx(real[real > 0].mean().item(), rel=0.1)


def test_another_seed_draws_other_pictures(small):
    other, _ = draw_synthetic(seed=8, train=50, test=0)
    assert not torch.equal(other.images, small[0].images[:50])


def test_test_pictures_are_not_the_training_pictures(small):
    train, test = small
    assert not torch.equal(train.images[:300], test.images)


@pytest.mark.parametrize("count", [0, 1, 249, 251, 1000, 1001])
def test_a_smaller_draw_is_the_beginning_of_a_larger_one(small, count):
    fewer, none = draw_synthetic(seed=7, train=count, test=0)
    assert torch.equal(fewer.images, small[0].images[:count])
    assert torch.equal(fewer.labels, small[0].labels[:count])
    assert len(none) == 0


@pytest.mark.parametrize("name", ["seed", "train", "test"])
def test_a_negative_number_is_refused_by_name(name):
    with pytest.raises(TersenetError) as refused:
        draw_synthetic(**{"train": 1, "test": 1, name: -1})
    assert name in str(refused.value)


@pytest.fixture
def quick(monkeypatch):
    """Lets `load_synthetic` draw 40 + 10 pictures, and counts the splits that it draws."""
    drawn = []
    draw_split = synthetic._draw_split

    def draw_few(seed, which, count):
        drawn.append(which)
        return draw_split(seed, which, 40 if which == 0 else 10)

    monkeypatch.setattr(synthetic, "SHA256", checksum(*draw_synthetic(train=40, test=10)))
    monkeypatch.setattr(synthetic, "_draw_split", draw_few)
    return drawn


def same(one, other):
    return all(
        torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels) for a, b in zip(one, other, strict=True)
    )


def test_the_set_is_drawn_once_and_then_read_from_the_cache(quick, tmp_path):
    first = load_synthetic(tmp_path / "new" / "folder")
    assert quick == [0, 1]
    second = load_synthetic(tmp_path / "new" / "folder")
    assert quick == [0, 1]
    assert same(first, second)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 1


def test_without_a_cache_folder_it_is_drawn_each_time(quick):
    load_synthetic(None)
    load_synthetic(None)
    assert quick == [0, 1, 0, 1]


def damage_middle(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "one byte changed": damage_middle,
    "no archive": lambda path: path.write_bytes(b"not an archive" * 50),
    "an array that is not ours": lambda path: np.savez(path, other=np.zeros(3)),
    "pickled objects": lambda path: np.savez(path, train_images=np.array([{}], dtype=object)),
    "other pictures": lambda path: np.savez(path, **{name: np.zeros(3, np.uint8) for name in synthetic._NAMES}),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_cache_is_drawn_and_written_again(quick, tmp_path, damage):
    first = load_synthetic(tmp_path)
    (path,) = tmp_path.iterdir()
    damage(path)
    assert same(load_synthetic(tmp_path), first)
    assert quick == [0, 1, 0, 1]
    load_synthetic(tmp_path)
    assert quick == [0, 1, 0, 1]


def test_the_cache_of_another_version_is_left_alone(quick, tmp_path, monkeypatch):
    load_synthetic(tmp_path)
    monkeypatch.setattr(synthetic, "VERSION", synthetic.VERSION + 1)
    load_synthetic(tmp_path)
    assert quick == [0, 1, 0, 1]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_no_error(quick, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert len(load_synthetic(tmp_path / "file" / "cache")[0]) == 40


def test_a_full_disk_leaves_nothing_half_written(quick, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert len(load_synthetic(tmp_path)[1]) == 10
    assert list(tmp_path.iterdir()) == []
