"""One door to every data set: by name, from disk where it is there, else fetched, else (for `auto`) drawn."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from tersenet._errors import TersenetError, did_you_mean
from tersenet.data.cache import find_cache_dir
from tersenet.data.dataset import Dataset, Split
from tersenet.data.idx import read_idx
from tersenet.data.named_sets import DIGITS, NAMED_SETS

NAMES = (*NAMED_SETS, "synthetic", "folder:PATH", "auto")


def load_data(name: str = "auto", *, data_dir: str | Path | None = None, download: bool = True) -> Dataset:
    """A data set by its name, checked and in memory."""
    if name == "synthetic":
        from tersenet.data.synthetic import draw_synthetic

        train, test = draw_synthetic()
        return Dataset(name="synthetic", train=train, test=test, classes=DIGITS, source="drawn")
    if name == "auto":
        name = "mnist"
    if name not in NAMED_SETS:
        raise TersenetError(
            "There is no such data set.", got=name, expected=", ".join(NAMES), mend=did_you_mean(name, NAMES)
        )
    named = NAMED_SETS[name]
    for root in (data_dir, os.environ.get("TERSENET_DATA"), find_cache_dir()):
        if root and (folder := Path(root, name)).is_dir():
            train_images, train_labels, test_images, test_labels = (
                torch.from_numpy(read_idx(folder / archive.name)) for archive in named.archives
            )
            return Dataset(
                name=name,
                train=Split(images=train_images, labels=train_labels.long()),
                test=Split(images=test_images, labels=test_labels.long()),
                classes=named.classes,
                source=str(folder),
            )
    raise TersenetError("The data set is not here.", got=name)
