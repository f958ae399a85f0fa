"""A picture taken as it is: fitted whole into a size, its shape kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tersenet.data.form import Form
from tersenet.data.formats.mnist_form import Floats

_LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue, as Pillow has it (ITU-R 601)


def fit_picture(picture: Floats, form: Form) -> NDArray[np.uint8]:
    """Bring a picture, float `[H, W, 3]` in 0..1, into the size of a form: uint8 `[C, H, W]`.

    It is scaled so that all of it fits, antialiased, and centred; where its sides have another proportion than the
    form's, the rest is filled with the middle colour of its border. A picture of the form's size comes out as it is.

    >>> form = Form(channels=3, height=8, width=8, mean=(0.5, 0.5, 0.5), deviation=(0.2, 0.2, 0.2))
    >>> red = np.zeros((16, 32, 3), np.float32)
    >>> red[:, :, 0] = 1.0
    >>> fit_picture(red, form).shape, fit_picture(red, form)[:, 4, 4].tolist()
    ((3, 8, 8), [255, 0, 0])
    """
    if picture.shape[:2] != (form.height, form.width):
        picture = _fitted(picture, form.height, form.width)
    # Weights that add up to 1 leave a picture whose channels are equal as it is.
    planes = picture.transpose(2, 0, 1) if form.channels == 3 else (picture @ _LIGHTNESS)[None]
    return np.rint(np.clip(planes, 0, 1) * 255).astype(np.uint8)


def _fitted(picture: Floats, height: int, width: int) -> Floats:
    tall, wide = picture.shape[:2]
    scale = min(height / tall, width / wide)
    inner = max(1, min(height, round(tall * scale))), max(1, min(width, round(wide * scale)))
    channels = [
        np.asarray(Image.fromarray(picture[:, :, n]).resize(inner[::-1], Image.Resampling.BILINEAR)) for n in range(3)
    ]
    small = np.stack(channels, axis=2)
    if inner == (height, width):
        return small
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    whole = np.empty((height, width, 3), np.float32)
    whole[:] = np.median(border, axis=0)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    whole[top : top + inner[0], left : left + inner[1]] = small
    return whole
