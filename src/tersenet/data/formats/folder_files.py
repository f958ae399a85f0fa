"""Which files of a picture folder are pictures, which are not, and which should be but cannot be read."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tersenet._errors import TersenetError

_JUNK_FOLDERS = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"}
_NAMED = 5  # files that a notice names; the others are counted


@dataclass
class PassedOver:
    """The files of a folder that are not used, and why."""

    strange: list[str] = field(default_factory=list)  # not pictures at all
    outside: list[str] = field(default_factory=list)  # pictures beside the class folders
    damaged: list[str] = field(default_factory=list)  # pictures that cannot be read, left out with skip-bad

    @property
    def remark(self) -> str | None:
        """The files that are not pictures of a class, in one line; None where there are none.

        >>> PassedOver(strange=["notes.txt", "Thumbs.db"]).remark
        '2 files that are not pictures were skipped: notes.txt, Thumbs.db.'
        """
        strange = _sentence(
            [Path(name).name for name in self.strange], "that are not pictures were", "that is not a picture was"
        )
        outside = _sentence(
            [Path(name).name for name in self.outside],
            "outside the class folders were",
            "outside the class folders was",
        )
        return " ".join(filter(None, (strange, outside))) or None

    @property
    def notice(self) -> str | None:
        """The pictures that were left out though they belong to the data, in one line; None where there are none.

        >>> PassedOver(damaged=["nut/1.png", "bolt/1.png"]).notice
        '2 files that cannot be read were skipped: nut/1.png, bolt/1.png.'
        """
        return _sentence(self.damaged, "that cannot be read were", "that cannot be read was")


def _sentence(names: Sequence[str], many: str, one: str) -> str | None:
    if not names:
        return None
    which = f"{len(names)} files {many}" if len(names) > 1 else f"1 file {one}"
    return f"{which} skipped: {_some(names)}."


def _some(names: Sequence[str]) -> str:
    """The first few names, each once."""
    different = list(dict.fromkeys(names))
    more = ", …" if len(different) > _NAMED else ""
    return ", ".join(map(printable, different[:_NAMED])) + more


def list_folder(folder: Path) -> list[Path]:
    """The files and folders in a folder, in natural order (picture2 before picture10).

    Raises TersenetError where it cannot be read.
    """
    try:
        return sorted(folder.iterdir(), key=lambda child: natural(child.name))
    except OSError as error:
        raise TersenetError(
            "The folder cannot be read.",
            got=error.strerror or error,
            where=folder,
            hint="check its permissions, or move it away",
        ) from None


def sub_folders(root: Path, passed_over: PassedOver) -> list[Path]:
    """The sub-folders that can be classes; files beside them are noted in `passed_over`."""
    folders = []
    for child in list_folder(root):
        if child.is_dir():
            if not child.name.startswith(".") and child.name not in _JUNK_FOLDERS:
                folders.append(child)
        else:
            (passed_over.outside if may_be_picture(child) else passed_over.strange).append(str(child))
    return folders


def candidates(folder: Path, passed_over: PassedOver) -> list[Path]:
    """The files of a class that are pictures, or should be; the others are noted in `passed_over`.

    Raises TersenetError where there is a folder inside the class: it may hold another class.
    """
    found = []
    for child in list_folder(folder):
        if child.is_dir():
            if not child.name.startswith(".") and child.name not in _JUNK_FOLDERS:
                raise TersenetError(
                    "There is a folder inside a class.",
                    got=child.name,
                    expected="PATH/CLASS/PICTURES, or PATH/train/CLASS/PICTURES and PATH/test/CLASS/PICTURES",
                    where=child,
                )
        elif may_be_picture(child):
            found.append(child)
        else:
            passed_over.strange.append(str(child))
    return found


def may_be_picture(path: Path) -> bool:
    """Whether a file is a picture, or should be one: by its name's ending, else by its first bytes.

    Hidden files and what is not a file at all (a FIFO, a socket, a device) are not. Nothing is opened that could
    block.
    """
    from PIL import Image

    if path.name.startswith("."):
        return False
    named_so = path.suffix.lower() in _picture_endings()
    try:
        kind = path.stat().st_mode
    except OSError:
        return named_so  # a broken link, say: a picture that cannot be read
    if not stat.S_ISREG(kind):
        return False
    if named_so:
        return True
    try:
        with Image.open(path):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # noqa: BLE001 - Pillow's parsers raise whatever they stumble over
        return False


def _picture_endings() -> set[str]:
    """The endings of picture files that Pillow reads; documents and films, which it also knows, are not pictures."""
    from PIL import Image

    known = Image.registered_extensions()
    return {ending for ending, kind in known.items() if kind in Image.OPEN} - {".pdf", ".mpg", ".mpeg", ".eps", ".ps"}


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts picture2 before picture10.

    >>> sorted(["b10", "b2", "a"], key=natural)
    ['a', 'b2', 'b10']
    """
    parts = [part for part in re.split(r"([0-9]+)", name) if part]  # equal but for case or zeros: by the name itself
    return [(int(part) if part[0] in "0123456789" else -1, part.lower()) for part in parts], name


def printable(name: str) -> str:
    r"""A file's name as text that can be printed and stored; bytes that are not UTF-8 are escaped.

    >>> printable("caf\udce9"), printable("7\n")
    ('caf\\xe9', '7\\n')
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def list_pictures(folder: Path) -> tuple[list[Path], int]:
    """All pictures in a folder and its sub-folders, in natural order, and how many other files there are.

    Links to folders are not followed, so that a circle of links ends. Raises TersenetError where the folder cannot be
    read.
    """
    found: list[Path] = []
    others = 0
    for child in list_folder(folder):
        if child.is_dir():
            if not child.is_symlink() and not child.name.startswith(".") and child.name not in _JUNK_FOLDERS:
                inside, strange = list_pictures(child)
                found += inside
                others += strange
        elif may_be_picture(child):
            found.append(child)
        else:
            others += 1
    return found, others
