"""The augmentation that a user names: the course's, an experiment's, and settings on top."""

from __future__ import annotations

from collections.abc import Iterable

from tersenet.data import POLICY_A, Augmentation
from tersenet.runs.experiment import Experiment, load_experiment, with_settings
from tersenet.training import Recipe


def augmentation_of(name: str | None = None, settings: Iterable[str] = ()) -> Augmentation:
    """The augmentation called `name`: "a" (policy A of the course), an experiment's, a .toml file's; None: none.

    `settings` as in `rotation=15` change it. Raises TersenetError for an unknown name or setting.

    >>> augmentation_of(settings=["rotation=15", "shift=0.1"]).shift
    0.1
    >>> augmentation_of("a") == POLICY_A
    True
    """
    if name is None or name == "a":
        chosen = Augmentation() if name is None else POLICY_A
        experiment = Experiment(name="preview", network="10N", training=Recipe(augmentation=chosen))
    else:
        experiment = load_experiment(name)
    changed = with_settings(experiment, [f"training.augmentation.{word}" for word in settings])
    return changed.training.augmentation
