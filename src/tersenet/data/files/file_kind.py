"""A kind of file that holds a data set, and the arrays that are read out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledArrays:
    """What a file holds: pictures `[N, H, W]`, `[N, C, H, W]` or `[N, H, W, C]`, and their labels `[N]`.

    The labels are whole numbers or texts. `test_…` is None where the file has one split; `classes` where it does not
    name them.
    """

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    classes: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class FileKind:
    """How a data set lies in files: `word` is what its name begins with, as in `npz:signs.npz`.

    `takes` says whether a path that is there is of this kind; `ending`, of a file's name, says it too where nothing
    is there. `read` reads it. `about` is its line in the list of data sets, `pattern` what the path is called there.
    """

    word: str
    pattern: str
    about: str
    ending: str = ""
    takes: Callable[[Path], bool]
    read: Callable[[Path], LabelledArrays]

    @property
    def form(self) -> str:
        """How such a data set is named: `npz:FILE.npz`."""
        return f"{self.word}:{self.pattern}"
