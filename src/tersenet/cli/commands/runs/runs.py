"""List the runs in a folder: state, data, parameters, accuracy after the last epoch and of the best; then groups.

A state is preparing, running, finished, failed, interrupted, or damaged (the folder cannot be read). With `best`: the
best accuracy for the fewest parameters; runs that differ only in their seed are one row.

examples:
  tersenet runs
  tersenet runs best --under 8000
  tersenet runs --runs-dir elsewhere --json
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from tersenet._errors import TersenetError
from tersenet._table import Column, Table
from tersenet.cli.arguments import RUNS_DIR, RunsDir
from tersenet.cli.commands.runs.runs_best import best
from tersenet.cli.output import CommonArguments, Output, option


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet runs` takes."""

    view: tyro.conf.Positional[Literal["all", "best"]] = "all"
    """all: every run; best: the best accuracy for the fewest parameters."""
    under: Annotated[int | None, option("N")] = None
    """best: only networks with fewer parameters than this."""
    data: Annotated[str | None, option("NAME")] = None
    """best: only runs measured on this data set (default: mnist)."""
    runs_dir: RunsDir = RUNS_DIR


RUN_COLUMNS = (
    Column(title="run", right=False, least=24),
    Column(title="state", right=False, leaves=1),
    Column(title="data", right=False, least=12),
    Column(title="parameters", leaves=2),
    Column(title="epochs", leaves=3),
    Column(title="test %", means="test %: after the last epoch."),
    Column(title="best %", leaves=4, means="best %: the best epoch and its number, picked on the images measured."),
    Column(title="seconds", leaves=5),
)
GROUP_COLUMNS = (
    Column(title="group", right=False, least=24),
    Column(title="state", right=False, leaves=1),
    Column(title="data", right=False, least=12),
    Column(title="parameters", leaves=4),
    Column(title="seeds", leaves=2),
    Column(title="mean %", means="mean %: of the seeds' test accuracies after the last epoch."),
    Column(title="deviation", leaves=5),
    Column(title="95 % interval", leaves=3, means="95 % interval: of the mean."),
    Column(title="seconds", leaves=6),
)


def run(arguments: Arguments, output: Output) -> int:
    """Print one row per run, or the front."""
    if arguments.view == "best":
        return best(arguments.runs_dir, arguments.under, arguments.data or "mnist", output)
    if arguments.under is not None or arguments.data is not None:
        raise TersenetError(
            "--under and --data belong to `tersenet runs best`.", hint="tersenet runs best --under 8000"
        )
    from rich.text import Text

    from tersenet.runs import name_and_number, rows_of, sweep_all

    sweep_all(arguments.runs_dir)
    rows, groups, damaged = rows_of(arguments.runs_dir)
    output.document({"runs": rows, "groups": groups, "damaged": damaged})
    if not rows and not groups and not damaged:
        output.say(f"No runs in the folder {arguments.runs_dir}/ yet. `tersenet train` makes one.")
        return 0
    if rows or damaged:
        cells = sorted(
            [*map(_run_cells, rows), *map(_damaged_cells, damaged)], key=lambda row: name_and_number(row[0])
        )
        output.say(Table(columns=RUN_COLUMNS, rows=cells))
    if groups:
        if rows or damaged:
            output.say("")
        output.say(Table(columns=GROUP_COLUMNS, rows=[_group_cells(group) for group in groups]))
        output.say(Text("A single seed is named like group-1/seed-0."))
    for broken in damaged:
        output.say(f"{broken['run']} cannot be read. {broken['problem']} ({broken['where']})", style="yellow")
    return 0


def _run_cells(row: dict[str, Any]) -> list[str]:
    return [
        row["run"],
        row["state"],
        row["data"],
        "–" if row["parameters"] is None else f"{row['parameters']:,}",
        f"{row['epochs']}/{row['planned_epochs']}",
        "–" if row["test_accuracy"] is None else f"{row['test_accuracy']:.2f}",
        "–" if row["best"] is None else f"{row['best']:.2f} ({row['best_epoch']})",
        f"{row['seconds']:.0f}",
    ]


def _damaged_cells(row: dict[str, str]) -> list[str]:
    return [row["run"], "damaged", *["–"] * 6]


def _group_cells(group: dict[str, Any]) -> list[str]:
    interval, known = group["interval"], group["mean"] is not None
    return [
        group["run"],
        group["state"],
        group["data"],
        "–" if group["parameters"] is None else f"{group['parameters']:,}",
        f"{group['finished']}/{len(group['seeds'])}",
        f"{group['mean']:.2f}" if known else "–",
        "–" if group["deviation"] is None else f"{group['deviation']:.3f}",
        "–" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}",
        f"{group['seconds']:.0f}" if known else "–",
    ]
