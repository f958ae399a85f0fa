"""The layer table of any module: type, output shape, parameters, MACs, receptive field, jump.

The module runs once, on blank pictures, and is left as it was. Each of its layers has a row in the order of calls,
those that a user's code calls as functions (`F.relu`) too.
"""

from __future__ import annotations

import warnings

import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM
from tersenet.networks.summary.recorder import LayerRecorder, left_as_it_was
from tersenet.networks.summary.summary_table import Summary

BATCH = 2  # enough to tell the pictures of a batch from their channels


def summarize(model: nn.Module, input_size: tuple[int, ...] = MNIST_FORM.size) -> Summary:
    """The layer table of any module that takes pictures `[N, *input_size]`.

    The module is run once, in evaluation mode and without gradients, and left as it was: mode, buffers, random
    numbers, hooks and device. Raises TersenetError where it cannot take the input.

    >>> from tersenet.networks import build
    >>> summary = summarize(build("8C3 BN R MP2 10C3 GAP"))
    >>> [(row.type, row.receptive_field) for row in summary.layers][-3:]
    [('MaxPool2d', 4), ('Conv2d', 8), ('AdaptiveAvgPool2d', 28)]
    >>> summary.parameters, summary.macs
    (808, 135792)
    """
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    parameters = list(model.parameters())
    if any(isinstance(weights, nn.parameter.UninitializedParameter) for weights in parameters):
        raise TersenetError("The network has lazy layers.", hint="run it once on a picture, then ask for its summary")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise TersenetError(
            "The network is scripted, so its layers cannot be inspected.", hint="pass the original module"
        )
    floating = [weights for weights in parameters if weights.is_floating_point()]
    like = floating[0] if floating else torch.empty(0)
    picture = torch.zeros(BATCH, *input_size, dtype=like.dtype, device=like.device)
    recorder = LayerRecorder(model, picture)
    with left_as_it_was(model), torch.no_grad(), recorder.hooked(model):
        try:
            with recorder.tracer, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # warnings caused by the blank probe image are irrelevant
                model(picture)
        except TersenetError:
            raise
        except (Exception, SystemExit) as error:
            raise TersenetError(
                "The network cannot take this input.",
                got=f"{type(error).__name__}: {error}",
                expected=f"pictures of {'x'.join(map(str, input_size))}",
                where=recorder.place(),
            ) from error
    return Summary(
        layers=tuple(recorder.rows),
        pruned_parameters=_pruned(model),
        other_macs=None if recorder.tracer.untraceable else recorder.other_macs,
        module_values=recorder.module_values,
        module_parameters=recorder.module_weights,
        input_size=tuple(input_size),
        parameters=sum(weights.numel() for weights in parameters),
        trainable_parameters=sum(weights.numel() for weights in parameters if weights.requires_grad),
    )


def _pruned(model: nn.Module) -> int:
    """How many weights a mask sets to 0, as `torch.nn.utils.prune` keeps them: `weight_orig` times `weight_mask`."""
    return sum(
        int((mask == 0).sum())
        for module in model.modules()
        for name, mask in module.named_buffers(recurse=False)
        if name.endswith("_mask") and hasattr(module, f"{name.removesuffix('_mask')}_orig")
    )
