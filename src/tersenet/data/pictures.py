"""Read a picture of a digit, as anyone may have it, into MNIST's form."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tersenet._errors import TersenetError
from tersenet.data.mnist_form import Floats, to_mnist_form

_MOST_PIXELS = 50_000_000  # half a gigabyte while it is worked on; a telephone's camera has 12 to 48 million
_WORKING_SIDE = 1024  # what is larger is reduced before colours become floats


def read_picture(path: str | Path) -> NDArray[np.uint8]:
    """A picture file as the networks see it: uint8 `[28, 28]`, light on dark, in a 20×20 box, centred by mass.

    Any size, colours, transparency, bit depth and orientation tag; dark on light or light on dark (the border shows
    which is the background). Of an animation the first frame is read. Raises TersenetError, naming the file: missing,
    not a picture, truncated, too large, blank.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture = Image.new("RGBA", (200, 100))
    ...     picture.paste("navy", (90, 20, 100, 80))
    ...     picture.save(f"{folder}/one.png")
    ...     read_picture(f"{folder}/one.png")[14].tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    path = Path(path)
    try:
        return to_mnist_form(_flatten(_open(path)))
    except TersenetError as error:
        error.where = path
        raise


def _open(path: Path) -> Image.Image:
    """The picture turned the right way up, no larger than it needs to be."""
    if not path.exists():
        raise TersenetError("There is no such picture.")
    if path.is_dir():
        raise TersenetError("This is a folder.", expected="a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is the stricter one
            warnings.filterwarnings(
                "ignore", module="PIL"
            )  # doubtful metadata does not keep a picture from being read
            with Image.open(path) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise _too_large(f"{image.width}×{image.height} pixels")
                image.load()
                upright = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError as error:
        raise _too_large(str(error)) from None
    except (TersenetError, PermissionError):
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise whatever they stumble over
        raise TersenetError(
            "This is not a picture that can be read.",
            got=str(error).replace(f" {str(path)!r}", "") or type(error).__name__,
            expected="a whole PNG, JPEG, GIF, BMP, TIFF or WebP file",
        ) from None
    return upright


def _too_large(got: str) -> TersenetError:
    return TersenetError("The picture is too large.", got=got, expected=f"at most {_MOST_PIXELS:,} pixels")


def _flatten(image: Image.Image) -> Floats:
    """Colours as float `[H, W, 3]` in 0..1, nothing transparent."""
    if image.mode.startswith(("I", "F")):
        return _grey(np.asarray(image, np.float32), 65535.0 if image.mode.startswith("I") else None)
    if image.has_transparency_data:
        return _lay_on_contrast(_reduced(image.convert("RGBA").convert("RGBa")))
    return _reduced(image.convert("RGB"))


def _reduced(image: Image.Image) -> Floats:
    """The values in 0..1, of a large picture reduced first."""
    small = image.reduce(max(1, max(image.size) // _WORKING_SIDE))
    return np.asarray(small, np.float32) / np.float32(255)


def _grey(values: Floats, white: float | None) -> Floats:
    """Sixteen-bit and floating pictures: `white` is full light; not known or not kept, the lightest is."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise TersenetError(
            "The picture has pixels that are no numbers.", got="NaN or infinity", expected="grey values"
        )
    if white is None or low < 0 or high > white:
        values, white = values - low, max(high - low, 1e-6)
    return np.repeat((values / np.float32(white))[:, :, None], 3, axis=2)


def _lay_on_contrast(premultiplied: Floats) -> Floats:
    """Lay a partly transparent picture `[H, W, 4]` on a ground on which what is drawn can be seen.

    Strokes on nothing are laid on white or black, whichever is farther from them. A card (an opaque plate with a
    drawing on it and nothing around) is laid on its own colour.
    """
    colours, alpha = premultiplied[:, :, :3], premultiplied[:, :, 3:]
    seen = alpha[:, :, 0] > 0.5
    if not seen.any():
        raise TersenetError("The picture is blank.", got="every pixel is transparent", expected="a digit")
    mean = float(colours.sum() / (3 * alpha.sum()))
    ground = np.full(3, 0.0 if mean > 0.5 else 1.0, np.float32)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    plate = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    middle = np.median(colours[seen] / alpha[seen], axis=0)
    drawn_upon = np.abs(colours[seen] / alpha[seen] - middle).max(axis=1) > 0.3
    if plate.mean() > 0.6 and drawn_upon.mean() > 0.01:
        ground = middle.astype(np.float32)
    return np.asarray(colours + (1 - alpha) * ground, np.float32)
