"""Match the classes of a data set to those a network was trained on: by name, not by number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from tersenet._errors import TersenetError
from tersenet.data.dataset import Dataset

_NAMED = 12  # class names that an error lists


def match_classes(run_classes: Sequence[str], dataset: Dataset, *, by_position: bool = False) -> Dataset:
    """The data set with its labels numbered as the network numbers its classes, and with the network's class names.

    The same names in the same order: the data set as it is. The same names in another order, or some of the names:
    the labels are renumbered. Unknown names: an error, or with `by_position` (and as many
    classes) the data set's first class is taken as the network's first, and so on.

    Raises TersenetError where the names do not match, or with `by_position` the numbers of classes differ.

    >>> from tersenet.data import Split
    >>> images = torch.zeros(3, 28, 28, dtype=torch.uint8)
    >>> half = Split(images=images, labels=torch.tensor([0, 1, 1]))
    >>> pets = Dataset(name="pets", train=half, test=half, classes=("cat", "dog"), source="here")
    >>> match_classes(("dog", "cat"), pets).test.labels.tolist()
    [1, 0, 0]
    """
    classes = tuple(run_classes)
    if dataset.classes == classes:
        return dataset
    if by_position:
        if len(classes) != len(dataset.classes):
            raise _mismatch(classes, dataset, "as many classes as the network has, to match them by position")
        return dataclasses.replace(dataset, classes=classes)
    number = {name: place for place, name in enumerate(classes)}
    if len(number) < len(classes) or not set(dataset.classes) <= set(number):
        raise _mismatch(classes, dataset, f"the classes {_some(classes)}")
    order = torch.tensor([number[name] for name in dataset.classes])
    train, test = (dataclasses.replace(split, labels=order[split.labels]) for split in (dataset.train, dataset.test))
    return dataclasses.replace(dataset, train=train, test=test, classes=classes)


def _mismatch(classes: tuple[str, ...], dataset: Dataset, expected: str) -> TersenetError:
    hint = "rename the class folders" if dataset.name.startswith("folder:") else "use data with the same classes"
    if len(classes) == len(dataset.classes):
        hint += ";\nwhere only the names differ, not their order: tersenet evaluate … --classes-by-position"
    return TersenetError(
        "The classes of the data are not those the network was trained on.",
        got=f"{dataset.name}: {_some(dataset.classes)}",
        expected=expected,
        hint=hint,
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f", … ({len(names)} in all)" if len(names) > _NAMED else "")
