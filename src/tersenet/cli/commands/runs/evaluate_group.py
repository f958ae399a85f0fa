"""Every seed of a group measured, as `tersenet evaluate GROUP` prints it."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tersenet._table import Column, Table
from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.data import Dataset
    from tersenet.runs import Group


def evaluate_group(group: Group, dataset: Dataset, device: str, output: Output) -> int:
    """Print one row per seed, and the mean with its deviation and interval."""
    from rich.text import Text

    from tersenet.analysis import finished_runs
    from tersenet.evaluation import PERCENT, spread
    from tersenet.runs import measure_run

    rows: list[dict[str, Any]] = []
    for run in finished_runs(group):
        measures = measure_run(run, dataset, device=device).measures
        seed, error = run.experiment.seed, measures.calibration.expected_calibration_error
        rows.append(
            {
                "run": run.name,
                "seed": seed,
                "accuracy": measures.accuracy,
                "correct": measures.correct,
                "loss": measures.loss,
                "unanswered": measures.unanswered,
                "expected_calibration_error": error,
            }
        )
    found = spread([row["accuracy"] for row in rows], bounds=PERCENT)
    trained = "" if dataset.name == group.experiment.data else f" (trained on {group.experiment.data})"
    output.say(f"{group.name}{trained}, {len(rows)} seeds measured on the test set of {dataset.name}")
    if len(rows) < len(group.seeds):
        said = f"This group is not finished: {len(rows)} of {len(group.seeds)} seeds are done."
        output.say(said, style="bold yellow")
    output.say(Text(f"accuracy {found} %", style="bold"))
    if found.is_indication:
        output.say("Fewer than five seeds: an indication, not a claim.", style="yellow")
    for row in rows:
        if row["unanswered"]:
            said = f"Seed {row['seed']}: outputs that are NaN: {row['unanswered']}; they count as mistakes."
            output.say(said, style="bold red")
    output.say()
    output.say(Table(columns=COLUMNS, rows=[_cells(row, len(dataset.test)) for row in rows]))
    output.say(f"\nOne seed in detail: tersenet evaluate {shlex.quote(rows[0]['run'])}")
    output.document(
        {
            "run": group.name,
            "data": dataset.name,
            "notice": dataset.notice,
            "images": len(dataset.test),
            "runs": rows,
            **asdict(found),
        }
    )
    return 0


COLUMNS = (
    Column(title="seed"),
    Column(title="accuracy"),
    Column(title="correct", leaves=1),
    Column(title="loss"),
    Column(title="calibration\nerror", leaves=2),
)


def _cells(row: dict[str, Any], images: int) -> list[str]:
    return [
        str(row["seed"]),
        f"{row['accuracy']:.2f} %",
        f"{row['correct']}/{images}",
        f"{row['loss']:.4f}",
        f"{100 * row['expected_calibration_error']:.2f}",
    ]
