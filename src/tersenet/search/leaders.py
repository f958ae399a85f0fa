"""The best trials of a search, and how much of the lead of the best was luck."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from tersenet.search.folder import Trial
from tersenet.search.outcome import Leader, Luck

CONFIRMED = 3  # fresh seeds of the two best


def leaders_of(trials: Iterable[Trial], epochs: int) -> list[Leader]:
    """Trials that were trained in full, the best first: those with most seeds, by the mean of their held-out losses.

    A trial with fewer seeds than another was worse than that one when seeds were given.
    """
    found = []
    for trial in trials:
        paired = trial.paired(epochs)
        if paired and trial.failure is None:
            losses = tuple(training.loss for training in paired)
            found.append(
                Leader(
                    trial=trial.number,
                    network=trial.proposal.network,
                    settings=trial.proposal.settings,
                    cost=trial.proposal.cost,
                    seeds=len(paired),
                    loss=fmean(losses),
                    accuracy=fmean(training.accuracy for training in paired),
                    losses=losses,
                )
            )
    return sorted(found, key=lambda leader: (-leader.seeds, leader.loss))


def luck_of(chosen: Trial, second: Trial, epochs: int, fresh: int) -> Luck | None:
    """What the lead of the chosen trial is worth on fresh seeds, numbered from `fresh` on; None without them."""
    before = list(zip(chosen.losses(epochs), second.losses(epochs), strict=False))
    after = [
        (mine.loss, other.loss)
        for mine, other in zip(chosen.paired(epochs, fresh), second.paired(epochs, fresh), strict=False)
    ]
    if not before or not after:
        return None
    return Luck(
        second=second.number,
        seeds=len(after),
        lead_when_chosen=fmean(other - mine for mine, other in before),
        lead_on_fresh_seeds=fmean(other - mine for mine, other in after),
        loss_when_chosen=fmean(mine for mine, _ in before),
        loss_on_fresh_seeds=fmean(mine for mine, _ in after),
    )


def front_of(leaders: Iterable[Leader], cost: str) -> tuple[Leader, ...]:
    """The leaders that no other beats in both loss and cost, from the cheapest to the best."""
    front: list[Leader] = []
    for leader in sorted(leaders, key=lambda leader: (getattr(leader.cost, cost), leader.loss)):
        if not front or leader.loss < front[-1].loss:
            front.append(leader)
    return tuple(front)
