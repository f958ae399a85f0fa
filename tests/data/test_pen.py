"""The pen, against coverage counted on a grid sixteen times finer and against centres of mass."""

import itertools

import numpy as np
import pytest

from tersenet.data.drawn.handwriting import Hands, RandomNumbers, Variation, write
from tersenet.data.drawn.pen import BOX, draw, fit_box

FINE = 16


def counted_coverage(points, radius):
    """Share of each pixel of the 20×20 box that lies within `radius` of the line through `points`, by counting."""
    steps = (np.arange(BOX * FINE) + 0.5) / FINE
    y, x = np.meshgrid(steps, steps, indexing="ij")
    place = np.stack((x, y), axis=-1)
    inked = np.zeros(x.shape, bool)
    for a, b in itertools.pairwise(points):
        along = b - a
        part = np.clip(((place - a) @ along) / (along @ along), 0, 1)
        inked |= np.linalg.norm(place - a - part[..., None] * along, axis=-1) < radius
    return inked.reshape(BOX, FINE, BOX, FINE).mean(axis=(1, 3))


def inked_part(picture):
    """The picture cut to its ink."""
    rows, columns = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(float) / 255


@pytest.mark.parametrize("radius", [0.8, 1.4, 2.5])
def test_a_drawn_line_has_the_grey_of_its_coverage(radius):
    points = np.array([[4.0, 16.3], [5.1, 14.6], [6.4, 13.0], [8.1, 12.2], [9.9, 12.0], [11.2, 11.1]])
    count = len(points)
    picture = draw(points[None], np.full((1, count), radius), np.ones((1, count - 1), bool), np.ones(1))[0]
    expected = counted_coverage(points, radius)
    assert picture.sum() / 255 == pytest.approx(expected.sum(), rel=0.03)
    drawn = inked_part(picture)
    assert drawn.shape == inked_part(expected >= 0.05).shape
    assert (
        np.abs(drawn - expected[np.ix_(*(np.flatnonzero((expected >= 0.05).any(axis)) for axis in (1, 0)))]).max()
        < 0.2
    )


def test_a_lifted_pen_leaves_no_ink():
    points = np.array([[[2.0, 3.0], [4.0, 3.0], [16.0, 15.0], [18.0, 15.0]]])
    down = np.array([[True, False, True]])
    picture = draw(points, np.ones((1, 4)), down, np.ones(1))[0]
    assert picture.sum() / 255 == pytest.approx(2 * counted_coverage(points[0, :2], 1.0).sum(), rel=0.05)


def test_a_soft_edge_is_greyer_than_a_sharp_one():
    points = np.array([[[5.0, 5.0], [6.5, 7.0], [8.0, 9.0]]] * 2)
    soft, sharp = draw(points, np.full((2, 3), 1.5), np.ones((2, 2), bool), np.array([0.5, 1.0]))
    assert np.sum((soft > 0) & (soft < 255)) > np.sum((sharp > 0) & (sharp < 255))


def test_the_pictures_of_a_batch_do_not_touch_each_other():
    numbers = RandomNumbers(3)
    points, radii, down, sharpness = write(np.arange(10), numbers, Hands(), Variation())
    together = draw(points, radii, down, sharpness)
    for one in range(10):
        alone = draw(points[one : one + 1], radii[one : one + 1], down[one : one + 1], sharpness[one : one + 1])
        assert np.array_equal(alone[0], together[one])


def test_fitting_keeps_the_aspect_and_fills_the_longer_side():
    random = np.random.default_rng(0)
    points = random.uniform(-5, 9, (20, 7, 2))
    radii = random.uniform(0.1, 0.4, (20, 7))
    fitted, pixels = fit_box(points, radii, np.ones(20))
    extent = (fitted + pixels[..., None]).max(axis=1) - (fitted - pixels[..., None]).min(axis=1)
    assert extent.max(axis=1) == pytest.approx(np.full(20, 20.0))
    scale = pixels / radii
    assert scale == pytest.approx(np.broadcast_to(scale[:, :1], scale.shape))
    assert np.diff(fitted, axis=1) == pytest.approx(np.diff(points, axis=1) * scale[:, :1, None])


def test_no_stroke_of_the_hands_reaches_beyond_the_pixels_that_the_pen_colours():
    """Four pixels and a half on each side of its middle: half its length, its radius and the soft edge fit."""
    points, radii, down, sharpness = write(np.arange(3000) % 10, RandomNumbers(5), Hands(), Variation())
    half = np.linalg.norm(np.diff(points, axis=1), axis=2) / 2
    reach = half + np.maximum(radii[:, 1:], radii[:, :-1]) + 0.5 / sharpness[:, None]
    assert np.mean(reach[down] > 4.5) < 0.001
