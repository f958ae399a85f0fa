"""What a search found: `result.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tersenet.runs import Record
from tersenet.search.space.costs import Cost


@dataclass(frozen=True, kw_only=True)
class Leader:
    """A trial that was among the best, with the mean over all seeds that it was trained with in full."""

    trial: int
    network: str
    settings: Mapping[str, float | int | str | bool]
    cost: Cost
    seeds: int
    loss: float
    accuracy: float
    losses: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Luck:
    """How much of the chosen trial's lead was luck: the lead over the second when it was chosen, and on fresh seeds.

    Losses are means over the same seeds and held-out images for both; the fresh ones were not used in choosing.
    """

    second: int
    seeds: int
    lead_when_chosen: float
    lead_on_fresh_seeds: float
    loss_when_chosen: float
    loss_on_fresh_seeds: float

    def in_words(self) -> str:
        """One or two sentences.

        >>> Luck(second=3, seeds=3, lead_when_chosen=0.002, lead_on_fresh_seeds=0.0005, loss_when_chosen=0.02,
        ...      loss_on_fresh_seeds=0.022).in_words()
        'The lead over trial 3 was 0.0020 when it was chosen and 0.0005 on 3 fresh seeds: 75 % of it was luck.'
        """
        head = f"The lead over trial {self.second} was {self.lead_when_chosen:.4f} when it was chosen"
        plural = "s" * (self.seeds != 1)
        fresh = f"{self.lead_on_fresh_seeds:.4f} on {self.seeds} fresh seed{plural}"
        if self.lead_on_fresh_seeds <= 0:
            return f"{head} and {fresh}: all of it was luck, and either may be the better one."
        if self.lead_on_fresh_seeds >= self.lead_when_chosen:
            return f"{head} and {fresh}: none of it was luck."
        share = 100 * (1 - self.lead_on_fresh_seeds / self.lead_when_chosen)
        return f"{head} and {fresh}: {share:.0f} % of it was luck."


@dataclass(frozen=True, kw_only=True)
class SearchRecord(Record):
    """`result.json`: the chosen network, measured on the test set once for each budget that the search was given.

    `test_accuracies` has a figure per fresh seed, `group` is the folder of those trainings; `test_reads` counts how
    often the test set has been read for this search in all.
    """

    search: str
    data: str
    space: str
    limits: str
    trials: int
    trainings: int
    promoted: int
    failed: int
    seconds: float
    chosen: Leader
    leaders: tuple[Leader, ...]
    front: tuple[Leader, ...] = ()
    luck: Luck | None
    importance: Mapping[str, float]
    seeds: tuple[int, ...]
    test_accuracies: tuple[float, ...]
    test_images: int
    mean: float
    deviation: float | None
    interval: tuple[float, float] | None
    group: str
    test_reads: int = 1
    outside_training: float | None = None
