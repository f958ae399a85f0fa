"""The recipe for a data set where none is given: by the number of its pictures, and by what they show."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from tersenet.data import Augmentation, Dataset
from tersenet.training.recipe import Recipe

FITTED = ("epochs", "batch_size", "learning_rate", "augmentation")
"""The fields of a recipe that can be chosen by the data."""

# Below so many training pictures: pictures of a batch, epochs. Larger sets have the defaults of a recipe.
BY_PICTURES = ((1_000, 16, 20), (5_000, 32, 20), (20_000, 64, 15))
# The rate goes with the batch: a small one is noisy. Of other batches it is the default.
RATES = {16: 0.05, 32: 0.1}

_SIDED = re.compile(r"left|right|clockwise", re.I)  # a mirror makes another class of these


def fit_recipe(recipe: Recipe, dataset: Dataset, fields: Collection[str] = FITTED) -> Recipe:
    """The recipe with `fields` as they are best for a data set; the others stay.

    Small sets get small batches and more epochs, so that a network makes enough steps. Pictures in colour are
    mirrored half of the time, unless the classes are letters, digits or numbers, or have sides.

    >>> from tersenet.data import load_data
    >>> fit_recipe(Recipe(), load_data("synthetic")) == Recipe()
    True
    """
    count = len(dataset.train)
    batch, epochs = next(
        ((batch, epochs) for below, batch, epochs in BY_PICTURES if count < below), (recipe.batch_size, recipe.epochs)
    )
    if "epochs" in fields:
        recipe = replace(recipe, epochs=epochs)
    if "batch_size" in fields:
        recipe = replace(recipe, batch_size=batch)
    if "learning_rate" in fields:
        recipe = replace(recipe, learning_rate=RATES.get(recipe.batch_size, recipe.learning_rate))
    if "augmentation" in fields and may_be_mirrored(dataset):
        recipe = replace(recipe, augmentation=replace(recipe.augmentation, flip_probability=0.5))
    return recipe


def may_be_mirrored(dataset: Dataset) -> bool:
    """Whether a picture's mirror image is of its class, as far as can be told: in colour, and no writing.

    Classes that are numbered or called by one letter may be writing, and then the answer is no.
    """
    named = not any(len(name) == 1 or name.isdigit() for name in dataset.classes)
    return dataset.form.channels == 3 and named and not any(map(_SIDED.search, dataset.classes))


def describe_fitted(recipe: Recipe, dataset: Dataset, fields: Collection[str]) -> str:
    """What was chosen, in one line.

    >>> from tersenet.data import load_data
    >>> describe_fitted(Recipe(batch_size=32), load_data("synthetic"), ("batch_size", "augmentation"))
    'for 60,000 pictures: batches of 32, no flips'
    """
    flips = "flips" if recipe.augmentation.flip_probability > Augmentation().flip_probability else "no flips"
    words = {
        "epochs": f"{recipe.epochs} epochs",
        "batch_size": f"batches of {recipe.batch_size}",
        "learning_rate": f"rate {recipe.learning_rate:g}",
        "augmentation": flips,
    }
    return f"for {len(dataset.train):,} pictures: " + ", ".join(words[name] for name in FITTED if name in fields)
