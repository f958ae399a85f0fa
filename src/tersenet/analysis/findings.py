"""What the figures say, by stated rules: each finding names its rule's numbers and the figure it rests on.

The rules on the course of a training are in `epoch_findings.py`, those on regularisation in
`training_reread.py`, those on the test set in `test_set_findings.py`, what to try next in `advice.py`;
`noise.py` says how large a difference must be to count as one.
"""

from __future__ import annotations

from collections.abc import Sequence

from tersenet.analysis.epoch_findings import certainty, gap, held, overfitting, schedule, trend
from tersenet.analysis.history import History
from tersenet.analysis.noise import Finding
from tersenet.analysis.test_set_findings import confidence, confusions, sure_mistakes, weakest_class
from tersenet.analysis.training_reread import TrainingReread, regularisation
from tersenet.evaluation import Measures, Mistake


def analyse(
    history: History,
    *,
    images: int,
    target: float | None = None,
    reading: TrainingReread | None = None,
    measures: Measures | None = None,
    mistakes: Sequence[Mistake] = (),
    data: str = "",
) -> list[Finding]:
    """All findings on one training, in the order in which a reader would ask.

    `images` is the number of pictures behind each held-out accuracy, `target` an accuracy in percent to be reached,
    `reading` the training images measured again, `measures` and `mistakes` those of the test set, `data` its name
    (for what is known of its labels).

    >>> from tersenet.analysis import history_of
    >>> history = history_of({"train_accuracy": [90.0, 99.9], "test_accuracy": [95.0, 97.0]})
    >>> [finding.rule for finding in analyse(history, images=10_000)]
    ['gap', 'trend', 'certainty']
    """
    found = [
        gap(history, images, reading),
        regularisation(history, reading),
        trend(history, images),
        held(history, target) if target is not None else None,
        *schedule(history, images),
        overfitting(history),
    ]
    if measures is not None:
        found += [confidence(measures), weakest_class(measures), confusions(measures), sure_mistakes(mistakes, data)]
    found.append(certainty(history, images))
    return [finding for finding in found if finding is not None]
