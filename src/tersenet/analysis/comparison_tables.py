"""The tables of a comparison and of a group: one row per side, per pair, per seed."""

from __future__ import annotations

from statistics import fmean

from tersenet._table import Column, Table
from tersenet.analysis.comparison import Comparison
from tersenet.analysis.contender import Contender
from tersenet.analysis.noise import signed_points
from tersenet.analysis.pairwise import PairComparison, p_in_words


def sides_table(comparison: Comparison) -> Table:
    """One row per side: its size, and its accuracies in percent, the mean over the seeds."""
    validated = any(side.kind == "validation" for side in comparison.sides)
    columns = [
        Column(title=f"on {comparison.dataset.name}", right=False, least=14),
        Column(title="parameters", leaves=2),
        Column(title="epochs", leaves=6),
        Column(title="seeds", leaves=4),
        Column(title="test %"),
        Column(title="deviation", leaves=1),
        Column(title="95 % interval", leaves=3),
        Column(title="lowest", leaves=7),
        Column(title="highest", leaves=8),
        *[Column(title="validation %", leaves=5)] * validated,
        Column(title="best %", leaves=5, means="best %: the mean of the best epochs, picked on the images measured."),
        Column(title="seconds", leaves=9),
    ]
    return Table(columns=columns, rows=[_side_row(side, validated) for side in comparison.sides])


def _side_row(side: Contender, validated: bool) -> list[str]:
    found, held_out = side.spread, side.validation_accuracies
    return [
        side.name,
        f"{side.parameters:,}",
        str(side.epochs),
        str(side.seeds),
        f"{found.mean:.2f}",
        "–" if found.deviation is None else f"{found.deviation:.3f}",
        "–" if found.interval is None else f"{found.interval[0]:.2f} to {found.interval[1]:.2f}",
        f"{found.minimum:.2f}",
        f"{found.maximum:.2f}",
        *["–" if held_out is None else f"{fmean(held_out):.2f}"] * validated,
        f"{fmean(side.best_accuracies):.2f}",
        f"{side.seconds:.1f}",
    ]


def pairs_table(comparison: Comparison) -> Table:
    """One row for each side but the first, against the first."""
    columns = (
        Column(title=f"against {comparison.sides[0].name}", right=False, least=14),
        Column(title="difference"),
        Column(title="95 % interval", leaves=2),
        Column(title="p (Holm)", leaves=1),
        Column(title="p over images", leaves=3),
    )
    return Table(columns=columns, rows=[_pair_row(pair) for pair in comparison.pairs])


def _pair_row(pair: PairComparison) -> tuple[str, str, str, str, str]:
    over_pictures = pair.permutation or pair.mcnemar
    return (
        pair.b.name,
        signed_points(pair.difference),
        "–" if pair.interval is None else f"{signed_points(pair.interval[0])} to {signed_points(pair.interval[1])}",
        _p(pair.p if pair.welch else None),
        _p(over_pictures.p if over_pictures else None),
    )


def _p(p: float | None) -> str:
    return "–" if p is None else p_in_words(p).removeprefix("p = ").removeprefix("p ")


def seeds_table(side: Contender) -> Table:
    """One row per seed of a group, and the means below."""
    validated, results = side.validation_accuracies, side.results
    held_out = [] if validated is None else [Column(title="validation %", total=f"{fmean(validated):.3f}", leaves=1)]
    columns = (
        Column(title="seed", total="mean"),
        Column(title="test %", total=f"{side.spread.mean:.3f}"),
        Column(title="test loss", total=f"{fmean(result.loss for result in results):.4f}", leaves=2),
        *held_out,
        Column(title="training %", total=f"{fmean(result.train_accuracy for result in results):.2f}", leaves=3),
        Column(title="best epoch %, picked", total=f"{fmean(side.best_accuracies):.3f}", leaves=6),
        Column(title="epochs", leaves=5),
        Column(title="seconds", total=f"{side.seconds:.1f}", leaves=4),
    )
    rows = [
        [
            str(run.experiment.seed),
            f"{accuracy:.2f}",
            f"{result.loss:.4f}",
            *([] if validated is None else [f"{validated[place]:.2f}"]),
            f"{result.train_accuracy:.2f}",
            f"{best:.2f} ({result.best_epoch})",
            str(result.epochs),
            f"{result.seconds:.1f}",
        ]
        for place, (run, result, accuracy, best) in enumerate(
            zip(side.runs, results, side.accuracies, side.best_accuracies, strict=True)
        )
    ]
    return Table(columns=columns, rows=rows)
