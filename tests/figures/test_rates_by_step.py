"""The learning rate of the report, step by step: what the training used, with its peak."""

import pytest
import torch

from tersenet.data import Dataset, Split
from tersenet.figures import plot_learning_rate
from tersenet.networks import build
from tersenet.pages.run_facts import MOST_STEPS, rates_by_step
from tersenet.training import EpochMetrics, Recipe, Schedule, train


def row(epoch, loss=1.0):
    return EpochMetrics(
        epoch=epoch,
        learning_rate=0.0,
        train_loss=loss,
        train_accuracy=50.0,
        test_loss=1.0,
        test_accuracy=50.0,
        seconds=1.0,
        images_per_second=1.0,
    )


def test_the_peak_inside_an_epoch_is_there():
    recipe = Recipe(epochs=3, learning_rate=0.3, schedule=Schedule(kind="linear", warmup=0.3))
    rates = rates_by_step(recipe, [row(1), row(2), row(3)], steps_per_epoch=469, validated=False)
    assert max(rate for _, rate in rates) == pytest.approx(0.3, rel=1e-3)
    drawing = plot_learning_rate({"learning_rate": [0.002, 0.222, 0.111]}, steps=rates)
    assert "highest: 0.3" in [text.get_text() for text in drawing.axes[0].texts]


def test_they_are_those_of_the_training():
    split = Split(images=torch.zeros(20, 28, 28, dtype=torch.uint8), labels=torch.arange(20) % 2)
    dataset = Dataset(name="mine", train=split, test=split, classes=("a", "b"), source="here")
    recipe = Recipe(epochs=3, batch_size=4, schedule=Schedule(kind="ReduceLROnPlateau", patience=0, threshold=10.0))
    trained = train(build("2C3s4 GAP 2N", classes=2), dataset, recipe)
    rates = dict(rates_by_step(recipe, trained.metrics, steps_per_epoch=5, validated=False))
    assert len(rates) == 15
    assert [rates[float(epoch)] for epoch in range(3)] == pytest.approx([m.learning_rate for m in trained.metrics])
    assert rates[2.0] < rates[0.0]


def test_a_long_training_is_thinned_and_keeps_its_highest_and_last_step():
    recipe = Recipe(epochs=50, learning_rate=0.3)
    rows = [row(epoch) for epoch in range(1, 51)]
    rates = rates_by_step(recipe, rows, steps_per_epoch=1000, validated=False)
    assert len(rates) <= MOST_STEPS + 2
    full = rates_by_step(recipe, rows[:6], steps_per_epoch=200, validated=False)
    assert len(full) == 1200
    assert rates[-1][0] == pytest.approx(49.999)
    assert max(rate for _, rate in rates) == pytest.approx(0.3, rel=1e-3)


def test_an_unfinished_training_shows_the_steps_that_are_done():
    rates = rates_by_step(Recipe(epochs=9), [row(1), row(2)], steps_per_epoch=10, validated=False)
    assert rates[-1][0] == pytest.approx(1.9)
