"""Which form the pictures of a folder are read in, and the pictures in it."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tersenet._errors import TersenetError
from tersenet.data.form import LARGEST, MNIST_FORM, SMALLEST, Form
from tersenet.data.formats.folder_name import with_form
from tersenet.data.formats.mnist_form import is_in_form
from tersenet.data.formats.read_picture import picture_size, read_picture

Image = NDArray[np.uint8]
Size = tuple[int, int]  # height and width

USUAL_SIDE = 32  # of pictures that are larger than a form may be, and of which no size was asked for
_NAMED = 4  # sizes that an error names


@dataclass(frozen=True, eq=False)
class ReadPictures:
    """Each picture, `[C, H, W]`, or why it cannot be read; their form, its figures not measured; what was chosen."""

    images: dict[Path, Image | TersenetError]
    form: Form
    chosen: str | None


def read_pictures(files: Sequence[Path], word: str, *, name: str, form: Form | None = None) -> ReadPictures:
    """Read picture files in the form that `word` says; with `form` in that one, whatever the word says.

    `mnist`: every digit is cut out, fitted and centred. `3x32x32` or `1x28x28`: every picture is fitted into this
    size, in colours or grey. `resize`: into the size that most have, in colours where there are any. `auto`: as
    they are, where all have one size of 8×8 to 96×96; what is chosen is said in one line.

    Raises TersenetError where a form is not known, and for `auto` where the pictures differ in size or are too large.
    """
    if form is not None:
        return ReadPictures(_read(files, form), form, None)
    if word == "mnist":
        return ReadPictures(_read(files, MNIST_FORM), MNIST_FORM, None)
    asked = None if word in ("auto", "resize") else _size_in(word, name)
    if asked is not None:
        form = _unmeasured(*asked)
        return ReadPictures(_read(files, form), form, None)
    sizes = _sizes(files)
    height, width = _one_size(sizes, name) if word == "auto" else _usual_size(sizes)
    images = _read(files, _unmeasured(3, height, width))
    whole = [image for image in images.values() if not isinstance(image, TersenetError)]
    coloured = any((image != image[:1]).any() for image in whole)
    form = _unmeasured(3 if coloured else 1, height, width)
    how = "in colours" if coloured else "grey"
    if not coloured:
        images = {file: image if isinstance(image, TersenetError) else image[:1] for file, image in images.items()}
    chosen = f"Form {form.spelled}: the pictures as they are, all of one size, {how}."
    if word == "resize":
        chosen = f"Form {form.spelled}: every picture fitted into one size, {how}."
    elif form.size == MNIST_FORM.size and whole and all(is_in_form(image[0]) for image in whole):
        form = MNIST_FORM
        chosen = f"Form {form.spelled} (mnist): all pictures are digits in MNIST's form already."
    return ReadPictures(images, form, chosen)


def _read(files: Sequence[Path], form: Form) -> dict[Path, Image | TersenetError]:
    images: dict[Path, Image | TersenetError] = {}
    for file in files:
        try:
            images[file] = read_picture(file, form)
        except TersenetError as error:
            images[file] = error
    return images


def _sizes(files: Sequence[Path]) -> Counter[Size]:
    """The sizes of the pictures whose beginning can be read, as they stand upright."""
    sizes: Counter[Size] = Counter()
    for file in files:
        try:
            sizes[picture_size(file)] += 1
        except TersenetError:
            continue  # said when the whole picture is read
    return sizes


def _usual_size(sizes: Counter[Size]) -> Size:
    if not sizes:
        return USUAL_SIDE, USUAL_SIDE
    height, width = sizes.most_common(1)[0][0]
    if max(height, width) > LARGEST or min(height, width) < SMALLEST:
        scale = USUAL_SIDE / max(height, width)
        height, width = (max(SMALLEST, round(side * scale)) for side in (height, width))
    return height, width


def _one_size(sizes: Counter[Size], name: str) -> Size:
    if len(sizes) > 1:
        named = ", ".join(f"{width}×{height} ({count})" for (height, width), count in sizes.most_common(_NAMED))
        raise TersenetError(
            "The pictures differ in size: say how they are to be read.",
            got=named + (f", … {len(sizes)} sizes in all" if len(sizes) > _NAMED else ""),
            expected="pictures of one size, or a form",
            where=name,
            hint=_ways(name, _usual_size(sizes)),
        )
    height, width = next(iter(sizes), (USUAL_SIDE, USUAL_SIDE))
    if not (min(height, width) >= SMALLEST and max(height, width) <= LARGEST):
        raise TersenetError(
            "The pictures are not of a size that networks are given: say how they are to be read.",
            got=f"{width}×{height} pixels",
            expected=f"{SMALLEST}×{SMALLEST} to {LARGEST}×{LARGEST}, or a form",
            where=name,
            hint=_ways(name, _usual_size(sizes)),
        )
    return height, width


def _ways(name: str, size: Size) -> str:
    cut, resized = (shlex.quote(with_form(name, form)) for form in ("mnist", f"3x{size[0]}x{size[1]}"))
    return (
        f"where each shows a digit or a letter, cut out as MNIST's were: --data {cut}\n"
        f"other pictures, fitted into one size (1x… for grey): --data {resized}"
    )


def _size_in(word: str, name: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"([13])[x×]([0-9]{1,4})[x×]([0-9]{1,4})", word)
    if found is not None:
        channels, height, width = map(int, found.groups())
        if min(height, width) >= SMALLEST and max(height, width) <= LARGEST:
            return channels, height, width
    raise TersenetError(
        "Pictures cannot be read in this form.",
        got=f"form={word}",
        expected=f"auto, mnist, resize, or CHANNELSxHEIGHTxWIDTH: 1 or 3 channels, sides of {SMALLEST} to {LARGEST}, "
        "as in 3x32x32",
        where=name,
    )


def _unmeasured(channels: int, height: int, width: int) -> Form:
    nothing, all_of_it = (0.0,) * channels, (1.0,) * channels
    return Form(channels=channels, height=height, width=width, mean=nothing, deviation=all_of_it)
