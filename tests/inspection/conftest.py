"""Drawn digits for the tests of the doctor."""

import pytest

from tersenet.data import draw_synthetic


@pytest.fixture(scope="module")
def digits():
    """Normalised pictures `[1000, 1, 28, 28]` and labels, of training and of test."""
    train, test = draw_synthetic(train=1000, test=1000)
    return [(((part.images / 255) - 0.1307) / 0.3081, part.labels) for part in (train, test)]
