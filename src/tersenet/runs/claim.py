"""A claim: what was reached, in one file that anybody can check.

The file says how the network was trained (its line of notation, the recipe, the seeds, the data, the engine's
settings), what came of it (the accuracy of each seed after the last epoch, and their mean), and the SHA-256 of each
seed's `model.safetensors`, as `sha256sum` prints it. `verify.py` checks it.
"""

from __future__ import annotations

import statistics
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet.runs.experiment import Experiment, experiment_from, to_tables
from tersenet.runs.fingerprint import file_hash, split_hash
from tersenet.runs.folder import MODEL, Run
from tersenet.runs.group import Group

SCHEMA = 1
CLAIMED_SEEDS = 5  # fewer are an indication


@dataclass(frozen=True, kw_only=True)
class SeedClaim:
    """One training: its seed, how many test pictures it read rightly, and the SHA-256 of its weights' file."""

    seed: int
    correct: int
    accuracy: float
    weights_sha256: str
    run: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed; accuracies in percent on the `images` test pictures of `data`, after the last epoch.

    `experiment` is resolved and complete, its seed that of the first of `seeds`. `machine` and `versions` say where
    the weights were made: on another processor, or with another torch, their bits may differ.
    """

    accuracy: float
    deviation: float | None
    data: str
    images: int
    test_sha256: str
    parameters: int
    epochs: int
    machine: str
    versions: dict[str, str]
    commit: str | None  # of Tersenet's own source, where it was a checkout
    seeds: tuple[SeedClaim, ...]
    experiment: Experiment

    @property
    def name(self) -> str:
        """What the claim's runs are called."""
        return self.experiment.name or "claim"

    @property
    def is_indication(self) -> bool:
        """Whether the seeds are too few for more than an indication."""
        return len(self.seeds) < CLAIMED_SEEDS


def make_claim(source: Run | Group, *, data_dir: Path | None = None) -> Claim:
    """The claim that a finished run or group gives reason for. Raises TersenetError where it gives none."""
    runs = source.runs if isinstance(source, Group) else [source]
    planned = len(source.seeds) if isinstance(source, Group) else 1
    finished = sum(run.result is not None for run in runs)
    if finished < planned:
        raise TersenetError(
            "A claim is made of finished runs.",
            got=f"{finished} of {planned} finished",
            where=source.path,
            hint=f"tersenet train --resume {source.name}",
        )
    first = runs[0].experiment
    if first.notation is None or first.init is not None or first.data.startswith("folder:"):
        raise TersenetError(
            "Nobody else could check a claim about this run.",
            got="a module in a file of your own"
            if first.notation is None
            else "weights of another run to start from"
            if first.init is not None
            else first.data,
            expected="a network in notation, trained from fresh weights on a named data set",
            where=source.path,
        )
    seeds = tuple(_seed_claim(run) for run in runs)
    accuracies = [each.accuracy for each in seeds]
    result, facts = _result(runs[0]), runs[0].environment
    return Claim(
        accuracy=statistics.fmean(accuracies),
        deviation=statistics.stdev(accuracies) if len(seeds) > 1 else None,
        data=result["data"],
        images=result["test_images"],
        test_sha256=split_hash(runs[0].data(data_dir).test),
        parameters=result["parameters"],
        epochs=max(_result(run)["epochs"] for run in runs),
        machine=str(facts.get("machine", {}).get("processor", "unknown")),
        versions={name: str(version) for name, version in facts.get("versions", {}).items()},
        commit=facts.get("git_commit"),
        seeds=seeds,
        experiment=first.changed(seed=seeds[0].seed),
    )


def write_claim(claim: Claim, path: Path) -> Path:
    """Write a claim as TOML. Raises TersenetError where a file is there already: a claim is not changed."""
    if path.exists():
        raise TersenetError(
            "There is a file of this name already; it was left as it is.", got=path, hint="choose another name"
        )
    tables: dict[str, Any] = {"schema": SCHEMA}
    tables |= {key: value for key, value in asdict(claim).items() if key != "experiment" and value is not None}
    tables["experiment"] = to_tables(claim.experiment)
    seeds = f"{len(claim.seeds)} seed{'s' * (len(claim.seeds) > 1)}"
    head = (
        f"# {claim.accuracy:.2f} % on the test set of {claim.data} with {claim.parameters:,} parameters: {seeds}, "
        f"last epoch{', an indication' if claim.is_indication else ''}.\n"
        f"# Check it: tersenet verify {path.name}            (evaluates the weights, found by their hash)\n"
        f"#           tersenet verify {path.name} --train    (trains again)\n\n"
    )
    return write_whole(path, head + tomli_w.dumps(tables))


def read_claim(path: Path) -> Claim:
    """Read a claim. Raises TersenetError where it is none, a field does not fit, or its figures do not add up."""
    if not path.is_file():
        raise TersenetError("There is no such claim.", got=path, expected="a file that `tersenet claim` wrote")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TersenetError("This is not a TOML file.", got=error, where=path) from error
    if tables.pop("schema", None) != SCHEMA or not isinstance(tables.get("experiment"), dict):
        raise TersenetError(
            "This is not a claim.", got=path, expected=f"a file that `tersenet claim` wrote, schema {SCHEMA}"
        )
    tables["experiment"] = to_tables(experiment_from(tables["experiment"], where=f"{path}: experiment"))
    try:
        absent = {"deviation": None, "commit": None}  # TOML has no null
        claim = msgspec.convert(absent | tables, Claim, strict=True)
    except msgspec.ValidationError as error:
        raise TersenetError("A field of the claim does not fit.", got=error, where=path) from error
    _check_consistency(claim, path)
    return claim


def _seed_claim(run: Run) -> SeedClaim:
    result = _result(run)
    return SeedClaim(
        seed=run.experiment.seed,
        correct=round(result["test_accuracy"] * result["test_images"] / 100),
        accuracy=result["test_accuracy"],
        weights_sha256=file_hash(run.path / MODEL),
        run=run.name,
    )


def _result(run: Run) -> dict[str, Any]:
    result = run.result
    assert result is not None
    return result


def _check_consistency(claim: Claim, path: Path) -> None:
    """The claimed mean must be that of its seeds, and each accuracy that of its count."""
    if not claim.seeds or claim.images < 1:
        raise TersenetError("The claim names no seed or no image.", where=path)
    if len({each.seed for each in claim.seeds}) < len(claim.seeds):
        raise TersenetError("The claim counts a seed twice.", where=path)
    accuracies = [100 * each.correct / claim.images for each in claim.seeds]
    told = [each.accuracy for each in claim.seeds]
    mean = statistics.fmean(accuracies)
    if abs(mean - claim.accuracy) > 1e-6 or any(abs(a - b) > 1e-6 for a, b in zip(accuracies, told, strict=True)):
        raise TersenetError(
            "The figures of the claim do not add up.",
            got=f"a mean of {claim.accuracy:.4f} %",
            expected=f"{mean:.4f} %, from {', '.join(str(each.correct) for each in claim.seeds)} of {claim.images}",
            where=path,
        )
