"""What a run's network misclassifies, for a page: confusions, and the pictures of its most confident mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tersenet.data import Dataset
from tersenet.runs import Run, measure_run
from tersenet.web.draw_data import sprite

SHOWN, COLUMNS = 40, 10


def mistakes_data(run: Run, dataset: Dataset | None = None) -> dict[str, Any]:
    """A run measured on its test set, with the weights that its folder holds now.

    `mistakes` are the most confident ones, at most 40; `sprite` holds their pictures, ten in a row. Raises
    TersenetError where the run has no weights yet, or its data cannot be read.

    >>> from tersenet.data import DIGITS, draw_synthetic
    >>> from tersenet.runs import packaged_run
    >>> train, test = draw_synthetic(train=10, test=100)
    >>> digits = Dataset(name="synthetic", train=train, test=test, classes=DIGITS, source="drawn")
    >>> found = mistakes_data(packaged_run("model1-4312"), digits)
    >>> found["count"], found["wrong"] == found["count"] - found["correct"], len(found["mistakes"]) <= 40
    (100, True, True)
    """
    found = measure_run(run, dataset or run.data())
    shown = sorted(found.mistakes, key=lambda mistake: -mistake.probability)[:SHOWN]
    images = found.dataset.test.images[[mistake.index for mistake in shown], 0].numpy()
    room = np.zeros((max(COLUMNS, -(-len(shown) // COLUMNS) * COLUMNS), *images.shape[1:]), np.uint8)
    room[: len(shown)] = images
    return {
        "count": found.measures.images,
        "correct": found.measures.correct,
        "wrong": len(found.mistakes),
        "confusion": found.measures.confusion.tolist(),
        "mistakes": [
            {"label": mistake.label, "guess": mistake.guess, "probability": mistake.probability} for mistake in shown
        ],
        "sprite": sprite(room, COLUMNS),
        "columns": COLUMNS,
    }
