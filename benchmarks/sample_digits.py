"""Draw the three sample digits that come with the package, as someone might photograph or scan them.

    python benchmarks/sample_digits.py

A seven in blue ink on cream paper, a three in chalk on a board, a five in pencil on paper lit from one side. The
strokes are those of the drawn digits (`data/drawn/hands.py`); nothing is random, so the files are always the
same.
"""

from __future__ import annotations

import itertools
import re

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tersenet.data import FOLDER, read_path

SIDE, OVERSAMPLED, FINER = 240, 4, 6

Colour = tuple[int, int, int]


def main() -> None:
    """Write the three pictures into the package."""
    seven = _stroke("22 24, 50 20, 78 22 | 62 50, 44 86 / 40 54, 70 52", width=5, place=(46, 30, 150))
    three = _stroke("26 26, 46 14, 68 26, 62 44, 44 50 | 66 56, 72 76, 48 90, 24 80", width=7, place=(30, 22, 180))
    five = _stroke("72 16, 38 18 | 32 46, 52 42, 70 58, 64 82, 42 90, 26 80", width=4, place=(60, 44, 140))
    _save("seven", _paint(seven, ink=(36, 52, 140), paper=(246, 240, 224)))
    _save("three", _paint(three, ink=(232, 232, 222), paper=(38, 62, 52)))
    _save("five", _paint(five, ink=(92, 90, 92), paper=(236, 234, 230), shade=26))


def _stroke(strokes: str, *, width: float, place: tuple[int, int, int]) -> Image.Image:
    """How much ink there is: a curve through the points, drawn with a round pen. `place` is left, top and size."""
    left, top, size = place
    fine = re.sub(r"\d+", lambda number: str(FINER * int(number[0])), strokes)  # in shorter pieces: a smooth curve
    path = read_path(fine)
    points = [
        tuple(
            sum(weight * path.points[source][axis] for source, weight in zip(sources, weights, strict=True))
            for axis in (0, 1)
        )
        for sources, weights in zip(path.sources, path.weights, strict=True)
    ]
    scale = OVERSAMPLED * size / 100 / FINER
    spots = [(OVERSAMPLED * left + x * scale, OVERSAMPLED * top + y * scale) for x, y in points]
    radius = width * OVERSAMPLED / 2 * size / 100
    canvas = Image.new("L", (SIDE * OVERSAMPLED, SIDE * OVERSAMPLED))
    pen = ImageDraw.Draw(canvas)
    for (a, b), down in zip(itertools.pairwise(spots), path.down, strict=True):
        if down:
            pen.line((a, b), fill=255, width=round(2 * radius))
    for x, y in (spot for place, spot in enumerate(spots) if any(path.down[max(0, place - 1) : place + 1])):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas.filter(ImageFilter.GaussianBlur(3)).resize((SIDE, SIDE), Image.Resampling.BOX)


def _paint(ink_of: Image.Image, *, ink: Colour, paper: Colour, shade: float = 0) -> Image.Image:
    """Ink on paper; `shade` darkens the paper from left to right by this number of levels."""
    share = np.asarray(ink_of, np.float32)[:, :, None] / 255
    light = np.linspace(shade / 2, -shade / 2, SIDE, dtype=np.float32)[None, :, None]
    colours = share * np.array(ink, np.float32) + (1 - share) * np.array(paper, np.float32) + light
    return Image.fromarray(np.rint(colours.clip(0, 255)).astype(np.uint8))


def _save(name: str, picture: Image.Image) -> None:
    FOLDER.mkdir(exist_ok=True)
    picture.quantize(64).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
