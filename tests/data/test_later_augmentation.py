"""Flips, padded crops, blanked squares, mixing and a user's own transforms."""

# ruff: noqa: NPY002 - a user's transform draws from numpy's old global numbers

import random
import sys
import types

import numpy as np
import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.data import POLICY_A, Augmentation, augment, form_of, mix, preview, transformed


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(count=64, channels=3, side=16):
    return torch.randint(0, 256, (count, channels, side, side), dtype=torch.uint8, generator=seeded())


@pytest.mark.parametrize(("name", "axis"), [("flip_probability", 3), ("upside_down_probability", 2)])
def test_a_flipped_picture_is_its_mirror_image_and_others_are_as_they_were(name, axis):
    pictures = noise()
    always = augment(pictures, Augmentation(**{name: 1.0}), seeded())
    assert torch.allclose(always, pictures.flip(axis) / 255, atol=1e-5)
    half = augment(pictures, Augmentation(**{name: 0.5}), seeded())
    mirrored = [torch.allclose(a, b, atol=1e-5) for a, b in zip(half, pictures.flip(axis) / 255, strict=True)]
    alone = [torch.allclose(a, b, atol=1e-5) for a, b in zip(half, pictures / 255, strict=True)]
    assert all(a != b for a, b in zip(mirrored, alone, strict=True))
    assert 16 <= sum(mirrored) <= 48


def test_a_padded_crop_is_a_crop_out_of_the_padded_picture():
    pictures = noise(channels=1)
    found = augment(pictures, Augmentation(crop_padding=2), seeded())
    padded = torch.nn.functional.pad(pictures / 255, (2, 2, 2, 2))
    places = []
    for picture, wide in zip(found, padded, strict=True):
        fits = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if torch.allclose(picture, wide[:, y : y + 16, x : x + 16], atol=1e-4)
        ]
        assert len(fits) == 1
        places += fits
    assert {y for y, _ in places} == {x for _, x in places} == set(range(5))


def test_a_cut_out_square_takes_the_mean_and_black_in_mnists_form():
    pictures = noise()
    form = form_of(pictures)
    found = augment(pictures, Augmentation(cutout_size=4), seeded(), fill=form.fill)
    changed = (found - pictures / 255).abs().amax(dim=1) > 0
    assert (changed.sum((1, 2)) <= 16).all()
    assert changed.any((1, 2)).all()
    for channel in range(3):
        assert torch.allclose(found[:, channel][changed], torch.tensor(form.mean[channel]))
    assert (augment(pictures, Augmentation(erase_probability=1), seeded()) == 0).flatten(1).sum(1).min() >= 48


def test_later_settings_leave_what_the_older_ones_draw():
    pictures = noise(4, 1, 28)
    turned = augment(pictures, POLICY_A, seeded())
    both = augment(pictures, Augmentation(**vars(POLICY_A) | {"flip_probability": 1e-9}), seeded())
    assert torch.equal(turned[0], both[0])  # the first row of random numbers begins alike


def test_mixing_keeps_shares_whole_and_depends_on_the_seed_alone():
    pictures, shares = torch.rand(8, 3, 4, 4), torch.eye(8)
    mixed, labels = mix(pictures, shares, alpha=0.4, seed=3)
    again, _ = mix(pictures, shares, alpha=0.4, seed=3)
    assert torch.equal(mixed, again)
    assert torch.allclose(labels.sum(1), torch.ones(8))
    assert torch.allclose(mixed, torch.einsum("nk,kchw->nchw", labels, pictures), atol=1e-6)


def test_the_preview_shows_mixing_and_transforms():
    pictures = noise(4)
    mixed = preview(pictures, Augmentation(mixup=0.4), seeded(), variants=3)
    assert torch.equal(mixed[:, 0], pictures)
    assert not torch.equal(mixed[:, 1], pictures)
    dark = preview(pictures, Augmentation(), seeded(), variants=1, transform=lambda batch: batch * 0)
    assert dark[:, 1].max() == 0


def test_a_transform_draws_from_its_own_seed_and_leaves_the_callers_numbers():
    def shaken(batch):
        return batch * float(np.random.rand()) + random.random() * torch.rand(())

    batch = torch.rand(4, 3, 8, 8)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(()).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    found = [transformed(batch, shaken, seed=seed) for seed in (5, 5, 6)]
    assert (random.random(), np.random.rand(), torch.rand(()).item()) == expected
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("package", ["torchvision", "albumentations"])
def test_transforms_of_other_packages_are_given_each_picture(package, monkeypatch):
    """Neither package is installed here: a stand-in is called as they document it."""
    module = types.ModuleType(f"{package}.transforms")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    class Negative:
        def __call__(self, *args, image=None):
            if package == "torchvision":
                (picture,) = args
                assert picture.shape == (3, 8, 8)
                return 1 - picture
            assert image.shape == (8, 8, 3)
            assert image.dtype == np.uint8
            return {"image": 255 - image}

    Negative.__module__ = module.__name__
    batch = noise(4, 3, 8) / 255
    assert torch.allclose(transformed(batch, Negative(), seed=0), 1 - batch, atol=1e-6)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (lambda batch: batch[:, :1], "shape"),
        (lambda batch: None, "NoneType"),
        (lambda batch: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_transform_that_does_not_fit_is_one_clear_error(transform, expected):
    with pytest.raises(TersenetError, match=expected):
        transformed(torch.rand(2, 3, 8, 8), transform, seed=0)


@pytest.mark.parametrize("bad", [{"hue": 0.6}, {"flip_probability": 2}, {"cutout_size": 1.5}, {"mixup": -1}])
def test_a_setting_out_of_range_is_named(bad):
    with pytest.raises(TersenetError, match=next(iter(bad))):
        Augmentation(**bad)


def test_exact_takes_no_flip():
    with pytest.raises(TersenetError, match="flip_probability"):
        Augmentation(exact=True, flip_probability=0.5)
