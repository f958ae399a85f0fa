"""Finds the weights of a claim by their hash: in runs, beside the claim, or in the package."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from tersenet.runs.claims.claim_record import Claim
from tersenet.runs.folder import MODEL
from tersenet.runs.packaged import WEIGHTS
from tersenet.runs.provenance.fingerprint import file_hash

LARGEST = 1024 * 1024 * 1024  # bytes of a weights' file that is looked at; a compact network has a thousandth


def places_of(claim: Path, runs_dir: Path) -> tuple[Path, ...]:
    """Where the weights of a claim's file are looked for, in this order.

    >>> [place.as_posix() for place in places_of(Path("claims/mine.toml"), Path("runs"))][:3]
    ['runs', 'claims', 'claims/weights']
    """
    return runs_dir, claim.parent, claim.parent / "weights", WEIGHTS


def find_weights(claim: Claim, places: Sequence[Path]) -> dict[str, Path]:
    """The files with the claimed hashes, as many as are there: hash and path.

    A place is a folder of runs or groups, or one that holds `*.safetensors` themselves. The runs that the claim names
    are looked at first. Only plain files are opened.
    """
    wanted = {each.weights_sha256 for each in claim.seeds}
    found: dict[str, Path] = {}
    named = (place / each.run / MODEL for each in claim.seeds for place in places if _stays_inside(each.run))
    seen: set[Path] = set()
    for path in (*named, *(path for place in places for path in _weight_files(place))):
        if wanted <= found.keys():
            break
        if path in seen or not _is_plain(path):
            continue
        seen.add(path)
        try:
            found_hash = file_hash(path)
        except OSError:
            continue
        if found_hash in wanted:
            found.setdefault(found_hash, path)
    return found


def _weight_files(place: Path) -> Iterator[Path]:
    """Weights of runs, of the seeds of groups, and those that are in a folder by themselves."""
    for pattern in ("*.safetensors", f"*/{MODEL}", f"*/*/{MODEL}"):
        try:
            yield from sorted(place.glob(pattern))
        except OSError:
            continue


def _is_plain(path: Path) -> bool:
    """Whether this is a file of a size that weights have: a pipe or a device would be read endlessly."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - an error is an answer here
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_size <= LARGEST


def _stays_inside(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts
