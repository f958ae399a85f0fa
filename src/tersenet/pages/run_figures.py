"""The figures of a run's report with their captions, numbered in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tersenet.analysis import CALIBRATION, CONFUSION, CURVES, LEARNING_RATE, MISTAKES, REGULARISATION
from tersenet.evaluation import KNOWN_WRONG_LABELS
from tersenet.figures import (
    WIDTH,
    Drawing,
    cells,
    plot_calibration,
    plot_confusion,
    plot_curves,
    plot_learning_rate,
    plot_mistakes,
    plot_network,
    plot_readings,
    readouts,
)
from tersenet.pages.blocks import PageFigure
from tersenet.pages.run_facts import RunFacts

GALLERY = 15  # mistakes shown
NETWORK = "network"
LOWEST, HIGHEST = 4.2, 6.4  # inches: the curves are as tall as the figure beside them, within reason


@dataclass(frozen=True, kw_only=True)
class RunFigures:
    """The figures by the part of the page that they belong to; `by_key` are all of them."""

    first: list[PageFigure]
    classes: list[PageFigure]
    training: list[PageFigure]
    network: PageFigure

    @property
    def by_key(self) -> dict[str, PageFigure]:
        """All figures by the key that findings point to."""
        return {picture.key: picture for picture in (*self.first, *self.classes, *self.training, self.network)}


Drawn = tuple[str, Drawing, str]


def draw(material: RunFacts) -> RunFigures:
    """The figures of the report; each has the run's and the data set's name in its title."""
    beside = [drawn for drawn in (_mistakes(material), _confusion(material)) if drawn]
    training = _training(material)
    # Beside the curves: the mistakes, else the confusion matrix, else the learning rate.
    second = beside.pop(0) if beside else training.pop(0)
    height = min(max(second[1].get_size_inches()[1], LOWEST), HIGHEST)
    first = [_curves(material, height), second]
    classes = [*beside, *_calibration(material)]
    network = (
        NETWORK,
        plot_network(material.summary, material.run.experiment.notation, title=_title("Network", material)),
        "The network, layer by layer. Slabs are scaled by the size of the map and its channels.",
    )
    numbered = [
        PageFigure.of(drawing, key, number, caption, wide=key == NETWORK, alive=_alive(key, material))
        for number, (key, drawing, caption) in enumerate([*first, *classes, *training, network], start=1)
    ]
    ends = (len(first), len(first) + len(classes))
    return RunFigures(
        first=numbered[: ends[0]],
        classes=numbered[ends[0] : ends[1]],
        training=numbered[ends[1] : -1],
        network=numbered[-1],
    )


def _alive(key: str, material: RunFacts) -> Callable[[Drawing], dict[str, Any]] | None:
    """What a browser needs for the figures that answer the pointer."""
    if key == CONFUSION:
        dataset = material.dataset
        return partial(cells, mistakes=material.mistakes, images=dataset.test.images, classes=dataset.classes)
    if key in (CURVES, LEARNING_RATE):
        return partial(readouts, across="epoch" if key == CURVES else "after epoch")
    return None


def _title(what: str, material: RunFacts) -> str:
    return f"{what}: {material.run.name} on {material.data}"


def _curves(material: RunFacts, height: float) -> Drawn:
    title = _title("Accuracy and loss", material)
    drawing = plot_curves(material.run.metrics, title=title, target=material.target, height=height)
    return (
        CURVES,
        drawing,
        f"Accuracy and loss by epoch: training and {material.history.held_out}. Training figures are measured during "
        "the epoch, with augmentation and dropout.",
    )


def _mistakes(material: RunFacts) -> Drawn | None:
    if not material.mistakes:
        return None
    known = KNOWN_WRONG_LABELS.get(material.dataset.name, {})
    shown = min(GALLERY, len(material.mistakes))
    framed = any(mistake.index in known for mistake in material.mistakes[:shown])
    which = "All" if shown == len(material.mistakes) else f"{shown} of"
    drawing = plot_mistakes(
        material.dataset.test.images,
        material.mistakes,
        material.dataset.classes,
        limit=shown,
        wrong_labels=known,
        title=_title("Mistakes", material),
    )
    return (
        MISTAKES,
        drawing,
        f"{which} {len(material.mistakes)} mistakes on the test set of {material.data}, the most confident first: "
        "true class, guess, its probability, number of the image."
        + (" Framed: the label is known to be wrong." if framed else ""),
    )


def _confusion(material: RunFacts) -> Drawn | None:
    if material.measures is None:
        return None
    classes = material.dataset.classes
    drawing = plot_confusion(material.measures.confusion, classes, title=_title("Confusion matrix", material))
    return (
        CONFUSION,
        drawing,
        f"Confusion matrix on the test set of {material.data}; only mistakes are coloured.",
    )


def _calibration(material: RunFacts) -> list[Drawn]:
    if material.measures is None or not any(found.count for found in material.measures.calibration.bins):
        return []
    drawing = plot_calibration(material.measures.calibration, title=_title("Calibration", material))
    caption = f"Accuracy against confidence on the test set of {material.data}, in 15 bins, with 95 % intervals."
    return [(CALIBRATION, drawing, caption)]


def _training(material: RunFacts) -> list[Drawn]:
    reading, held_out = material.reading, material.history.held_out
    readings = plot_readings(material.history, reading, title=_title("Training accuracy", material))
    height = float(readings.get_size_inches()[1]) if material.measures is not None else 0.95 * WIDTH
    rates = plot_learning_rate(
        material.run.metrics, steps=material.rates, title=_title("Learning rate", material), height=height
    )
    return [
        (LEARNING_RATE, rates, "The learning rate at every step of the training, from the schedule."),
        (
            REGULARISATION,
            readings,
            f"Training accuracy during the last epoch, and measured again with the saved weights: with dropout or "
            f"augmentation alone switched on ({reading.sample:,} images), and with neither ({reading.images:,}); "
            f"beside it the {held_out} accuracy.",
        ),
    ]
