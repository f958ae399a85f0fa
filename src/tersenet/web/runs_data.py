"""What the page of runs is given: a row for each run and group, the figures of each epoch, and every setting."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.analysis import PUBLIC_RECORDS
from tersenet.figures import data_title
from tersenet.networks import NETWORKS, in_file
from tersenet.runs import Experiment, Group, Run, Unreadable, flat_settings, group_row, list_all, run_row

REPORT = "report.html"
NOT_COMPARED = ("name", "notation", "init", "network", "data", "seed")  # named elsewhere, or a path of the machine
Read = tuple[dict[str, Any], list[dict[str, Any]], Experiment]


def runs_data(runs_dir: Path, *, live: bool = False) -> dict[str, Any]:
    """The page's data, read once: see `RunsReader`.

    >>> runs_data(Path("no/such/folder"))["rows"]
    []
    """
    return RunsReader(runs_dir).data(live=live)


class RunsReader:
    """Reads a folder of runs again and again; a finished run whose files have not changed is read once."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._lock = threading.Lock()
        self._read: dict[Path, tuple[object, Read]] = {}

    def data(self, *, live: bool = False) -> dict[str, Any]:
        """Rows, the curves of each row's runs, the settings that each row has by its number, the folders that cannot
        be read, and the public records; no path of the machine is in it.

        `live` tells the page that it can ask for `runs.json` again.
        """
        rows, curves, damaged = [], {}, []
        settings: dict[Experiment, int] = {}
        with self._lock:
            kept: dict[Path, tuple[object, Read]] = {}
            for each in list_all(self._runs_dir):
                try:
                    row, curve, experiment = self._what_it_says(each, kept)
                except TersenetError as error:
                    damaged.append({"run": each.name, "problem": error.problem})
                    continue
                rows.append({**row, "settings": settings.setdefault(experiment, len(settings))})
                curves[row["run"]] = curve
            self._read = kept
        return {
            "live": live,
            "rows": rows,
            "curves": curves,
            "settings": [_shown(experiment) for experiment in settings],
            "notations": {name: each.notation for name, each in NETWORKS.items()},
            "damaged": damaged,
            "records": [
                {"name": record.name, "parameters": record.parameters, "accuracy": record.accuracy, "how": record.how}
                for record in PUBLIC_RECORDS
            ],
        }

    def find(self, name: str) -> Run | Group | None:
        """The run or group that is listed under a name; no other folder can be reached."""
        found = {each.name: each for each in list_all(self._runs_dir) if not isinstance(each, Unreadable)}
        return found.get(name)

    def _what_it_says(self, each: Run | Group | Unreadable, kept: dict[Path, tuple[object, Read]]) -> Read:
        if isinstance(each, Unreadable):
            raise TersenetError(each.problem)
        state = _state_of_files(each)
        before = self._read.get(each.path)
        if before is not None and state is not None and before[0] == state:
            kept[each.path] = before
            return before[1]
        runs = [each] if isinstance(each, Run) else list(each.runs)
        row = _run(run_row(each)) if isinstance(each, Run) else _group(group_row(each))
        row["network"] = _without_folder(row["network"])
        row["data"] = data_title(row["data"])
        row["report"] = (each.path / REPORT).is_file()
        experiment = each.experiment.changed(seed=0, name=None)
        found = row, [_curve(run) for run in runs], experiment
        if state is not None:
            kept[each.path] = (state, found)
        return found


def _state_of_files(each: Run | Group) -> object:
    """What changes when a file of a finished run does; None for a group, and for a run that is not finished."""
    if isinstance(each, Group):
        return None
    with os.scandir(each.path) as files:
        found = {file.name: file.stat() for file in files if file.name.endswith((".toml", ".json", ".csv", ".html"))}
    if "result.json" not in found:
        return None
    return sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in found.items())


def _shown(experiment: Experiment) -> dict[str, Any]:
    return {name: value for name, value in flat_settings(experiment).items() if name not in NOT_COMPARED}


def _without_folder(network: str) -> str:
    """The network's word; of a module in a file the file's name alone."""
    place = in_file(network)
    return network if place is None else f"{place[0].name}:{place[1]}"


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
