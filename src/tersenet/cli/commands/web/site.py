"""Write the pages as files: they need no Python, and work from any web space and from a double click.

The networks of the runs that are named can be drawn for, beside those that come with Tersenet.

examples:
  tersenet site pages/                 then open pages/index.html
  tersenet site pages/ sprint gap-14320-2
  tersenet site pages/ --json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet.cli.arguments import RUNS_DIR, RunsDir
from tersenet.cli.output import CommonArguments, Output, option


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet site` takes."""

    folder: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="FOLDER")]]
    """Where the pages are written; it is made where it is missing."""
    runs: tyro.conf.Positional[Annotated[tuple[str, ...], option("[RUN …]")]] = ()
    """Runs whose networks the page to draw on shows too: a folder, its name, or an experiment (its latest run)."""
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Write the pages and say how large each is."""
    from tersenet.runs import find_run
    from tersenet.web import write_site

    written = write_site(
        arguments.folder, [find_run(word, arguments.runs_dir) for word in arguments.runs], arguments.runs_dir
    )
    for path in written:
        output.say(f"{path}  {path.stat().st_size / 1000:,.0f} kB")
    output.say(f"\nopen {written[0]} in a browser")
    output.document({"pages": [{"path": str(path), "bytes": path.stat().st_size} for path in written]})
    return 0
