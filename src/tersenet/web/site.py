"""The pages as files that need no Python and no server: they work from any web space and from a double click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet.runs import Run
from tersenet.web.assemble import PAGES, whole_page
from tersenet.web.backprop_data import backprop_data
from tersenet.web.draw_data import draw_data
from tersenet.web.lab_data import lab_data
from tersenet.web.runs_data import runs_data


def write_site(folder: Path, runs: Sequence[Run] = (), runs_dir: Path = Path("runs")) -> list[Path]:
    """Write every page into `folder`, which is made where it is missing; each page is one file.

    The page to draw on has the networks of `runs` beside those of the package, the page of runs what is in `runs_dir`
    now. Raises TersenetError where the folder cannot be written to, or a run's network cannot be shown.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_site(Path(folder) / "site")]
    ['index.html', 'draw.html', 'lab.html', 'backprop.html', 'runs.html']
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TersenetError("The folder cannot be made.", got=error.strerror or error, where=folder) from None
    texts = {name: text() for name, text in page_texts(runs, lambda: runs_data(runs_dir)).items()}
    written = [folder / "index.html"]
    write_whole(written[0], texts[next(iter(PAGES))])
    for name, text in texts.items():
        written.append(folder / f"{name}.html")
        write_whole(written[-1], text)
    return written


def page_texts(
    runs: Sequence[Run], list_of_runs: Callable[[], Any], *, live: bool = False
) -> dict[str, Callable[[], str]]:
    """What makes each page, by its name; `list_of_runs` gives the data of the page of runs.

    `live`: the pages can ask a server for news, and to train.

    >>> "Backpropagation" in page_texts((), list)["backprop"]()
    True
    """
    data: dict[str, Callable[[], Any]] = {
        "draw": partial(draw_data, runs),
        "lab": partial(lab_data, live=live),
        "backprop": backprop_data,
        "runs": list_of_runs,
    }
    return {name: partial(_text, name, data[name]) for name in PAGES}


def _text(name: str, data: Callable[[], Any]) -> str:
    return whole_page(name, data())
