"""Whether the figures of a claim agree with each other: what can be said without weights, data or a training."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data import KNOWN_SETS
from tersenet.networks import NETWORKS, parse
from tersenet.runs.claims.claim_record import Claim, SeedClaim

EXACT = 1e-6  # percentage points: figures that are computed from counts differ by rounding alone


def check_consistency(claim: Claim, where: Path) -> None:
    """Raise TersenetError at the first field of a claim that contradicts another, or that cannot be."""
    for problem, got, expected in _contradictions(claim):
        raise TersenetError(problem, got=got, expected=expected, where=where)


Contradiction = tuple[str, object, object]


def _contradictions(claim: Claim) -> Iterator[Contradiction]:
    if not claim.seeds or claim.images < 1:
        yield "The claim lists no seeds or no images.", f"{len(claim.seeds)} seeds, {claim.images} images", None
        return
    for seed in claim.seeds:
        yield from _of_seed(claim, seed)
    yield from _of_seeds(claim)
    yield from _of_means(claim)
    yield from _of_experiment(claim)
    if not _is_hash(claim.test_sha256):
        yield "The hash of the test set is not a SHA-256.", claim.test_sha256, "64 digits and letters a to f"


def _of_seed(claim: Claim, seed: SeedClaim) -> Iterator[Contradiction]:
    name = f"seed {seed.seed}"
    if not 0 <= seed.correct <= claim.images:
        yield "The figures of the claim do not add up.", f"{name}: {seed.correct} correct", f"0 to {claim.images}"
    expected = 100 * seed.correct / claim.images
    if not _equal(seed.accuracy, expected):
        yield "The figures of the claim do not add up.", f"{name}: {seed.accuracy} %", f"{expected:.4f} %"
    if not _is_hash(seed.weights_sha256):
        yield "The hash of the weights is not a SHA-256.", seed.weights_sha256, "64 digits and letters a to f"
    most, may_stop = claim.experiment.training.epochs, claim.experiment.training.early_stopping > 0
    if seed.epochs is not None and not (1 <= seed.epochs <= most and (may_stop or seed.epochs == most)):
        yield "The epochs of the claim are not those of its recipe.", f"{name}: {seed.epochs} epochs", _epochs(claim)


def _of_seeds(claim: Claim) -> Iterator[Contradiction]:
    for what, values in (
        ("a seed", [each.seed for each in claim.seeds]),
        ("the weights of one training", [each.weights_sha256 for each in claim.seeds]),
        ("a run", [each.run for each in claim.seeds]),
    ):
        twice = _first_twice(values)
        if twice is not None:
            yield f"The claim counts {what} twice.", twice, f"{len(claim.seeds)} different ones"
    if claim.experiment.seed != claim.seeds[0].seed:
        got = f"experiment.seed = {claim.experiment.seed}"
        yield "The experiment of the claim has another seed.", got, claim.seeds[0].seed


def _of_means(claim: Claim) -> Iterator[Contradiction]:
    accuracies = [100 * each.correct / claim.images for each in claim.seeds]
    counts = f"from {', '.join(str(each.correct) for each in claim.seeds)} of {claim.images}"
    mean = statistics.fmean(accuracies)
    if not _equal(claim.accuracy, mean):
        yield "The figures of the claim do not add up.", f"a mean of {claim.accuracy} %", f"{mean:.4f} %, {counts}"
    deviation = statistics.stdev(accuracies) if len(accuracies) > 1 else None
    if (deviation is None) != (claim.deviation is None) or not _equal(claim.deviation or 0.0, deviation or 0.0):
        got = "no deviation" if claim.deviation is None else f"a deviation of {claim.deviation}"
        expected = "none for a single seed" if deviation is None else f"{deviation:.4f}, {counts}"
        yield "The figures of the claim do not add up.", got, expected
    epochs = [each.epochs for each in claim.seeds if each.epochs is not None]
    most, may_stop = claim.experiment.training.epochs, claim.experiment.training.early_stopping > 0
    fits = 1 <= claim.epochs <= most and (may_stop or claim.epochs == most)
    if not fits or (epochs and max(epochs) != claim.epochs):
        yield "The epochs of the claim are not those of its recipe.", f"{claim.epochs} epochs", _epochs(claim)


def _of_experiment(claim: Claim) -> Iterator[Contradiction]:
    experiment = claim.experiment
    if experiment.data != claim.data:
        yield "The experiment of the claim has other data.", f"experiment.data = {experiment.data}", claim.data
    if claim.data not in KNOWN_SETS:
        yield "A claim needs a named data set.", claim.data, ", ".join(KNOWN_SETS)
    if experiment.init is not None:
        yield "A claim needs a training from fresh weights.", f"experiment.init = {experiment.init}", None
    if experiment.notation is None:
        yield "A claim needs a network in notation.", "no experiment.notation", None
        return
    written = _parsed(experiment.notation)
    if written is None:
        yield "The notation of the claim cannot be read.", experiment.notation, "a line of notation"
    known = NETWORKS.get(experiment.network.strip().lower())
    named = _parsed(known.notation if known else experiment.network)
    if named is None or named != written:
        got = f"experiment.network = {experiment.network}"
        yield "The network of the claim is not that of its notation.", got, experiment.notation


def _parsed(notation: str) -> str | None:
    """A line of notation as Tersenet writes it; None where it cannot be read, as that of a file."""
    try:
        return str(parse(notation))
    except TersenetError:
        return None


def _epochs(claim: Claim) -> str:
    recipe = claim.experiment.training
    return f"1 to {recipe.epochs}, as it may stop early" if recipe.early_stopping else str(recipe.epochs)


def _equal(claimed: float, computed: float) -> bool:
    """Whether two figures are the same; NaN and infinity are no figures."""
    return math.isfinite(claimed) and abs(claimed - computed) <= EXACT


def _is_hash(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def _first_twice(values: Iterable[object]) -> object | None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
