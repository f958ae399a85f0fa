"""The layer table of any module: type, output shape, parameters, MACs, receptive field, jump.

The module runs once, on blank pictures, and is left as it was. Each of its layers has a row in the order of calls,
those that a user's code calls as functions (`F.relu`) too.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet._notebook import small_table
from tersenet.networks.recorder import LayerRecorder, LayerRow, left_as_it_was

MEGABYTE = 2**20
BATCH = 2  # enough to tell the pictures of a batch from their channels


@dataclass(frozen=True, kw_only=True)
class Megabytes:
    """Sizes as torchsummary counts them, for one picture in float32: each output twice (forward and backward).

    torchsummary sees calls of modules alone: not `F.relu(x)`, but a block of layers besides the layers inside it.
    """

    input: float
    forward_backward: float
    parameters: float

    @property
    def total(self) -> float:
        return self.input + self.forward_backward + self.parameters


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The layer table and its totals.

    `other_macs` are multiply-adds that belong to no row, None where there are some that are not known.
    `pruned_parameters` are weights that a mask of `torch.nn.utils.prune` sets to 0; they are among `parameters`.
    `module_values` and `module_parameters` are what torchsummary adds up.
    """

    layers: tuple[LayerRow, ...]
    input_size: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    pruned_parameters: int = 0
    other_macs: int | None = 0
    module_values: int = 0
    module_parameters: int = 0

    @property
    def macs(self) -> int | None:
        """Multiply-adds for one picture; None where those of some part are not known."""
        counts = [*(row.macs for row in self.layers), self.other_macs]
        return None if None in counts else self.known_macs

    @property
    def known_macs(self) -> int:
        """The multiply-adds that are known: all of them, or a lower bound where `macs` is None."""
        return sum(row.macs or 0 for row in self.layers) + (self.other_macs or 0)

    @property
    def macs_in_words(self) -> str:
        """`25,408`, or `at least 25,408` where some are not known."""
        return f"{'' if self.macs is not None else 'at least '}{self.known_macs:,}"

    @property
    def unlisted_parameters(self) -> int:
        """Parameters that belong to no row: of layers that are never called, or that a module uses by itself."""
        return self.parameters - sum(row.parameters for row in self.layers)

    @property
    def unregistered_parameters(self) -> int:
        """Weights that the network uses but torch does not know of: they are not trained and not saved."""
        return sum(row.unregistered for row in self.layers)

    @property
    def torchsummary_mb(self) -> Megabytes:
        """Sizes as torchsummary prints them."""
        return Megabytes(
            input=4 * math.prod(self.input_size) / MEGABYTE,
            forward_backward=2 * 4 * self.module_values / MEGABYTE,
            parameters=4 * self.module_parameters / MEGABYTE,
        )

    def __repr__(self) -> str:
        totals = f"{self.parameters:,} parameters, {self.macs_in_words} multiply-adds"
        return f"Summary({len(self.layers)} layers, {totals})"

    def _repr_html_(self) -> str:
        from tersenet.networks.layer_table import table_rows

        head, rows = table_rows(self)
        note = f"{self.parameters:,} parameters, {self.macs_in_words} multiply-adds per image of "
        note += "×".join(map(str, self.input_size))
        return small_table(head, rows, right=[name for name in head if name not in ("layer", "output")], note=note)

    def __str__(self) -> str:
        """The table and its totals, as `tersenet summary` prints them."""
        from tersenet.networks.layer_table import format_summary

        return format_summary(self)


def summarize(model: nn.Module, input_size: tuple[int, ...] = (1, 28, 28)) -> Summary:
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
