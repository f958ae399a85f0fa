"""What the page of runs is given: a row for each run and group, and the figures of each epoch."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.runs import Run, list_groups, list_runs, rows_of


def runs_data(runs_dir: Path, *, live: bool = False) -> dict[str, Any]:
    """Rows, the curves of each row's runs, and the folders that cannot be read; no path of the machine is in it.

    `live` tells the page that it can ask for `runs.json` again.

    >>> runs_data(Path("no/such/folder"))
    {'live': False, 'rows': [], 'curves': {}, 'damaged': []}
    """
    runs, groups, damaged = rows_of(runs_dir)
    members: dict[str, list[Run]] = {run.name: [run] for run in list_runs(runs_dir)}
    for group in list_groups(runs_dir):
        with suppress(TersenetError):  # a damaged group is listed as such
            members[group.name] = list(group.runs)
    rows = [_run(row) for row in runs] + [_group(row) for row in groups]
    return {
        "live": live,
        "rows": rows,
        "curves": {row["run"]: [_curve(run) for run in members.get(row["run"], [])] for row in rows},
        "damaged": [{"run": row["run"], "problem": row["problem"]} for row in damaged],
    }


def _run(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("run", "state", "network", "data", "parameters", "epochs", "planned_epochs", "seconds")
    return {name: row[name] for name in kept} | {"accuracy": row["test_accuracy"], "deviation": None, "seeds": 1}


def _group(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("run", "state", "network", "data", "parameters", "planned_epochs", "seconds", "deviation")
    own = {"accuracy": row["mean"], "seeds": len(row["seeds"]), "epochs": None}
    return {name: row[name] for name in kept} | own


def _curve(run: Run) -> dict[str, Any]:
    """Held-out accuracy in percent and training loss of each epoch; none where the file cannot be read."""
    try:
        metrics = run.metrics
    except TersenetError:
        return {"accuracy": [], "loss": []}
    return {"accuracy": [row.held_out_accuracy for row in metrics], "loss": [row.train_loss for row in metrics]}
