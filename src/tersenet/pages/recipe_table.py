"""A recipe in words: one line a decision, and nothing about knobs that it does not turn."""

from __future__ import annotations

from dataclasses import fields

from tersenet.data import Augmentation
from tersenet.training import OPTIMIZERS, SCHEDULES, Recipe, Schedule


def recipe_rows(recipe: Recipe) -> list[tuple[str, str]]:
    """(decision, what was decided) in the order of a training.

    >>> dict(recipe_rows(Recipe(epochs=3, averaging=0.0)))["averaging"]
    'none: the weights of the last step are measured'
    """
    return [
        ("epochs", str(recipe.epochs)),
        ("batch size", str(recipe.batch_size)),
        ("optimiser", OPTIMIZERS[recipe.optimizer].described(recipe.momentum, recipe.nesterov)),
        ("learning rate", f"{recipe.learning_rate:g}"),
        ("schedule", _schedule(recipe.settled().schedule)),
        ("weight decay", f"{recipe.weight_decay:g}, on kernels only" if recipe.weight_decay else "none"),
        ("augmentation", _augmentation(recipe.augmentation)),
        (
            "loss",
            f"cross-entropy, label smoothing {recipe.label_smoothing:g}"
            if recipe.label_smoothing
            else "cross-entropy",
        ),
        (
            "averaging",
            f"moving average of the weights, decay {recipe.averaging:g}: these are measured"
            if recipe.averaging
            else "none: the weights of the last step are measured",
        ),
        (
            "early stopping",
            f"after {recipe.early_stopping} epochs without a lower loss" if recipe.early_stopping else "none",
        ),
    ]


def _schedule(schedule: Schedule) -> str:
    knobs = ", ".join(f"{name} {_figure(getattr(schedule, name))}" for name in SCHEDULES[schedule.kind].uses)
    return f"{schedule.kind} ({knobs})" if knobs else schedule.kind


def _figure(value: float | tuple[int, ...]) -> str:
    return " and ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"


def _augmentation(augmentation: Augmentation) -> str:
    """The settings that are switched on."""
    if not augmentation.active:
        return "none"
    still = Augmentation()
    turned = [
        (item.name.replace("_", " "), getattr(augmentation, item.name))
        for item in fields(augmentation)
        if getattr(augmentation, item.name) != getattr(still, item.name)
    ]
    return ", ".join(name if value is True else f"{name} {value}" for name, value in turned)
