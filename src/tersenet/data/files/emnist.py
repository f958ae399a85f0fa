"""What is special about the files of EMNIST: pictures lie on their side, and labels stand for letters.

G. Cohen and others, EMNIST: an extension of MNIST to handwritten letters, 2017. The classes of `balanced` and
`bymerge` are digits, capitals, and those small letters that do not look like their capitals.
"""

from __future__ import annotations

import string

import numpy as np

DIGITS, CAPITALS = string.digits, string.ascii_uppercase
CLASSES = {
    "emnist-digits": DIGITS,
    "emnist-mnist": DIGITS,
    "emnist-letters": CAPITALS,
    "emnist-balanced": DIGITS + CAPITALS + "abdefghnqrt",
    "emnist-bymerge": DIGITS + CAPITALS + "abdefghnqrt",
    "emnist-byclass": DIGITS + CAPITALS + string.ascii_lowercase,
}
FIRST_LABEL = {"emnist-letters": 1}


def variant_of(file_name: str) -> str | None:
    """Which part of EMNIST a file belongs to; None where it is not of EMNIST.

    >>> variant_of("emnist-letters-train-images-idx3-ubyte.gz"), variant_of("train-images-idx3-ubyte")
    ('emnist-letters', None)
    """
    return next((name for name in CLASSES if file_name.lower().startswith(name)), None)


def upright(images: np.ndarray) -> np.ndarray:
    """The pictures `[N, H, W]` as one reads them: rows and columns change places."""
    return images.transpose(0, 2, 1)
