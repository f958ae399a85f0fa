"""What the figures say, by stated rules: each finding names its rule's numbers and the figure it rests on.

The rules on the course of a training stand in `course.py`, what regularisation does in `regularisation.py`, what the
answers on the test set say in `answers.py`, what to try next in `advice.py`; `finding.py` says how large a difference
must be before it is called one.
"""

from __future__ import annotations

from collections.abc import Sequence

from tersenet.evaluation import Measures, Mistake
from tersenet.reports.answers import confidence, confusions, sure_mistakes, weakest_class
from tersenet.reports.course import certainty, gap, held, overfitting, schedule, trend
from tersenet.reports.finding import Finding
from tersenet.reports.history import History
from tersenet.reports.regularisation import Reading, regularisation


def analyse(
    history: History,
    *,
    images: int,
    target: float | None = None,
    reading: Reading | None = None,
    measures: Measures | None = None,
    mistakes: Sequence[Mistake] = (),
    data: str = "",
) -> list[Finding]:
    """All findings on one training, in the order in which a reader would ask.

    `images` is the number of pictures behind each held-out accuracy, `target` an accuracy in percent to be reached,
    `reading` the training images measured again, `measures` and `mistakes` those of the test set, `data` its name
    (for what is known of its labels).

    >>> from tersenet.reports.history import history_of
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
