"""Two runs picture by picture: what the second classifies correctly and the first does not, and the reverse."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from tersenet._errors import TersenetError
from tersenet.evaluation import guesses, mcnemar_test
from tersenet.figures import data_title
from tersenet.runs import MODEL, Group, MeasuredRun, Run, measure_run
from tersenet.web.draw_data import sprite

SHOWN, COLUMNS = 40, 10
KEPT = 8  # measured runs


class TwoRuns:
    """Compares runs on their test set; the last few that were measured are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._measured: OrderedDict[tuple[Path, int], MeasuredRun] = OrderedDict()

    def pictures(self, one: Run | Group, other: Run | Group) -> dict[str, Any]:
        """How many pictures are repaired, broken and wrong in both from `one` to `other`, with up to 40 of each kind.

        `p` is that of McNemar's test. Of a group its first seed is taken. Raises TersenetError where the two do not
        have the same test pictures, or one has no weights yet.
        """
        first, second = _single(one), _single(other)
        if first.experiment.data != second.experiment.data:
            got = f"{data_title(first.experiment.data)} and {data_title(second.experiment.data)}"
            raise TersenetError("The two runs were measured on different data.", got=got)
        with self._lock:
            before, after = self._measure(first), self._measure(second)
        labels = before.labels.numpy()
        guess_a, guess_b = (guesses(found.logits).numpy() for found in (before, after))
        right_a, right_b = guess_a == labels, guess_b == labels
        kinds = {"repaired": ~right_a & right_b, "broken": right_a & ~right_b, "neither": ~right_a & ~right_b}
        return {
            "one": first.name,
            "other": second.name,
            "count": len(labels),
            "p": float(mcnemar_test(right_a, right_b).p),
            **{name: _some(before, which, guess_a, guess_b) for name, which in kinds.items()},
        }

    def _measure(self, run: Run) -> MeasuredRun:
        weights = run.path / MODEL
        if not weights.is_file():
            raise TersenetError("This run has no weights yet.", got=run.name)
        key = (run.path, weights.stat().st_mtime_ns)
        found = self._measured.pop(key, None) or measure_run(run, run.data(download=False))
        self._measured[key] = found
        while len(self._measured) > KEPT:
            self._measured.popitem(last=False)
        return found


def _single(found: Run | Group) -> Run:
    if isinstance(found, Run):
        return found
    finished = [run for run in found.runs if run.is_finished]
    if not finished:
        raise TersenetError("No seed of this group is finished yet.", got=found.name)
    return finished[0]


def _some(found: MeasuredRun, which: np.ndarray, guess_a: np.ndarray, guess_b: np.ndarray) -> dict[str, Any]:
    """The pictures at the places that are true in `which`: how many, and the first 40 with label and guesses."""
    places = np.flatnonzero(which)
    shown = places[:SHOWN]
    images = found.dataset.test.images[shown]
    classes = found.dataset.classes
    room = np.zeros((max(1, -(-len(shown) // COLUMNS)) * COLUMNS, *images.shape[2:]), np.uint8)
    room[: len(shown)] = images.float().mean(1).round().numpy()  # colours as grey: the page needs to tell them apart
    return {
        "count": len(places),
        "pictures": [
            {
                "label": classes[int(found.labels[place])],
                "one": classes[int(guess_a[place])] if guess_a[place] >= 0 else "nothing",
                "other": classes[int(guess_b[place])] if guess_b[place] >= 0 else "nothing",
            }
            for place in shown
        ],
        "sprite": sprite(room, COLUMNS),
        "columns": COLUMNS,
        "height": int(images.shape[-2]),
        "width": int(images.shape[-1]),
    }
