"""One training of a trial: a few epochs or all of them, on the images that are not held out."""

from __future__ import annotations

import functools
import math
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import torch

from tersenet.data import Dataset, Form, Split
from tersenet.networks import build
from tersenet.runs import Listeners, Record, Settings, Task, arithmetic_threads, settle, write_record
from tersenet.training import (
    Answer,
    EpochMetrics,
    TrainingState,
    has_checkpoint,
    load_checkpoint,
    save_checkpoint,
    train,
)

TRAINING, FAILURE, CHECKPOINT = "training.json", "failure.json", "checkpoint"
IMAGES, LABELS = "images.npy", "labels.npy"


@dataclass(frozen=True, kw_only=True)
class TrialTraining(Record):
    """`training.json`: what one training of a trial reached on the images that were held out from it.

    `seed` counts from 0 within the search, `fold` is the part of the training images that was held out. `seconds` are
    those of the epochs, `wall_seconds` those from the moment that a process took the training up.
    """

    epochs: Annotated[int, msgspec.Meta(ge=1)]
    seed: Annotated[int, msgspec.Meta(ge=0)]
    fold: Annotated[int, msgspec.Meta(ge=0)]
    loss: Annotated[float, msgspec.Meta(ge=0, le=1e300)]
    accuracy: Annotated[float, msgspec.Meta(ge=0, le=100)]
    images: Annotated[int, msgspec.Meta(ge=1)]
    train_loss: Annotated[float, msgspec.Meta(ge=0, le=1e300)]
    train_accuracy: Annotated[float, msgspec.Meta(ge=0, le=100)]
    seconds: Annotated[float, msgspec.Meta(ge=0, le=1e300)]
    wall_seconds: Annotated[float, msgspec.Meta(ge=0, le=1e300)]
    engine: str
    precision: str
    machine: str
    losses: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SharedImages:
    """The training images in files that all processes of a machine map into their memory: it holds them once.

    The test set is not among them: a trial cannot read it.
    """

    folder: Path
    name: str
    classes: tuple[str, ...]
    form: Form
    count: int

    @staticmethod
    def write(folder: Path, dataset: Dataset) -> SharedImages:
        """Write the training split of a data set."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / IMAGES, dataset.train.images.numpy())
        np.save(folder / LABELS, dataset.train.labels.to(torch.int64).numpy())
        return SharedImages(
            folder=folder, name=dataset.name, classes=dataset.classes, form=dataset.form, count=len(dataset.train)
        )

    def fold(self, fold: int, held_out: int, seed: int) -> Dataset:
        """What a trial is given: the images of one fold to be measured on, the others to learn from."""
        images, labels = _mapped(self.folder)
        learned, judged = _fold_indices(self.count, held_out, fold, seed)
        parts = [Split(images=images[index], labels=labels[index], form=self.form) for index in (learned, judged)]
        return Dataset(
            name=self.name, train=parts[0], test=parts[1], classes=self.classes, source="training images alone"
        )


@dataclass(frozen=True, kw_only=True)
class TrialTask(Task):
    """A training of a trial, to be done by any process: its folder, its experiment, and what is held out."""

    images: SharedImages
    held_out: int
    fold: int
    seed_number: int
    folds_seed: int

    def train(self, data_dir: Path | None, listeners: Listeners) -> None:
        """Train, and write `training.json`; a training that was interrupted goes on after its last whole epoch.

        The images are in `data_dir` on a node of a cluster.
        """
        here = self if data_dir is None else replace(self, images=replace(self.images, folder=data_dir))
        train_trial(here, listeners.on_epoch)


def train_trial(task: TrialTask, on_epoch: Callable[[EpochMetrics], Answer]) -> TrialTraining:
    """Train a trial in its folder. `on_epoch` may answer STOP: that epoch is then the last.

    Raises TersenetError, also for a loss that is not finite.
    """
    started = time.perf_counter()
    experiment = task.experiment
    assert experiment is not None
    task.path.mkdir(parents=True, exist_ok=True)
    data = _kept_fold(task.images, task.fold, task.held_out, task.folds_seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        model = build(experiment.network, data.form.size, len(data.classes))
    settings = settle(alone(experiment.settings), model)
    checkpoint, identity = task.path / CHECKPOINT, f"{task.path.parent.name}/{task.path.name}"

    def epoch_ended(state: TrainingState) -> Answer:
        save_checkpoint(checkpoint, state, run=identity)
        return on_epoch(state.metrics[-1])

    begun = has_checkpoint(checkpoint)
    with arithmetic_threads(1):
        training = train(
            model,
            data,
            experiment.training,
            seed=experiment.seed,
            device=settings.device,
            precision=settings.precision,
            engine=settings.engine,
            workers=settings.workers,
            resume=(lambda state: load_checkpoint(checkpoint, state, run=identity)) if begun else None,
            on_epoch=epoch_ended,
        )
    last = training.metrics[-1]
    seconds = math.fsum(row.seconds for row in training.metrics)
    found = TrialTraining(
        epochs=len(training.metrics),
        seed=task.seed_number,
        fold=task.fold,
        loss=training.test.loss,
        accuracy=training.test.accuracy,
        images=training.test.images,
        train_loss=last.train_loss,
        train_accuracy=last.train_accuracy,
        seconds=seconds,
        wall_seconds=time.perf_counter() - started,
        engine=settings.engine,
        precision=settings.precision,
        machine=f"{platform.node()}, {platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        losses=tuple(float(row.test_loss or 0.0) for row in training.metrics),
    )
    write_record(task.path / TRAINING, found)
    shutil.rmtree(checkpoint, ignore_errors=True)
    return found


def alone(settings: Settings) -> Settings:
    """A trial takes one core, so that as many run side by side as there are."""
    return replace(settings, threads=1, workers=1)


@functools.lru_cache(maxsize=1)
def _mapped(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The files as tensors; pages that nobody writes to are shared by all processes."""
    arrays = (np.load(folder / name, mmap_mode="c") for name in (IMAGES, LABELS))
    images, labels = map(torch.from_numpy, arrays)
    return images, labels


@functools.lru_cache(maxsize=1)
def _kept_fold(images: SharedImages, fold: int, held_out: int, seed: int) -> Dataset:
    return images.fold(fold, held_out, seed)


def _fold_indices(count: int, held_out: int, fold: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The images to learn from, and those of a fold: folds of one seed have no image in common."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    inside = torch.zeros(count, dtype=torch.bool)
    inside[order[fold * held_out : (fold + 1) * held_out]] = True
    return (~inside).nonzero().flatten(), inside.nonzero().flatten()
