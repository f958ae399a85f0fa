"""Claim: with 200 workers the driver of a search needs less than 20 ms of work per trial.

    python benchmarks/search_scale.py                                   # 1,000 trials on 200 virtual workers
    python benchmarks/search_scale.py --trials 20000 --workers 200      # the long one
    python benchmarks/search_scale.py --recorded runs/search-1          # losses and seconds of a real search

The search is the real one, with its rungs, its journal and its folder; only the trainings are replaced. Their losses
and seconds are those of a recorded search, of the network nearest in size, or without one those of a plain formula
that falls with size and epochs; noise between seeds is added. Time is virtual: a worker is free again after the
seconds of its training. Printed are the driver's processor time per trial in tenths of the search (what grows with
the number of trials bounds it), its memory, and the length of the journal.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tersenet import Experiment, Recipe, load_data
from tersenet.runs import write_record
from tersenet.search import CostLimits, Search, SearchPlan, TrialTraining, cost_of
from tersenet.search.driver import Driver
from tersenet.search.folder import JOURNAL, PLAN, TRIALS
from tersenet.search.trial_training import TRAINING, SharedImages, TrialTask

SPACE = "{4..16}C3 BN R {MP2|AP2} {8..32/2}C{3|5} BN R {MP2|AP2} ({8..32/2}C3 BN R)x{0..2} {8..24/2}C3 BN R GAP 10Nb"
NOISE = 0.02  # of the loss, between seeds


class Recorded:
    """What trainings reach and take: those of a real search where one is given, else a formula."""

    def __init__(self, search: Search | None) -> None:
        self.source = random.Random(0)
        self.known: dict[int, list[tuple[int, TrialTraining]]] = {}
        for trial in search.trials if search else ():
            for training in trial.trainings.values():
                self.known.setdefault(training.epochs, []).append((trial.proposal.cost.parameters, training))

    def of(self, parameters: int, macs: int, epochs: int, seed: int) -> TrialTraining:
        """The training of a network of this size."""
        if self.known:
            nearest = min(self.known, key=lambda known: abs(known - epochs))
            _, found = min(self.known[nearest], key=lambda pair: abs(math.log(pair[0] / parameters)))
            loss, seconds = found.loss, found.seconds
        else:
            loss, seconds = 0.02 + 20 / parameters + 0.15 / epochs, epochs * (0.3 + macs / 500_000)
        return TrialTraining(
            epochs=epochs,
            seed=seed,
            fold=0,
            loss=loss * self.source.lognormvariate(0, NOISE),
            accuracy=98.0,
            images=10_000,
            train_loss=loss,
            train_accuracy=98.0,
            seconds=seconds,
            wall_seconds=1.02 * seconds,
            engine="recorded",
            precision="float32",
            machine="virtual",
        )


def main() -> None:
    """Simulate, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--recorded", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    recorded = Recorded(Search(arguments.recorded) if arguments.recorded else None)
    with tempfile.TemporaryDirectory() as scratch:
        found = simulate(Path(scratch), arguments.trials, arguments.workers, recorded)
    print(json.dumps(found, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2))
    if found["driver_ms_per_trial"] >= 20:
        sys.exit(f"missed: {found['driver_ms_per_trial']:.1f} ms per trial, wanted below 20")


def simulate(path: Path, trials: int, workers: int, recorded: Recorded) -> dict[str, Any]:
    """A whole search on virtual workers, in virtual time."""
    plan = SearchPlan(
        experiment=Experiment(network=SPACE, data="synthetic", training=Recipe(epochs=18)),
        limits=CostLimits(parameters=8_000),
        trials=trials,
        processes=workers,
    )
    (path / TRIALS).mkdir()
    write_record(path / PLAN, plan)
    dataset = load_data("synthetic")
    images = SharedImages(
        folder=path, name="synthetic", classes=dataset.classes, form=dataset.form, count=len(dataset.train)
    )
    driver = Driver(Search(path), dataset, images, on_progress=lambda progress: None)
    now = busy = 0.0
    tenths: list[float] = []
    working: list[tuple[float, int, TrialTask]] = []
    asked = done = 0
    while True:
        while len(working) < workers:
            start = time.process_time()
            task = driver.next_task()
            busy += time.process_time() - start
            if task is None:
                break
            assert task.experiment is not None
            cost = cost_of(task.experiment.network)
            training = recorded.of(cost.parameters, cost.macs, task.experiment.training.epochs, task.seed_number)
            write_record(task.path / TRAINING, training)
            asked += 1
            heapq.heappush(working, (now + training.wall_seconds, asked, task))
        if not working:
            break
        now, _, task = heapq.heappop(working)
        start = time.process_time()
        driver.finished(task.path)
        busy += time.process_time() - start
        done += 1
        if len(driver.trials) * 10 // trials > len(tenths):
            tenths.append(busy)
    parts = [1000 * (late - early) / (trials / 10) for early, late in zip([0.0, *tenths], tenths, strict=False)]
    journal = (path / JOURNAL).stat().st_size
    return {
        "trials": len(driver.trials),
        "trainings": done,
        "workers": workers,
        "virtual_hours": now / 3600,
        "driver_ms_per_trial": 1000 * busy / max(1, len(driver.trials)),
        "driver_ms_per_trial_by_tenth": [round(part, 2) for part in parts],
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "journal_bytes": journal,
        "journal_bytes_per_trial": journal / max(1, len(driver.trials)),
    }


if __name__ == "__main__":
    main()
