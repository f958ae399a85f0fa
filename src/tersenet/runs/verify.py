"""Whether a claim holds: its weights evaluated again, or its experiment trained again."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet.data import Dataset, load_data
from tersenet.evaluation import evaluate, sampling_error
from tersenet.networks import find_network
from tersenet.runs.claim import Claim, SeedClaim
from tersenet.runs.fingerprint import file_hash, split_hash
from tersenet.runs.folder import MODEL
from tersenet.runs.start import Listeners, start_run
from tersenet.training import EvaluationBatches
from tersenet.training.checkpoint import load_tensors

SEED_NOISE = 0.05  # points between seeds at 99.5 %: the least that a deviation of few seeds is taken for


@dataclass(frozen=True, kw_only=True)
class SeedCheck:
    """One seed, checked: whether the hash of its weights is the claimed one, and how much they got right."""

    seed: int
    same_weights: bool
    claimed: int
    correct: int
    weights: str  # the file that was read


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a claim. `accuracy` is the mean measured here, in percent; `reasons` say why, in words."""

    holds: bool
    trained: bool
    accuracy: float
    seeds: tuple[SeedCheck, ...]
    reasons: tuple[str, ...]


def evaluate_claim(
    claim: Claim,
    *,
    places: tuple[Path, ...] = (Path("runs"),),
    tolerance: int = 0,
    data_dir: Path | None = None,
) -> Verdict:
    """Measure the claimed weights again on the test set; they are found by their hash, wherever in `places` they lie.

    A place is a folder of runs, or one that holds `*.safetensors` themselves. `tolerance` is the number of pictures
    by which a seed's count may differ: another processor rounds otherwise. Raises TersenetError where weights are not
    found, the data set is another, or the weights do not fit the claimed network.
    """
    dataset = _claimed_data(claim, data_dir)
    found = _find_weights({each.weights_sha256 for each in claim.seeds}, places)
    missing = [each for each in claim.seeds if each.weights_sha256 not in found]
    if missing:
        raise TersenetError(
            "Weights of this claim are not here.",
            got=f"{len(claim.seeds) - len(missing)} of {len(claim.seeds)} found",
            expected=f"a file of SHA-256 {missing[0].weights_sha256}, seed {missing[0].seed}, once {missing[0].run}",
            where=" or ".join(map(str, places)),
            hint="put the weights there, or train again: tersenet verify CLAIM --train",
        )
    checks = tuple(_measure(claim, each, found[each.weights_sha256], dataset) for each in claim.seeds)
    _check_parameters(claim)
    holds = all(abs(check.correct - check.claimed) <= tolerance for check in checks)
    return _verdict(claim, checks, holds=holds, trained=False, reasons=[_hashes(checks), _counts(checks, tolerance)])


def train_claim(
    claim: Claim,
    *,
    runs_dir: Path = Path("runs"),
    data_dir: Path | None = None,
    listeners: Listeners | None = None,
) -> Verdict:
    """Train every seed of a claim again, in run folders of their own, and compare.

    With the same weights and counts the claim is repeated to the bit. Else, as on another machine, it holds where the
    mean is not below the claimed one by more than chance explains: twice the standard error of a difference of two
    means, 2·s·√(2/n), s being the claimed deviation, or at least 0.05 points.
    """
    dataset = _claimed_data(claim, data_dir)
    checks = []
    for each in claim.seeds:
        experiment = claim.experiment.changed(seed=each.seed, name=f"{claim.name}-again")
        run = start_run(experiment, runs_dir=runs_dir, data_dir=data_dir, listeners=listeners)
        assert run.result is not None
        checks.append(
            SeedCheck(
                seed=each.seed,
                same_weights=file_hash(run.path / MODEL) == each.weights_sha256,
                claimed=each.correct,
                correct=round(run.result["test_accuracy"] * len(dataset.test) / 100),
                weights=str(run.path / MODEL),
            )
        )
    _check_parameters(claim)
    exact = all(check.same_weights and check.correct == check.claimed for check in checks)
    allowed = 0.0 if exact else chance(claim)
    mean = 100 * statistics.fmean(check.correct for check in checks) / claim.images
    reasons = [_hashes(checks), _counts(checks, 0)]
    if not exact:
        made = claim.versions.get("torch", "unknown")
        reasons.append(
            f"Other bits come from another processor, torch, engine or number of threads (the claim was made on "
            f"{claim.machine} with torch {made}). Then chance explains a mean up to {allowed:.2f} points lower: "
            f"2·s·√(2/n) for {len(checks)} seed{'s' * (len(checks) > 1)}."
        )
    return _verdict(claim, tuple(checks), holds=mean >= claim.accuracy - allowed, trained=True, reasons=reasons)


def chance(claim: Claim) -> float:
    """How far the mean of a claim trained again may lie below it by chance, in points: 2·s·√(2/n).

    The deviation s is the claimed one; of one seed the sampling error stands in for it; 0.05 points is the least.
    """
    deviation = claim.deviation
    if deviation is None:
        deviation = sampling_error(claim.accuracy, claim.images)
    return 2 * max(deviation, SEED_NOISE) * math.sqrt(2 / len(claim.seeds))


def _claimed_data(claim: Claim, data_dir: Path | None) -> Dataset:
    dataset = load_data(claim.data, data_dir=data_dir)
    found = split_hash(dataset.test)
    if dataset.name != claim.data or found != claim.test_sha256 or len(dataset.test) != claim.images:
        raise TersenetError(
            "The test set here is not the one that the claim was measured on.",
            got=f"{dataset.name}, {len(dataset.test):,} images, SHA-256 {found}",
            expected=f"{claim.data}, {claim.images:,} images, SHA-256 {claim.test_sha256}",
        )
    return dataset


def _find_weights(hashes: set[str], places: tuple[Path, ...]) -> dict[str, Path]:
    """The files of these hashes: searched until all are found."""
    found: dict[str, Path] = {}
    for place in places:
        for path in _weight_files(place):
            if hashes <= found.keys():
                return found
            if (seen := file_hash(path)) in hashes:
                found.setdefault(seen, path)
    return found


def _weight_files(place: Path) -> Iterator[Path]:
    """Weights of runs, of the seeds of groups, and such that lie by themselves."""
    for pattern in ("*.safetensors", f"*/{MODEL}", f"*/*/{MODEL}"):
        yield from sorted(place.glob(pattern))


def _measure(claim: Claim, seed: SeedClaim, weights: Path, dataset: Dataset) -> SeedCheck:
    model = _network(claim)
    tensors, _ = load_tensors(weights)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise TersenetError(
            "The claimed weights do not fit the claimed network.",
            got=str(error).splitlines()[-1].strip(),
            expected=claim.experiment.notation,
            where=weights,
        ) from error
    correct = evaluate(model, EvaluationBatches(dataset.test)).correct
    return SeedCheck(seed=seed.seed, same_weights=True, claimed=seed.correct, correct=correct, weights=str(weights))


def _network(claim: Claim) -> nn.Module:
    """The claimed network with any weights; every named data set has ten classes of 28×28 pictures."""
    with torch.random.fork_rng(devices=[]):
        return find_network(claim.experiment.notation or claim.experiment.network).module


def _check_parameters(claim: Claim) -> None:
    """The number of parameters is part of the claim, and follows from its notation."""
    found = sum(weights.numel() for weights in _network(claim).parameters())
    if found != claim.parameters:
        raise TersenetError(
            "The claimed network has another number of parameters.",
            got=f"{claim.parameters:,} claimed",
            expected=f"{found:,}, which its notation gives",
            where=claim.experiment.notation,
        )


def _verdict(
    claim: Claim, checks: tuple[SeedCheck, ...], *, holds: bool, trained: bool, reasons: list[str]
) -> Verdict:
    accuracy = 100 * statistics.fmean(check.correct for check in checks) / claim.images
    return Verdict(holds=holds, trained=trained, accuracy=accuracy, seeds=checks, reasons=tuple(reasons))


def _hashes(checks: tuple[SeedCheck, ...] | list[SeedCheck]) -> str:
    same = sum(check.same_weights for check in checks)
    if same == len(checks):
        return f"The hash of the weights is equal for {_all(len(checks))}."
    return f"The hash of the weights is equal for {same} of {_number(len(checks))}."


def _counts(checks: tuple[SeedCheck, ...] | list[SeedCheck], tolerance: int) -> str:
    other = [check for check in checks if check.correct != check.claimed]
    if not other:
        return f"The accuracy is equal for {_all(len(checks))}, to the picture."
    told = ", ".join(f"seed {check.seed}: {check.correct} right, claimed {check.claimed}" for check in other)
    allowed = f" ({tolerance} allowed)" if tolerance else ""
    return f"The accuracy is not equal for {len(other)} of {_number(len(checks))}{allowed}: {told}."


def _number(seeds: int) -> str:
    return f"{seeds} seed{'s' * (seeds > 1)}"


def _all(seeds: int) -> str:
    return "the one seed" if seeds == 1 else f"all {seeds} seeds"
