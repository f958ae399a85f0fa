"""Show your runs in a browser, and the pages to play with.

Runs that are training move by themselves, and the Lab trains on this machine: an ordinary run each time. The server
answers this machine alone; anyone who has the printed address may start a training. Ctrl-C ends it.

examples:
  tersenet serve
  tersenet serve other-runs --port 9000 --no-browser
  tersenet serve --json                      the address as JSON, at once
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

    def announce(address: str, token: str) -> None:
        opened = f"{address}#token={token}"
        output.say(f"{opened}  (Ctrl-C ends it)")
        output.document_at_once({"address": opened, "runs": str(arguments.runs), "process": os.getpid()})
        if not arguments.runs.is_dir():
            output.say(
                f"There are no runs in {arguments.runs} yet; they appear as soon as one begins.", style="yellow"
            )
        sys.stdout.flush()
        seen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if seen and not arguments.no_browser and not arguments.json:
            webbrowser.open(opened)

    serve(arguments.runs, arguments.port, announce)
    return 0
