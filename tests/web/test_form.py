"""The page brings a picture into MNIST's form as Python does."""

import math
import random
from base64 import b64encode

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tersenet._errors import TersenetError
from tersenet.data import draw_synthetic, fit_digit


def strokes(seed, *, size=(256, 256), paper="white", ink="black", width=18, blur=0.0):
    """A scribble of a pen."""
    numbers = random.Random(seed)
    picture = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(picture)
    x, y, way = size[0] * 0.5, size[1] * 0.35, numbers.uniform(0, 6)
    points = [(x, y)]
    for _ in range(24):
        way += numbers.uniform(-0.9, 0.9)
        x = min(max(x + 0.06 * size[0] * math.cos(way), 30), size[0] - 30)
        y = min(max(y + 0.06 * size[1] * math.sin(way), 30), size[1] - 30)
        points.append((x, y))
    draw.line(points, ink, width, joint="curve")
    return picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture


def floats(picture):
    return np.asarray(picture.convert("RGB"), np.float32) / np.float32(255)


def shaded(picture, seed):
    """As a camera sees it: light from one side, and noise."""
    light = np.linspace(0.55, 0.95, picture.shape[1], dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, 0.01, picture.shape).astype(np.float32)
    return np.clip(picture * light + noise, 0, 1).astype(np.float32)


PADS = [floats(strokes(seed, width=10 + seed)) for seed in range(16)]
PADS += [floats(strokes(seed, blur=1.5)) for seed in range(4)]
OTHERS = [
    floats(strokes(1, size=(90, 140), width=6)),
    floats(strokes(9, size=(97, 80), width=9, paper="black", ink="white")),
    floats(strokes(3, paper="#fff4d0", ink="#203a8c")),
    floats(strokes(4, size=(700, 500), width=30, blur=2)),
    shaded(floats(strokes(5, blur=1)), 5),
    shaded(floats(strokes(6, size=(300, 400), blur=1)), 6),
]
TWO = [np.concatenate([floats(strokes(7, width=20)), floats(strokes(8, width=20))], axis=1)]
DRAWN = [
    np.repeat((image.numpy().astype(np.float32) / np.float32(255))[:, :, None], 3, axis=2)
    for image in draw_synthetic(train=0, test=20)[1].images[:, 0]
]
EMPTY = [np.ones((256, 256, 3), np.float32), np.full((40, 40, 3), 0.5, np.float32)]


def asked(node, pictures):
    jobs = [
        {"width": each.shape[1], "height": each.shape[0], "colours": b64encode(each.astype("<f4").tobytes()).decode()}
        for each in pictures
    ]
    return node("form.mjs", jobs)


def test_drawings_on_the_pad_come_out_the_same(node):
    """To the byte, but for a tie in the rounding of single pixels."""
    exact = 0
    for picture, found in zip(PADS, asked(node, PADS), strict=True):
        expected = fit_digit(picture)
        off = np.abs(np.array(found["image"]) - expected.image.ravel().astype(int))
        assert off.sum() <= 1
        exact += not off.any()
        assert found["secondMark"] == pytest.approx(expected.second_mark, abs=1e-6)
    assert exact >= 0.9 * len(PADS)


def test_digits_in_the_form_stay_as_they_are(node):
    for picture, found in zip(DRAWN, asked(node, DRAWN), strict=True):
        assert found["image"] == fit_digit(picture).image.ravel().tolist()


def test_any_picture_comes_out_within_a_grey_level(node):
    for picture, found in zip(OTHERS + TWO, asked(node, OTHERS + TWO), strict=True):
        expected = fit_digit(picture)
        off = np.abs(np.array(found["image"]) - expected.image.ravel().astype(int))
        assert off.max() <= 1
        assert (off > 0).mean() < 0.02
        assert found["secondMark"] == pytest.approx(expected.second_mark, abs=1e-3)


def test_two_marks_are_seen_and_an_empty_picture_has_no_form(node):
    (two,) = asked(node, TWO)
    assert two["secondMark"] > 0.2
    for picture, found in zip(EMPTY, asked(node, EMPTY), strict=True):
        assert found is None
        with pytest.raises(TersenetError, match="blank"):
            fit_digit(picture)
