"""Write a run's report again: report.html (one file, pictures inside), report.md and figures/.

RUN is a run's or a group's folder, its name, or an experiment's name (its latest). One seed of a group is
`sprint-3/seed-0`. A run that is not finished has a report too, which says so.

examples:
  tersenet report sprint
  tersenet report runs/gap-14320-2
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet.cli.output import Output, TrustArguments


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet report` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A run's or group's folder, its name, or an experiment's name (its latest)."""
    data_dir: Path | None = None
    """Where data sets lie; else where the run found them, $TERSENET_DATA, your cache folder."""
    runs_dir: Path = Path("runs")
    """The folder that holds the runs."""


def run(arguments: Arguments, output: Output) -> int:
    """Write the report and say where it is."""
    from tersenet.reports import write_report
    from tersenet.runs import find_run_or_group

    run = find_run_or_group(arguments.run, arguments.runs_dir)
    page = write_report(run, data_dir=arguments.data_dir)
    output.say(f"report: {page}")
    output.document({"run": run.name, "report": str(page), "markdown": str(page.with_suffix(".md"))})
    return 0
