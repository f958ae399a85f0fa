"""Pictures side by side: samples of a set, and the mistakes of a network."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet._look import INK, PURPLE, one_line
from tersenet.evaluation import NO_ANSWER, Mistake, WrongLabel
from tersenet.figures.style import GRID, SMALL, WIDTH, Drawing, draw_picture

COLUMNS = 5
LETTERS_PER_INCH = 10
NAME = 9  # letters of a class's name
LINE = 1.3 * SMALL / 72  # inches from line to line of a caption


def plot_samples(
    images: Tensor,
    labels: Tensor | Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    *,
    columns: int = 8,
    limit: int = 40,
    title: str = "",
) -> Drawing:
    """Pictures `[N, C, H, W]` (grey also `[N, H, W]`), bytes or normalised floats, with their classes under them.

    At most `limit` are drawn. Bytes are shown from 0 to 255, floats from the smallest to the largest of the batch.

    >>> import torch
    >>> drawing = plot_samples(torch.zeros(3, 28, 28, dtype=torch.uint8), torch.tensor([7, 2, 1]))
    >>> [axes.get_xlabel() for axes in drawing.axes]
    ['7', '2', '1']
    """
    pictures = _pictures(images)
    chosen = pictures[:limit]
    drawing, grid = _grid(len(chosen), columns, 1 if labels is not None else 0, title)
    most = max(2, int(LETTERS_PER_INCH * WIDTH / columns))
    for place, (axes, picture) in enumerate(zip(grid, chosen, strict=True)):
        _show(axes, picture, pictures)
        if labels is not None:
            axes.set_xlabel(_name(int(labels[place]), classes, most), fontsize=SMALL, color=INK, labelpad=3)
    return drawing


def plot_mistakes(
    images: Tensor,
    mistakes: Sequence[Mistake],
    classes: Sequence[str] | None = None,
    *,
    limit: int = 30,
    wrong_labels: Mapping[int, WrongLabel] | None = None,
    title: str = "",
) -> Drawing:
    """The first `limit` mistakes: under each picture its true label, the guess, its probability and its number.

    `images` are all pictures of the set, `[N, C, H, W]` (grey also `[N, H, W]`); a mistake's index counts along N.
    Pictures whose label is known to be wrong (`wrong_labels`, by index) are framed, and the class that people see
    is added.

    >>> import torch
    >>> mistake = Mistake(index=1, label=4, guess=9, probability=0.98)
    >>> print(plot_mistakes(torch.zeros(2, 28, 28), [mistake]).axes[0].get_xlabel())
    true 4, guess 9
    98.0 %, #1
    """
    known = wrong_labels or {}
    chosen = [
        (mistake.index, _caption(mistake, classes, known.get(mistake.index))) for mistake in list(mistakes)[:limit]
    ]
    if not chosen:
        raise TersenetError("There is no mistake to draw.", got="an empty list")
    return plot_captioned(images, chosen, framed=known, title=title)


def plot_captioned(
    images: Tensor,
    chosen: Sequence[tuple[int, str]],
    *,
    framed: Collection[int] = (),
    title: str = "",
) -> Drawing:
    """Pictures by number with a caption each: `chosen` are pairs of a picture's number and its caption.

    `images` are all pictures of the set, `[N, C, H, W]` (grey also `[N, H, W]`); those in `framed` get a frame.

    >>> import torch
    >>> print(plot_captioned(torch.zeros(2, 28, 28), [(1, "8 of 10 seeds")]).axes[0].get_xlabel())
    8 of 10 seeds
    """
    pictures = _pictures(images)
    if not chosen:
        raise TersenetError("There is no picture to draw.", got="an empty list")
    lines = 1 + max(caption.count("\n") for _, caption in chosen)
    columns = 2 if len(chosen) <= 4 else 3 if len(chosen) <= 9 else COLUMNS
    drawing, grid = _grid(len(chosen), columns, lines, title)
    for axes, (index, caption) in zip(grid, chosen, strict=True):
        _show(axes, pictures[index], pictures)
        axes.set_xlabel(caption, fontsize=SMALL, color=INK, labelpad=3, linespacing=1.1)
        if index in framed:
            for spine in axes.spines.values():
                spine.set_visible(True)
                spine.set_color(PURPLE)
                spine.set_linewidth(3)
    return drawing


def _caption(mistake: Mistake, classes: Sequence[str] | None, wrong: WrongLabel | None) -> str:
    guess = "none" if mistake.guess == NO_ANSWER else _name(mistake.guess, classes)
    truth = f"true {_name(mistake.label, classes)}"
    between = ", " if len(truth) + len(guess) <= 10 else "\n"  # one line holds 18 letters
    sure = "NaN" if math.isnan(mistake.probability) else f"{100 * mistake.probability:.1f} %"
    read = "" if wrong is None else f"\nlabel wrong: {_name(wrong.read, classes)}"
    return f"{truth}{between}guess {guess}\n{sure}, #{mistake.index}{read}"


def _name(number: int, classes: Sequence[str] | None, most: int = NAME) -> str:
    return str(number) if classes is None else one_line(classes[number], most)


def _pictures(images: Tensor) -> np.ndarray:
    """`[N, C, H, W]` as numpy, on the CPU."""
    pictures: np.ndarray = np.asarray(images.detach().cpu())
    if pictures.ndim == 3:
        pictures = pictures[:, None]
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise TersenetError(
            "These are not pictures.",
            got=f"shape {list(images.shape)}",
            expected="[N, H, W], [N, 1, H, W] or [N, 3, H, W]",
        )
    return pictures


def _grid(number: int, columns: int, lines: int, title: str) -> tuple[Drawing, list[Axes]]:
    """A drawing with `number` square places in rows of `columns`, and room for `lines` of words under each."""
    gap, top, below = 0.08, 0.36 if title else 0.08, LINE * lines + 0.12  # inches
    rows = -(-number // columns)
    side = (WIDTH - gap * (columns + 1)) / columns
    height = top + rows * (side + below)
    drawing = Drawing(height=height, title=title, layout=None)
    places = []
    for number_before in range(number):
        row, column = divmod(number_before, columns)
        left, bottom = gap + column * (side + gap), height - top - row * (side + below) - side
        places.append(drawing.add_axes((left / WIDTH, bottom / height, side / WIDTH, side / height)))
    return drawing, places


def _show(axes: Axes, picture: np.ndarray, scale: np.ndarray) -> None:
    """One picture `[C, H, W]` as the network sees it; the scale from dark to light is that of all `scale`."""
    low, high = (0.0, 255.0) if scale.dtype == np.uint8 else (float(scale.min()), float(scale.max()))
    draw_picture(axes, picture, low, high)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(GRID)
