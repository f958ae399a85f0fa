"""Compares a claim, field by field, with the folder of the run that the claimed weights are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError
from tersenet.data import Dataset
from tersenet.runs.claims.claim_record import Claim, SeedClaim
from tersenet.runs.experiment import Experiment, to_tables
from tersenet.runs.folder import EXPERIMENT, Run
from tersenet.runs.provenance.fingerprint import dataset_hash
from tersenet.runs.record import Environment, RunRecord

# What weights alone do not show of a claim.
OF_A_RUN = (
    "seed, run, epochs, name, recipe, validation, settings, budget, target, source, choices, "
    "machine, versions, commit"
)


@dataclass(frozen=True, kw_only=True)
class RunCheck:
    """What a run's folder says of one seed of a claim; `folder` is None where the weights are in no run's folder.

    `training_images` says whether the run records the hash of what it was trained on.
    """

    folder: Path | None = None
    false: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    training_images: bool = False


def check_against_run(claim: Claim, seed: SeedClaim, folder: Path, dataset: Dataset) -> RunCheck:
    """Compare one seed of a claim with the folder that its weights are in, where it is a run's.

    >>> from tersenet.runs import RunCheck
    >>> RunCheck().folder is None
    True
    """
    if not (folder / EXPERIMENT).is_file():
        return RunCheck()
    try:
        run = Run(folder)
        result = run.result
        if result is None:
            return RunCheck(folder=folder, false=(f"seed {seed.seed}: the run in {folder} is not finished",))
        environment, done = run.environment, len(run.metrics)
        false = [*_of_result(claim, seed, result, done), *_of_experiment(claim, seed, run.experiment)]
        if seed is claim.seeds[0]:
            false += _of_environment(claim, environment)
    except (TersenetError, KeyError, TypeError) as error:
        problem = error.problem if isinstance(error, TersenetError) else f"{type(error).__name__}: {error}"
        unread = f"{OF_A_RUN} of seed {seed.seed}: the run in {folder} cannot be read ({problem})"
        return RunCheck(folder=None, not_checked=(unread,))
    recorded = environment.data_sha256
    if recorded is not None and recorded != dataset_hash(dataset):
        false.append(f"data: the run of seed {seed.seed} was trained on other images or labels than those here")
    named = () if run.name == seed.run else (f"run: called {seed.run} in the claim, {run.name} here",)
    return RunCheck(folder=folder, false=tuple(false), not_checked=named, training_images=recorded is not None)


def _of_result(claim: Claim, seed: SeedClaim, result: RunRecord, done: int) -> Iterator[str]:
    name = f"seed {seed.seed}"
    epochs = seed.epochs if seed.epochs is not None else claim.epochs
    may_stop = claim.experiment.training.early_stopping > 0 and seed.epochs is None
    if (result.epochs != epochs and not may_stop) or result.epochs > claim.epochs:
        yield _differs("epochs", name, epochs, result.epochs)
    if done != result.epochs:
        yield f"{name}: the run has the figures of {done} epochs, and says {result.epochs}"
    for field, claimed, said in (
        ("data", claim.data, result.data),
        ("parameters", claim.parameters, result.parameters),
        ("test_images", claim.images, result.test_images),
        ("seed", seed.seed, result.seed),
    ):
        if said != claimed:
            yield _differs(field, name, claimed, said)
    if not abs(result.test_accuracy - seed.accuracy) <= 1e-6:
        yield _differs("accuracy", name, seed.accuracy, result.test_accuracy)


def _of_experiment(claim: Claim, seed: SeedClaim, trained: Experiment) -> Iterator[str]:
    """All fields of the experiment; a training that repeated a claim is called so."""
    name = claim.experiment.name if trained.name == f"{claim.name}-again" else trained.name
    claimed = _flat(to_tables(claim.experiment.changed(seed=seed.seed)))
    said = _flat(to_tables(trained.changed(name=name)))
    for field in sorted({*claimed, *said}):
        if claimed.get(field) != said.get(field):
            yield _differs(f"experiment.{field}", f"seed {seed.seed}", claimed.get(field), said.get(field))


def _of_environment(claim: Claim, environment: Environment) -> Iterator[str]:
    for field, claimed, said in (
        ("machine", claim.machine, environment.machine.processor or "unknown"),
        ("versions", claim.versions, environment.versions),
        ("commit", claim.commit, environment.git_commit),
    ):
        if claimed != said:
            yield _differs(field, f"seed {claim.seeds[0].seed}", claimed, said)


def _differs(field: str, seed: str, claimed: object, said: object) -> str:
    return f"{field}: claimed {_short(claimed)}, the run of {seed} says {_short(said)}"


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, (list, tuple)) else value
    return flat
