"""Read any picture file into a form: the digit cut out as MNIST did, or the picture as it is."""

from __future__ import annotations

import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from tersenet._errors import TersenetError, did_you_mean_file
from tersenet.data.form import MNIST_FORM, Form
from tersenet.data.formats.mnist_form import BLANK, Floats, fit_digit
from tersenet.data.formats.resized import fit_picture

_MOST_PIXELS = 50_000_000  # half a gigabyte while it is worked on; a telephone's camera has 12 to 48 million
_WORKING_SIDE = 1024  # what is larger is reduced before colours become floats
_LYING = 5  # orientation tags from this on lay the picture on its side
_DEPTHS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))  # full light of whole numbers
_SHOWN_SIDE = 640  # of the original that is kept to be shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A picture file, read once.

    `image` is what the networks see, uint8 `[C, H, W]`; `original` is the picture as people see it, uint8
    `[H, W, 3]`, turned upright, nothing transparent, reduced to about 640 pixels on the longer side (None
    where it was not kept).
    `second_mark` is the ink of a second mark beside the digit, as a part of the digit's (0: there is one mark); None
    where the picture is taken as it is.
    """

    path: Path
    image: NDArray[np.uint8]
    original: NDArray[np.uint8] | None
    second_mark: float | None


def open_picture(path: str | Path, form: Form = MNIST_FORM, *, keep_original: bool = True) -> Picture:
    """Read a picture file once: what networks see that take this form, and the original to show beside it.

    An original takes up to a megabyte; of a folder of pictures it need not be kept. Raises TersenetError as
    `read_picture` does.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture = Image.new("L", (200, 100), 255)
    ...     picture.paste(0, (90, 20, 100, 80))
    ...     picture.save(f"{folder}/one.png")
    ...     found = open_picture(f"{folder}/one.png")
    >>> found.image.shape, found.original.shape, found.second_mark
    ((1, 28, 28), (100, 200, 3), 0.0)
    """
    path = Path(path)
    try:
        colours = _flatten(_open(path), on_white=form.reading == "resize")
        image, mark = _in_form(colours, form)
    except TersenetError as error:
        error.where = path
        raise
    original = _to_show(colours) if keep_original else None
    return Picture(path=path, image=image, original=original, second_mark=mark)


def _in_form(colours: Floats, form: Form) -> tuple[NDArray[np.uint8], float | None]:
    """The picture as `form` has it, uint8 `[C, H, W]`, and its second mark where a digit was cut out."""
    if form.reading == "mnist":
        found = fit_digit(colours)
        return found.image[None], found.second_mark
    return fit_picture(colours, form), None


def _to_show(colours: Floats) -> NDArray[np.uint8]:
    step = max(1, max(colours.shape) // _SHOWN_SIDE)
    return np.rint(np.clip(colours[::step, ::step], 0, 1) * 255).astype(np.uint8)


def read_picture(path: str | Path, form: Form = MNIST_FORM) -> NDArray[np.uint8]:
    """A picture file as networks see it that take pictures of this form: uint8 `[C, H, W]`.

    In MNIST's form that is light on dark, in a 20×20 box, centred by mass; dark on light or light on dark (the border
    shows which is the background). With `reading="resize"` it is the picture as it is, fitted into the form's size.
    Any size, colours, transparency, bit depth and orientation tag; of an animation the first frame is read. Raises
    TersenetError, naming the file: missing, not a picture, truncated, too large, blank.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     picture = Image.new("RGBA", (200, 100))
    ...     picture.paste("navy", (90, 20, 100, 80))
    ...     picture.save(f"{folder}/one.png")
    ...     read_picture(f"{folder}/one.png")[0, 14].tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    path = Path(path)
    try:
        return _in_form(_flatten(_open(path), on_white=form.reading == "resize"), form)[0]
    except TersenetError as error:
        error.where = path
        raise


def picture_size(path: str | Path) -> tuple[int, int]:
    """Height and width of a picture once it is upright, from the beginning of its file.

    Raises TersenetError where that cannot be read.
    """
    path = Path(path)
    try:
        _require_file(path)
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            width, height = image.size
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= _LYING
    except TersenetError as error:
        error.where = path
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's parsers raise whatever they stumble over
        raise TersenetError("This is not a picture that can be read.", got=type(error).__name__, where=path) from None
    return (width, height) if turned else (height, width)


def _require_file(path: Path) -> None:
    """Raise unless `path` is a file that can be opened without waiting."""
    try:
        status = path.stat()
    except OSError as error:
        if path.is_symlink():
            raise TersenetError("This link is broken.", got=error.strerror) from None
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise TersenetError("There is no such picture.", hint=did_you_mean_file(path)) from None
        raise TersenetError("The picture cannot be read.", got=error.strerror or error) from None
    except ValueError:  # a null byte in the name
        raise TersenetError("There is no such picture.") from None
    if stat.S_ISDIR(status.st_mode):
        raise TersenetError("This is a folder.", expected="a picture")
    if not stat.S_ISREG(status.st_mode):
        raise TersenetError("This is not a file.", got="a FIFO, a socket or a device", expected="a picture")
    if status.st_size == 0:
        raise TersenetError("The file is empty.", got="0 bytes", expected="a picture")


def _open(path: Path) -> Image.Image:
    """The picture turned the right way up, no larger than it needs to be."""
    _require_file(path)
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
    except TersenetError:
        raise
    except PermissionError as error:
        raise TersenetError(
            "The picture cannot be read.", got=error.strerror, hint="check the file's permissions"
        ) from None
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise whatever they stumble over
        raise TersenetError(
            "This is not a picture that can be read.",
            got=str(error).replace(f" {str(path)!r}", "") or type(error).__name__,
            expected="a whole PNG, JPEG, GIF, BMP, TIFF or WebP file",
        ) from None
    return upright


def _too_large(got: str) -> TersenetError:
    return TersenetError("The picture is too large.", got=got, expected=f"at most {_MOST_PIXELS:,} pixels")


def _flatten(image: Image.Image, *, on_white: bool) -> Floats:
    """Colours as float `[H, W, 3]` in 0..1, nothing transparent.

    What is transparent is laid on white, as on a page: each picture of a set alike. A digit that is cut out is laid
    on whatever shows it best.
    """
    if image.mode.startswith(("I", "F")):
        return _grey(np.asarray(image, np.float32), image.mode.startswith("I"))
    if image.has_transparency_data:
        premultiplied = _reduced(image.convert("RGBA").convert("RGBa"))
        if on_white:
            return np.asarray(premultiplied[:, :, :3] + (1 - premultiplied[:, :, 3:]), np.float32)
        return _lay_on_contrast(premultiplied)
    return _reduced(image.convert("RGB"))


def _reduced(image: Image.Image) -> Floats:
    """The values in 0..1, of a large picture reduced first."""
    small = image.reduce(max(1, max(image.size) // _WORKING_SIDE))
    return np.asarray(small, np.float32) / np.float32(255)


def _grey(values: Floats, whole: bool) -> Floats:
    """Pictures of more than eight bits, and of floating-point numbers, whose lightest pixel is full light.

    Of whole numbers, full light is the largest of as many bits as are used: scans of 10, 12 and 14 bits come in files
    of 16.
    """
    low, high = float(values.min()), float(values.max())
    white = next((float(most) for most in _DEPTHS if high <= most), None) if whole else None
    if not np.isfinite(high - low):
        raise TersenetError(
            "The picture has pixels that are not finite.", got="NaN or infinity", expected="grey values"
        )
    if white is None or low < 0 or high > white:
        # By halves: float32 cannot hold the difference of its largest and its least number.
        values, white = (values / 2 - np.float32(low / 2)).astype(np.float32), max(high - low, 1e-6) / 2
    return np.repeat((values / np.float32(white))[:, :, None], 3, axis=2)


def _lay_on_contrast(premultiplied: Floats) -> Floats:
    """Lay a partly transparent picture `[H, W, 4]` on a ground on which what is drawn can be seen.

    Strokes on nothing are laid on white or black, whichever is farther from them. A card (an opaque plate with a
    drawing on it and nothing around) is laid on its own colour.
    """
    colours, alpha = premultiplied[:, :, :3], premultiplied[:, :, 3:]
    seen = alpha[:, :, 0] > 0.5
    if not seen.any():
        raise TersenetError(BLANK, got="every pixel is transparent", expected="a digit")
    mean = float(colours.sum() / (3 * alpha.sum()))
    ground = np.full(3, 0.0 if mean > 0.5 else 1.0, np.float32)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    plate = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    middle = np.median(colours[seen] / alpha[seen], axis=0)
    drawn_upon = np.abs(colours[seen] / alpha[seen] - middle).max(axis=1) > 0.3
    if plate.mean() > 0.6 and drawn_upon.mean() > 0.01:
        ground = middle.astype(np.float32)
    return np.asarray(colours + (1 - alpha) * ground, np.float32)
