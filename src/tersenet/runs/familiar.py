"""What a run's training pictures are like, so that `predict` can say when not to be believed: fitted once and kept.

The run's folder keeps it in `familiarity.safetensors` (half a megabyte for MNIST), with the SHA-256 of the weights
that it belongs to. The networks in the package share one file, as they share their data; only the least probability
is each one's own.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.evaluation import Familiarity, fit_familiarity
from tersenet.runs.folder import MODEL, Run
from tersenet.runs.packaged import WEIGHTS, is_packaged
from tersenet.training import load_tensors, save_tensors

FAMILIARITY = "familiarity.safetensors"


def familiarity_of(run: Run, *, data_dir: Path | None = None) -> Familiarity:
    """What the run's training pictures are like: as kept, else fitted now (some seconds) and kept.

    Nothing is downloaded for it. Raises TersenetError where it must be fitted and the run's data is not on this
    machine.

    >>> from tersenet.runs import packaged_run
    >>> found = familiarity_of(packaged_run("stem-17150"))
    >>> found.means.shape, 0.5 < found.least_probability < 1
    (torch.Size([10, 784]), True)
    """
    weights = _hash(run)
    path = kept_in(run)
    with suppress(TersenetError, OSError):
        return read_familiarity(path, weights)
    dataset = run.data(data_dir, download=False)
    found = fit_familiarity(
        run.model(), dataset.train.images, dataset.train.labels, len(dataset.classes), dataset.form
    )
    if not is_packaged(run):
        with suppress(TersenetError):  # a folder that cannot be written: it is fitted again next time
            write_familiarity(path, {weights: found})
    return found


def kept_in(run: Run) -> Path:
    """The file that keeps it."""
    return WEIGHTS / f"{run.experiment.data}-{FAMILIARITY}" if is_packaged(run) else run.path / FAMILIARITY


def write_familiarity(path: Path, by_weights: dict[str, Familiarity]) -> None:
    """Keep what networks trained on the same pictures know of them, by the SHA-256 of their weights."""
    first = next(iter(by_weights.values()))
    facts = {
        "schema": 1,
        "least_probability": {weights: found.least_probability for weights, found in by_weights.items()},
        "most_distance": first.most_distance,
        "most_second_mark": first.most_second_mark,
        "pictures": first.pictures,
    }
    save_tensors(path, {"means": first.means, "directions": first.directions}, {"facts": json.dumps(facts)})


def read_familiarity(path: Path, weights: str) -> Familiarity:
    """What was kept for the network whose weights have this SHA-256; raises TersenetError where there is none."""
    tensors, metadata = load_tensors(path)
    try:
        facts = json.loads(metadata["facts"])
        return Familiarity(
            means=tensors["means"],
            directions=tensors["directions"],
            least_probability=float(facts["least_probability"][weights]),
            most_distance=float(facts["most_distance"]),
            most_second_mark=float(facts["most_second_mark"]),
            pictures=int(facts["pictures"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TersenetError("This file belongs to other weights.", got=error, where=path) from error


def _hash(run: Run) -> str:
    path = run.path / MODEL
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
