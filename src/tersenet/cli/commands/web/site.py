"""Write the pages as files: they need no Python, and work from any web space and from a double click.

examples:
  tersenet site pages/                 then open pages/index.html
  tersenet site pages/ --json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet.cli.output import CommonArguments, Output


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet site` takes."""

    folder: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="FOLDER")]]
    """Where the pages are written; it is made where it is missing."""


def run(arguments: Arguments, output: Output) -> int:
    """Write the pages and say how large each is."""
    from tersenet.web import write_site

    written = write_site(arguments.folder)
    for path in written:
        output.say(f"{path}  {path.stat().st_size / 1000:,.0f} kB")
    output.say(f"\nopen {written[0]} in a browser")
    output.document({"pages": [{"path": str(path), "bytes": path.stat().st_size} for path in written]})
    return 0
