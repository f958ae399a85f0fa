"""Compare runs or groups of seeds: is one better, by how much, is the difference significant, which pictures changed?

A and B are runs or groups: a folder, a name, or an experiment (its latest run). With more than two, each is compared
with the first. Two single runs are compared by pictures (McNemar's test), groups by seeds (Welch's test) and by
pictures (a paired permutation). The word `ladder` compares the steps of the ladder, each with the one before it.

examples:
  tersenet compare gap-14320 sprint
  tersenet compare sprint-3 sprint-4 --out comparison
  tersenet compare runs/base-1 runs/wide-1 runs/deep-1
  tersenet compare sprint-3 sprint-4 --resolve 0.02
  tersenet compare ladder --out ladder
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet.cli.arguments import RUNS_DIR, DataDir, Flag, RunsDir, refuse_all_but
from tersenet.cli.output import Output, TrustArguments, option

if TYPE_CHECKING:
    from tersenet.analysis import Comparison, Contender, PairComparison


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet compare` takes."""

    runs: tyro.conf.Positional[Annotated[tuple[str, ...], tyro.conf.arg(metavar="A B …", help_behavior_hint="")]]
    """Two or more runs or groups: folders, names, or experiments (the latest run of each); or `ladder`."""
    out: Annotated[Path | None, option("FOLDER")] = None
    """Write the page (comparison.html, comparison.md) and its figures into this folder."""
    resolve: Annotated[float, tyro.conf.arg(metavar="POINTS")] = 0.05
    """Difference in percentage points for which the number of seeds is computed."""
    best: Flag = False
    """Compare best epochs instead of last ones; they are picked on the test set and support no claim."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Measure, test, and print the verdicts."""
    if arguments.runs == ("ladder",):
        from tersenet.cli.commands.runs.compare_ladder import compare_ladder

        _refuse_with_ladder(arguments)
        return compare_ladder(arguments.runs_dir, arguments.out, output)
    from tersenet.analysis import compare
    from tersenet.pages import comparison_in_short, to_terminal, write_comparison
    from tersenet.runs import find_run_or_group

    sources = [find_run_or_group(name, arguments.runs_dir) for name in arguments.runs]
    comparison = compare(sources, data_dir=arguments.data_dir, best=arguments.best, resolution=arguments.resolve)
    for part in to_terminal(comparison_in_short(comparison)):
        output.say(part)
    page = write_comparison(comparison, arguments.out) if arguments.out else None
    if page:
        output.say()
        output.say(f"page: {page}")
    output.document(_document(comparison, page))
    return 0


def _refuse_with_ladder(arguments: Arguments) -> None:
    """The ladder is compared by last epochs and by the figures in the run folders: no other option has an effect."""
    refuse_all_but(
        {"runs", "out", "runs_dir", "json"},
        arguments,
        problem="These options have no effect with the ladder.",
        hint="omit them, or compare two of its steps: tersenet compare ladder-01-plain ladder-02-normalised",
    )


def _document(comparison: Comparison, page: Path | None) -> dict[str, Any]:
    return {
        "data": comparison.dataset.name,
        "images": len(comparison.dataset.test),
        "best": comparison.best,
        "warnings": comparison.warnings,
        "sides": [_side_document(side) for side in comparison.sides],
        "comparisons": [_pair_document(pair) for pair in comparison.pairs],
        "page": None if page is None else str(page),
    }


def _side_document(side: Contender) -> dict[str, Any]:
    return {
        "run": side.name,
        "path": str(side.source.path),
        "parameters": side.parameters,
        "epochs": side.epochs,
        "seeds": [run.experiment.seed for run in side.runs],
        "accuracies": side.accuracies,
        **asdict(side.spread),
        "validation_accuracies": side.validation_accuracies,
        "best_accuracies": side.best_accuracies,
        "seconds": side.seconds,
    }


def _pair_document(pair: PairComparison) -> dict[str, Any]:
    return {
        "a": pair.a.name,
        "b": pair.b.name,
        "difference": pair.difference,
        "interval": pair.interval,
        "p": pair.p,
        "told": pair.told,
        "verdict": pair.verdict,
        "reasons": pair.reasons,
        "welch": asdict(pair.welch) if pair.welch else None,
        "mcnemar": asdict(pair.mcnemar) if pair.mcnemar else None,
        "permutation": asdict(pair.permutation) if pair.permutation else None,
        "resolution": pair.resolution,
        "deviation": pair.deviation,
        "seeds_needed": pair.seeds_needed,
        "repaired": [asdict(change) for change in pair.repaired],
        "broken": [asdict(change) for change in pair.broken],
    }
