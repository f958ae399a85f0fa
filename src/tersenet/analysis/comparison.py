"""Which of two or more is better, and whether it is significant: all against the first, on one data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet._notebook import small_table
from tersenet._table import Column, Table
from tersenet.analysis.contender import Contender, finished_runs, read_side, shared_data
from tersenet.analysis.pairwise import PairComparison, compare_two
from tersenet.data import Dataset
from tersenet.evaluation import ENOUGH_SEEDS, RESOLUTION, holm
from tersenet.runs import Group, Run


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two or more sides on one data set; `pairs` are each of the others against the first, and `warnings` what a
    reader must know first."""

    dataset: Dataset
    sides: list[Contender]
    pairs: list[PairComparison]
    best: bool
    warnings: list[str]

    def __repr__(self) -> str:
        return f"Comparison({' '.join(pair.verdict for pair in self.pairs)})"

    def _repr_html_(self) -> str:
        columns = (
            Column(title=f"on {self.dataset.name}", right=False),
            *(Column(title=title) for title in ("parameters", "seeds", "test %", "deviation")),
        )
        rows = [
            (
                side.name,
                f"{side.parameters:,}",
                str(side.seeds),
                f"{side.spread.mean:.2f}",
                "–" if side.spread.deviation is None else f"{side.spread.deviation:.3f}",
            )
            for side in self.sides
        ]
        verdicts = " ".join(pair.verdict for pair in self.pairs)
        return small_table(Table(columns=columns, rows=rows), title=verdicts, note=" ".join(self.warnings))


def compare(
    sources: Sequence[Run | Group],
    *,
    data_dir: Path | None = None,
    best: bool = False,
    resolution: float = RESOLUTION,
) -> Comparison:
    """Compare runs or groups, each with the first, on the test set that they share.

    With `best` the best epochs take the place of the last ones; they were picked on the images they were measured on,
    and the comparison says so. `resolution` is the difference, in points, that the number of seeds is for. Raises
    TersenetError for fewer than two, for the same one twice, for different data, and where nothing is finished.
    """
    sources = list(sources)
    places = [source.path.resolve() for source in sources]
    if len(sources) < 2 or len(set(places)) < len(places):
        raise TersenetError(
            "A comparison needs two different runs or groups.",
            got=", ".join(source.name for source in sources) or "nothing",
            hint="tersenet runs lists those that are here",
        )
    if not 0 < resolution <= 100:
        raise TersenetError(
            "This difference cannot be resolved.", got=resolution, expected="above 0, up to 100 points"
        )
    dataset = shared_data(sources, data_dir)
    for source in sources:
        finished_runs(source)  # say what is missing before anything is measured
    sides = [read_side(source, dataset) for source in sources]
    if best and len({side.kind for side in sides}) > 1:
        raise TersenetError(
            "Best epochs measured on different images cannot be compared.",
            got=", ".join(f"{side.name}: {side.kind}" for side in sides),
            hint="compare the last epochs: omit --best",
        )
    raw = [compare_two(sides[0], side, best=best, resolution=resolution) for side in sides[1:]]
    known = [pair.p for pair in raw if pair.p is not None]
    adjusted = iter(holm(known))
    pairs = [pair if pair.p is None else replace(pair, p=next(adjusted)) for pair in raw]
    return Comparison(
        dataset=dataset, sides=sides, pairs=pairs, best=best, warnings=_warnings(sides, dataset, best=best)
    )


def _warnings(sides: Sequence[Contender], dataset: Dataset, *, best: bool) -> list[str]:
    """The notice of drawn data where there is one, and what a reader must know, in three sentences at most."""
    said = []
    if best:
        said.append("Best epochs, picked on the images they were measured on: they support no claim.")
    few = [_seeds_of(side) for side in sides if side.seeds < ENOUGH_SEEDS or side.missing]
    if few:
        less = any(side.seeds < ENOUGH_SEEDS for side in sides)
        verdict = (
            f"Fewer than {ENOUGH_SEEDS} seeds: an indication, not a claim"
            if less
            else "Unfinished seeds are left out"
        )
        said.append(f"{verdict} ({', '.join(few)}).")
    if not best:
        said.append(
            "Choose by the validation accuracy, then report the test accuracy of the chosen one."
            if all(side.kind == "validation" for side in sides)
            else "This reads the test set: to choose between recipes, hold images out (`--validation 5000`)."
        )
    notice = dataset.notice or next((side.source.environment.data_notice for side in sides), None)
    return [*([f"Measured on {dataset.name}. {notice}"] if notice else []), *said]


def _seeds_of(side: Contender) -> str:
    return f"{side.name} has {side.seeds}" + (f", {side.missing} unfinished" if side.missing else "")


def measured_otherwise(sides: Sequence[Contender]) -> str:
    """A remark where a side has another accuracy here than after its training; else empty."""
    moved = [
        side.name
        for side in sides
        if any(
            abs(accuracy - result.test_accuracy) > 1e-9
            for accuracy, result in zip(side.accuracies, side.results, strict=True)
        )
    ]
    if not moved:
        return ""
    names = " and ".join(moved)
    return f"Measured again here, {names} differ from the accuracy after training: hardware rounds differently."
