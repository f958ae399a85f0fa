"""Write the report of a run again: report.html (one file, with its pictures inside), report.md and figures/.

RUN is a run or a group of seeds: its folder, its name, or an experiment (its latest run). One seed of a group is
`sprint-3/seed-0`. The report of an unfinished run says that it is unfinished. A search (`search-1`) has a report too.

examples:
  tersenet report sprint
  tersenet report runs/gap-14320-2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from tersenet.cli.arguments import RUNS_DIR, DataDir, RunsDir
from tersenet.cli.output import Output, TrustArguments


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet report` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A run or a group: its folder, its name, or an experiment (its latest run)."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Write the report and say where it is."""
    from tersenet.pages import write_report
    from tersenet.runs import find_run_or_group
    from tersenet.search import search_called, write_search_report

    search = search_called(arguments.run, arguments.runs_dir)
    if search is not None:
        name, page = search.name, write_search_report(search)
    else:
        run = find_run_or_group(arguments.run, arguments.runs_dir)
        name, page = run.name, write_report(run, data_dir=arguments.data_dir)
    output.say(f"report: {page}")
    files = {"report": page, "markdown": page.with_suffix(".md"), "blocks": page.with_suffix(".json")}
    output.document({"run": name} | {kind: str(path) for kind, path in files.items()})
    return 0
