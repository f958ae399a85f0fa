"""The ladder's steps, as `tersenet compare ladder` prints them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.analysis import Ladder, LadderStep


def compare_ladder(runs_dir: Path, out: Path | None, output: Output) -> int:
    """Print a row for each step, what each shows against the one before it, and what is missing."""
    from tersenet.analysis import read_ladder
    from tersenet.pages import ladder_in_short, to_terminal, write_ladder

    ladder = read_ladder(runs_dir)
    for part in to_terminal(ladder_in_short(ladder)):
        output.say(part)
    page = None
    if out is not None:
        page = write_ladder(ladder, out)
        output.say()
        output.say(f"page: {page}")
    output.document(_document(ladder, page))
    return 0


def _document(ladder: Ladder, page: Path | None) -> dict[str, Any]:
    steps = zip(ladder.steps, [None, *ladder.steps], strict=False)
    return {
        "data": ladder.data,
        "steps": [_step_document(step, before) for step, before in steps],
        "missing": [asdict(each) for each in ladder.missing],
        "otherwise": ladder.otherwise,
        "page": None if page is None else str(page),
    }


def _step_document(step: LadderStep, before: LadderStep | None) -> dict[str, Any]:
    from tersenet.analysis import analyse_step

    return {
        "step": step.name,
        "change": step.change,
        "parameters": step.parameters,
        "epochs": step.epochs,
        "runs": [run.name for run in step.runs],
        "seeds": [run.experiment.seed for run in step.runs],
        "accuracies": step.accuracies,
        **asdict(step.spread),
        "indication": step.spread.is_indication,
        "means": step.means,
        "least_of_last_epochs": min(step.last_epochs),
        "target": step.target,
        "misses": step.misses,
        "met": not step.misses if step.experiment.budget else None,
        "difference": asdict(step.difference) if step.difference else None,
        "adjusted_p": step.adjusted_p,
        "analysis": analyse_step(step, before),
    }
