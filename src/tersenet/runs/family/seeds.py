"""Start a group of seeds or continue one: each seed is a run by itself, trained as it would be alone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tersenet._errors import TersenetError, check_setting
from tersenet.data import Dataset, Progress
from tersenet.runs import folder
from tersenet.runs.experiment import Experiment, Settings
from tersenet.runs.family.family import refuse_inside_a_member, with_place
from tersenet.runs.family.group import Group, group_result
from tersenet.runs.family.pool import PoolListeners, Task, Where, train_tasks
from tersenet.runs.family.ray_pool import data_to_ship, train_tasks_on_ray
from tersenet.runs.folder import Run
from tersenet.runs.provenance.environment import choose_device, core_count
from tersenet.runs.provenance.source import check_source, keep_source, kept_files
from tersenet.runs.record import GroupPlan
from tersenet.runs.record_file import is_file, read_text, write_record
from tersenet.runs.start import prepare_run
from tersenet.runs.state import at_work
from tersenet.training import Answer, EpochMetrics

MOST_SEEDS = 1_000


@dataclass(frozen=True, kw_only=True)
class GroupListeners:
    """What a group tells the outside: all optional. `on_epoch` may answer STOP: that epoch is the seed's last."""

    on_download: Progress | None = None
    on_start: Callable[[Group, Dataset], None] = lambda group, dataset: None
    on_epoch: Callable[[Run, EpochMetrics], Answer] = lambda run, metrics: None
    on_seed: Callable[[Run], None] = lambda run: None


def start_group(
    experiment: Experiment,
    seeds: int,
    *,
    runs_dir: Path = Path("runs"),
    data_dir: Path | None = None,
    processes: int | None = None,
    on: Where = "here",
    listeners: GroupListeners | None = None,
) -> Group:
    """Train an experiment with `seeds` seeds, from its own seed upwards, in `runs_dir/<name>-<n>/seed-<s>` each.

    Settings are settled once, for all seeds: with these, each seed's weights are to the bit those of a run alone. On
    a processor the seeds train side by side, a core each, which takes no longer in all than all cores for one after
    the other; `processes` says otherwise, and so do threads or workers that the experiment asks for. On an
    accelerator they follow each other. With `on="ray"` they train on the nodes of a Ray cluster.

    Every mistake in the experiment is found before the folder is made. Raises TersenetError; what was finished by
    then is kept, and `resume_group` continues.
    """
    check_setting(2 <= seeds <= MOST_SEEDS, "seeds", seeds, f"2 to {MOST_SEEDS:,}; one seed is a run")
    last = experiment.seed + seeds - 1
    check_setting(last < 2**63, "seed", experiment.seed, f"{2**63 - seeds} at most, for {seeds} seeds")
    check_setting(processes is None or processes >= 1, "processes", processes, "1 or more")
    refuse_inside_a_member()
    listeners = listeners or GroupListeners()
    settings, processes = share_cores(experiment.settings, seeds, seeds if on == "ray" else processes)
    ready = prepare_run(experiment.changed(settings=settings), data_dir=data_dir, on_download=listeners.on_download)
    path = folder.take_folder(runs_dir, ready.experiment.name or "")
    with at_work(path):
        asked_for = tuple(range(experiment.seed, experiment.seed + seeds))
        write_record(path / folder.GROUP, GroupPlan(seeds=asked_for, processes=processes))
        keep_source(path, ready.files)
        folder.write_experiment(path, ready.experiment, ready.environment, ready.summary)
        listeners.on_start(Group(path), ready.dataset)
        start = time.perf_counter()
        return _train(Group(path), data_dir, listeners, lambda: time.perf_counter() - start, on)


def resume_group(
    group: Group,
    *,
    data_dir: Path | None = None,
    on: Where = "here",
    listeners: GroupListeners | None = None,
) -> Group:
    """Continue with the seeds of a group that are not finished; the end is that of an uninterrupted group.

    A group that is finished is returned as it is.
    """
    if group.is_finished:
        return group
    refuse_inside_a_member()
    listeners = listeners or GroupListeners()
    with at_work(group.path):
        if not is_file(group.path / folder.RESULT):  # else another process finished it before the lock was free
            begun: list[Group | Run] = [group, *group.runs]
            for each in begun:
                check_source(each.path, each.experiment, each.environment.source)
            listeners.on_start(group, group.data(data_dir))
            _train(group, data_dir, listeners, lambda: None, on)
    return group


def share_cores(settings: Settings, seeds: int, processes: int | None = None) -> tuple[Settings, int]:
    """Threads and workers of each seed, and how many seeds train at a time.

    >>> settings, processes = share_cores(Settings(device="cpu"), seeds=10, processes=3)
    >>> processes, settings.threads >= 1, settings.workers >= 1
    (3, True, True)
    """
    cores, wanted = core_count(), max(settings.threads, settings.workers)
    if processes is None:
        on_processor = choose_device(settings.device) == "cpu"
        processes = max(1, cores // max(1, wanted)) if on_processor else 1
    processes = min(processes, seeds)
    if processes == 1:
        return settings, 1
    each = max(1, cores // processes)
    return replace(settings, threads=settings.threads or each, workers=settings.workers or each), processes


def _train(
    group: Group,
    data_dir: Path | None,
    listeners: GroupListeners,
    wall_seconds: Callable[[], float | None],
    on: Where,
) -> Group:
    """Train the seeds that are not finished, then write the group's result."""
    begun = {run.experiment.seed: run for run in group.runs}
    left = [seed for seed in group.seeds if seed not in begun or not begun[seed].is_finished]

    def run_of(seed: int) -> Run:
        """The run of a seed, its folder made where it was not begun."""
        if seed not in begun:
            path = group.seed_path(seed)
            path.mkdir(exist_ok=True)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            summary = read_text(group.path / folder.SUMMARY)
            environment = replace(group.environment, started=now, id=uuid.uuid4().hex)
            keep_source(path, kept_files(group.path))
            folder.write_experiment(path, group.experiment.changed(seed=seed), environment, summary)
        return Run(group.seed_path(seed))

    waiting = iter(left)

    def next_task() -> Task | None:
        seed = next(waiting, None)
        return None if seed is None else Task(path=run_of(seed).path)

    def failed(path: Path, error: TersenetError) -> None:
        raise with_place(error, path)

    told = PoolListeners(
        on_epoch=lambda path, metrics: listeners.on_epoch(Run(path), metrics),
        on_done=lambda path: listeners.on_seed(Run(path)),
        on_failure=failed,
    )
    if on == "ray":
        with data_to_ship(group.experiment.data, data_dir) as files:
            cores = max(1, group.experiment.settings.threads, group.experiment.settings.workers)
            train_tasks_on_ray(next_task, processes=0, data_dir=files, listeners=told, cores=cores)
    else:
        train_tasks(next_task, processes=min(group.processes, max(1, len(left))), data_dir=data_dir, listeners=told)
    write_record(group.path / folder.RESULT, group_result(group, wall_seconds()))
    return group
