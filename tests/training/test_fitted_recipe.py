"""The recipe that a data set gets where none is given."""

from dataclasses import replace

import pytest
import torch

from tersenet.data import Dataset, Split
from tersenet.training import Recipe, fit_recipe
from tersenet.training.fitted_recipe import describe_fitted, may_be_mirrored


def a_set(count, *, channels=3, classes=("cat", "dog"), side=32):
    images = torch.zeros(count, channels, side, side, dtype=torch.uint8)
    half = Split(images=images, labels=torch.arange(count) % len(classes))
    return Dataset(name="made", train=half, test=half, classes=classes, source="made")


@pytest.mark.parametrize(("count", "batch"), [(10, 16), (999, 16), (1000, 32), (4999, 32), (5000, 64), (20_000, 128)])
def test_small_sets_get_small_batches(count, batch):
    assert fit_recipe(Recipe(), a_set(count, channels=1, side=8)).batch_size == batch


def test_small_sets_get_more_epochs_and_lower_rates_and_large_ones_the_usual_recipe():
    small, large = fit_recipe(Recipe(), a_set(100)), fit_recipe(Recipe(), a_set(20_000, channels=1, side=8))
    assert small.epochs > Recipe().epochs
    assert small.learning_rate < Recipe().learning_rate
    assert large == Recipe()


def test_a_field_that_is_not_asked_for_stays():
    found = fit_recipe(Recipe(epochs=3, batch_size=128), a_set(100), ("learning_rate",))
    assert found == Recipe(epochs=3, batch_size=128)  # the rate goes with the batch, and that one is the user's
    assert fit_recipe(Recipe(epochs=3), a_set(100), ("batch_size",)) == replace(Recipe(epochs=3), batch_size=16)


@pytest.mark.parametrize(
    ("channels", "classes", "mirrored"),
    [
        (3, ("cat", "dog"), True),
        (1, ("cat", "dog"), False),
        (3, ("0", "1"), False),
        (3, ("A", "b"), False),
        (3, ("turn left", "turn right"), False),
    ],
)
def test_what_is_written_or_has_sides_is_not_mirrored(channels, classes, mirrored):
    data = a_set(20, channels=channels, classes=classes)
    assert may_be_mirrored(data) == mirrored
    recipe = fit_recipe(Recipe(), data)
    assert (recipe.augmentation.flip_probability > 0) == mirrored
    assert ("no flips" in describe_fitted(recipe, data, ("augmentation",))) != mirrored


def test_mnists_recipe_is_as_it_was(mnist):
    assert fit_recipe(Recipe(), mnist) == Recipe()
