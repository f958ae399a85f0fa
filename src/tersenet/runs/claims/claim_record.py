"""What a claim says, field by field."""

from __future__ import annotations

from dataclasses import dataclass

from tersenet.evaluation import ENOUGH_SEEDS
from tersenet.runs.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class SeedClaim:
    """One training: its seed, how many test images it classified correctly, and the SHA-256 of its weights' file."""

    seed: int
    correct: int
    accuracy: float
    weights_sha256: str
    run: str
    epochs: int | None = None  # None in a claim of schema 1


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed; accuracies in percent on the `images` test images of `data`, after the last epoch.

    `experiment` is resolved and complete, its seed that of the first of `seeds`. `machine` and `versions` say where
    the weights were made: on another processor, or with another torch, their bits may differ. `chosen_on` says which
    images and seeds the recipe was chosen on.
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
    chosen_on: str | None = None
    seeds: tuple[SeedClaim, ...]
    experiment: Experiment

    @property
    def name(self) -> str:
        """What the claim's runs are called."""
        return self.experiment.name or "claim"

    @property
    def is_indication(self) -> bool:
        """Whether the seeds are too few for more than an indication."""
        return len(self.seeds) < ENOUGH_SEEDS
