"""Whether a claim holds: its weights evaluated again, or its experiment trained again.

Every field of a claim is compared with something: `claim_consistency.py` compares the fields with each other,
`claim_against_run.py` with the run's folder where it is available. A verdict names the fields that were not checked.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.data import Dataset, load_data
from tersenet.evaluation import SEED_NOISE, evaluate, sampling_error
from tersenet.networks import build
from tersenet.runs.claims.claim_against_run import OF_A_RUN, RunCheck, check_against_run
from tersenet.runs.claims.claim_record import Claim
from tersenet.runs.folder import MODEL
from tersenet.runs.provenance.fingerprint import file_hash, split_hash
from tersenet.runs.start import Listeners, start_run
from tersenet.runs.weights_search import find_weights
from tersenet.training import EvaluationBatches, load_tensors

MOST_SPREAD = 2.0  # a claimed deviation counts up to this many times the one measured here
NEAR = 1e-2  # two trainings from different seeds differ by more than their size; copies with noise by less than this


@dataclass(frozen=True, kw_only=True)
class SeedCheck:
    """One seed, checked: whether the hash of its weights is the claimed one, and how many images they got right."""

    seed: int
    same_weights: bool
    claimed: int
    correct: int
    weights: str  # the file that was read
    run_folder: str | None = None  # the run that the claim's fields were compared with


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a claim holds. `accuracy` is the mean measured here, in percent; `reasons` say why, in words.

    `false` are the fields that are not so, `checked` those that were compared, and with what, and `not_checked` those
    that nothing here can tell, and why.
    """

    holds: bool
    trained: bool
    accuracy: float
    seeds: tuple[SeedCheck, ...]
    reasons: tuple[str, ...]
    false: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()


def evaluate_claim(
    claim: Claim,
    *,
    places: tuple[Path, ...] = (Path("runs"),),
    tolerance: int = 0,
    data_dir: Path | None = None,
) -> Verdict:
    """Measure the claimed weights again on the test set; they are found by their hash, wherever in `places` they are.

    A place is a folder of runs, or one that holds `*.safetensors` themselves. With weights in a run's folder, the
    claim is compared with it field by field. `tolerance` is the number of images by which a seed's count may
    differ: another processor rounds differently. Raises TersenetError where weights are not found, the data set is
    another, or the weights do not fit the claimed network.
    """
    dataset = _claimed_data(claim, data_dir)
    _check_parameters(claim, dataset)
    found = find_weights(claim, places)
    missing = [each for each in claim.seeds if each.weights_sha256 not in found]
    if missing:
        raise TersenetError(
            "The weights of this claim were not found.",
            got=f"{len(claim.seeds) - len(missing)} of {len(claim.seeds)} found",
            expected=f"a file of SHA-256 {missing[0].weights_sha256}, seed {missing[0].seed}, run {missing[0].run}",
            where=" or ".join(map(str, places)),
            hint="put the weights there, or train again: tersenet verify CLAIM --train",
        )
    checks, runs, loaded = [], [], []
    for each in claim.seeds:
        weights = found[each.weights_sha256]
        run = check_against_run(claim, each, weights.parent, dataset)
        tensors, correct = _measure(claim, weights, dataset)
        runs.append(run)
        loaded.append(tensors)
        checks.append(
            SeedCheck(
                seed=each.seed,
                same_weights=True,
                claimed=each.correct,
                correct=correct,
                weights=str(weights),
                run_folder=None if run.folder is None else str(run.folder),
            )
        )
    false = [*(line for run in runs for line in run.false), *_copies(claim, loaded)]
    counted = all(abs(check.correct - check.claimed) <= tolerance for check in checks)
    checked, not_checked = _what_was_checked(claim, runs)
    return Verdict(
        holds=counted and not false,
        trained=False,
        accuracy=_mean(claim, checks),
        seeds=tuple(checks),
        reasons=(_hashes(checks), _counts(checks, tolerance), *false),
        false=tuple(false),
        checked=checked,
        not_checked=not_checked,
    )


def train_claim(
    claim: Claim,
    *,
    runs_dir: Path = Path("runs"),
    data_dir: Path | None = None,
    listeners: Listeners | None = None,
) -> Verdict:
    """Train every seed of a claim again, each in a new run folder, and compare.

    With the same weights and counts the claim is repeated to the bit. Otherwise, as on another machine, it holds if
    the mean is not below the claimed one by more than `chance` explains.
    """
    dataset = _claimed_data(claim, data_dir)
    _check_parameters(claim, dataset)
    checks, epochs = [], []
    for each in claim.seeds:
        experiment = claim.experiment.changed(seed=each.seed, name=f"{claim.name}-again")
        run = start_run(experiment, runs_dir=runs_dir, data_dir=data_dir, listeners=listeners)
        result = run.result
        assert result is not None
        epochs.append(result.epochs)
        checks.append(
            SeedCheck(
                seed=each.seed,
                same_weights=file_hash(run.path / MODEL) == each.weights_sha256,
                claimed=each.correct,
                correct=result.correct_images,
                weights=str(run.path / MODEL),
                run_folder=str(run.path),
            )
        )
    exact = all(check.same_weights and check.correct == check.claimed for check in checks)
    allowed = 0.0 if exact else chance(claim, [check.correct for check in checks])
    mean = _mean(claim, checks)
    reasons = [_hashes(checks), _counts(checks, 0)]
    if not exact:
        made = claim.versions.get("torch", "unknown")
        reasons.append(
            f"Another processor, torch, engine or number of threads gives different weights (the claim was made on "
            f"{claim.machine} with torch {made}). Chance then explains a mean up to {allowed:.2f} points lower."
        )
    false = [] if max(epochs) == claim.epochs else [f"epochs: claimed {claim.epochs}, trained here {max(epochs)}"]
    return Verdict(
        holds=mean >= claim.accuracy - allowed and not false,
        trained=True,
        accuracy=mean,
        seeds=tuple(checks),
        reasons=(*reasons, *false),
        false=tuple(false),
        checked=("data, parameters, network, recipe, seeds and epochs: by training again",),
        not_checked=(
            *(() if exact else ("weights_sha256: different here",)),
            "machine, versions, commit: training here does not show where the claimed runs were trained",
            *_words(claim),
        ),
    )


def chance(claim: Claim, correct: Sequence[int]) -> float:
    """How far the mean of a claim trained again may be below it by chance, in points: 2·s·√(2/n).

    s is the deviation between seeds: the root mean square of the one measured here, from the `correct` images of each
    seed, and of the claimed one, which counts up to twice the measured one: a large claimed deviation excuses
    nothing. With one seed it is the sampling error of the accuracy measured here. It is at least 0.05 points.
    """
    accuracies = [100 * count / claim.images for count in correct]
    if len(accuracies) == 1:
        deviation = max(sampling_error(accuracies[0], claim.images), SEED_NOISE)
    else:
        measured = max(statistics.stdev(accuracies), SEED_NOISE)
        claimed = min(max(claim.deviation or 0.0, SEED_NOISE), MOST_SPREAD * measured)
        deviation = math.sqrt((measured**2 + claimed**2) / 2)
    return 2 * deviation * math.sqrt(2 / len(accuracies))


def _claimed_data(claim: Claim, data_dir: Path | None) -> Dataset:
    dataset = load_data(claim.data, data_dir=data_dir)
    found = split_hash(dataset.test)
    if dataset.name != claim.data or found != claim.test_sha256 or len(dataset.test) != claim.images:
        raise TersenetError(
            "The test set here is not the one that the claim was measured on.",
            got=f"{dataset.name}, {len(dataset.test):,} images, SHA-256 {found}",
            expected=f"{claim.data}, {claim.images:,} images, SHA-256 {claim.test_sha256}",
        )
    if claim.experiment.validation >= len(dataset.train):
        raise TersenetError(
            "The claim holds out more images than the data set has.",
            got=f"validation = {claim.experiment.validation}",
            expected=f"fewer than {len(dataset.train):,}",
        )
    return dataset


def _measure(claim: Claim, weights: Path, dataset: Dataset) -> tuple[dict[str, Tensor], int]:
    """The weights, and how many images of the test set the claimed network classifies correctly with them."""
    model = _network(claim, dataset)
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
    return tensors, evaluate(model, EvaluationBatches(dataset.test)).correct


def _network(claim: Claim, dataset: Dataset) -> nn.Module:
    """The claimed network with any weights, from its notation alone: no file is run."""
    assert claim.experiment.notation is not None
    with torch.random.fork_rng(devices=[]):
        return build(claim.experiment.notation, dataset.form.size, len(dataset.classes))


def _check_parameters(claim: Claim, dataset: Dataset) -> None:
    """The number of parameters is part of the claim, and follows from its notation."""
    found = sum(weights.numel() for weights in _network(claim, dataset).parameters())
    if found != claim.parameters:
        raise TersenetError(
            "The claimed network has another number of parameters.",
            got=f"{claim.parameters:,} claimed",
            expected=f"{found:,}, as its notation gives",
            where=claim.experiment.notation,
        )


def _copies(claim: Claim, loaded: list[dict[str, Tensor]]) -> list[str]:
    """The seeds whose weights are those of another, changed a little or not at all."""
    vectors = [
        torch.cat([tensor.double().flatten() for tensor in tensors.values() if tensor.is_floating_point()])
        for tensors in loaded
    ]
    return [
        f"seeds: the weights of seeds {claim.seeds[one].seed} and {claim.seeds[other].seed} come from one training"
        for one, other in itertools.combinations(range(len(vectors)), 2)
        if float((vectors[one] - vectors[other]).norm()) <= NEAR * float(vectors[one].norm())
    ]


def _what_was_checked(claim: Claim, runs: list[RunCheck]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was compared with what, and what was not, in words."""
    fields = "accuracy, deviation, data, images, test_sha256, parameters, network, weights_sha256, correct"
    checked = [f"{fields}: by evaluating the weights"]
    without = [each.seed for each, run in zip(claim.seeds, runs, strict=True) if run.folder is None]
    if len(without) < len(claim.seeds):
        checked.append(f"{OF_A_RUN}: compared with the run of {_seeds_in_words(claim, without, inside=False)}")
    not_checked = []
    if without:
        of = _seeds_in_words(claim, without, inside=True)
        not_checked.append(f"{OF_A_RUN}: weights do not show these, and the run of {of} is not here")
    not_checked += [line for run in runs for line in run.not_checked]
    if not all(run.training_images for run in runs if run.folder is not None):
        not_checked.append("training images: the run of an older Tersenet does not record their hash")
    return tuple(checked), (*not_checked, *_words(claim))


def _words(claim: Claim) -> list[str]:
    """What only the author of a claim knows."""
    return [f"chosen_on: the author's word ({claim.chosen_on})"] if claim.chosen_on else []


def _seeds_in_words(claim: Claim, without: list[int], *, inside: bool) -> str:
    seeds = [each.seed for each in claim.seeds if (each.seed in without) == inside]
    if len(seeds) == len(claim.seeds):
        return "the one seed" if len(seeds) == 1 else "each seed"
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _mean(claim: Claim, checks: list[SeedCheck]) -> float:
    return 100 * statistics.fmean(check.correct for check in checks) / claim.images


def _hashes(checks: list[SeedCheck]) -> str:
    same = sum(check.same_weights for check in checks)
    if same == len(checks):
        return f"The hash of the weights matches for {_all(len(checks))}."
    return f"The hash of the weights matches for {same} of {_number(len(checks))}."


def _counts(checks: list[SeedCheck], tolerance: int) -> str:
    other = [check for check in checks if check.correct != check.claimed]
    if not other:
        return f"The accuracy matches for {_all(len(checks))}, to the image."
    counts = ", ".join(f"seed {check.seed}: {check.correct} correct, claimed {check.claimed}" for check in other)
    allowed = f" ({tolerance} allowed)" if tolerance else ""
    return f"The accuracy does not match for {len(other)} of {_number(len(checks))}{allowed}: {counts}."


def _number(seeds: int) -> str:
    return f"{seeds} seed{'s' * (seeds > 1)}"


def _all(seeds: int) -> str:
    return "the one seed" if seeds == 1 else f"all {seeds} seeds"
