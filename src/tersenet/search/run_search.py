"""Start a search or continue one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tersenet._errors import TersenetError, check_setting
from tersenet._files import write_whole
from tersenet.data import Dataset, Progress, check_sizes, load_data
from tersenet.evaluation import PERCENT, spread
from tersenet.networks import Budget, build
from tersenet.runs import (
    Experiment,
    Group,
    GroupListeners,
    Run,
    Where,
    at_work,
    core_count,
    is_file,
    resume_group,
    resume_run,
    settle,
    start_group,
    start_run,
    take_folder,
    to_toml,
    write_record,
)
from tersenet.search.driver import CONFIRM_SEED, FRESH_SEED, Driver, SearchProgress
from tersenet.search.folder import FINAL, IMAGES, PLAN, RESULT, TRIALS, WINNER, Search
from tersenet.search.known import first_points
from tersenet.search.leaders import front_of, leaders_of, luck_of
from tersenet.search.outcome import SearchRecord
from tersenet.search.plan import FOLDS, SearchPlan
from tersenet.search.proposals import imported_optuna
from tersenet.search.space.extent import require_fitting
from tersenet.search.trial_training import SharedImages, alone

LEADERS = 10


@dataclass(frozen=True, kw_only=True)
class SearchListeners:
    """What a search tells the outside: all optional."""

    on_download: Progress | None = None
    on_start: Callable[[Search, Dataset], None] = lambda search, dataset: None
    on_progress: Callable[[SearchProgress], None] = lambda progress: None
    on_seed: Callable[[Run], None] = lambda run: None


def start_search(
    plan: SearchPlan,
    *,
    runs_dir: Path = Path("runs"),
    data_dir: Path | None = None,
    listeners: SearchListeners | None = None,
    on: Where = "here",
) -> Search:
    """Search in a new folder `runs_dir/<name>-<n>`, and return the finished search.

    Every mistake is found before the folder is made: a space without a network within the limits, a range upside
    down, a recipe that does not fit the data. The test set is read once, by the network that was chosen. Raises
    TersenetError; what was found by then is kept, and `resume_search` goes on.
    """
    listeners = listeners or SearchListeners()
    imported_optuna()
    dataset = load_data(plan.experiment.data, data_dir=data_dir, progress=listeners.on_download)
    plan = _settled(plan, dataset)
    path = take_folder(runs_dir, plan.experiment.name or "search")
    (path / TRIALS).mkdir()
    write_record(path / PLAN, plan)
    return _work(Search(path), dataset, data_dir, listeners, on)


def resume_search(
    search: Search,
    *,
    minutes: float | None = None,
    trials: int | None = None,
    data_dir: Path | None = None,
    listeners: SearchListeners | None = None,
    on: Where = "here",
) -> Search:
    """Continue a search that was interrupted, after the last whole epochs of its trainings.

    `minutes` and `trials` are added to its budget. A finished search without a new budget is returned as it is. With
    one it goes on where it ended; the network that is then chosen is measured on the test set too, and the result
    says how often that has been read.
    """
    listeners = listeners or SearchListeners()
    if search.result is not None and minutes is None and trials is None:
        return search
    imported_optuna()
    plan = search.plan.with_budget(minutes=minutes, trials=trials)
    dataset = load_data(plan.experiment.data, data_dir=data_dir, progress=listeners.on_download)
    if plan != search.plan:
        write_record(search.path / PLAN, plan)
    return _work(Search(search.path), dataset, data_dir, listeners, on, go_on=plan != search.plan)


def _settled(plan: SearchPlan, dataset: Dataset) -> SearchPlan:
    """The plan with everything decided, and checked against the data."""
    held_out = plan.held_out or max(1, len(dataset.train) // FOLDS)
    fits = 3 * held_out <= len(dataset.train)
    check_setting(fits, "search.held_out", held_out, f"up to a third of the {len(dataset.train):,} training images")
    check_sizes(plan.experiment.training.augmentation, *dataset.form.size[1:])
    extent = require_fitting(plan.space, plan.limits, dataset.form.size, len(dataset.classes))
    first = next(iter(first_points(plan.space, extent, plan.start)))
    # Settled once: all trials are computed in the same precision.
    precision = settle(
        alone(plan.experiment.settings), build(first, dataset.form.size, len(dataset.classes))
    ).precision
    settings = replace(plan.experiment.settings, precision=precision)
    return replace(
        plan,
        held_out=held_out,
        processes=plan.processes or core_count(),
        experiment=plan.experiment.changed(
            settings=settings, data=dataset.name, name=plan.experiment.name or "search", validation=0
        ),
    )


def _work(
    search: Search,
    dataset: Dataset,
    data_dir: Path | None,
    listeners: SearchListeners,
    on: Where,
    *,
    go_on: bool = False,
) -> Search:
    with at_work(search.path):
        if is_file(search.path / RESULT) and not go_on:
            return search
        listeners.on_start(search, dataset)
        before = search.result
        images = SharedImages.write(search.path / IMAGES, dataset)
        try:
            driver = Driver(search, dataset, images, on_progress=listeners.on_progress)
            plan = search.plan
            extent = require_fitting(plan.space, plan.limits, dataset.form.size, len(dataset.classes))
            driver.proposer.start_with(first_points(plan.space, extent, plan.start).values())
            if go_on:
                (search.path / RESULT).unlink(missing_ok=True)
            driver.work(on=on)
            reads = 1 + (before.test_reads if before and go_on else 0)
            record = _measured(search, driver, data_dir, listeners, reads, on)
        finally:
            shutil.rmtree(search.path / IMAGES, ignore_errors=True)
        write_record(search.path / RESULT, record)
    return search


def winner_of(search: Search, trial_network: str, settings: dict[str, Any]) -> Experiment:
    """The experiment of the chosen network: it trains as it is, on all training images."""
    plan = search.plan
    limit = plan.limits.parameters
    budget = Budget(data=plan.experiment.data, parameters=limit) if limit else None
    return plan.trial(
        trial_network,
        settings,
        name=f"{search.name}-winner",
        seed=plan.experiment.seed + FRESH_SEED,
        budget=plan.experiment.budget or budget,
        chosen_on=f"held-out training images, in the search {search.name}",
    )


def _measured(
    search: Search, driver: Driver, data_dir: Path | None, listeners: SearchListeners, reads: int, on: Where
) -> SearchRecord:
    """Train the chosen network on all images with fresh seeds, and read the test set: the only time in a search."""
    plan, epochs = search.plan, driver.full_epochs
    leaders = leaders_of(driver.trials.values(), epochs)
    if not leaders:
        raise TersenetError(
            "No trial was trained in full, so that there is nothing to choose.",
            got=f"{len(driver.trials)} trials in {driver.seconds:.0f} s",
            hint=f"give it more time: tersenet search --resume {search.name} --minutes 10",
        )
    chosen = leaders[0]
    experiment = winner_of(search, chosen.network, dict(chosen.settings))
    write_whole(search.path / WINNER, to_toml(experiment))
    place = search.path / FINAL / f"trial-{chosen.trial}"
    accuracies, images, group = _fresh_seeds(experiment, plan, place, data_dir, listeners, on)
    found = spread(accuracies, bounds=PERCENT)
    driver.keep_clock()
    trials = driver.trials
    luck = luck_of(trials[chosen.trial], trials[leaders[1].trial], epochs, CONFIRM_SEED) if leaders[1:] else None
    trainings = [training for trial in trials.values() for training in trial.trainings.values()]
    outside = 1 - sum(each.seconds for each in trainings) / max(1e-9, sum(each.wall_seconds for each in trainings))
    return SearchRecord(
        search=search.name,
        data=plan.experiment.data,
        space=plan.experiment.network,
        limits=plan.limits.in_words(),
        trials=len(trials),
        trainings=len(trainings),
        promoted=driver.promoted,
        failed=sum(trial.failure is not None for trial in trials.values()),
        seconds=driver.seconds,
        chosen=chosen,
        leaders=tuple(leaders[:LEADERS]),
        front=front_of(leaders, plan.front or "parameters"),
        luck=luck,
        importance=driver.proposer.importance(),
        seeds=tuple(range(experiment.seed, experiment.seed + plan.seeds)),
        test_accuracies=tuple(accuracies),
        test_images=images,
        mean=found.mean,
        deviation=found.deviation,
        interval=found.interval,
        group=str(group.relative_to(search.path)),
        test_reads=reads,
        outside_training=outside,
    )


def _fresh_seeds(
    experiment: Experiment,
    plan: SearchPlan,
    place: Path,
    data_dir: Path | None,
    listeners: SearchListeners,
    on: Where,
) -> tuple[list[float], int, Path]:
    """The accuracies on the test set, the number of its images, the folder; what was begun before is continued."""
    begun = next(iter(sorted(place.glob("*/experiment.toml"))), None)
    runs: list[Run]
    if plan.seeds == 1:
        run = (
            resume_run(Run(begun.parent), data_dir=data_dir)
            if begun
            else start_run(experiment, runs_dir=place, data_dir=data_dir)
        )
        runs, folder = [run], run.path
        listeners.on_seed(run)
    else:
        telling = GroupListeners(on_seed=listeners.on_seed)
        if begun:
            group = resume_group(Group(begun.parent), data_dir=data_dir, listeners=telling, on=on)
        else:
            group = start_group(
                experiment,
                plan.seeds,
                runs_dir=place,
                data_dir=data_dir,
                processes=None if on == "ray" else plan.processes,
                on=on,
                listeners=telling,
            )
        runs, folder = group.runs, group.path
    results = [run.result for run in runs]
    assert all(results)
    return [result.test_accuracy for result in results if result], next(r.test_images for r in results if r), folder
