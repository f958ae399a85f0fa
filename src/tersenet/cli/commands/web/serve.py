"""Show your runs in a browser, and the pages to play with.

The server answers this machine alone, and only reads. Runs that are training move by themselves. Ctrl-C ends it.

examples:
  tersenet serve
  tersenet serve other-runs --port 9000 --no-browser
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet.cli.arguments import RUNS_DIR, Flag
from tersenet.cli.output import CommonArguments, Output


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet serve` takes."""

    runs: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="[RUNS]", help_behavior_hint="")]] = RUNS_DIR
    """The folder that holds the runs."""
    port: int = 8765
    """Where it listens; 0: any port that is free."""
    no_browser: Flag = False
    """Only print the address."""


def run(arguments: Arguments, output: Output) -> int:
    """Serve until interrupted."""
    import webbrowser

    from tersenet.web import serve

    def announce(address: str) -> None:
        output.say(f"{address}  (Ctrl-C ends it)")
        if not arguments.runs.is_dir():
            output.say(
                f"There are no runs in {arguments.runs} yet; they appear as soon as one begins.", style="yellow"
            )
        sys.stdout.flush()
        seen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if seen and not arguments.no_browser and not arguments.json:
            webbrowser.open(address)

    serve(arguments.runs, arguments.port, announce)
    return 0
