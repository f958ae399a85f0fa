"""What a page needs to answer the pointer in a figure: where its points and cells are, and what each says.

Places are parts of the figure's width and height, from its upper left corner, as it was last drawn: a layout may move
a little from one drawing to the next, so a figure is asked after its SVG is made.
"""

from __future__ import annotations

import io
import math
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from PIL import Image
from torch import Tensor

from tersenet._look import one_line
from tersenet.evaluation import Mistake
from tersenet.figures.style import Drawing

MOST_POINTS = 300  # of a curve; more are thinner than a pixel
MOST_CELLS = 400  # of a confusion matrix; more are too small to point at
A_CELL, IN_ALL = 12, 240_000  # pictures of a cell, and numbers in all pictures
COLUMNS = 20  # pictures in a row of the one picture that holds them all


def readouts(drawing: Drawing, *, across: str = "epoch") -> dict[str, Any]:
    """The curves of a drawing: for each panel its box and, from left to right, places with what is there in words.

    A curve is a line that has a label; a panel without one shows its first line.

    >>> from tersenet.figures import plot_curves
    >>> drawing = plot_curves({"train_accuracy": [88.0, 97.0], "test_accuracy": [95.0, 98.5]})
    >>> svg, found = drawing.svg(), readouts(drawing)
    >>> [place["says"] for place in found["panels"][0]["places"]]
    ['epoch 1: training 88, test 95', 'epoch 2: training 97, test 98.5']
    """
    drawing.draw_without_rendering()
    return {
        "kind": "readouts",
        "panels": [panel for axes in drawing.axes if (panel := _panel(drawing, axes, across))],
    }


def cells(drawing: Drawing, mistakes: Sequence[Mistake], images: Tensor, classes: Sequence[str]) -> dict[str, Any]:
    """The cells of a drawn confusion matrix that hold mistakes, with the most confident ones as pictures.

    `images` are the test pictures, uint8 `[N, C, H, W]`. At most twelve pictures of a cell are taken, and fewer where
    they are large. Where there are too many classes to point at a cell, there are no cells.

    >>> import torch
    >>> from tersenet.figures import plot_confusion
    >>> found = cells(plot_confusion([[8, 1], [0, 9]]), [Mistake(index=0, label=0, guess=1, probability=0.9)],
    ...               torch.zeros(1, 1, 28, 28, dtype=torch.uint8), ["cat", "dog"])
    >>> [(cell["says"], cell["pictures"]) for cell in found["cells"]]
    [('cat, classified as dog: 1 picture', [[0, '90 %']])]
    """
    axes, number = drawing.axes[0], len(classes)
    found: dict[tuple[int, int], list[Mistake]] = {}
    for mistake in sorted(mistakes, key=lambda each: -each.probability):
        if mistake.guess >= 0:
            found.setdefault((mistake.label, mistake.guess), []).append(mistake)
    if number * number > MOST_CELLS:
        found = {}
    size = max(1, math.prod(images.shape[1:]))
    each = min(A_CELL, max(1, IN_ALL // size // max(1, len(found))))
    shown: list[int] = []
    told = []
    for (label, guess), those in sorted(found.items()):
        pictures = [[len(shown) + place, f"{100 * one.probability:.0f} %"] for place, one in enumerate(those[:each])]
        shown += [one.index for one in those[:each]]
        names = (one_line(classes[label], 40), one_line(classes[guess], 40))
        count = f"{len(those)} picture{'s' if len(those) > 1 else ''}"
        told.append(
            {
                "row": label,
                "column": guess,
                "says": f"{names[0]}, classified as {names[1]}: {count}",
                "pictures": pictures,
            }
        )
    corners = _fractions(drawing, axes, np.array([[-0.5, -0.5], [number - 0.5, number - 0.5]]))
    height, width = images.shape[-2:]
    return {
        "kind": "cells",
        "number": number,
        "box": [round(float(part), 5) for part in corners.ravel()],
        "cells": told,
        "sprite": _sprite(images[shown].numpy()) if shown else "",
        "columns": COLUMNS,
        "width": width,
        "height": height,
    }


def _panel(drawing: Drawing, axes: Axes, across: str) -> dict[str, Any] | None:
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")] or axes.get_lines()[:1]
    lines = [line for line in lines if len(np.asarray(line.get_xdata())) > 1 and not _is_target(line)]
    if not lines:
        return None
    x = np.asarray(lines[0].get_xdata(), dtype=float)
    places = []
    for at in range(0, len(x), -(-len(x) // MOST_POINTS)):
        values = [(line, float(np.asarray(line.get_ydata())[at])) for line in lines if at < len(line.get_xdata())]  # type: ignore[arg-type]
        named = [f"{line.get_label()} {value:.4g}" if _named(line) else f"{value:.4g}" for line, value in values]
        points = _fractions(drawing, axes, np.array([[x[at], value] for _, value in values]))
        if np.isfinite(points).all():
            places.append(
                {
                    "x": round(float(points[0, 0]), 5),
                    "y": [round(float(point), 5) for point in points[:, 1]],
                    "says": f"{across} {x[at]:.4g}: {', '.join(named)}",
                }
            )
    box = axes.get_position()
    edges = [box.x0, 1 - box.y1, box.x1, 1 - box.y0]
    return {"box": [round(float(edge), 5) for edge in edges], "places": places} if places else None


def _named(line: Any) -> bool:
    return not str(line.get_label()).startswith("_")


def _is_target(line: Any) -> bool:
    """A line across the whole panel, which is given in parts of its width, says the same everywhere."""
    return str(line.get_label()).startswith("target")


def _fractions(drawing: Drawing, axes: Axes, points: np.ndarray) -> np.ndarray:
    """Points in the data's own units, `[N, 2]`, as parts of the figure from its upper left corner."""
    found: np.ndarray = drawing.transFigure.inverted().transform(axes.transData.transform(points))
    found[:, 1] = 1 - found[:, 1]
    return found


def _sprite(images: np.ndarray) -> str:
    """Pictures `[N, C, H, W]` in rows of one PNG, as a data address."""
    count, channels, height, width = images.shape
    rows = -(-count // COLUMNS)
    room = np.zeros((rows * COLUMNS, channels, height, width), np.uint8)
    room[:count] = images
    grid = room.reshape(rows, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
    pixels = grid.reshape(rows * height, COLUMNS * width, channels)
    held = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(held, "PNG", optimize=True)
    return "data:image/png;base64," + b64encode(held.getvalue()).decode()
