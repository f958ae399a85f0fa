"""Muon's learning rate, and that of what it leaves to SGD, compared on held-out images with plain SGD.

    python benchmarks/muon.py [--seeds 2] [--epochs 2] [--rates 0.02 0.05 0.1] [--factors 1 4 16]

Trains one network on 50,000 training images of MNIST and measures the other 10,000; the test set is not read.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from unittest.mock import patch

import torch

from tersenet import Recipe, build, load_data, train
from tersenet.data import Dataset
from tersenet.training.optimizers.kinds import muon

NETWORK = "8C3 BN R 12C3 BN R MP2 12C3 BN R 16C3 BN R MP2 16C3 BN R GAP 10Nb"
HELD_OUT = 10_000


def measured(data: Dataset, recipe: Recipe, seeds: int) -> list[float]:
    """Held-out accuracies after the last epoch, in percent."""
    found = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        training = train(build(NETWORK), data, recipe, seed=seed, validation=HELD_OUT, engine="compiled")
        found.append(training.metrics[-1].held_out_accuracy)
    return found


def main(seeds: int, epochs: int, rates: Sequence[float], factors: Sequence[float]) -> None:
    """Print one line for each setting."""
    data = load_data("mnist")

    def say(what: str, recipe: Recipe) -> None:
        found = measured(data, recipe, seeds)
        print(
            f"{what:<44}{statistics.fmean(found):6.2f} %   ({', '.join(f'{each:.2f}' for each in found)})", flush=True
        )

    say("SGD, rate 0.2", Recipe(epochs=epochs))
    for rate in rates:
        for factor in factors:
            with patch.object(muon, "REST_FACTOR", factor):
                recipe = Recipe(epochs=epochs, optimizer="muon", learning_rate=rate)
                say(f"Muon, rate {rate:g}, the rest {factor:g} times that", recipe)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.02, 0.05, 0.1])
    parser.add_argument("--factors", type=float, nargs="+", default=[1, 4, 16])
    arguments = parser.parse_args()
    main(arguments.seeds, arguments.epochs, arguments.rates, arguments.factors)
