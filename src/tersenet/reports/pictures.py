"""The figures of a run's report, with what stands under them."""

from __future__ import annotations

from collections.abc import Iterator

from tersenet.evaluation import KNOWN_WRONG_LABELS
from tersenet.reports import finding
from tersenet.reports.blocks import Picture
from tersenet.reports.confusion import plot_calibration, plot_confusion
from tersenet.reports.curves import plot_curves, plot_learning_rate
from tersenet.reports.gallery import plot_mistakes
from tersenet.reports.material import Material
from tersenet.reports.readings_figure import plot_readings
from tersenet.reports.style import Drawing

GALLERY = 30  # mistakes shown


def draw(material: Material) -> Iterator[Picture]:
    """The figures, numbered in the order of the page; each has the run's and the data set's name in it."""
    name, metrics = f"{material.run.name} on {material.data}", material.run.metrics
    held_out = material.history.held_out
    target = material.target
    drawn: list[tuple[str, Drawing, str]] = [
        (
            finding.CURVES,
            plot_curves(metrics, title=name, target=target),
            f"Loss and accuracy of training and {held_out} on {material.data}, by epoch. The training "
            "figures are "
            "measured while the weights change, with augmentation and dropout at work.",
        ),
        (
            finding.LEARNING_RATE,
            plot_learning_rate(metrics, title=f"Learning rate: {name}"),
            "The learning rate at the first step of each epoch.",
        ),
        (
            finding.REGULARISATION,
            plot_readings(material.history, material.reading, title=f"What regularises: {name}"),
            f"The training accuracy on {material.data} while learning, and read again with the saved weights: with "
            f"dropout or augmentation alone switched on ({material.reading.sample:,} images), and with neither "
            f"({material.reading.images:,}); the {held_out} accuracy beside it.",
        ),
    ]
    measures = material.measures
    if measures is not None:
        classes = material.dataset.classes
        drawn += [
            (
                finding.CONFUSION,
                plot_confusion(measures.confusion, classes, title=f"Confusions: {name}"),
                f"The confusion matrix on the test set of {material.data}; only mistakes are coloured.",
            ),
            (
                finding.CALIBRATION,
                plot_calibration(measures.calibration, title=f"Calibration: {name}"),
                f"Accuracy against confidence on the test set of {material.data}, in 15 bins, with 95 % intervals.",
            ),
        ]
        if material.mistakes:
            known = KNOWN_WRONG_LABELS.get(material.dataset.name, {})
            framed = any(mistake.index in known for mistake in material.mistakes[:GALLERY])
            shown = min(GALLERY, len(material.mistakes))
            all_of_them = (
                f"All {shown}" if shown == len(material.mistakes) else f"{shown} of {len(material.mistakes)}"
            )
            drawn.append(
                (
                    finding.MISTAKES,
                    plot_mistakes(
                        material.dataset.test.images,
                        material.mistakes,
                        classes,
                        limit=GALLERY,
                        wrong_labels=known,
                        title=f"Mistakes: {name}",
                    ),
                    f"{all_of_them} mistakes on the test set of {material.data}, the most confident "
                    "first: true label, "
                    "guess, probability of the guess, number of the picture."
                    + (" Framed: the label is known to be wrong." if framed else ""),
                )
            )
    for number, (key, drawing, caption) in enumerate(drawn, start=1):
        yield Picture(key=key, number=number, caption=caption, png=drawing.png())
