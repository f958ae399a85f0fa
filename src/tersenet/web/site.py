"""The pages as files that need no Python and no server: they work from any web space and from a double click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet.runs import Run
from tersenet.web.assemble import PAGES, whole_page
from tersenet.web.backprop_data import backprop_data
from tersenet.web.draw_data import draw_data
from tersenet.web.lab_data import lab_data


def write_site(folder: Path, runs: Sequence[Run] = ()) -> list[Path]:
    """Write every page into `folder`, which is made where it is missing; each page is one file.

    The page to draw on has the networks of `runs` beside those of the package. Raises TersenetError where the folder
    cannot be written to, or a run's network cannot be shown.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_site(Path(folder) / "site")]
    ['index.html', 'draw.html', 'lab.html', 'backprop.html']
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TersenetError("The folder cannot be made.", got=error.strerror or error, where=folder) from None
    data: dict[str, Callable[[], Any]] = {"draw": lambda: draw_data(runs), "lab": lab_data, "backprop": backprop_data}
    texts = {name: whole_page(name, data[name]()) for name in PAGES}
    written = [folder / "index.html"]
    write_whole(written[0], texts[next(iter(PAGES))])
    for name, text in texts.items():
        written.append(folder / f"{name}.html")
        write_whole(written[-1], text)
    return written
