"""A whole training: epochs, schedule, averaging, measurement after each epoch, an exact resume."""

from __future__ import annotations

import functools
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError, check_setting
from tersenet.data import BatchTransform, Dataset, Split
from tersenet.engine import CompiledNetwork, check_engine, compile_network, multiplies_bfloat16, refusal
from tersenet.evaluation import LOW, Evaluation, check_answers, evaluate, own_precision
from tersenet.networks import is_dropout
from tersenet.training.averaging import WeightAverage
from tersenet.training.batches import (
    DROPOUT,
    EvaluationBatches,
    TrainingBatches,
    derived_seed,
    hold_out,
    smallest_batch,
)
from tersenet.training.checkpoint import TrainingState
from tersenet.training.epoch_metrics import EpochMetrics
from tersenet.training.fused_step import fused_step
from tersenet.training.loop import BatchProgress, EpochResult, not_finite, train_one_epoch
from tersenet.training.optimizers.optimizer_kind import set_rate
from tersenet.training.recipe import Recipe, make_optimizer
from tersenet.training.schedules import LearningRate

ENGINES = ("layers", "compiled")
STOP: Literal["stop"] = "stop"
"""What `on_epoch` answers to end a training after that epoch; the training is then whole, only shorter."""

Answer = Literal["stop"] | None
"""What `on_epoch` may answer."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The result of a training: the network to use (averaged where the recipe averages), one row per epoch.

    `test` is the evaluation on the test set after the last epoch. `stopped` says that a listener ended it early.
    """

    model: nn.Module
    metrics: tuple[EpochMetrics, ...]
    test: Evaluation
    stopped: bool = False


def train(
    model: nn.Module,
    dataset: Dataset,
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    validation: int = 0,
    device: torch.device | str = "cpu",
    precision: str = "float32",
    engine: str = "layers",
    workers: int = 1,
    transform: BatchTransform | None = None,
    resume: Callable[[TrainingState], None] | None = None,
    on_batch: Callable[[int, int, BatchProgress], None] | None = None,
    on_epoch: Callable[[TrainingState], Answer] | None = None,
) -> Training:
    """Train a network on a data set and measure it.

    With `validation` images held out (chosen by seed), epochs are measured on them and the test set is read once,
    at the end. `engine` "compiled" trains in the compiled engine with `workers` threads (1 to 256), "layers" trains
    layer by layer in torch. `transform` changes the training batches (`tersenet.data.transformed`). `resume` may fill
    the fresh state from a checkpoint. `on_batch(epoch, batches, progress)` is called after every batch,
    `on_epoch(state)` after every epoch; where it answers STOP, that epoch was the last.
    The order of images, the augmentation and dropout are functions of seed and epoch, so that a resumed training ends
    with the weights of an uninterrupted one. The caller's random numbers are left alone.

    A network in float64 trains in float64; one in half precision is converted to float32, with a warning.

    Raises TersenetError before the first epoch where the labels or the network's answers do not fit the classes, a
    setting is unknown, the compiled engine cannot run the network, the network has no weights or the split leaves no
    images; and after a step or an epoch with a loss or weights that are not finite.
    """
    recipe = recipe or Recipe()
    check_setting(seed >= 0, "seed", seed, "0 or above")
    check_setting(engine in ENGINES, "engine", engine, " or ".join(ENGINES), names=ENGINES)
    check_engine(precision=precision, workers=workers)
    device = torch.device(device)
    dataset = _with_labels(dataset)
    learned, judged = _splits(dataset, validation, seed)
    batches = TrainingBatches(
        learned,
        batch_size=recipe.batch_size,
        augmentation=recipe.augmentation,
        seed=seed,
        device=device,
        workers=workers if engine == "compiled" else 0,
        transform=transform,
        classes=len(dataset.classes),
    )
    judges = EvaluationBatches(judged, device=device)
    if recipe.dropout is not None:
        set_dropout(model, recipe.dropout)
    model = _trainable(model)
    if own_precision(model) is torch.float64:
        precision = "float32"  # no autocast: it is computed in the precision of the weights
    order = torch.contiguous_format if engine == "compiled" else torch.channels_last
    model = model.to(device=device, memory_format=order)  # type: ignore[call-overload]
    compiled = compiled_or_error(model, precision, workers) if engine == "compiled" else None
    check_trainable(model, dataset, recipe, validation=validation, device=device)
    state = TrainingState(
        model=model,
        optimizer=make_optimizer(model, recipe),
        learning_rate=LearningRate(
            recipe.schedule, recipe.learning_rate, epochs=recipe.epochs, steps_per_epoch=len(batches)
        ),
        average=WeightAverage(model, decay=recipe.averaging) if recipe.averaging else None,
        metrics=[],
        progress={"lowest": float("inf"), "waited": 0},
    )
    if resume:
        resume(state)
        _check_optimizer(state.optimizer)
    measured = state.average.model if state.average else model
    held_out, stopped = None, False
    fused = fused_step(compiled, state.optimizer, state.average, recipe.label_smoothing) if compiled else None

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for epoch in range(len(state.metrics) + 1, recipe.epochs + 1):
            if _should_stop(state, recipe):
                break
            start = time.perf_counter()
            torch.manual_seed(derived_seed(seed, DROPOUT, epoch))
            result = train_one_epoch(
                compiled or model,
                batches.epoch(epoch),
                state.optimizer,
                functools.partial(F.cross_entropy, label_smoothing=recipe.label_smoothing),
                device=device,
                precision="float32" if compiled else precision,
                step=fused,
                before_step=functools.partial(_set_learning_rate, state, epoch),
                after_step=state.average.update if state.average and not fused else None,
                on_batch=functools.partial(on_batch, epoch, len(batches)) if on_batch else None,
            )
            seconds = time.perf_counter() - start
            _require_finite_weights(state, epoch, len(batches))
            held_out = evaluate(measured, judges, device=device, workers=workers)
            if not math.isfinite(held_out.loss):
                raise not_finite(f"held-out loss {held_out.loss}", f"the end of epoch {epoch}", state.optimizer)
            state.metrics.append(_row(state, epoch, result, held_out, seconds, validation > 0))
            _epoch_ended(state, held_out.loss if validation else result.loss)
            if on_epoch and on_epoch(state) == STOP:
                stopped = True
                break

    if validation or held_out is None:
        tested = EvaluationBatches(dataset.test, device=device)
        held_out = evaluate(measured, tested, device=device, workers=workers)
    return Training(model=measured.eval(), metrics=tuple(state.metrics), test=held_out, stopped=stopped)


def set_dropout(model: nn.Module, rate: float) -> None:
    """Set the rate of every dropout layer of a network (0 to below 1).

    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Dropout2d(0.2))
    >>> set_dropout(model, 0.0)
    >>> model[1].p
    0.0
    """
    for module in model.modules():
        if is_dropout(module):
            module.p = rate


def _set_learning_rate(state: TrainingState, epoch: int, batch: int) -> None:
    set_rate(state.optimizer, state.learning_rate.at(epoch, batch))


def compiled_or_error(model: nn.Module, precision: str, workers: int) -> CompiledNetwork:
    """The compiled way to run a network; raises TersenetError, which says why, where there is none."""
    compiled = compile_network(model, precision=precision, workers=workers)
    if compiled is None:
        why = refusal(model) or "no working C++ compiler"
        if refusal(model) is None and precision == "bfloat16" and not multiplies_bfloat16():
            why = "bfloat16, which this processor does not support"
        raise TersenetError(
            "The compiled engine cannot run this network.",
            got=why,
            expected="a C++ compiler, and a network of the notation's layers with float32 weights, on the processor",
            hint='train it layer by layer: engine = "layers"',
        )
    return compiled


def _check_optimizer(optimizer: optim.Optimizer) -> None:
    """Raise TersenetError unless what an optimiser remembers of each weight has the weight's shape."""
    for weight, remembered in optimizer.state.items():
        for name, value in remembered.items():
            if isinstance(value, Tensor) and value.ndim and value.shape != weight.shape:
                raise TersenetError(
                    "This checkpoint does not belong to this run.",
                    got=f"{name} of shape {list(value.shape)}",
                    expected=f"{list(weight.shape)}, the shape of its weight",
                    hint="start a new run",
                )


def check_trainable(
    model: nn.Module,
    dataset: Dataset,
    recipe: Recipe,
    *,
    validation: int = 0,
    device: torch.device | str = "cpu",
) -> None:
    """Raise TersenetError unless labels and classes, pictures, batches and the network's answers fit each other.

    The network, which is on `device`, answers one or two pictures in training and in evaluation mode; its modes, its
    running statistics and all random numbers are as before afterwards.

    >>> from tersenet.data import load_data
    >>> check_trainable(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), load_data("synthetic"), Recipe())
    """
    check_held_out(dataset, validation)
    learned = _with_labels(dataset).train
    count = min(2, smallest_batch(len(learned) - validation, recipe.batch_size))
    images, _ = next(iter(EvaluationBatches(learned.take(torch.arange(count)))))
    check_answers(model, images, len(dataset.classes), device=device)


def _trainable(model: nn.Module) -> nn.Module:
    """A network in half precision becomes float32, in which small steps are not rounded away."""
    kind = own_precision(model)
    if kind not in LOW:
        return model
    warnings.warn(
        f"The network's weights are {str(kind).removeprefix('torch.')}; they are converted to float32 to be trained.",
        stacklevel=3,
    )
    return model.float()


def _with_labels(dataset: Dataset) -> Dataset:
    """The data set with int64 labels; raises TersenetError where they are not numbers of its classes."""
    whole = [_checked(split, dataset, name) for name, split in (("train", dataset.train), ("test", dataset.test))]
    return replace(dataset, train=whole[0], test=whole[1])


def _checked(split: Split, dataset: Dataset, name: str) -> Split:
    labels, classes = split.labels, len(dataset.classes)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype is torch.bool:
        found: object = labels.dtype
    elif not len(labels) or 0 <= int(labels.min()) <= int(labels.max()) < classes:
        return replace(split, labels=labels.to(torch.int64))
    else:
        found = f"labels from {int(labels.min())} to {int(labels.max())}"
    raise TersenetError(
        "The labels do not fit the classes.",
        got=found,
        expected=f"whole numbers from 0 to {classes - 1}, one per class",
        where=f"{dataset.name}, {name} split",
    )


def _require_finite_weights(state: TrainingState, epoch: int, batches: int) -> None:
    """A loss is seen before its step: what the last step did shows in the weights alone."""
    models = [state.model, *([state.average.model] if state.average else [])]
    for model in models:
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                raise not_finite(
                    f"{name} is not finite", f"step {batches}, the last of epoch {epoch}", state.optimizer
                )


def check_held_out(dataset: Dataset, validation: int) -> None:
    """Raise TersenetError unless `validation` training images can be held out and some are left to train on."""
    if not 0 <= validation < len(dataset.train):
        raise TersenetError(
            "Too many images are held out.",
            got=f"validation = {validation}",
            expected=f"from 0 to {len(dataset.train) - 1}, the training images of {dataset.name} less one",
        )


def _splits(dataset: Dataset, validation: int, seed: int) -> tuple[Split, Split]:
    check_held_out(dataset, validation)
    return hold_out(dataset.train, validation, seed=seed) if validation else (dataset.train, dataset.test)


def _row(
    state: TrainingState, epoch: int, result: EpochResult, held_out: Evaluation, seconds: float, validated: bool
) -> EpochMetrics:
    pair = "validation" if validated else "test"
    measured: dict[str, Any] = {f"{pair}_loss": held_out.loss, f"{pair}_accuracy": held_out.accuracy}
    return EpochMetrics(
        epoch=epoch,
        learning_rate=state.learning_rate.at(epoch, 0),
        train_loss=result.loss,
        train_accuracy=result.accuracy,
        seconds=seconds,
        images_per_second=result.images / seconds,
        **measured,
    )


def _epoch_ended(state: TrainingState, watched_loss: float) -> None:
    state.learning_rate.epoch_ended(watched_loss)
    if watched_loss < state.progress["lowest"]:
        state.progress.update(lowest=watched_loss, waited=0)
    else:
        state.progress["waited"] += 1


def _should_stop(state: TrainingState, recipe: Recipe) -> bool:
    return bool(recipe.early_stopping) and state.progress["waited"] >= recipe.early_stopping
