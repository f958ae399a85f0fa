"""Small data sets that code draws, for a measurement: digits, symbols, shapes, colours and textures.

Each maker gives pictures uint8 `[N, H, W]` or `[N, H, W, 3]` and labels `[N]`, from a seed. Every picture is drawn by
itself: place, size, angle, colours and background are its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tersenet.data import draw_synthetic, load_data

Bytes = NDArray[np.uint8]
Numbers = np.random.Generator
Colour = tuple[int, int, int]
Points = list[tuple[float, float]]

FINER = 4  # pictures are drawn this many times larger, then reduced
SHAPES = ("circle", "square", "triangle", "star", "cross")
TEXTURES = ("bricks", "cloth", "clouds", "grass", "pebbles", "wood")


@dataclass(frozen=True, kw_only=True)
class MadeSet:
    """A set: what it shows, how many pictures it has by default, and what draws them."""

    about: str
    count: int
    classes: tuple[str, ...]
    draw: Callable[[int, int], tuple[Bytes, Bytes]]

    def save(self, path: Path, *, count: int | None = None, seed: int = 0) -> Path:
        """Write `count` pictures to an .npz file that `tersenet train --data` takes."""
        images, labels = self.draw(count or self.count, seed)
        np.savez(path, images=images, labels=labels, classes=np.array(self.classes))
        return path

    def size(self, path: Path) -> str:
        """How many pictures are for training and for the test, and their form, as cells of a table."""
        dataset = load_data(str(path))
        return f"{len(dataset.train):,} + {len(dataset.test):,} | {dataset.form.spelled}"


def digits(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Drawn digits in MNIST's form, 28×28."""
    split, _ = draw_synthetic(seed=seed + 1000, train=count, test=0)
    return split.images[:, 0].numpy(), split.labels.numpy().astype(np.uint8)


def small_digits(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Drawn digits that fill 16×16, as those of USPS do: the 20×20 box and a pixel around it, reduced."""
    images, labels = digits(count, seed + 1)
    cut = [Image.fromarray(image).crop((3, 3, 25, 25)).resize((16, 16), Image.Resampling.BOX) for image in images]
    return np.stack([np.asarray(image) for image in cut]), labels


def colours(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """A blob on a grey ground, 24×24: red, green or blue, all equally light once the colour is gone."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    return np.stack([_blob(numbers, int(label)) for label in labels]), labels.astype(np.uint8)


def shapes(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Five shapes of any colour on cluttered colour backgrounds, 32×32."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(count) % len(SHAPES)
    return np.stack([_shape(numbers, SHAPES[label], 32) for label in labels]), labels.astype(np.uint8)


def plain_shapes(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Five shapes on a plain ground, 28×28."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(count) % len(SHAPES)
    return np.stack([_shape(numbers, SHAPES[label], 28, clutter=0) for label in labels]), labels.astype(np.uint8)


def large_shapes(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """The same, 64×64."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(count) % len(SHAPES)
    return np.stack([_shape(numbers, SHAPES[label], 64) for label in labels]), labels.astype(np.uint8)


def textures(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Six materials as a camera sees them, 48×48: any light, colour, scale and angle, and noise."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(count) % len(TEXTURES)
    return np.stack([_texture(numbers, TEXTURES[label]) for label in labels]), labels.astype(np.uint8)


def symbols(count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Sixty symbols of three strokes each, written by an unsteady hand, 28×28."""
    plans = np.random.default_rng(60).uniform(0.12, 0.88, (60, 3, 3, 2))  # strokes of three points, for all seeds
    numbers = np.random.default_rng(seed)
    labels = np.arange(count) % len(plans)
    return np.stack([_symbol(numbers, plans[label]) for label in labels]), labels.astype(np.uint8)


MADE_SETS = {
    "digits": MadeSet(about="drawn digits", count=1200, classes=tuple("0123456789"), draw=digits),
    "usps": MadeSet(about="digits as USPS's", count=2400, classes=tuple("0123456789"), draw=small_digits),
    "colours": MadeSet(
        about="three colours of one lightness", count=600, classes=("blue", "green", "red"), draw=colours
    ),
    "plain-shapes": MadeSet(about="five shapes on a plain ground", count=1002, classes=SHAPES, draw=plain_shapes),
    "shapes": MadeSet(about="five shapes on clutter", count=1002, classes=SHAPES, draw=shapes),
    "large-shapes": MadeSet(about="the same, larger", count=1002, classes=SHAPES, draw=large_shapes),
    "textures": MadeSet(about="six materials", count=900, classes=TEXTURES, draw=textures),
    "symbols": MadeSet(
        about="sixty symbols", count=3600, classes=tuple(f"s{number:02}" for number in range(60)), draw=symbols
    ),
}


def _blob(numbers: Numbers, label: int) -> Bytes:
    # The weights of lightness (ITU-R 601): a colour's channels are moved without changing the weighted sum.
    weights = np.array([0.114, 0.587, 0.299])[::-1]
    level = numbers.uniform(90, 160)
    kind = np.eye(3)[2 - label]
    push = kind - (kind @ weights) * np.ones(3)
    colour = np.clip(level + push * numbers.uniform(40, 80), 0, 255)
    side = 24 * FINER
    canvas = Image.new("RGB", (side, side), _grey(numbers, 60, 190))
    draw = ImageDraw.Draw(canvas)
    for _ in range(4):
        draw.ellipse(_box(numbers, side, 0.1, 0.3), fill=_grey(numbers, 60, 190))
    draw.ellipse(_box(numbers, side, 0.35, 0.6), fill=_as_colour(colour))
    return _finished(canvas, 24, numbers, noise=6)


def _shape(numbers: Numbers, kind: str, side: int, clutter: int = 12) -> Bytes:
    large = side * FINER
    canvas = Image.new("RGB", (large, large), _dull_colour(numbers))
    draw = ImageDraw.Draw(canvas)
    for _ in range(clutter):
        if numbers.random() < 0.5:
            points = [tuple(numbers.uniform(0, large, 2)) for _ in range(2)]
            draw.line(points, fill=_dull_colour(numbers), width=int(large * numbers.uniform(0.01, 0.06)))
        else:
            draw.rectangle(_box(numbers, large, 0.05, 0.2), fill=_dull_colour(numbers))
    # Bright in one channel at least, as a sign is; which one says nothing of the shape.
    colour = _as_colour(np.maximum(numbers.uniform(60, 255, 3), 230 * np.eye(3)[numbers.integers(3)]))
    radius = large * numbers.uniform(0.2, 0.32)
    centre = numbers.uniform(radius, large - radius, 2)
    turn = numbers.uniform(-math.pi, math.pi) if kind == "circle" else numbers.uniform(-0.5, 0.5)
    draw.polygon(_outline(kind, centre, radius, turn), fill=colour)
    return _finished(canvas, side, numbers, noise=8)


def _outline(kind: str, centre: NDArray[np.float64], radius: float, turn: float) -> Points:
    if kind == "circle":
        corners = [(1.0, 2 * math.pi * step / 40) for step in range(40)]
    elif kind == "square":
        corners = [(1.0, math.pi / 4 + math.pi / 2 * step) for step in range(4)]
    elif kind == "triangle":
        corners = [(1.1, -math.pi / 2 + 2 * math.pi / 3 * step) for step in range(3)]
    elif kind == "star":
        corners = [(1.15 if step % 2 == 0 else 0.45, -math.pi / 2 + math.pi / 5 * step) for step in range(10)]
    else:
        arm = 0.3
        flat = [(arm, 1), (arm, arm), (1, arm), (1, -arm), (arm, -arm), (arm, -1), (-arm, -1), (-arm, -arm)]
        flat += [(-1, -arm), (-1, arm), (-arm, arm), (-arm, 1)]
        corners = [(math.hypot(x, y), math.atan2(y, x)) for x, y in flat]
    return [
        (centre[0] + radius * far * math.cos(angle + turn), centre[1] + radius * far * math.sin(angle + turn))
        for far, angle in corners
    ]


def _texture(numbers: Numbers, kind: str) -> Bytes:
    side, large = 48, 128
    rows, columns = np.mgrid[0:large, 0:large].astype(np.float64)
    angle = numbers.uniform(-0.35, 0.35)
    along = columns * math.cos(angle) + rows * math.sin(angle)
    across = rows * math.cos(angle) - columns * math.sin(angle)
    size = numbers.uniform(0.8, 1.3)
    if kind == "bricks":
        height, width = 18 * size, 42 * size
        row = np.floor(across / height)
        inside = ((along + row % 2 * width / 2) % width > 3) & (across % height > 3)
        light = np.where(inside, 0.6 + 0.08 * np.sin(row * 7), 0.25)
    elif kind == "cloth":
        period = 9 * size
        light = 0.5 + 0.2 * np.sin(along * 2 * math.pi / period) * np.sign(np.sin(across * 2 * math.pi / period))
    elif kind == "clouds":
        light = 0.5 + 0.35 * _smooth_noise(numbers, large, 22 * size)
    elif kind == "grass":
        light = 0.45 + 0.3 * _smooth_noise(numbers, large, 2.0 * size, stretch=9)
    elif kind == "pebbles":
        centres = numbers.uniform(0, large, (int(55 / size**2), 2))
        far = np.sqrt(((np.stack([rows, columns], -1)[:, :, None] - centres) ** 2).sum(-1))
        nearest = np.sort(far, axis=2)
        light = np.clip((nearest[:, :, 1] - nearest[:, :, 0]) / 9, 0, 1) * 0.5 + 0.2
    else:
        bend = 6 * _smooth_noise(numbers, large, 30)
        light = (
            0.5 + 0.18 * np.sin((across + bend) * 2 * math.pi / (11 * size)) + 0.05 * _smooth_noise(numbers, large, 3)
        )
    shade = 1 + 0.25 * (columns / large - 0.5) * numbers.uniform(-1, 1) + 0.25 * (rows / large - 0.5)
    light = np.clip(light * shade * numbers.uniform(0.7, 1.25), 0, 1)
    dark, bright = numbers.uniform(0, 0.35, 3), numbers.uniform(0.6, 1, 3)  # colour says nothing of the material
    picture = dark + light[:, :, None] * (bright - dark)
    canvas = Image.fromarray((picture * 255).astype(np.uint8))
    return _finished(canvas, side, numbers, noise=8)


def _smooth_noise(numbers: Numbers, side: int, scale: float, stretch: float = 1) -> NDArray[np.float64]:
    """Noise between about −1 and 1, smooth over `scale` pixels; `stretch` times as far along the rows."""
    spectrum = np.fft.rfft2(numbers.standard_normal((side, side)))
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    spectrum *= np.exp(-((across * scale) ** 2 + (down * scale * stretch) ** 2) * 4)
    field = np.fft.irfft2(spectrum, (side, side))
    return np.asarray(field / (np.abs(field).max() + 1e-9))


def _symbol(numbers: Numbers, plan: NDArray[np.float64]) -> Bytes:
    large = 28 * FINER
    canvas = Image.new("L", (large, large), 0)
    draw = ImageDraw.Draw(canvas)
    angle, size = numbers.uniform(-0.2, 0.2), numbers.uniform(0.8, 1.05)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) * size
    moved = (plan - 0.5 + numbers.normal(0, 0.03, plan.shape)) @ turn + 0.5 + numbers.uniform(-0.05, 0.05, 2)
    width = int(large * numbers.uniform(0.05, 0.09))
    for first, middle, last in moved * large:
        steps = np.linspace(0, 1, 12)[:, None]
        curve = (1 - steps) ** 2 * first + 2 * steps * (1 - steps) * middle + steps**2 * last
        draw.line([tuple(point) for point in curve], fill=255, width=width, joint="curve")
    return np.asarray(canvas.resize((28, 28), Image.Resampling.BOX))


def _finished(canvas: Image.Image, side: int, numbers: Numbers, noise: float) -> Bytes:
    """Reduced, a little blurred, with the noise of a camera."""
    small = canvas.resize((side, side), Image.Resampling.BOX).filter(
        ImageFilter.GaussianBlur(numbers.uniform(0, 0.6))
    )
    values = np.asarray(small, np.float64) + numbers.normal(0, noise, (side, side, 3))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _box(numbers: Numbers, side: int, least: float, most: float) -> tuple[float, float, float, float]:
    width, height = side * numbers.uniform(least, most, 2)
    left, top = numbers.uniform(0, side - width), numbers.uniform(0, side - height)
    return left, top, left + width, top + height


def _grey(numbers: Numbers, low: int, high: int) -> Colour:
    return (int(numbers.integers(low, high)),) * 3


def _dull_colour(numbers: Numbers) -> Colour:
    return _as_colour(numbers.uniform(10, 130, 3))


def _as_colour(values: NDArray[np.float64]) -> Colour:
    red, green, blue = (int(value) for value in values)
    return red, green, blue
