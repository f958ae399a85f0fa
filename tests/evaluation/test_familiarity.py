"""Whether a prediction can be believed."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM
from tersenet.evaluation import Familiarity, fit_familiarity, predict
from tersenet.evaluation.familiarity import DIRECTIONS, _first_components


class Halves(nn.Module):
    """Two classes: more light on the left, or on the right."""

    def forward(self, x):
        middle = x.shape[-1] // 2
        return torch.stack([x[..., :middle].mean(dim=(1, 2, 3)), x[..., middle:].mean(dim=(1, 2, 3))], dim=1) * 20


def strokes(count, seed=0):
    """Upright strokes, of class 0 left of the middle, of class 1 right of it."""
    random = np.random.default_rng(seed)
    images = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count) % 2
    for image, label in zip(images, labels, strict=True):
        left = random.integers(4, 10) + 10 * label
        top = random.integers(2, 7)
        image[top : top + 18, left : left + 3] = random.integers(180, 256)
    return torch.from_numpy(images), torch.from_numpy(labels)


@pytest.fixture(scope="module")
def known():
    return fit_familiarity(Halves(), *strokes(900), 2, MNIST_FORM)


def notes(known, *images):
    return [prediction.note for prediction in predict(Halves(), list(images), familiarity=known)]


def test_pictures_like_the_training_pictures_are_believed(known):
    images, _ = strokes(200, seed=1)
    predictions = predict(Halves(), list(images), familiarity=known)
    assert sum(prediction.believable for prediction in predictions) >= 190


def test_two_marks_side_by_side_are_doubted(known):
    image = np.zeros((28, 28), np.uint8)
    image[4:22, 6:9] = image[4:22, 18:21] = 220
    assert "two separate marks" in notes(known, image)[0]


def test_a_low_probability_is_doubted(known):
    image = np.zeros((28, 28), np.uint8)
    image[4:22, 12:16] = 220  # in the very middle
    assert f"probability below {100 * known.least_probability:.0f} %" in notes(known, image)[0]


def test_noise_and_a_lying_stroke_are_unlike_the_training_pictures(known):
    noise = np.random.default_rng(0).integers(0, 255, (28, 28), dtype=np.uint8)
    lying = np.zeros((28, 28), np.uint8)
    lying[12:15, 2:12] = 220
    assert all("unlike the training pictures" in note for note in notes(known, noise, lying))


def test_a_blank_picture_is_infinitely_far(known):
    blank = torch.zeros(1, 28, 28, dtype=torch.uint8)
    assert known.distances(blank, torch.tensor([0])).tolist() == [math.inf]


def test_the_bounds_leave_out_as_few_training_pictures_as_stated(known):
    images, labels = strokes(900)
    distances = known.distances(images, labels)
    assert float((distances > known.most_distance).double().mean()) <= 0.02
    assert known.pictures == 150
    assert known.directions.shape == (2, DIRECTIONS, 784)


def test_distance_does_not_depend_on_the_network(known):
    images, labels = strokes(900)
    other = fit_familiarity(nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), images, labels, 2)
    assert other.most_distance == known.most_distance
    assert torch.equal(other.means, known.means)


def test_a_class_with_one_picture_is_an_error():
    images, _ = strokes(3)
    with pytest.raises(TersenetError, match="too few"):
        fit_familiarity(Halves(), images, torch.tensor([0, 0, 1]), 2)


def test_without_it_nothing_is_said_of_belief():
    [prediction] = predict(Halves(), strokes(1)[0][0])
    assert (prediction.believable, prediction.doubts) == (None, ())


@pytest.mark.parametrize(("pictures", "pixels"), [(60, 200), (400, 200), (1_300, 1_100)])
def test_the_components_are_those_of_the_covariance(pictures, pixels):
    """Few pictures, many, and so many that they are found by random projections; the oracle is numpy's."""
    random = np.random.default_rng(0)
    spread = np.concatenate([np.linspace(9, 5, 6), np.full(pixels - 6, 0.5)])
    values = random.standard_normal((pictures, pixels)) * spread
    values -= values.mean(axis=0)
    found = _first_components(torch.from_numpy(values), 5).numpy()
    wanted = np.linalg.eigh(np.cov(values.T))[1][:, -5:].T
    assert np.abs(found @ found.T - np.eye(5)).max() < 1e-9
    assert np.abs(np.abs((found * wanted).sum(axis=1)) - 1).max() < 1e-4


def test_many_classes_take_no_more_room_than_few():
    images, _ = strokes(2400)
    labels = torch.arange(2400) % 400
    found = fit_familiarity(nn.Sequential(nn.Flatten(), nn.Linear(784, 400)), images, labels, 400)
    assert isinstance(found, Familiarity)
    assert found.directions.numel() <= 4_000_000
