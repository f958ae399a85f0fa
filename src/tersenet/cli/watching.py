"""The page of runs beside a training: a server of its own, opened in the browser on the run."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tersenet._errors import TersenetError
from tersenet.cli.output import Output


class Watching:
    """A server over the runs, whose page is opened on a run as soon as its name is known."""

    def __init__(self, runs_dir: Path, output: Output) -> None:
        self._output = output
        # In a session of its own, so that Ctrl-C ends the training alone and the page shows how it ended.
        self._server = subprocess.Popen(
            [sys.executable, "-P", "-m", "tersenet", "serve", str(runs_dir), "--port", "0", "--no-browser", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if not line:
            raise TersenetError("The server of the pages did not start.", hint="tersenet serve says why")
        self._address, self._fragment = json.loads(line)["address"].split("#")

    def open(self, name: str | None = None) -> None:
        """Open the page in the browser, on this run where it is named, and print its address."""
        chosen = "" if name is None else f"chosen={quote(name, safe='')}&"
        address = f"{self._address}runs.html#{chosen}{self._fragment}"
        self._output.say(f"watch:  {address}")
        webbrowser.open(address)

    def stay(self) -> None:
        """Keep the page alive after the training, until Ctrl-C; only for someone at a terminal."""
        if self._output.console.is_terminal and not self._output.json:
            self._output.say("\nThe page stays until Ctrl-C.")
            with contextlib.suppress(KeyboardInterrupt):
                self._server.wait()

    def end(self) -> None:
        """End the server."""
        self._server.terminate()
        self._server.wait()
        if self._server.stdout is not None:
            self._server.stdout.close()


@contextlib.contextmanager
def watching(runs_dir: Path, output: Output, *, wanted: bool) -> Iterator[Watching | None]:
    """While the block runs, a server over the runs; None where it is not wanted.

    Raises TersenetError where it does not start.
    """
    if not wanted:
        yield None
        return
    watched = Watching(runs_dir, output)
    try:
        yield watched
    finally:
        watched.end()
