"""What a network answers with, and whether that fits: checked before anything is trained or measured."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError

LOW = (torch.float16, torch.bfloat16)


def as_logits(answer: Any, labels: Tensor | None = None) -> Tensor:
    """A network's answer as `[N, K]`: maps `[N, K, 1, 1]` are flattened, half precision becomes float32.

    Raises TersenetError for anything else, and where `labels` `[N]` are given that do not fit.

    >>> as_logits(torch.zeros(2, 10, 1, 1)).shape
    torch.Size([2, 10])
    >>> as_logits({"logits": torch.zeros(2, 10)})
    Traceback (most recent call last):
    tersenet._errors.TersenetError: The network does not return one tensor of logits.
      got:      a dict
      expected: a floating-point tensor [N, K]
      hint:     wrap the network in a module whose forward returns the logits alone
    """
    if not isinstance(answer, Tensor) or not answer.is_floating_point():
        got = f"a tensor of {answer.dtype}" if isinstance(answer, Tensor) else f"a {type(answer).__name__}"
        raise TersenetError(
            "The network does not return one tensor of logits.",
            got=got,
            expected="a floating-point tensor [N, K]",
            hint="wrap the network in a module whose forward returns the logits alone",
        )
    if answer.dim() > 2 and answer.shape[2:].numel() == 1:
        answer = answer.flatten(1)
    if answer.dim() != 2:
        raise TersenetError(
            "The network does not return one value per class.",
            got=f"an output of shape {list(answer.shape)}",
            expected="[N, K] or [N, K, 1, 1]",
            hint="end the network with a global pooling or a dense layer",
        )
    if labels is not None:
        _check_labels(answer, labels)
    logits: Tensor = answer.float() if answer.dtype in LOW else answer
    return logits


def own_precision(model: nn.Module) -> torch.dtype:
    """The floating-point type that all of a network's weights share; float32 where they share none.

    >>> own_precision(nn.Linear(2, 2).double())
    torch.float64
    """
    kinds = {weight.dtype for weight in model.parameters() if weight.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else torch.float32


def check_answers(
    model: nn.Module,
    images: Tensor,
    classes: int,
    *,
    training: bool = True,
    device: torch.device | str = "cpu",
) -> None:
    """Run a few pictures `[N, C, H, W]` through a network and raise TersenetError unless its answers fit.

    With `training`, a pass in training mode comes first. Modes, running statistics and random numbers are as before
    afterwards. An error inside the network is reported in one sentence.

    >>> check_answers(nn.Sequential(nn.Flatten(), nn.Linear(4, 5)), torch.zeros(3, 1, 2, 2), classes=10)
    Traceback (most recent call last):
    tersenet._errors.TersenetError: The network has fewer outputs than there are classes.
      got:      5 outputs
      expected: 10, one per class
      hint:     change its last layer to 10 outputs
    """
    pictures = images.to(device=device, dtype=own_precision(model))
    with undisturbed(model):
        for mode in (True, False) if training else (False,):
            model.train(mode)
            try:
                with torch.no_grad():
                    answer = model(pictures)
            except TersenetError:
                raise
            except Exception as error:
                raise network_failed(error, pictures, training=mode) from error
            logits = as_logits(answer)
            if len(logits) != len(pictures):
                raise _unequal(logits, len(pictures))
            if logits.shape[1] < classes:
                raise TersenetError(
                    "The network has fewer outputs than there are classes.",
                    got=f"{logits.shape[1]} outputs",
                    expected=f"{classes}, one per class",
                    hint=f"change its last layer to {classes} outputs",
                )


def network_failed(error: Exception, pictures: Tensor, *, training: bool) -> TersenetError:
    """One error for whatever a network raised on pictures `[N, C, H, W]`."""
    text = str(error).strip() or "no message"
    return single_value(error, pictures) or TersenetError(
        f"The network fails on these pictures in {'training' if training else 'evaluation'} mode.",
        got=f"{type(error).__name__}: {text.splitlines()[0]}",
        expected=f"logits for pictures {list(pictures.shape)}, {str(pictures.dtype).removeprefix('torch.')}",
        hint=f"let it take pictures of {'×'.join(map(str, pictures.shape[1:]))}; "
        "in Python, try it with a tensor of the expected shape",
    )


def single_value(error: Exception, pictures: Tensor) -> TersenetError | None:
    """Batch normalisation's refusal of a single value per channel as one clear error; None for any other error."""
    if not isinstance(error, ValueError) or not str(error).startswith("Expected more than 1 "):
        return None
    return TersenetError(
        "Batch normalisation needs more than one value per channel.",
        got=f"a batch of {len(pictures)} where a normalised map is 1×1",
        expected="two pictures or more per batch, or larger maps",
        hint="choose a larger training.batch_size, or remove the normalisation of 1×1 maps",
    )


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Whatever runs here leaves a network's modes and state, and all random numbers, as they were.

    >>> norm = nn.BatchNorm1d(2)
    >>> with undisturbed(norm):
    ...     _ = norm.eval().train()(torch.rand(4, 2))
    >>> norm.running_mean.tolist(), norm.training
    ([0.0, 0.0], True)
    """
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    devices = {weight.device for weight in model.parameters() if weight.device.type == "cuda"}
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 - what a network may draw from
    try:
        with torch.random.fork_rng(devices=list(devices)):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002 - likewise
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        for module, mode in modes:
            module.training = mode


def _check_labels(logits: Tensor, labels: Tensor) -> None:
    if labels.shape != logits.shape[:1]:
        raise TersenetError(
            "A batch needs one label per answer.",
            got=f"answers {list(logits.shape)}, labels {list(labels.shape)}",
            expected="answers [N, K] and labels [N]",
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype is torch.bool:
        raise TersenetError("Labels are not whole numbers.", got=labels.dtype, expected="class numbers, int64")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < logits.shape[1]:
        raise TersenetError(
            "The labels do not fit the network's classes.",
            got=f"labels from {int(labels.min())} to {int(labels.max())}",
            expected=f"0 to {logits.shape[1] - 1}: the network has {logits.shape[1]} outputs",
            hint="measure it on data with as many classes as it was trained on",
        )


def _unequal(logits: Tensor, count: int) -> TersenetError:
    return TersenetError(
        "The network does not return one output per picture.",
        got=f"{len(logits)} answers for {count} pictures",
        expected=f"[{count}, K]",
        hint="keep the first dimension, the pictures of the batch, through every layer",
    )
