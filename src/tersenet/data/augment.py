"""Augmentation of whole batches: small random changes that leave a picture's class as it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.data.form import Beyond
from tersenet.data.resample import control_points, crop_and_resize_as_pillow, rotate_as_pillow, smooth_field, warp

CHUNK = 1024  # pictures resampled at a time: what is in the making stays in the cache; any number gives the same bits

# The columns of a picture's row of random numbers. Every setting has its own, on or off, so that changing one leaves
# what the others draw as it was; the control points of `elastic` follow them and make the row longer.
CROP, ROTATION, SCALE, SHIFT_X, SHIFT_Y, SHEAR, ERASE, ERASE_TOP, ERASE_LEFT, ERASE_HEIGHT, ERASE_WIDTH = range(11)
COLUMNS = 11


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What may happen to a training picture. Everything is off by default (`docs/augmentation.md`).

    All geometry (crop, shear, scale, rotation, shift, elastic, in this order) is composed into one resampling with
    fill 0. Raises `TersenetError` where a setting is out of range.

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
    interpolation: Literal["bilinear", "nearest"] = "bilinear"  # keeps the strokes' grey edges
    """Resampling: bilinear, or nearest, which makes no new grey values."""
    exact: bool = False  # one resampling blurs less, and takes the other settings too
    """Crop and rotation byte for byte as torchvision makes them on PIL images, in two steps; scale, shift, shear and
    elastic must be 0."""

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            kind, types = ("a whole number", int) if name.endswith("_size") else ("a number", int | float)
            is_number = isinstance(value, types) and not isinstance(value, bool)
            if not is_number or not low <= value <= high:  # NaN is in no range
                raise _misfit(f"{name} = {value!r}", f"{kind} from {low} to {high}")
        if self.interpolation not in ("bilinear", "nearest"):
            raise _misfit(f"interpolation = {self.interpolation!r}", "bilinear or nearest")
        if self.exact:
            extra = [name for name in ("scale", "shift", "shear", "elastic") if getattr(self, name)]
            if extra:
                raise _misfit(f"exact = True with {', '.join(extra)}", "exact with crop, rotation and erase only")

    @property
    def moves(self) -> bool:
        """Whether any geometry is on."""
        return any((self.crop_probability, self.rotation, self.scale, self.shift, self.shear, self.elastic))

    @property
    def active(self) -> bool:
        """Whether anything is on at all."""
        return self.moves or self.erase_probability > 0


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
}


def _misfit(got: str, expected: str) -> TersenetError:
    return TersenetError("An augmentation setting cannot be used.", got=got, expected=expected, where="Augmentation")


POLICY_A = Augmentation(crop_probability=0.1, crop_size=22, rotation=15)
"""The augmentation of two course networks: one picture in ten is cropped and enlarged, all are turned."""


def affine_maps(images_nchw: Tensor, policy: Augmentation, generator: torch.Generator) -> Tensor | None:
    """`[N, 2, 3]`: where each pixel of each picture comes from (see `warp`), where a policy does nothing else.

    None, and nothing drawn, where a policy also bends, blanks, takes the nearest pixel or follows Pillow. The numbers
    drawn are those of `augment`.
    """
    images_nchw = _checked(images_nchw, policy)
    other = policy.elastic or policy.erase_probability or policy.exact or policy.interpolation != "bilinear"
    if not policy.moves or other:
        return None
    return _backward_map(images_nchw, policy, _draw(images_nchw, policy, generator))


def augment(
    images_nchw: Tensor, policy: Augmentation, generator: torch.Generator, *, beyond: Beyond = "zeros"
) -> Tensor:
    """Every picture changed in its own way: uint8 `[N, C, H, W]` in, float32 of the same shape in 0..1 out.

    Grey pictures may be given as `[N, H, W]`. `beyond` the edges of a picture that moves there is black, or the
    colour of the nearest edge (`border`).

    With everything off this is `images / 255` and draws nothing. The result depends on the pictures, the policy and
    the state of `generator` alone, not on the number of threads; with a CPU generator a chunk of pictures gives what
    its batches, one after the other, give. With `policy.exact` the crop is resized bilinearly and rounded, then the
    rotation takes the nearest pixel, as `CenterCrop`, `Resize` and `RandomRotation` of torchvision do on PIL images;
    `policy.interpolation` has no say there.

    >>> pictures = torch.full((2, 1, 28, 28), 255, dtype=torch.uint8)
    >>> augment(pictures, POLICY_A, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 28, 28])
    """
    images_nchw = _checked(images_nchw, policy)
    if len(images_nchw) <= CHUNK:
        return _augment_chunk(images_nchw, policy, generator, beyond)
    augmented = torch.empty(images_nchw.shape, device=images_nchw.device)
    for first in range(0, len(images_nchw), CHUNK):
        chunk = slice(first, first + CHUNK)
        augmented[chunk] = _augment_chunk(images_nchw[chunk], policy, generator, beyond)
    return augmented


def preview(
    images_nchw: Tensor,
    policy: Augmentation,
    generator: torch.Generator,
    variants: int = 8,
    *,
    beyond: Beyond = "zeros",
) -> Tensor:
    """What a network will see: uint8 `[N, variants + 1, C, H, W]`, each original followed by its variants.

    >>> pictures = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    >>> preview(pictures, POLICY_A, torch.Generator().manual_seed(0), variants=4).shape
    torch.Size([3, 5, 1, 28, 28])
    """
    if variants < 0:
        raise TersenetError("This number of variants cannot be shown.", got=variants, expected="0 or more")
    images_nchw = _checked(images_nchw, policy)
    changed = augment(images_nchw.repeat_interleave(variants, dim=0), policy, generator, beyond=beyond)
    changed = changed.mul_(255).round_().to(torch.uint8)
    changed_nvchw = changed.view(len(images_nchw), variants, *images_nchw.shape[1:])
    return torch.cat([images_nchw[:, None], changed_nvchw], dim=1)


def _checked(images: Tensor, policy: Augmentation) -> Tensor:
    """The pictures as `[N, C, H, W]`."""
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
    """Raise TersenetError where a crop or an erased rectangle is larger than the pictures.

    >>> check_sizes(Augmentation(crop_probability=0.5, crop_size=29), 28, 28)
    Traceback (most recent call last):
    tersenet._errors.TersenetError: An augmentation does not fit the pictures.
      got:      crop_size = 29 with pictures of [28, 28]
      expected: crop_size of at most 28
    """
    smaller = min(height, width)
    for name, probability in (("crop_size", policy.crop_probability), ("erase_size", policy.erase_probability)):
        if probability > 0 and getattr(policy, name) > smaller:
            raise TersenetError(
                "An augmentation does not fit the pictures.",
                got=f"{name} = {getattr(policy, name)} with pictures of {[height, width]}",
                expected=f"{name} of at most {smaller}",
            )


def _augment_chunk(images_nchw: Tensor, policy: Augmentation, generator: torch.Generator, beyond: Beyond) -> Tensor:
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
    if policy.erase_probability:
        images = images.masked_fill_(_rectangle(images_nchw, policy, draws_nc)[:, None], 0.0)
    return images


def _draw(images_nchw: Tensor, policy: Augmentation, generator: torch.Generator) -> Tensor:
    """All the chunk's random numbers in one call, uniform in [0, 1), one row per picture."""
    count, _, height, width = images_nchw.shape
    columns = COLUMNS
    if policy.elastic:
        columns += (
            2 * control_points(height, policy.elastic_smoothness) * control_points(width, policy.elastic_smoothness)
        )
    draws = torch.rand(count, columns, generator=generator, device=generator.device)
    return draws.to(images_nchw.device)


def _backward_map(images_nchw: Tensor, policy: Augmentation, draws_nc: Tensor) -> Tensor:
    """`[N, 2, 3]`: where each output pixel comes from, in pixels from the centre.

    Forward, a point is cropped (Z), slanted (H), scaled (k), turned (R) and shifted (t): p' = R·k·H·Z·p + t.
    Backward, p = Z⁻¹·H⁻¹·k⁻¹·R⁻¹·(p' − t), with y pointing down and the angle counter-clockwise as the eye sees it.
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
    to_x, to_y = -(xx * shift_x + xy * shift_y), -(yx * shift_x + yy * shift_y)
    return torch.stack([xx, xy, to_x, yx, yy, to_y], dim=1).view(-1, 2, 3)


def _displacement(images_nchw: Tensor, policy: Augmentation, draws_nc: Tensor) -> Tensor:
    """`[N, 2, H, W]`: a smooth field of moves in pixels, at most `policy.elastic` along x and along y."""
    count, _, height, width = images_nchw.shape
    spacing = policy.elastic_smoothness
    controls = (draws_nc[:, COLUMNS:] * 2 - 1) * policy.elastic
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
