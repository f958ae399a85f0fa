"""Claim: a search finds in half the time a network as good as random search and Optuna's defaults find in all of it.

    python benchmarks/search.py                                     # three repetitions, 30 minutes each (6 hours)
    python benchmarks/search.py --minutes 2 --repetitions 1 --epochs 4   # a short trial

All have the same space, fewer than 3,000 parameters, the same recipe and the same held-out images. Random search
draws networks and trains each in full; Optuna's defaults are TPE, which proposes, and the median pruner, which stops
trainings that are worse than the median at the same epoch. Both choose the lowest held-out loss. What each chose is
trained again on fresh seeds, on images that nobody chose by. Trials per hour and the share of time outside training
are printed beside it. Writes `--out` as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import optuna

from tersenet import Experiment, Recipe, TersenetError, load_data
from tersenet.runs import PoolListeners, core_count, read_record, train_tasks
from tersenet.search import CostLimits, Search, SearchPlan, TrialTraining, cost_of, start_search
from tersenet.search.driver import CONFIRM_SEED
from tersenet.search.folder import IMAGES, training_folder
from tersenet.search.trial_training import TRAINING, SharedImages, TrialTask
from tersenet.training import STOP, Answer, EpochMetrics

SPACE = "{4..12}C3 BN R {MP2|AP2} {8..20/2}C3 BN R {MP2|AP2} ({8..20/2}C3 BN R)x{0..1} {8..16/2}C3 BN R GAP 10Nb"
LIMIT = 3_000
FRESH = 3


class PlainSearch:
    """Full trainings of what a sampler proposes, the lowest held-out loss chosen: what most programs do."""

    def __init__(self, plan: SearchPlan, images: SharedImages, folder: Path, *, tpe: bool, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed) if tpe else optuna.samplers.RandomSampler(seed=seed)
        pruner = optuna.pruners.MedianPruner() if tpe else optuna.pruners.NopPruner()
        self.study = optuna.create_study(sampler=sampler, pruner=pruner)
        self.plan, self.images, self.folder, self.space = plan, images, folder, plan.space
        self.trials: dict[Path, tuple[optuna.Trial, str]] = {}
        self.stopped: set[Path] = set()
        self.reached: list[tuple[float, str]] = []
        self.trainings: list[TrialTraining] = []

    def run(self, seconds: float) -> str:
        """Search for so long; the network with the lowest loss."""
        self.until = time.monotonic() + seconds
        listeners = PoolListeners(on_epoch=self._epoch, on_done=self._done, on_failure=self._failed)
        train_tasks(self._next, processes=core_count(), data_dir=None, listeners=listeners)
        return min(self.reached)[1]

    def _next(self) -> TrialTask | None:
        while time.monotonic() < self.until:
            trial = self.study.ask()
            point = self.space.settle(
                lambda choice, trial=trial: (
                    trial.suggest_categorical(choice.key, list(choice.values))  # type: ignore[misc]
                    if not isinstance(choice.values, range)
                    else trial.suggest_int(choice.key, choice.values[0], choice.values[-1], step=choice.values.step)
                )
            )
            try:
                network = self.space.network(point)
                fits = cost_of(network).parameters < LIMIT
            except TersenetError:
                fits = False
            if not fits:
                self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            path = training_folder(self.folder, trial.number + 1, self.plan.experiment.training.epochs, 0)
            self.trials[path] = trial, network
            return task_of(self.plan, self.images, path, network, seed=0, fold=0)
        return None

    def _epoch(self, path: Path, metrics: EpochMetrics) -> Answer:
        trial, _ = self.trials[path]
        assert metrics.test_loss is not None
        trial.report(metrics.test_loss, metrics.epoch)
        if trial.should_prune():
            self.stopped.add(path)
            return STOP
        return None

    def _done(self, path: Path) -> None:
        training = read_record(path / TRAINING, TrialTraining)
        trial, network = self.trials[path]
        self.trainings.append(training)
        if path in self.stopped:
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return
        self.study.tell(trial, training.loss)
        self.reached.append((training.loss, network))

    def _failed(self, path: Path, error: TersenetError) -> None:
        self.study.tell(self.trials[path][0], state=optuna.trial.TrialState.FAIL)


def task_of(plan: SearchPlan, images: SharedImages, path: Path, network: str, *, seed: int, fold: int) -> TrialTask:
    """A training of a network with one fold held out."""
    return TrialTask(
        path=path,
        experiment=plan.trial(network, {}, seed=plan.experiment.seed + seed),
        images=images,
        held_out=images.count // 6,
        fold=fold,
        seed_number=seed,
        folds_seed=plan.experiment.seed,
    )


def fresh_loss(plan: SearchPlan, images: SharedImages, folder: Path, network: str) -> float:
    """The mean held-out loss of a network on fresh seeds, on the fold that no search has used."""
    tasks = [
        task_of(plan, images, folder / f"s{seed}", network, seed=CONFIRM_SEED + 500 + seed, fold=5)
        for seed in range(FRESH)
    ]
    waiting = iter(tasks)

    def failed(path: Path, error: TersenetError) -> None:
        raise error

    listeners = PoolListeners(on_epoch=lambda path, metrics: None, on_done=lambda path: None, on_failure=failed)
    train_tasks(lambda: next(waiting, None), processes=core_count(), data_dir=None, listeners=listeners)
    return fmean(read_record(task.path / TRAINING, TrialTraining).loss for task in tasks)


def of_a_search(search: Search) -> tuple[str, list[TrialTraining], int]:
    """What Tersenet's search chose, its trainings and the number of its trials."""
    record = search.result
    assert record is not None
    trainings = [training for trial in search.trials for training in trial.trainings.values()]
    return record.chosen.network, trainings, record.trials


def main() -> None:
    """Run all searches, print and write the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/search-benchmark"))
    parser.add_argument("--out", type=Path, default=Path("runs/search-benchmark/result.json"))
    arguments = parser.parse_args()
    dataset = load_data(arguments.data)
    rows: list[dict[str, Any]] = []
    for repetition in range(arguments.repetitions):
        folder = arguments.runs_dir / f"repetition-{repetition}"
        images = SharedImages.write(folder / IMAGES, dataset)
        experiment = Experiment(
            network=SPACE, data=arguments.data, seed=100 * repetition, training=Recipe(epochs=arguments.epochs)
        )
        base = SearchPlan(
            experiment=experiment, limits=CostLimits(parameters=LIMIT), minutes=arguments.minutes, seeds=1
        )
        chosen: dict[str, tuple[str, list[TrialTraining], int]] = {}
        for name, share in (("tersenet", 1.0), ("tersenet, half the time", 0.5)):
            plan = replace(base, minutes=share * arguments.minutes)
            chosen[name] = of_a_search(start_search(plan, runs_dir=folder / name.replace(", ", "-")))
        for name, tpe in (("random search", False), ("Optuna's defaults", True)):
            plain = PlainSearch(base, images, folder / name, tpe=tpe, seed=repetition)
            chosen[name] = plain.run(60 * arguments.minutes), plain.trainings, len(plain.trainings)
        for name, (network, trainings, trials) in chosen.items():
            hours = arguments.minutes / 60 * (0.5 if "half" in name else 1)
            wall = sum(each.wall_seconds for each in trainings)
            rows.append(
                {
                    "repetition": repetition,
                    "search": name,
                    "network": network,
                    "parameters": cost_of(network).parameters,
                    "fresh_loss": fresh_loss(base, images, folder / "fresh" / name, network),
                    "trials": trials,
                    "trainings": len(trainings),
                    "trials_per_hour": trials / hours,
                    "outside_training": 1 - sum(each.seconds for each in trainings) / max(wall, 1e-9),
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    means = {name: fmean(row["fresh_loss"] for row in rows if row["search"] == name) for name in chosen}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"minutes": arguments.minutes, "rows": rows, "means": means}, indent=2))
    print("\nheld-out loss on fresh seeds, mean of the repetitions:")
    for name, loss in sorted(means.items(), key=lambda item: item[1]):
        print(f"  {loss:.4f}  {name}")
    others = min(loss for name, loss in means.items() if not name.startswith("tersenet"))
    if means["tersenet, half the time"] > others:
        sys.exit(f"missed: half the time gives {means['tersenet, half the time']:.4f}, the best other {others:.4f}")


if __name__ == "__main__":
    main()
