"""The training loop, on one screen: any network, any iterable of batches."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError
from tersenet.engine import check_engine
from tersenet.evaluation import LOW, as_logits, own_precision, single_value
from tersenet.training.optimizers.optimizer_kind import rate_of

Criterion = Callable[[Tensor, Tensor], Tensor]
Step = Callable[[Tensor, Tensor], tuple[float, int]]
"""Learn from one batch: `step(images, labels)` gives its mean loss and the number of correct answers."""


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """The state after a batch: `batch` counts from 0; accuracy in percent over the epoch so far."""

    batch: int
    learning_rate: float
    loss: float
    accuracy: float
    images: int


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """The training results of one epoch: mean loss over its images, accuracy in percent."""

    loss: float
    accuracy: float
    correct: int
    images: int


def train_one_epoch(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    optimizer: optim.Optimizer,
    criterion: Criterion = F.cross_entropy,
    *,
    device: torch.device | str = "cpu",
    precision: str = "float32",
    step: Step | None = None,
    before_step: Callable[[int], None] | None = None,
    after_step: Callable[[], None] | None = None,
    on_batch: Callable[[BatchProgress], None] | None = None,
) -> EpochResult:
    """Train a network on every batch of a loader once.

    `loader` gives images `[B, C, H, W]` and labels `[B]`; `criterion(logits, labels)` gives the batch's mean loss.
    The images are given to the network in the precision of its weights. `step(images, labels)` replaces forward,
    backward and `optimizer.step()`; it must leave the weights alone where the loss is not finite.
    `before_step(batch)` may set the learning rate, `after_step()` may average weights, `on_batch` may show progress.
    The accuracy is measured during the epoch, while weights change and dropout is active, as the course networks
    were measured. Raises TersenetError where the loss is no longer finite, a batch of one picture leaves batch
    normalisation a single value, or the loader is empty.

    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> batches = [(torch.ones(8, 1, 2, 2), torch.ones(8, dtype=torch.int64))] * 20
    >>> train_one_epoch(model, batches, optim.SGD(model.parameters(), lr=1.0)).images
    160
    """
    check_engine(precision=precision)
    model.train()
    step = step or functools.partial(plain_step, model, optimizer, criterion, precision)
    kind = own_precision(model)
    loss_sum, correct, seen = 0.0, 0, 0
    for batch, (images, labels) in enumerate(loader):
        images, labels = images.to(device), labels.to(device)
        images = images.to(kind) if images.is_floating_point() else images
        if before_step:
            before_step(batch)
        try:
            loss, right = step(images, labels)
        except ValueError as error:
            raise single_value(error, images) or error from None
        _require_finite(loss, batch, optimizer)
        if after_step:
            after_step()

        # What happened so far.
        seen += len(labels)
        loss_sum += loss * len(labels)
        correct += right
        if on_batch:
            on_batch(
                BatchProgress(
                    batch=batch,
                    learning_rate=rate_of(optimizer),
                    loss=loss,
                    accuracy=100 * correct / seen,
                    images=seen,
                )
            )
    if not seen:
        raise TersenetError("There is nothing to train on.", got="an empty loader", expected="one batch or more")
    return EpochResult(loss=loss_sum / seen, accuracy=100 * correct / seen, correct=correct, images=seen)


def plain_step(
    model: nn.Module, optimizer: optim.Optimizer, criterion: Criterion, precision: str, images: Tensor, labels: Tensor
) -> tuple[float, int]:
    """Forward, backward and `optimizer.step()` on one batch: its mean loss and the number of correct answers."""
    # Forward: what the network answers, and how wrong it is.
    with multiplying_in(precision, images.device.type):
        logits = _as_output(model(images), labels)
    loss = criterion(logits, labels)
    correct = int((logits.detach().argmax(dim=1) == class_numbers(labels)).sum())
    if not math.isfinite(loss.item()):
        return loss.item(), correct

    # Backward: the gradient of the loss, and one step against it.
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item(), correct


def class_numbers(labels: Tensor) -> Tensor:
    """Class numbers `[N]`: of labels that are shares `[N, K]`, as mixed pictures have them, the largest.

    >>> class_numbers(torch.tensor([[0.2, 0.8], [0.9, 0.1]])).tolist(), class_numbers(torch.tensor([1, 0])).tolist()
    ([1, 0], [1, 0])
    """
    return labels.argmax(dim=1) if labels.ndim == 2 and labels.is_floating_point() else labels


def _as_output(answer: Any, labels: Tensor) -> Tensor:
    """Logits `[N, K]` where the labels are class numbers `[N]`; else whatever the criterion takes."""
    if not isinstance(answer, Tensor) or (labels.dim() == 1 and answer.dim() > 2):
        return as_logits(answer)
    return answer.float() if answer.dtype in LOW else answer


def multiplying_in(precision: str, device_type: str) -> AbstractContextManager[None]:
    """A context in which matrix products run in `precision`: float32, or bfloat16 by autocast."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device_type, dtype=torch.bfloat16)


def _require_finite(loss: float, batch: int, optimizer: optim.Optimizer) -> None:
    if not math.isfinite(loss):
        raise not_finite(f"loss {loss}", f"step {batch + 1} of the epoch", optimizer)


def not_finite(what: str, where: str, optimizer: optim.Optimizer) -> TersenetError:
    """The error that stops a training whose loss or weights became NaN or infinite."""
    rate = rate_of(optimizer)
    return TersenetError(
        "Training has stopped: the loss or the weights are no longer finite numbers.",
        got=f"{what} at {where}, learning rate {rate:g}",
        expected="a finite loss and finite weights",
        hint="the learning rate is probably too high: try a tenth of it; otherwise look for a picture or a weight "
        "that is not finite",
    )
