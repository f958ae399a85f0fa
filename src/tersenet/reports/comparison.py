"""Which of two or more is better, and whether it can be told: all against the first, on one data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data import Dataset
from tersenet.evaluation import ENOUGH_SEEDS, holm
from tersenet.reports.differences import Pair, compare_two
from tersenet.reports.side import Side, finished_runs, read_side, shared_data
from tersenet.runs import Group, Run

RESOLUTION = 0.05  # points: what most changes to a recipe are worth near 99.5 %


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two or more sides on one data set; `pairs` are each of the others against the first, and `warnings` what a
    reader must know before he believes them."""

    dataset: Dataset
    sides: list[Side]
    pairs: list[Pair]
    best: bool
    warnings: list[str]


def compare(
    sources: Sequence[Run | Group],
    *,
    data_dir: Path | None = None,
    best: bool = False,
    resolution: float = RESOLUTION,
) -> Comparison:
    """Compare runs or groups, each with the first, on the test set that they share.

    With `best` the best epochs take the place of the last ones; they were picked on the images they were measured on,
    and the comparison says so. `resolution` is the difference, in points, that seeds are reckoned for. Raises
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
    if resolution <= 0:
        raise TersenetError("A difference to be resolved is above 0.", got=resolution)
    dataset = shared_data(sources, data_dir)
    for source in sources:
        finished_runs(source)  # say what is missing before anything is measured
    sides = [read_side(source, dataset) for source in sources]
    if best and len({side.kind for side in sides}) > 1:
        raise TersenetError(
            "Best epochs measured on different images cannot be compared.",
            got=", ".join(f"{side.name}: {side.kind}" for side in sides),
            hint="compare the last epochs: leave --best out",
        )
    raw = [compare_two(sides[0], side, best=best, resolution=resolution) for side in sides[1:]]
    known = [pair.p for pair in raw if pair.p is not None]
    adjusted = iter(holm(known))
    pairs = [pair if pair.p is None else replace(pair, p=next(adjusted)) for pair in raw]
    return Comparison(
        dataset=dataset, sides=sides, pairs=pairs, best=best, warnings=_warnings(sides, dataset, best=best)
    )


def _warnings(sides: Sequence[Side], dataset: Dataset, *, best: bool) -> list[str]:
    said = []
    notice = dataset.notice or next((side.source.environment.get("data_notice") for side in sides), None)
    if notice:
        said.append(f"Measured on {dataset.name}. {notice}")
    if best:
        said.append(
            "These are best epochs, each picked on the images it was measured on: they claim nothing. Picking the "
            "best of some twenty epochs adds 0.02 to 0.04 points near 99.5 %, and more to the noisier side."
        )
    few = [f"{side.name} has {side.seeds}" for side in sides if side.seeds < ENOUGH_SEEDS]
    if few:
        said.append(f"Fewer than {ENOUGH_SEEDS} seeds ({', '.join(few)}): an indication, not a claim.")
    missing = [f"{side.missing} of {side.name}" for side in sides if side.missing]
    if missing:
        said.append(f"Seeds that are not finished are left out: {', '.join(missing)}.")
    if all(side.kind == "validation" for side in sides):
        said.append(
            "The test set is read here. Make the choice by the accuracy on held-out images, which stands beside, and "
            "let the test accuracy of the chosen one be what is reported."
        )
    else:
        said.append(
            "Choosing the better one by this comparison is a choice on the test set, after which its test accuracy "
            "is no longer an honest figure. To choose, train them with images held out (`--validation 5000`)."
        )
    moved = [
        side.name
        for side in sides
        if any(
            abs(accuracy - result["test_accuracy"]) > 1e-9
            for accuracy, result in zip(side.accuracies, side.results, strict=True)
        )
    ]
    if moved:
        said.append(
            f"Measured again for this comparison, {' and '.join(moved)} gave other accuracies than after training: "
            "other hardware rounds otherwise."
        )
    return said
