"""The name of a picture folder as a data set: its path and its options, `folder:PATH?form=3x32x32&skip-bad`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data.named_sets import NAMES

FOLDER = "folder:"
SKIP_BAD, FORM = "skip-bad", "form="


@dataclass(frozen=True, kw_only=True)
class FolderName:
    """A folder of pictures, the form that its pictures are read in, and whether damaged ones are left out.

    >>> print(FolderName(path="signs"), FolderName(path="signs", form="3x32x32", skip_bad=True))
    folder:signs folder:signs?form=3x32x32&skip-bad
    """

    path: str
    form: str = "auto"
    skip_bad: bool = False

    def __str__(self) -> str:
        options = [f"{FORM}{self.form}"] * (self.form != "auto") + [SKIP_BAD] * self.skip_bad
        return FOLDER + self.path + ("?" + "&".join(options) if options else "")


def parse_folder_name(name: str) -> FolderName:
    """The path and the options in the name of a picture folder.

    Raises TersenetError where no path is given or an option is not known.

    >>> parse_folder_name("folder:signs?form=mnist&skip-bad")
    FolderName(path='signs', form='mnist', skip_bad=True)
    >>> parse_folder_name("./what?").path
    './what?'
    """
    path = name.removeprefix(FOLDER)
    before, mark, options = path.rpartition("?")
    found = FolderName(path=path)
    if mark and (unknown := _unknown(options)) is None:
        form = next((word.removeprefix(FORM) for word in options.split("&") if word.startswith(FORM)), "auto")
        found = FolderName(path=before, form=form, skip_bad=SKIP_BAD in options.split("&"))
    elif mark and not Path(path).exists() and Path(before).is_dir():
        raise TersenetError(
            "There is no such option of a picture folder.",
            got=f"?{unknown}",
            expected="?form=mnist, ?form=3x32x32 or ?form=auto: how pictures are read;\n"
            "?skip-bad: leave out pictures that cannot be read",
            where=name,
        )
    if not found.path:
        raise TersenetError("The path of the picture folder is missing.", got=name, expected="folder:PATH")
    if "\0" in found.path:
        raise TersenetError("A path cannot hold a null byte.", got=repr(found.path), expected="folder:PATH")
    return found


def _unknown(options: str) -> str | None:
    """The first option that there is not, or None."""
    return next((word for word in options.split("&") if word != SKIP_BAD and not word.startswith(FORM)), None)


def with_skip_bad(name: str) -> str:
    """The name of a picture folder, so that pictures that cannot be read are left out.

    Raises TersenetError for a named data set: its files are checked as a whole.

    >>> with_skip_bad("./signs"), with_skip_bad("folder:signs?form=mnist")
    ('folder:./signs?skip-bad', 'folder:signs?form=mnist&skip-bad')
    """
    if name in NAMES:
        raise TersenetError(
            "Only a folder of pictures can leave out damaged pictures.",
            got=f"--skip-bad with {name}",
            expected="--data folder:PATH",
        )
    return str(replace(parse_folder_name(name), skip_bad=True))


def with_form(name: str, form: str) -> str:
    """The name of a picture folder whose pictures are read in this form.

    Raises TersenetError for a named data set, which has its own form.

    >>> with_form("./signs", "3x32x32")
    'folder:./signs?form=3x32x32'
    """
    if name in NAMES:
        raise TersenetError(
            "A named data set has its own form.", got=f"form = {form} with {name}", expected="folder:PATH"
        )
    return str(replace(parse_folder_name(name), form=form))
