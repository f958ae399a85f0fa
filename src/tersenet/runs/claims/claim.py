"""A claim: a result in one file that anyone can check.

The file says how the network was trained (its line of notation, the recipe, the seeds, the data, the engine's
settings), what it reached (the accuracy of each seed after the last epoch, their mean and their deviation), and the
SHA-256 of each seed's `model.safetensors`, as `sha256sum` prints it. `verify.py` checks it. A claim is data: reading
and checking one runs no file that it names.
"""

from __future__ import annotations

import os
import stat
import statistics
import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from tersenet._errors import TersenetError, did_you_mean, did_you_mean_file
from tersenet._files import write_whole
from tersenet.data import is_named
from tersenet.runs.claims.claim_consistency import check_consistency
from tersenet.runs.claims.claim_record import Claim, SeedClaim
from tersenet.runs.experiment import experiment_from, to_tables
from tersenet.runs.family.group import Group
from tersenet.runs.folder import MODEL, Run, results_of
from tersenet.runs.provenance.fingerprint import file_hash, split_hash
from tersenet.runs.record import RunRecord

SCHEMA = 2  # 1 had no `chosen_on` and no `epochs` of each seed
MOST_BYTES = 4 * 1024 * 1024  # of a claim's file; one of a thousand seeds has a twentieth


def make_claim(source: Run | Group, *, data_dir: Path | None = None, chosen_on: str | None = None) -> Claim:
    """The claim that a finished run or group supports.

    `chosen_on` says which images and seeds the recipe was chosen on; without it, what the experiment says. Raises
    TersenetError where the run is not finished, or others could not verify a claim about it.
    """
    runs = source.runs if isinstance(source, Group) else [source]
    planned = len(source.seeds) if isinstance(source, Group) else 1
    results = results_of(runs)
    if len(results) < planned:
        raise TersenetError(
            "A claim needs finished runs.",
            got=f"{len(results)} of {planned} finished",
            where=source.path,
            hint=f"tersenet train --resume {source.name}",
        )
    first = runs[0].experiment
    if first.notation is None or first.init is not None or not is_named(first.data):
        raise TersenetError(
            "A claim about this run could not be verified by others.",
            got="a network in a Python file"
            if first.notation is None
            else "a start from another run's weights"
            if first.init is not None
            else first.data,
            expected="a network in notation, trained from fresh weights on a named data set",
            where=source.path,
        )
    seeds = tuple(_seed_claim(run, result) for run, result in zip(runs, results, strict=True))
    accuracies = [each.accuracy for each in seeds]
    result, environment = results[0], runs[0].environment
    claim = Claim(
        accuracy=statistics.fmean(accuracies),
        deviation=statistics.stdev(accuracies) if len(seeds) > 1 else None,
        data=result.data,
        images=result.test_images,
        test_sha256=split_hash(runs[0].data(data_dir).test),
        parameters=result.parameters,
        epochs=max(each.epochs for each in results),
        machine=environment.machine.processor or "unknown",
        versions=dict(environment.versions),
        commit=environment.git_commit,
        chosen_on=chosen_on or first.chosen_on or None,
        seeds=seeds,
        experiment=first.changed(seed=seeds[0].seed),
    )
    check_consistency(claim, source.path)
    return claim


def write_claim(claim: Claim, path: Path) -> Path:
    """Write a claim as TOML. Raises TersenetError where there is such a file: a claim is never changed."""
    if path.exists():
        raise TersenetError("This file already exists; it was not changed.", got=path, hint="choose another name")
    tables: dict[str, Any] = {"schema": SCHEMA}
    tables |= {key: value for key, value in asdict(claim).items() if key != "experiment" and value is not None}
    tables["seeds"] = [
        {key: value for key, value in asdict(seed).items() if value is not None} for seed in claim.seeds
    ]
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
    """Read a claim, of this schema or an older one.

    Raises TersenetError where the file is not a claim, a field does not fit or is not known, or two fields contradict
    each other.
    """
    try:
        tables = tomllib.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise TersenetError("This is not a TOML file.", got=str(error)[:200], where=path) from error
    schema = tables.pop("schema", None)
    if schema not in range(1, SCHEMA + 1) or not isinstance(tables.get("experiment"), dict):
        raise TersenetError(
            "This is not a claim.",
            got=path if schema is None else f"schema {str(schema)[:20]}",
            expected=f"a file that `tersenet claim` wrote, schema 1 to {SCHEMA}",
        )
    _refuse_unknown(tables, path)
    tables["experiment"] = to_tables(experiment_from(tables["experiment"], where=f"{path}: experiment"))
    try:
        absent = {"deviation": None, "commit": None}  # TOML has no null
        claim = msgspec.convert(absent | tables, Claim, strict=True)
    except msgspec.ValidationError as error:
        raise TersenetError("The claim has an invalid value.", got=error, where=path) from error
    check_consistency(claim, path)
    return claim


def _text(path: Path) -> str:
    """The text of a claim's file; a pipe, a device or an endless file is not opened."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - says why a path cannot be reached
        if not stat.S_ISREG(facts.st_mode):
            raise TersenetError(
                "A claim must be a plain file.",
                got=f"{path}, a folder, a pipe or a device",
                expected="a file that `tersenet claim` wrote",
            )
        if facts.st_size > MOST_BYTES:
            raise TersenetError(
                "This file is too large for a claim.",
                got=f"{facts.st_size:,} bytes",
                expected=f"at most {MOST_BYTES:,} bytes",
                where=path,
            )
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise TersenetError(
            "There is no such claim.",
            got=path,
            expected="a file that `tersenet claim` wrote",
            hint=did_you_mean_file(path) if isinstance(error, FileNotFoundError) else str(error),
        ) from error


def _refuse_unknown(tables: dict[str, Any], path: Path) -> None:
    """A field that is not known would not be checked."""
    seeds = tables.get("seeds")
    entries = [each for each in seeds if isinstance(each, dict)] if isinstance(seeds, list) else []
    for content, shape in ((tables, Claim), *((entry, SeedClaim) for entry in entries)):
        known = [field.name for field in fields(shape)]
        for key in content:
            if key not in known:
                raise TersenetError(
                    "The claim has a field that is not known.",
                    got=key,
                    expected=", ".join(known),
                    where=path,
                    hint=did_you_mean(key, known),
                )


def _seed_claim(run: Run, result: RunRecord) -> SeedClaim:
    return SeedClaim(
        seed=run.experiment.seed,
        correct=result.correct_images,
        accuracy=result.test_accuracy,
        weights_sha256=file_hash(run.path / MODEL),
        run=run.name,
        epochs=result.epochs,
    )
