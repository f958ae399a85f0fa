"""What the page of designing is given: the table of kinds, examples, drawn digits, and the worker that trains."""

from __future__ import annotations

from typing import Any

from tersenet.data import MNIST_FORM, Split, draw_synthetic
from tersenet.networks import NETWORKS
from tersenet.runs import experiment_names, load_experiment
from tersenet.web.assemble import joined
from tersenet.web.draw_data import sprite
from tersenet.web.kinds_table import kinds_table
from tersenet.web.serving.order import sets_here

TRAIN, TEST = 4000, 1000
COLUMNS = 50
STARTERS = {
    "a small start": "8C5s2 BN R 16C3 BN R MP2 16C3 BN R 10Nb",
    "a smaller one": "6C5s2 BN R MP2 12C3 BN R GAP 10Nb",
    "residual": "8C3s2 BN R [8C3p1 BN R 8C3p1 BN] R MP2 16C3 BN R GAP 10Nb",
    "shared weights": "12C5s2 BN R (12C3p1 BN R)*3 MP2 GAP 10Nb",
    "branches": "[4C3p1s2 & 4C5p2s2] BN R MP2 16C3 BN R GAP 10Nb",
    "dense layers only": "32N R 10Nb",
}


def lab_data(*, live: bool = False) -> dict[str, Any]:
    """The page's data: 4,000 drawn digits to learn from, 1,000 to test on, as pictures of 50 in a row.

    `live`: a server can train, on the data sets that are named then.

    >>> data = lab_data()
    >>> len(data["train"]["labels"]), data["examples"][0]["name"]
    (4000, 'a small start')
    """
    train, test = draw_synthetic(train=TRAIN, test=TEST)
    return {
        "kinds": kinds_table(),
        "examples": _examples(),
        "train": _digits(train),
        "test": _digits(test),
        "columns": COLUMNS,
        "mean": MNIST_FORM.mean[0],
        "deviation": MNIST_FORM.deviation[0],
        "worker": joined("engine/worker.js"),
        "sets": sets_here() if live else None,
    }


def _digits(split: Split) -> dict[str, Any]:
    return {"sprite": sprite(split.images[:, 0].numpy(), COLUMNS), "labels": split.labels.tolist()}


def _examples() -> list[dict[str, str]]:
    found = [{"group": "to begin", "name": name, "notation": notation} for name, notation in STARTERS.items()]
    found += [{"group": "named networks", "name": each.name, "notation": each.notation} for each in NETWORKS.values()]
    ladder = {name: load_experiment(name).network for name in experiment_names() if name.startswith("ladder-")}
    found += [{"group": "the ladder", "name": name, "notation": notation} for name, notation in ladder.items()]
    return found
