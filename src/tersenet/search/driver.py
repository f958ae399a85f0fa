"""The search as it runs: which training comes next, what is made of each that ends, and when it is enough.

It works in four stages. *Exploring* proposes networks and promotes the best of each rung; the *leaders* then get more
seeds, the same for all; the best two are *confirmed* on fresh seeds; at last the chosen network is trained on all
images with fresh seeds, and the test set is read once.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tersenet._errors import TersenetError
from tersenet.data import Dataset
from tersenet.runs import PoolListeners, Where, core_count, read_record, train_tasks, train_tasks_on_ray, write_record
from tersenet.search.folder import (
    CLOCK,
    JOURNAL,
    Search,
    SearchClock,
    Trial,
    begun_trainings,
    training_folder,
    trial_folder,
    write_failure,
    write_trial,
)
from tersenet.search.leaders import CONFIRMED, leaders_of
from tersenet.search.outcome import Leader
from tersenet.search.plan import FOLDS
from tersenet.search.proposals import Proposer
from tersenet.search.rungs import Rungs, seeds_of_leaders
from tersenet.search.space.costs import Cost
from tersenet.search.trial_training import TRAINING, SharedImages, TrialTask, TrialTraining
from tersenet.training import EpochMetrics

Stage = Literal["exploring", "leaders", "confirming", "measuring"]
FAILURES_IN_A_ROW = 10
EXPLORING = 0.7  # of the time; the rest is for seeds of the leaders
LEADER_SEEDS = 8  # where time is the budget
LEADER_SEEDS_WITHOUT_TIME = 4
FINALISTS = 4  # trials that are trained in full at least, where there are as many
CONFIRM_SEED = 1_000  # number of the first fresh seed of the confirmation
FRESH_SEED = 2_000  # of the measurement on the test set


@dataclass(frozen=True, kw_only=True)
class SearchProgress:
    """Where a search is: trials proposed, trainings done and running, promotions, failures, the best so far.

    `left` are the seconds that are left, None where trials alone are the budget.
    """

    stage: Stage
    proposed: int
    done: int
    running: int
    promoted: int
    failed: int
    best: Trial | None
    best_loss: float | None
    best_accuracy: float | None
    left: float | None

    def in_words(self) -> str:
        """The progress line."""
        words = [
            f"{self.proposed} trial{'s' * (self.proposed != 1)}",
            f"{self.done} training{'s' * (self.done != 1)} done",
            f"{self.running} running",
            f"{self.promoted} promoted",
        ]
        if self.failed:
            words.append(f"{self.failed} failed")
        if self.best is not None:
            words.append(
                f"best {self.best_accuracy:.2f} % (loss {self.best_loss:.4f}, "
                f"{self.best.proposal.cost.parameters:,} parameters)"
            )
        if self.left is not None:
            words.append(f"{int(self.left) // 60}:{int(self.left) % 60:02} min left")
        return f"{self.stage}: " + ", ".join(words)


@dataclass(frozen=True)
class _Job:
    trial: int
    epochs: int
    seed: int


class Driver:
    """Decides and records; the trainings themselves are done by `train_tasks` or by a cluster."""

    def __init__(
        self,
        search: Search,
        dataset: Dataset,
        images: SharedImages,
        *,
        on_progress: Callable[[SearchProgress], None],
        random_only: bool = False,
    ) -> None:
        self.search, self.plan, self.images = search, search.plan, images
        self._on_progress = on_progress
        self._epochs = self.plan.epochs
        self._size, self._classes = dataset.form.size, len(dataset.classes)
        self._rungs = Rungs(len(self._epochs))
        self.trials: dict[int, Trial] = {}
        self._full: dict[int, Trial] = {}  # trained in full at least once, and never failed
        self._leaders: list[Leader] = []
        self._recent: deque[tuple[float, float]] = deque(
            maxlen=100
        )  # seconds per epoch, and of those per multiply-add
        self._trainings = 0
        self._running: dict[Path, _Job] = {}
        self._in_a_row = 0
        self._failed = 0
        self._before = search.seconds
        self._start = time.monotonic()
        self._exhausted = False
        self.stage: Stage = "exploring"
        self.held_out = self.plan.held_out or max(1, images.count // FOLDS)
        self._folds = images.count // self.held_out
        self.proposer = Proposer(
            self.plan,
            self._size,
            self._classes,
            journal=search.path / JOURNAL,
            too_slow=self._too_slow,
            random_only=random_only,
        )
        self._interrupted: deque[_Job] = deque()
        self._restore()

    @property
    def processes(self) -> int:
        """How many trainings run at a time on this machine."""
        return self.plan.processes or core_count()

    @property
    def promoted(self) -> int:
        """How many promotions there were."""
        return self._rungs.promotions

    @property
    def seconds(self) -> float:
        """How long the search has worked so far."""
        return self._before + time.monotonic() - self._start

    @property
    def full_epochs(self) -> int:
        """The epochs of a full training."""
        return self._epochs[-1]

    def work(self, *, on: Where = "here") -> None:
        """Train until the chosen trial is confirmed, or until nothing can be trained any more."""
        listeners = PoolListeners(on_epoch=self._epoch_ended, on_done=self.finished, on_failure=self._failed_task)
        if on == "ray":
            folder = self.images.folder
            train_tasks_on_ray(self.next_task, processes=0, data_dir=folder, listeners=listeners)
        else:
            train_tasks(self.next_task, processes=self.processes, data_dir=None, listeners=listeners)
        self.stage = "measuring"
        self.keep_clock()

    def keep_clock(self) -> None:
        """Write how long the search has worked."""
        write_record(self.search.path / CLOCK, SearchClock(seconds=self.seconds))

    def next_task(self) -> TrialTask | None:
        """The next training; None where there is none before another has ended, or none at all."""
        job = self._next_job()
        if job is None:
            return None
        place = training_folder(self.search.path, job.trial, job.epochs, job.seed)
        self._running[place] = job
        self._tell()
        proposal = self.trials[job.trial].proposal
        recipe_epochs = {"training.epochs": job.epochs} if job.epochs != self.full_epochs else {}
        experiment = self.plan.trial(
            proposal.network, dict(proposal.settings) | recipe_epochs, seed=self.plan.experiment.seed + job.seed
        )
        return TrialTask(
            path=place,
            experiment=experiment,
            images=self.images,
            held_out=self.held_out,
            fold=self._fold(job.seed),
            seed_number=job.seed,
            folds_seed=self.plan.experiment.seed,
        )

    def _fold(self, seed: int) -> int:
        """The images that a seed holds out: they rotate, and those of the confirmation are never used to choose."""
        kept = 2 if self._folds >= 4 else 1
        if seed >= CONFIRM_SEED:
            return self._folds - kept + (seed - CONFIRM_SEED) % kept
        return seed % max(1, self._folds - kept)

    def _next_job(self) -> _Job | None:
        while self._interrupted:
            return self._interrupted.popleft()
        if self.stage == "exploring":
            job = self._explore()
            if job is not None or self._running:
                return job
            self.stage = "leaders"
        if self.stage == "leaders":
            job = self._another_seed()
            if job is not None or self._running:
                return job
            self.stage = "confirming"
        return self._confirmation() if self.stage == "confirming" else None

    def _explore(self) -> _Job | None:
        in_time = self.plan.minutes is None or self.seconds < EXPLORING * self._for_trials()
        if in_time:
            promoted = self._rungs.promotion()
            if promoted is not None:
                return _Job(promoted[0], self._epochs[promoted[1]], 0)
            if not self._exhausted and len(self.trials) < (self.plan.trials or len(self.trials) + 1):
                proposal = self.proposer.ask()
                if proposal is not None:
                    proposal = replace(proposal, number=len(self.trials) + 1)
                    write_trial(self.search.path, proposal)
                    self.trials[proposal.number] = Trial(proposal=proposal)
                    return _Job(proposal.number, self._epochs[0], 0)
                self._exhausted = True
        return self._finalist()

    def _finalist(self) -> _Job | None:
        """The best that is not promoted goes on, where fewer than a few are trained in full."""
        if self.plan.minutes is not None and self.seconds > self._for_trials() and self._full:
            return None
        on_their_way = sum(job.epochs == self.full_epochs for job in self._running.values())
        if len(self._full) + on_their_way >= FINALISTS:
            return None
        for rung in range(len(self._epochs) - 2, -1, -1):
            for trial in self._rungs.best_in(rung, FINALISTS):
                if self._rungs.is_waiting(trial, rung) and self.trials[trial].failure is None:
                    self._rungs.promoted(trial, rung)
                    return _Job(trial, self._epochs[rung + 1], 0)
        return None

    def _another_seed(self) -> _Job | None:
        if self.plan.minutes is not None and self.seconds + self._full_seconds() > self._for_trials():
            return None
        most = LEADER_SEEDS if self.plan.minutes is not None else LEADER_SEEDS_WITHOUT_TIME
        losses = {number: trial.losses(self.full_epochs) for number, trial in self._full.items()}
        for trial, seeds in seeds_of_leaders(losses, most_seeds=most):
            job = _Job(trial, self.full_epochs, seeds - 1)
            if job not in self._running.values():
                return job
        return None

    def _confirmation(self) -> _Job | None:
        for leader in self._leaders[:2]:
            for seed in range(CONFIRM_SEED, CONFIRM_SEED + min(CONFIRMED, self.plan.seeds)):
                job = _Job(leader.trial, self.full_epochs, seed)
                done = (self.full_epochs, seed) in self.trials[leader.trial].trainings
                if not done and job not in self._running.values():
                    return job
        return None

    def _for_trials(self) -> float:
        """Seconds until the confirmation must begin, so that all is done in time."""
        assert self.plan.minutes is not None
        all_images = self.images.count / (self.images.count - self.held_out)
        trainings = 2 * min(CONFIRMED, self.plan.seeds) + self.plan.seeds * all_images
        reserve = trainings * self._full_seconds() / self.processes
        return 60 * self.plan.minutes - min(reserve, 30 * self.plan.minutes)

    def _full_seconds(self) -> float:
        """How long a full training takes: those seen, else what the short ones say."""
        return statistics.median(wall for wall, _ in self._recent) * self.full_epochs if self._recent else 0.0

    def _too_slow(self, cost: Cost) -> bool:
        """Whether a full training would take longer than the limit, by the multiply-adds of those before."""
        limit = self.plan.limits.seconds
        if limit is None or len(self._recent) < 3:
            return False
        return statistics.median(rate for _, rate in self._recent) * cost.macs * self.full_epochs > limit

    def _epoch_ended(self, path: Path, metrics: EpochMetrics) -> None:
        self._tell()

    def finished(self, path: Path) -> None:
        """A training has ended, and its folder has the result."""
        job = self._running.pop(path)
        self._in_a_row = 0
        self._take(job, read_record(path / TRAINING, TrialTraining))
        self.keep_clock()
        self._tell()

    def _take(self, job: _Job, training: TrialTraining, *, again: bool = False) -> None:
        """What a training reached goes to the rungs, and to the study of the proposals."""
        trial = self.trials[job.trial]
        trial.trainings[job.epochs, job.seed] = training
        self._trainings += 1
        per_epoch = training.seconds / training.epochs
        self._recent.append((training.wall_seconds / training.epochs, per_epoch / max(1, trial.proposal.cost.macs)))
        if job.epochs == self.full_epochs and trial.failure is None:
            self._full[job.trial] = trial
            self._leaders = leaders_of(self._full.values(), self.full_epochs)
        if job.seed != 0:
            return
        rung = self._epochs.index(job.epochs) if job.epochs in self._epochs else -1
        if rung < 0:
            return
        size = float(getattr(trial.proposal.cost, self.plan.front)) if self.plan.front else None
        self._rungs.finished(job.trial, rung, training.loss, size)
        if again:
            return
        if job.epochs == self.full_epochs:
            self.proposer.reached(trial.proposal, training.loss)
        elif job.trial not in self._rungs.best_in(rung, max(1, self._rungs.finished_in(rung) // 3)):
            self.proposer.stopped(trial.proposal, job.epochs, training.loss)

    def _failed_task(self, path: Path, error: TersenetError) -> None:
        job = self._running.pop(path)
        write_failure(path, error)
        trial = self.trials[job.trial]
        trial.failure = error.problem
        if self._full.pop(job.trial, None):
            self._leaders = leaders_of(self._full.values(), self.full_epochs)
        self.proposer.failed(trial.proposal)
        self._failed += 1
        self._in_a_row += 1
        self._tell()
        if self._in_a_row >= FAILURES_IN_A_ROW:
            raise TersenetError(
                f"{FAILURES_IN_A_ROW} trainings in a row failed.",
                got=error.problem if error.got is None else f"{error.problem} {error.got}",
                expected=error.expected,
                where=path,
                hint=error.hint or "the last network is in trial.json of that trial",
            )

    def _restore(self) -> None:
        """What the folder knows of a search that goes on."""
        for trial in self.search.trials:
            self.trials[trial.number] = trial
            self._failed += trial.failure is not None
            for (epochs, seed), training in sorted(trial.trainings.items()):
                self._take(_Job(trial.number, epochs, seed), training, again=True)
            lengths = [epochs for epochs, seed in trial.trainings if seed == 0]
            begun = begun_trainings(trial_folder(self.search.path, trial.number))
            reached = max([*lengths, *(epochs for epochs, seed in begun if seed == 0)], default=self._epochs[0])
            for rung, epochs in enumerate(self._epochs):
                if epochs < reached:
                    self._rungs.promoted(trial.number, rung)
            if trial.failure is None:
                jobs = [_Job(trial.number, epochs, seed) for epochs, seed in begun]
                if not jobs and not trial.trainings:
                    jobs = [_Job(trial.number, self._epochs[0], 0)]
                self._interrupted.extend(jobs)
        self.proposer.resume(trial.proposal for trial in self.trials.values())

    def _tell(self) -> None:
        first = self._leaders[0] if self._leaders else None
        self._on_progress(
            SearchProgress(
                stage=self.stage,
                proposed=len(self.trials),
                done=self._trainings,
                running=len(self._running),
                promoted=self._rungs.promotions,
                failed=self._failed,
                best=self.trials[first.trial] if first else None,
                best_loss=first.loss if first else None,
                best_accuracy=first.accuracy if first else None,
                left=None if self.plan.minutes is None else max(0.0, 60 * self.plan.minutes - self.seconds),
            )
        )
