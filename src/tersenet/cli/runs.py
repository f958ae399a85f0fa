"""List the runs in a folder: data, parameters, accuracy of the last epoch, best epoch beside it; groups below.

With `best`: the front of accuracy against parameters over all of them, runs that differ in their seed alone as one.

examples:
  tersenet runs
  tersenet runs best --under 8000
  tersenet runs --runs-dir elsewhere --json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.output import CommonArguments, Output, option
from tersenet.cli.runs_best import best


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet runs` takes."""

    view: tyro.conf.Positional[Literal["all", "best"]] = "all"
    """all: every run; best: the front of accuracy against parameters."""
    under: Annotated[int | None, option("N")] = None
    """best: only networks with fewer parameters than this."""
    data: Annotated[str | None, option("NAME")] = None
    """best: only runs measured on this data set; mnist where none is named."""
    runs_dir: Path = Path("runs")
    """The folder that holds the runs."""


def run(arguments: Arguments, output: Output) -> int:
    """Print a row a run, or the front."""
    if arguments.view == "best":
        return best(arguments.runs_dir, arguments.under, arguments.data or "mnist", output)
    if arguments.under is not None or arguments.data is not None:
        raise TersenetError(
            "--under and --data belong to `tersenet runs best`.", hint="tersenet runs best --under 8000"
        )
    from tersenet.runs import Group, Run, list_groups, list_runs

    rows, groups, damaged = [], [], []
    both: list[Run | Group] = [*list_runs(arguments.runs_dir), *list_groups(arguments.runs_dir)]
    for found in both:
        try:
            if isinstance(found, Group):
                groups.append(_group_facts(found))
            else:
                rows.append(_facts(found))
        except TersenetError as error:
            damaged.append({"run": found.name, "problem": error.problem, "where": str(error.where or found.path)})
    output.document({"runs": rows, "groups": groups, "damaged": damaged})
    for broken in damaged:
        output.say(f"{broken['run']} cannot be read. {broken['problem']} ({broken['where']})", style="yellow")
    if not rows and not groups and not damaged:
        output.say(f"There are no runs in {arguments.runs_dir}. `tersenet train` makes one.")
        return 0
    if rows:
        output.say(_run_table(rows))
        output.say("test: after the last epoch. best: the best epoch and its number, picked on the")
        output.say("images it was measured on.")
    if groups:
        output.say("")
        output.say(_group_table(groups))
        output.say("mean, deviation, 95 % interval of the mean: of the seeds' test accuracies after the")
        output.say("last epoch. One seed is named like group-1/seed-0.")
    return 0


def _run_table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True, min_width=6)
    table.add_column("data", no_wrap=True, overflow="ellipsis", max_width=18)
    for title in ("parameters", "epochs", "test %", "best %", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        finished = row["test_accuracy"] is not None
        table.add_row(
            row["run"],
            row["data"],
            _count(row["parameters"]),
            f"{row['epochs']}/{row['planned_epochs']}",
            f"{row['test_accuracy']:.2f}" if finished else "–",
            f"{row['best']:.2f} ({row['best_epoch']})" if row["best"] is not None else "–",
            f"{row['seconds']:.0f}",
        )
    return table


def _group_table(groups: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("group", no_wrap=True, min_width=6)
    table.add_column("data", no_wrap=True, overflow="ellipsis", max_width=18)
    for title in ("parameters", "seeds", "mean %", "deviation", "95 % interval", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for group in groups:
        interval, known = group["interval"], group["mean"] is not None
        table.add_row(
            group["run"],
            group["data"],
            _count(group["parameters"]),
            f"{group['finished']}/{len(group['seeds'])}",
            f"{group['mean']:.2f}" if known else "–",
            "–" if group["deviation"] is None else f"{group['deviation']:.3f}",
            "–" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}",
            f"{group['seconds']:.0f}" if known else "–",
        )
    return table


def _group_facts(group: Any) -> dict[str, Any]:
    """A group by its finished seeds; `seconds` is their mean."""
    from statistics import fmean

    from tersenet.evaluation import PERCENT, spread

    results = [run.result for run in group.finished_runs]
    found = spread([result["test_accuracy"] for result in results], bounds=PERCENT) if results else None
    runs = group.runs
    return {
        "run": group.name,
        "path": str(group.path),
        "network": group.experiment.network,
        "data": group.experiment.data,
        "parameters": runs[0].parameters if runs else 0,
        "planned_epochs": group.experiment.training.epochs,
        "seeds": list(group.seeds),
        "finished": len(results),
        "mean": found.mean if found else None,
        "deviation": found.deviation if found else None,
        "minimum": found.minimum if found else None,
        "maximum": found.maximum if found else None,
        "interval": found.interval if found else None,
        "seconds": fmean(result["seconds"] for result in results) if results else None,
    }


def _facts(run: Any) -> dict[str, Any]:
    from tersenet.training import best_epoch

    result, metrics = run.result or {}, run.metrics
    best = best_epoch(metrics) if metrics else None
    return {
        "run": run.name,
        "path": str(run.path),
        "network": run.experiment.network,
        "data": run.experiment.data,
        "parameters": run.parameters,
        "epochs": len(metrics),
        "planned_epochs": run.experiment.training.epochs,
        "seed": run.experiment.seed,
        "test_accuracy": result.get("test_accuracy"),
        "best": best.held_out_accuracy if best else None,
        "best_epoch": best.epoch if best else None,
        "seconds": sum(row.seconds for row in metrics),
    }


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"
