"""The learning rate range test: how the loss answers to a rate that rises from step to step; a rate to start from.

Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3: train for some steps
while the rate rises, and look where the loss falls and where it rises again. Here the rate rises by the same factor
each step, as in S. Gugger's version of the test, so that every order of magnitude gets as many steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from tersenet._errors import TersenetError, check_setting
from tersenet.data import Split
from tersenet.evaluation import LOW, as_logits, check_answers, own_precision
from tersenet.networks import copy_network
from tersenet.training.batches import DROPOUT, Batch, TrainingBatches, derived_seed, smallest_batch
from tersenet.training.optimizers.optimizer_kind import set_rate
from tersenet.training.recipe import Recipe, make_optimizer
from tersenet.training.train import set_dropout

LOWEST, HIGHEST, STEPS = 1e-4, 10.0, 250  # five orders of magnitude, fifty steps each
MEMORY = 0.95  # of the moving mean of the loss: about twenty batches
RISEN = 1.2  # the loss has risen again where the smoothed one is this many times its lowest
BROKEN = 3.0  # the test ends where the smoothed loss is this many times its lowest
BELOW = 10.0  # the suggestion is the rate of the lowest smoothed loss divided by this

RULE = (
    "a tenth of the rate at which the smoothed loss is lowest: the loss is still falling there, well below the rate "
    "at which it starts to rise"
)


@dataclass(frozen=True, kw_only=True)
class RateTest:
    """What the test found: the rates of its steps, the loss of each batch before its step (nats), their moving mean.

    `suggestion` is the rate to start from, by `RULE`. `rose` says whether the loss rose again before the highest
    rate: if it did not, higher rates may do as well.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float
    rose: bool

    @property
    def lowest(self) -> int:
        """The place (from 0) of the lowest smoothed loss."""
        return lowest_place(self.smoothed)


def find_learning_rate(
    model: nn.Module,
    images: Split,
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    on_step: Callable[[int, int], None] | None = None,
) -> RateTest:
    """Train a copy of a network for at most `steps` batches while the rate rises from `lowest` to `highest`.

    Optimiser, batch size, augmentation and loss are the recipe's, schedule and averaging stay out. The network's
    weights, modes and the caller's random numbers are left alone; the same seed gives the same test.
    `on_step(step, steps)` may show progress. Raises TersenetError where the loss is not finite from the start, or a
    bound does not fit.

    >>> split = Split(images=torch.zeros(8, 28, 28, dtype=torch.uint8), labels=torch.arange(8) % 2)
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(784, 2))
    >>> len(find_learning_rate(network, split, steps=20, highest=0.1).rates)
    20
    """
    recipe = recipe or Recipe()
    check_setting(
        0 < lowest < highest < math.inf, "lowest", lowest, f"above 0 and below the highest rate, {highest:g}"
    )
    check_setting(steps >= 10, "steps", steps, "10 or more")
    device = torch.device(device)
    batches = TrainingBatches(
        images, batch_size=recipe.batch_size, augmentation=recipe.augmentation, seed=seed, device=device
    )
    rates = [lowest * (highest / lowest) ** (step / (steps - 1)) for step in range(steps)]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(derived_seed(seed, DROPOUT, 0))
        network = copy_network(model).to(device).train()
        if own_precision(network) in LOW:
            network = network.float()
        smallest = next(iter(batches.epoch(1)))[0][: min(2, smallest_batch(len(images), recipe.batch_size))]
        check_answers(network, smallest, int(images.labels.max()) + 1, device=device)
        if recipe.dropout is not None:
            set_dropout(network, recipe.dropout)
        losses = _losses(network, recipe, rates, _endless(batches), on_step)
    if len(losses) < 2:
        raise TersenetError(
            "The loss is not a finite number from the start.",
            got=f"loss {losses[0] if losses else math.nan} at the learning rate {lowest:g}",
            expected="a finite loss",
            hint="start at a lower rate, or look for a picture or a weight that is not finite",
        )
    smoothed = smooth(losses)
    return RateTest(
        rates=tuple(rates[: len(losses)]),
        losses=tuple(losses),
        smoothed=smoothed,
        suggestion=rates[lowest_place(smoothed)] / BELOW,
        rose=len(losses) < steps or smoothed[-1] > RISEN * smoothed[lowest_place(smoothed)],
    )


def _losses(
    network: nn.Module,
    recipe: Recipe,
    rates: Sequence[float],
    batches: Iterator[Batch],
    on_step: Callable[[int, int], None] | None,
) -> list[float]:
    """The loss of each batch, until it is broken or not finite."""
    optimizer = make_optimizer(network, recipe)
    losses: list[float] = []
    for step, (rate, (images, labels)) in enumerate(zip(rates, batches, strict=False)):
        set_rate(optimizer, rate)
        logits = as_logits(network(images.to(own_precision(network))))
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        if not math.isfinite(loss.item()):
            break
        losses.append(loss.item())
        smoothed = smooth(losses)
        if smoothed[-1] > BROKEN * min(smoothed):
            break
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if on_step:
            on_step(step + 1, len(rates))
    return losses


def smooth(losses: Sequence[float]) -> tuple[float, ...]:
    """The exponentially weighted mean of the losses so far, the weights of the first steps made to add up to one.

    >>> smooth([2.0, 2.0, 2.0])
    (2.0, 2.0, 2.0)
    """
    mean, means = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        means.append(round(mean / (1 - MEMORY**step), 12))
    return tuple(means)


def lowest_place(smoothed: Sequence[float]) -> int:
    """The place of the lowest smoothed loss; the first tenth does not count, as its mean is of few batches."""
    first = len(smoothed) // 10
    return min(range(first, len(smoothed)), key=smoothed.__getitem__)


def _endless(batches: TrainingBatches) -> Iterator[Batch]:
    """Epoch after epoch."""
    for epoch in itertools.count(1):
        yield from batches.epoch(epoch)
