"""Runs and groups as rows: what a list shows of each, and the folders that cannot be read."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

from tersenet._errors import TersenetError
from tersenet.evaluation import PERCENT, spread
from tersenet.runs.family.group import Group
from tersenet.runs.folder import Run, results_of
from tersenet.runs.listings.find_runs import Unreadable, list_all
from tersenet.training import best_epoch


def run_row(run: Run) -> dict[str, Any]:
    """A run in a list. Accuracies in percent, `seconds` of training; no code of the run's own is executed.

    `parameters` is None for an unfinished run of a custom module. Raises TersenetError where a file of the run
    cannot be read.
    """
    record, metrics, experiment = run.result, run.metrics, run.experiment
    best = best_epoch(metrics) if metrics else None
    _ = run.environment  # a folder whose environment cannot be read is damaged
    return {
        "run": run.name,
        "path": str(run.path),
        "state": run.state,
        "network": experiment.network,
        "data": experiment.data,
        "parameters": run.parameters,
        "epochs": len(metrics),
        "planned_epochs": experiment.training.epochs,
        "seed": experiment.seed,
        "test_accuracy": record.test_accuracy if record else None,
        "best": best.held_out_accuracy if best else None,
        "best_epoch": best.epoch if best else None,
        "seconds": sum(row.seconds for row in metrics),
    }


def group_row(group: Group) -> dict[str, Any]:
    """A group in a list, by its finished seeds; `seconds` is their mean. Raises TersenetError as `run_row` does."""
    runs, experiment = group.runs, group.experiment
    records = results_of(runs)
    found = spread([record.test_accuracy for record in records], bounds=PERCENT) if records else None
    _ = (group.environment, group.result)
    return {
        "run": group.name,
        "path": str(group.path),
        "state": group.state,
        "network": experiment.network,
        "data": experiment.data,
        "parameters": runs[0].parameters if runs else 0,
        "planned_epochs": experiment.training.epochs,
        "seeds": list(group.seeds),
        "finished": len(records),
        "mean": found.mean if found else None,
        "deviation": found.deviation if found else None,
        "minimum": found.minimum if found else None,
        "maximum": found.maximum if found else None,
        "interval": found.interval if found else None,
        "seconds": fmean(record.seconds for record in records) if records else None,
    }


def rows_of(runs_dir: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, str]]]:
    """The rows of all runs, of all groups, and of all folders that cannot be read (`run`, `problem`, `where`).

    >>> rows_of(Path("no/such/folder"))
    ([], [], [])
    """
    runs, groups, damaged = [], [], []
    for each in list_all(runs_dir):
        try:
            if isinstance(each, Unreadable):
                damaged.append({"run": each.name, "problem": each.problem, "where": str(each.path)})
            elif isinstance(each, Group):
                groups.append(group_row(each))
            else:
                runs.append(run_row(each))
        except TersenetError as error:
            problem = error.problem if error.got is None else f"{error.problem} Got {error.got}."
            damaged.append({"run": each.name, "problem": problem, "where": str(error.where or each.path)})
    return runs, groups, damaged


def damaged_names(runs_dir: Path) -> list[str]:
    """The names of the folders under `runs_dir` that should hold a run and cannot be read.

    >>> damaged_names(Path("no/such/folder"))
    []
    """
    return [row["run"] for row in rows_of(runs_dir)[2]]
