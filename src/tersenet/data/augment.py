"""Augmentation of whole batches: small random changes that leave a picture's class as it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.data.form import Beyond
from tersenet.data.pixels.colour import COLOUR_COLUMNS, change_colours
from tersenet.data.resample import control_points, crop_and_resize_as_pillow, rotate_as_pillow, smooth_field, warp

CHUNK = 1024  # pictures resampled at a time: what is in the making stays in the cache; any number gives the same bits

# The columns of a picture's row of random numbers. Every setting has its own, on or off, so that changing one leaves
# what the others draw as it was; the control points of `elastic` follow them and make the row longer.
CROP, ROTATION, SCALE, SHIFT_X, SHIFT_Y, SHEAR, ERASE, ERASE_TOP, ERASE_LEFT, ERASE_HEIGHT, ERASE_WIDTH = range(11)
COLUMNS = 11
# The columns of the settings that came later are the last of the row, and there only where one of these is on: what
# the older ones draw is as it was before.
FLIP, UPSIDE_DOWN, PADDING_X, PADDING_Y, CUTOUT_X, CUTOUT_Y = range(6)
LATER_COLUMNS = 6 + COLOUR_COLUMNS


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may happen to a training picture. Everything is off by default (`docs/augmentation.md`).

    All geometry (flips, crop, shear, scale, rotation, shift, elastic, in this order) is composed into one
    resampling. Then colours change, and parts are blanked. Raises `TersenetError` where a setting is out of range.

    >>> Augmentation(rotation=10, shift=0.08).rotation
    10
    >>> Augmentation(rotation=-3)
    Traceback (most recent call last):
    ...
    tersenet._errors.TersenetError: An augmentation setting cannot be used.
      got:      rotation = -3
      expected: a number from 0 to 180
      where:    Augmentation
    """

    crop_probability: float = 0.0
    """Probability that the middle of a picture is cut out and enlarged to the whole picture."""
    crop_size: int = 22  # just contains MNIST's digits, which fill 20×20
    """Side of that crop, in pixels."""
    rotation: float = 0.0  # 6 and 9 forbid large angles
    """Random rotation about the centre, up to ± this many degrees."""
    scale: float = 0.0
    """Random scaling: 0.1 gives 0.9 to 1.1 times the size."""
    shift: float = 0.0  # the margin around MNIST's digits is 4/28 = 0.14
    """Random shift, up to ± this fraction of the width sideways and of the height vertically."""
    shear: float = 0.0
    """Random shear: a row moves sideways by up to ± this fraction of its distance from the middle row."""
    elastic: float = 0.0
    """Elastic distortion: no point moves further than this many pixels along x or y; the usual move is 0.28 of it."""
    elastic_smoothness: float = 7.0  # a quarter of the picture bends strokes smoothly
    """Pixels between the control points of the distortion: more makes it smoother."""
    erase_probability: float = 0.0
    """Probability that a rectangle is erased."""
    erase_size: int = 8  # breaks a stroke, loses no digit
    """Its longest side, in pixels; each side is drawn between half of this and this."""
    flip_probability: float = 0.0  # digits, letters and arrows change their meaning
    """Probability that left and right change places."""
    upside_down_probability: float = 0.0  # most things have an upper side
    """Probability that top and bottom change places."""
    crop_padding: int = 0  # 4 is usual for pictures of 32×32
    """Random shift by up to ± this many whole pixels each way: a crop out of the padded picture."""
    brightness: float = 0.0
    """Brightness: every channel is multiplied by 1 ± this."""
    contrast: float = 0.0
    """Contrast: the distance from the picture's mean lightness is multiplied by 1 ± this."""
    saturation: float = 0.0
    """Saturation: the distance from grey is multiplied by 1 ± this."""
    hue: float = 0.0  # classes may differ by colour
    """Hue: colours turn by up to ± this fraction of the colour circle."""
    cutout_size: int = 0
    """Side of a square that is blanked in every picture, in pixels; it may stick out of the picture. 0: none."""
    mixup: float = 0.0  # 0.2 to 0.4 are usual
    """Mixup: each picture and its label are mixed with another of the batch, in a share drawn from Beta(a, a), where
    a is this number. 0: none."""
    interpolation: Literal["bilinear", "nearest"] = "bilinear"  # keeps the strokes' grey edges
    """Resampling: bilinear, or nearest, which makes no new grey values."""
    exact: bool = False  # one resampling blurs less, and takes the other settings too
    """Crop and rotation byte for byte as torchvision makes them on PIL images, in two steps; all other geometry
    must be 0."""

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            kind, types = ("a whole number", int) if name in _WHOLE else ("a number", int | float)
            is_number = isinstance(value, types) and not isinstance(value, bool)
            if not is_number or not low <= value <= high:  # NaN is in no range
                raise _misfit(f"{name} = {value!r}", f"{kind} from {low} to {high}")
        if self.interpolation not in ("bilinear", "nearest"):
            raise _misfit(f"interpolation = {self.interpolation!r}", "bilinear or nearest")
        if self.exact:
            extra = [name for name in _NOT_EXACT if getattr(self, name)]
            if extra:
                raise _misfit(f"exact = True with {', '.join(extra)}", "exact with crop, rotation and erase only")

    @property
    def moves(self) -> bool:
        """Whether any geometry is on."""
        older = (self.crop_probability, self.rotation, self.scale, self.shift, self.shear, self.elastic)
        return any((*older, self.flip_probability, self.upside_down_probability, self.crop_padding))

    @property
    def colours(self) -> bool:
        """Whether colours or lightness change."""
        return any((self.brightness, self.contrast, self.saturation, self.hue))

    @property
    def active(self) -> bool:
        """Whether anything is on at all."""
        return self.moves or self.colours or any((self.erase_probability, self.cutout_size, self.mixup))


_WHOLE = ("crop_size", "erase_size", "cutout_size", "crop_padding")
_NOT_EXACT = (
    "scale",
    "shift",
    "shear",
    "elastic",
    "flip_probability",
    "upside_down_probability",
    "crop_padding",
)
_LATER = ("flip_probability", "upside_down_probability", "crop_padding", "cutout_size")
_LIMITS = {
    "crop_probability": (0, 1),
    "crop_size": (1, 10_000),
    "rotation": (0, 180),
    "scale": (0, 0.9),
    "shift": (0, 1),
    "shear": (0, 2),
    "elastic": (0, 100),
    "elastic_smoothness": (1, 1_000),
    "erase_probability": (0, 1),
    "erase_size": (1, 10_000),
    "flip_probability": (0, 1),
    "upside_down_probability": (0, 1),
    "crop_padding": (0, 10_000),
    "brightness": (0, 1),
    "contrast": (0, 1),
    "saturation": (0, 1),
    "hue": (0, 0.5),
    "cutout_size": (0, 10_000),
    "mixup": (0, 100),
}


def _misfit(got: str, expected: str) -> TersenetError:
    return TersenetError("An augmentation setting cannot be used.", got=got, expected=expected, where="Augmentation")


POLICY_A = Augmentation(crop_probability=0.1, crop_size=22, rotation=15)
"""The augmentation of two course networks: one picture in ten is cropped and enlarged, all are turned."""


def affine_maps(images_nchw: Tensor, policy: Augmentation, generator: torch.Generator) -> Tensor | None:
    """`[N, 2, 3]`: where each pixel of each picture comes from (see `warp`), where a policy does nothing else.

    None, and nothing drawn, where a policy also bends, blanks, changes colours, takes the nearest pixel or follows
    Pillow. The numbers drawn are those of `augment`.
    """
    images_nchw = checked_pictures(images_nchw, policy)
    blanks = policy.erase_probability or policy.cutout_size
    other = policy.elastic or policy.colours or blanks or policy.exact or policy.interpolation != "bilinear"
    if not policy.moves or other:
        return None
    return _backward_map(images_nchw, policy, _draw(images_nchw, policy, generator))


def augment(
    images_nchw: Tensor,
    policy: Augmentation,
    generator: torch.Generator,
    *,
    beyond: Beyond = "zeros",
    fill: Sequence[float] = (0.0,),
) -> Tensor:
    """Every picture changed in its own way: uint8 `[N, C, H, W]` in, float32 of the same shape in 0..1 out.

    Grey pictures may be given as `[N, H, W]`. `beyond` the edges of a picture that moves there is black, or the
    colour of the nearest edge (`border`); what is blanked becomes `fill`, one figure per channel or one for all.
    (Pictures are mixed where their labels are: in the batches of a training.)

    With everything off this is `images / 255` and draws nothing. The result depends on the pictures, the policy and
    the state of `generator` alone, not on the number of threads; with a CPU generator a chunk of pictures gives what
    its batches, one after the other, give. With `policy.exact` the crop is resized bilinearly and rounded, then the
    rotation takes the nearest pixel, as `CenterCrop`, `Resize` and `RandomRotation` of torchvision do on PIL images;
    `policy.interpolation` has no say there.

    >>> pictures = torch.full((2, 1, 28, 28), 255, dtype=torch.uint8)
    >>> augment(pictures, POLICY_A, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 28, 28])
    """
    images_nchw = checked_pictures(images_nchw, policy)
    if len(images_nchw) <= CHUNK:
        return _augment_chunk(images_nchw, policy, generator, beyond, fill)
    augmented = torch.empty(images_nchw.shape, device=images_nchw.device)
    for first in range(0, len(images_nchw), CHUNK):
        chunk = slice(first, first + CHUNK)
        augmented[chunk] = _augment_chunk(images_nchw[chunk], policy, generator, beyond, fill)
    return augmented


def checked_pictures(images: Tensor, policy: Augmentation) -> Tensor:
    """The pictures as `[N, C, H, W]`; raises TersenetError where they are not bytes, or a setting does not fit."""
    images_nchw = images.unsqueeze(1) if images.ndim == 3 else images
    if images_nchw.dtype != torch.uint8 or images_nchw.ndim != 4:
        raise TersenetError(
            "Augmentation needs pictures as bytes.",
            got=f"{images.dtype} {list(images.shape)}",
            expected="torch.uint8 [N, C, H, W]",
        )
    check_sizes(policy, *images_nchw.shape[2:])
    return images_nchw


def check_sizes(policy: Augmentation, height: int, width: int) -> None:
    """Raise TersenetError where a crop, a padding or a blanked part is larger than the pictures.

    >>> check_sizes(Augmentation(crop_probability=0.5, crop_size=29), 28, 28)
    Traceback (most recent call last):
    tersenet._errors.TersenetError: An augmentation does not fit the pictures.
      got:      crop_size = 29 with pictures of [28, 28]
      expected: crop_size of at most 28
    """
    smaller = min(height, width)
    for name, used in (
        ("crop_size", policy.crop_probability),
        ("erase_size", policy.erase_probability),
        ("crop_padding", policy.crop_padding),
        ("cutout_size", policy.cutout_size),
    ):
        if used > 0 and getattr(policy, name) > smaller:
            raise TersenetError(
                "An augmentation does not fit the pictures.",
                got=f"{name} = {getattr(policy, name)} with pictures of {[height, width]}",
                expected=f"{name} of at most {smaller}",
            )


def _augment_chunk(
    images_nchw: Tensor, policy: Augmentation, generator: torch.Generator, beyond: Beyond, fill: Sequence[float]
) -> Tensor:
    if not policy.active:
        return images_nchw / 255
    draws_nc = _draw(images_nchw, policy, generator)
    if policy.exact:
        images = _move_as_pillow(images_nchw, policy, draws_nc) / 255
    else:
        images = images_nchw / 255
        if policy.moves:
            images = warp(
                images,
                _backward_map(images_nchw, policy, draws_nc),
                displacement_n2hw=_displacement(images_nchw, policy, draws_nc) if policy.elastic else None,
                interpolation=policy.interpolation,
                beyond=beyond,
            )
    if policy.colours:
        images = change_colours(
            images,
            draws_nc[:, -COLOUR_COLUMNS:],
            brightness=policy.brightness,
            contrast=policy.contrast,
            saturation=policy.saturation,
            hue=policy.hue,
        )
    blanked = []
    if policy.erase_probability:
        blanked.append(_rectangle(images_nchw, policy, draws_nc))
    if policy.cutout_size:
        blanked.append(_square(images_nchw, policy, _later(draws_nc)))
    for part_nhw in blanked:
        images = torch.where(part_nhw[:, None], images.new_tensor(fill).view(-1, 1, 1), images)
    return images


def _draw(images_nchw: Tensor, policy: Augmentation, generator: torch.Generator) -> Tensor:
    """All the chunk's random numbers in one call, uniform in [0, 1), one row per picture."""
    count, _, height, width = images_nchw.shape
    columns = COLUMNS
    if policy.colours or any(getattr(policy, name) for name in _LATER):
        columns += LATER_COLUMNS
    if policy.elastic:
        columns += (
            2 * control_points(height, policy.elastic_smoothness) * control_points(width, policy.elastic_smoothness)
        )
    draws = torch.rand(count, columns, generator=generator, device=generator.device)
    return draws.to(images_nchw.device)


def _later(draws_nc: Tensor) -> Tensor:
    """The last columns of a row, those of the later settings."""
    return draws_nc[:, -LATER_COLUMNS:]


def _backward_map(images_nchw: Tensor, policy: Augmentation, draws_nc: Tensor) -> Tensor:
    """`[N, 2, 3]`: where each output pixel comes from, in pixels from the centre.

    Forward, a point is flipped (F), cropped (Z), slanted (H), scaled (k), turned (R) and shifted (t):
    p' = R·k·H·Z·F·p + t. Backward, p = F·Z⁻¹·H⁻¹·k⁻¹·R⁻¹·(p' − t), with y pointing down and the angle
    counter-clockwise as the eye sees it.
    """
    height, width = images_nchw.shape[2:]
    between = draws_nc * 2 - 1  # uniform in −1 .. 1
    angle = between[:, ROTATION] * math.radians(policy.rotation)
    size = 1 + between[:, SCALE] * policy.scale
    cos, sin = angle.cos() / size, angle.sin() / size
    slant = between[:, SHEAR] * policy.shear
    cropped = draws_nc[:, CROP] < policy.crop_probability
    zoom_x = torch.where(cropped, policy.crop_size / width, 1.0)
    zoom_y = torch.where(cropped, policy.crop_size / height, 1.0)
    xx, xy = zoom_x * (cos - slant * sin), zoom_x * (-sin - slant * cos)
    yx, yy = zoom_y * sin, zoom_y * cos
    shift_x = between[:, SHIFT_X] * (policy.shift * width)
    shift_y = between[:, SHIFT_Y] * (policy.shift * height)
    if policy.crop_padding:
        steps = 2 * policy.crop_padding + 1
        shift_x = shift_x + (_later(draws_nc)[:, PADDING_X] * steps).floor() - policy.crop_padding
        shift_y = shift_y + (_later(draws_nc)[:, PADDING_Y] * steps).floor() - policy.crop_padding
    to_x, to_y = -(xx * shift_x + xy * shift_y), -(yx * shift_x + yy * shift_y)
    backward_n23 = torch.stack([xx, xy, to_x, yx, yy, to_y], dim=1).view(-1, 2, 3)
    for row, column, probability in (
        (0, FLIP, policy.flip_probability),
        (1, UPSIDE_DOWN, policy.upside_down_probability),
    ):
        if probability:
            flipped = _later(draws_nc)[:, column] < probability
            backward_n23[:, row] *= torch.where(flipped, -1.0, 1.0)[:, None]
    return backward_n23


def _displacement(images_nchw: Tensor, policy: Augmentation, draws_nc: Tensor) -> Tensor:
    """`[N, 2, H, W]`: a smooth field of moves in pixels, at most `policy.elastic` along x and along y."""
    count, _, height, width = images_nchw.shape
    spacing = policy.elastic_smoothness
    count_of_controls = 2 * control_points(height, spacing) * control_points(width, spacing)
    controls = (draws_nc[:, COLUMNS : COLUMNS + count_of_controls] * 2 - 1) * policy.elastic
    controls_ckl = controls.view(-1, control_points(height, spacing), control_points(width, spacing))
    return smooth_field(controls_ckl, height, width, spacing).view(count, 2, height, width)


def _move_as_pillow(images_nchw: Tensor, policy: Augmentation, draws_nc: Tensor) -> Tensor:
    """Every channel by itself, as Pillow does it."""
    cropped = (draws_nc[:, CROP] < policy.crop_probability).nonzero().squeeze(1)
    if len(cropped):
        planes = crop_and_resize_as_pillow(images_nchw[cropped].flatten(0, 1), policy.crop_size)
        images_nchw = images_nchw.index_copy(0, cropped, planes.view(-1, *images_nchw.shape[1:]))
    if policy.rotation:
        angles = (draws_nc[:, ROTATION].double() * 2 - 1) * policy.rotation
        turned = rotate_as_pillow(images_nchw.flatten(0, 1), angles.repeat_interleave(images_nchw.shape[1]))
        images_nchw = turned.view(images_nchw.shape)
    return images_nchw


def _rectangle(images_nchw: Tensor, policy: Augmentation, draws_nc: Tensor) -> Tensor:
    """bool `[N, H, W]`: what is blanked, a rectangle inside the picture, or nothing."""
    inside = []
    for size, start, side in zip(
        images_nchw.shape[2:], (ERASE_TOP, ERASE_LEFT), (ERASE_HEIGHT, ERASE_WIDTH), strict=True
    ):
        shortest = (policy.erase_size + 1) // 2
        length = shortest + (draws_nc[:, side] * (policy.erase_size - shortest + 1)).floor()
        first = (draws_nc[:, start] * (size - length + 1)).floor()
        at = torch.arange(size, device=images_nchw.device)
        inside.append((at >= first[:, None]) & (at < (first + length)[:, None]))
    rows, columns = inside
    rows &= (draws_nc[:, ERASE] < policy.erase_probability)[:, None]
    return rows[:, :, None] & columns[:, None, :]


def _square(images_nchw: Tensor, policy: Augmentation, later_nc: Tensor) -> Tensor:
    """bool `[N, H, W]`: a square whose middle is anywhere in the picture."""
    inside = []
    for size, middle in zip(images_nchw.shape[2:], (CUTOUT_Y, CUTOUT_X), strict=True):
        first = (later_nc[:, middle] * size).floor() - policy.cutout_size // 2
        at = torch.arange(size, device=images_nchw.device)
        inside.append((at >= first[:, None]) & (at < (first + policy.cutout_size)[:, None]))
    rows, columns = inside
    return rows[:, :, None] & columns[:, None, :]
