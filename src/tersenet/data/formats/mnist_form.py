"""MNIST's form: light on dark, the digit fitted in 20×20 with its aspect kept, centred by mass in 28×28.

So the authors of MNIST made it (http://yann.lecun.com/exdb/mnist/); here it is done to any picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.data.formats.frames import inside_of_frame
from tersenet.data.formats.tones import two_tones

SIDE, BOX = 28, 20

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

BLANK = "The picture is blank."

_LARGEST = 256  # pixels a side to work on: twelve for each that is left in the end
_LEAST_CONTRAST = 0.08  # of the way from black to white; fainter pencil than this is paper
_EDGE = 0.15  # of the full ink: where the antialiased edge of a stroke begins
_PARTED = 0.8  # of the variance lies between ink and ground: in a shade 0.75 does, in noise 0.64
_FAR_APART = 0.55  # farther than the halves of a shade from black to white: of a thin 1, most pixels are edges
_FRAMES = 2  # one in the other
_SPECK = 0.05  # of the largest blot's ink: what is smaller is dust


@dataclass(frozen=True, eq=False)
class FittedDigit:
    """A picture in MNIST's form, and what its ink was like before it was fitted.

    `image` is uint8 `[28, 28]`; `second_mark` is what `second_mark` gives for the ink at full size.
    """

    image: NDArray[np.uint8]
    second_mark: float


def to_mnist_form(picture: Floats) -> NDArray[np.uint8]:
    """Bring a picture, float `[H, W, 3]` in 0..1, into MNIST's form: uint8 `[28, 28]`.

    What the border shows is background, even or shaded evenly from side to side; what differs from it is ink,
    whichever of the two is lighter and whatever their colours. Where ink touches the border, the two tones of the
    whole picture part ink and ground. Dust and a frame are left out. A picture that is in MNIST's form
    already comes out as it is. Raises TersenetError where there is no ink.

    >>> paper = np.ones((60, 90, 3), np.float32)
    >>> paper[10:50, 40:46] = 0.0, 0.2, 0.5
    >>> digit = to_mnist_form(paper)
    >>> digit.shape, int(digit[14, 14]), int(digit[14, 5])
    ((28, 28), 255, 0)
    """
    return fit_digit(picture).image


def fit_digit(picture: Floats) -> FittedDigit:
    """The same, with what is lost on the way: whether there were two marks side by side.

    >>> paper = np.ones((60, 90, 3), np.float32)
    >>> paper[10:50, 20:26] = paper[10:50, 50:56] = 0.0
    >>> fit_digit(paper).second_mark
    1.0
    """
    picture = _shrink(picture)
    ink, noise = _find_ink(picture)
    if ink.shape == (SIDE, SIDE) and noise == 0 and _is_in_form(ink):
        return FittedDigit(_to_bytes(ink), second_mark(ink))
    for _ in range(_FRAMES):
        inside = inside_of_frame(ink)
        if inside is None:
            break
        picture = picture[inside]
        ink, noise = _find_ink(picture)
    if float(ink.max()) < max(_LEAST_CONTRAST, 2 * noise):
        ink, noise = _require_tones(picture)
    ink = np.clip(ink - noise, 0, None)
    blots = _keep_blots(ink, ink > _EDGE * _full(ink, ink > 0.5 * ink.max()))
    ink = np.clip(ink * blots / _full(ink, blots), 0, 1)
    rows, columns = np.flatnonzero(blots.any(axis=1)), np.flatnonzero(blots.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return FittedDigit(_to_bytes(_centre(_fit(cut))), second_mark(ink))


def _require_tones(picture: Floats) -> tuple[Floats, float]:
    """Ink and noise by the picture's two tones, as its border is no ground; raise where there are no two tones."""
    tones = two_tones(picture)
    if tones.apart >= _LEAST_CONTRAST and (tones.parted >= _PARTED or tones.apart >= _FAR_APART):
        return tones.ink, min(3 * tones.spread, tones.apart / 2)
    if tones.apart < _LEAST_CONTRAST:
        got, expected = f"{tones.apart:.1%} between its two tones", f"{_LEAST_CONTRAST:.0%} of black to white or more"
    else:
        got = f"noise or a shade: two tones explain {tones.parted:.0%} of how its pixels differ"
        expected = f"{_PARTED:.0%} or more, as where ink and ground are apart"
    raise TersenetError(BLANK, got=got, expected=expected)


def second_mark(ink: Floats) -> float:
    """The ink of the second largest mark as a part of the largest one's, 0 to 1; 0 where there is one mark.

    `ink` is `[H, W]`, 0 where there is none. Marks are side by side: whole columns without ink separate them. (A
    digit whose pen was lifted, such as a 5, has its parts one above the other.)

    >>> ink = np.zeros((28, 28), np.float32)
    >>> ink[4:24, 4:8], ink[4:24, 12:14] = 1.0, 1.0
    >>> second_mark(ink)
    0.5
    """
    if not ink.any():
        return 0.0
    seen = ink * (ink > _EDGE * _full(ink, ink > 0.5 * ink.max()))
    columns = seen.sum(axis=0)
    edges = np.flatnonzero(np.diff(columns > 0, prepend=False, append=False))
    marks = sorted((float(columns[a:b].sum()) for a, b in zip(edges[::2], edges[1::2], strict=True)), reverse=True)
    return marks[1] / marks[0] if len(marks) > 1 else 0.0


def _shrink(picture: Floats) -> Floats:
    """The picture with its longer side at most `_LARGEST`: whole blocks averaged, which quiets noise too."""
    factor = -(-max(picture.shape[:2]) // _LARGEST)
    if factor == 1:
        return picture
    height, width = (max(1, side // factor) * factor for side in picture.shape[:2])
    padded = np.pad(
        picture, [(0, max(0, height - picture.shape[0])), (0, max(0, width - picture.shape[1])), (0, 0)], "edge"
    )
    blocks = padded[:height, :width].reshape(height // factor, factor, width // factor, factor, 3)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _find_ink(picture: Floats) -> tuple[Floats, float]:
    """How far each pixel differs from the background toward the ink's colour, `[H, W]`, and the noise in that."""
    difference = picture - _background(picture)
    distance = np.linalg.norm(difference, axis=2) / np.sqrt(3.0, dtype=np.float32)
    frame = _frame(distance.shape)
    marked = distance > max(0.3 * float(distance.max()), 3 * float(np.median(distance[frame])))
    if not marked.any():
        return distance, float(distance.max())
    toward = difference[marked].mean(axis=0)
    length = float(np.linalg.norm(toward)) / np.sqrt(3.0)
    if length > 0.25 * float(distance[marked].mean()):
        # One colour of ink: what differs the other way (a highlight beside dark ink) is none.
        signed = difference @ (toward / np.linalg.norm(toward)) / np.sqrt(3.0, dtype=np.float32)
    else:
        signed = distance
    spread = 1.4826 * float(np.median(np.abs(signed[frame])))  # the deviation, deaf to strokes that touch the border
    return np.clip(signed, 0, None), 3 * spread


def _background(picture: Floats) -> Floats:
    """The paper under the ink, `[H, W, 3]`: a plane through the pixels of the border that are not ink themselves."""
    height, width = picture.shape[:2]
    down, right = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    plane = np.stack([np.ones_like(down), down, right], axis=2)
    frame = _frame((height, width))
    middle = np.median(picture[frame], axis=0)
    off = np.abs(picture[frame] - middle).max(axis=1)
    paper = off <= max(2.5 * float(np.median(off)), 1 / 255)
    if not (off[paper] > 1 / 255).any():
        return np.broadcast_to(middle.astype(np.float32), picture.shape)
    slopes = np.linalg.lstsq(plane[frame][paper], picture[frame][paper].astype(np.float64), rcond=None)[0]
    return np.asarray(plane @ slopes, np.float32)


def _frame(shape: tuple[int, ...]) -> Mask:
    """The border of a picture: one pixel, or a fiftieth of the shorter side."""
    width = max(1, min(shape) // 50)
    frame = np.ones(shape, bool)
    frame[width:-width, width:-width] = False
    return frame


def _is_in_form(ink: Floats) -> bool:
    """Whether a 28×28 picture already is what this module makes."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows) or ink.max() < 0.95:
        return False
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    down, right = _centre_of_mass(ink)
    return bool(BOX - 1 <= longest <= BOX and abs(down - SIDE // 2) < 0.6 and abs(right - SIDE // 2) < 0.6)


def is_in_form(image: NDArray[np.uint8]) -> bool:
    """Whether bytes `[28, 28]` are what this module makes of a digit.

    >>> is_in_form(np.zeros((28, 28), np.uint8))
    False
    """
    ink = image.astype(np.float32) / np.float32(255)
    return image.shape == (SIDE, SIDE) and not ink[_frame(ink.shape)].any() and _is_in_form(ink)


def _full(ink: Floats, where: Mask) -> float:
    """What counts as full ink: most strokes are no darker, whatever a few pixels do."""
    return float(np.percentile(ink[where], 90))


def _keep_blots(ink: Floats, mask: Mask) -> Mask:
    """`mask` without the connected blots whose ink is a small part of the largest one's."""
    names = _name_blots(mask)
    weights = np.bincount(names.ravel(), ink.ravel())
    weights[0] = 0
    keep = weights >= _SPECK * weights.max()
    keep[0] = False
    return np.asarray(keep[names])


def _name_blots(mask: Mask) -> NDArray[np.intp]:
    """Number the connected (also corner to corner) parts of `mask` from 1; 0 is outside.

    Each row is cut into runs; a run takes the name of the runs it touches in the row above (union-find).
    """
    names = np.zeros(mask.shape, np.intp)
    parents = [0]

    def root(name: int) -> int:
        while parents[name] != name:
            parents[name] = name = parents[parents[name]]
        return name

    above: list[tuple[int, int, int]] = []
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False)).tolist()
        runs = []
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            touching = {root(name) for first, last, name in above if first <= stop and start <= last}
            name = min(touching, default=len(parents))
            if not touching:
                parents.append(name)
            for other in touching:
                parents[other] = name
            runs.append((start, stop, name))
            names[y, start:stop] = name
        above = runs
    return np.array([root(name) for name in range(len(parents))])[names]


def _fit(ink: Floats) -> Floats:
    """Resize so that the longer side is 20, antialiased; thin strokes are made as light as thick ones."""
    longest = max(ink.shape)
    height, width = (max(1, round(side * BOX / longest)) for side in ink.shape)
    kind = Image.Resampling.BOX if longest >= 2 * BOX else Image.Resampling.BICUBIC
    small = np.asarray(Image.fromarray(ink).resize((width, height), kind), np.float32)
    return np.asarray(np.clip(small / max(float(small.max()), 1e-6), 0, 1), np.float32)


def _centre(ink: Floats) -> Floats:
    """Place in 28×28 so that the centre of mass rounds to pixel (14, 14), as MNIST's does; nothing is cut off."""
    whole = np.zeros((SIDE, SIDE), np.float32)
    top, left = (
        min(max(round(SIDE // 2 - middle), 0), SIDE - side)
        for middle, side in zip(_centre_of_mass(ink), ink.shape, strict=True)
    )
    whole[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return whole


def _centre_of_mass(ink: Floats) -> tuple[float, float]:
    mass = float(ink.sum())
    down, right = (float(ink.sum(axis=1 - axis) @ np.arange(ink.shape[axis])) / mass for axis in (0, 1))
    return down, right


def _to_bytes(ink: Floats) -> NDArray[np.uint8]:
    return np.rint(ink * 255).astype(np.uint8)
