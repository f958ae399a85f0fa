"""One call per batch: forward, backward, descent and averaging inside the compiled engine."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError
from tersenet.networks.compiled import CompiledNetwork, Plan, Update, count_batch, plan, pointers
from tersenet.training.averaging import WeightAverage
from tersenet.training.loop import plain_step


class FusedStep:
    """What `train_one_epoch` does with a batch where network and optimiser allow it: see `fused_step`.

    Weights, momentum and average stay in the tensors of the network, the optimiser and the average, so that
    checkpoints and everything else see what they always see. Every step makes sure that these are still the tensors
    that the engine knows; a step that the engine cannot make is made in torch.
    """

    def __init__(
        self, network: CompiledNetwork, optimizer: optim.SGD, average: WeightAverage | None, label_smoothing: float
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.average = average
        self.label_smoothing = label_smoothing
        self._made: Plan | None = None
        self._averaged: Plan | None = None
        self._settings: list[Any] = []
        self._velocities: list[Tensor] = []
        self._addresses: list[int] = []
        self._arrays: list[Any] = []  # what the pointers of `_update` point to
        self._update = Update()

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        """Learn from one batch; its mean loss and the number of correct answers, both before the step."""
        made = self.network.proved()
        if made is None or not self._is_arranged(made) or not self.network.takes(made, images):
            return self._by_torch(images, labels)
        group = self.optimizer.param_groups[0]
        self._update.learning_rate, self._update.momentum = group["lr"], group["momentum"]
        if self.average:
            self._update.averaging = self.average.next_weight()
        done = self.network.step(made, images, labels, self._update)
        count_batch(made)
        if self.average:
            self.average.copy_counters()
        return done

    def _is_arranged(self, made: Plan) -> bool:
        """Whether the engine can make the optimiser's step; its pointers are right afterwards."""
        if not _is_plain(self.optimizer, made):
            return False
        if made is not self._made or not self._still_holds(made):
            self._arrange(made)
        return self._averaged is not None or self.average is None

    def _still_holds(self, made: Plan) -> bool:
        found = [self.optimizer.state[weight].get("momentum_buffer") for weight in made.parameters]
        return (
            self._settings == _settings(self.optimizer)
            and list(map(id, found)) == list(map(id, self._velocities))
            and self._addresses == [velocity.data_ptr() for velocity in self._velocities]
            and (self._averaged is None or self._averaged.holds())
        )

    def _arrange(self, made: Plan) -> None:
        """Point to momentum and averages where they are."""
        self._made, self._settings = made, _settings(self.optimizer)
        self._velocities = [_velocity(self.optimizer, parameter) for parameter in made.parameters]
        self._addresses = [velocity.data_ptr() for velocity in self._velocities]
        self._averaged = plan(self.average.model) if self.average else None
        decays = {id(w): group["weight_decay"] for group in self.optimizer.param_groups for w in group["params"]}
        self._arrays = [
            (ctypes.c_float * len(made.parameters))(*[decays[id(parameter)] for parameter in made.parameters]),
            pointers(self._velocities),
        ]
        if self._averaged:
            self._arrays += [pointers(self._averaged.parameters), pointers(self._averaged.statistics)]
        addresses = [ctypes.cast(array, ctypes.c_void_p).value for array in self._arrays]
        missing = [None] * (4 - len(addresses))
        nesterov = self.optimizer.param_groups[0]["nesterov"]
        self._update = Update(0.0, 0.0, self.label_smoothing, 0.0, nesterov, *addresses, *missing)

    def _by_torch(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        def criterion(logits: Tensor, classes: Tensor) -> Tensor:
            return F.cross_entropy(logits, classes, label_smoothing=self.label_smoothing)

        done = plain_step(self.network, self.optimizer, criterion, "float32", images, labels)
        if self.average:
            self.average.update()
        return done


def fused_step(
    network: CompiledNetwork, optimizer: optim.Optimizer, average: WeightAverage | None, label_smoothing: float
) -> FusedStep | None:
    """The fused step of a compiled network, or None where the optimiser is not plain SGD over all its weights.

    Raises TersenetError where the optimiser's momentum does not fit the weights.
    """
    made = network.proved()
    if made is None or not isinstance(optimizer, optim.SGD) or not _is_plain(optimizer, made):
        return None
    step = FusedStep(network, optimizer, average, label_smoothing)
    return step if step._is_arranged(made) else None


def _is_plain(optimizer: optim.SGD, made: Plan) -> bool:
    """Whether an optimiser does what the engine does: SGD with one rate, over all weights, with nobody listening."""
    groups = optimizer.param_groups
    first = groups[0]
    held = [id(weight) for group in groups for weight in group["params"]]
    return (
        type(optimizer) is optim.SGD
        and len(held) == len(made.parameters)
        and set(held) == set(map(id, made.parameters))
        and all(group[name] == first[name] for group in groups[1:] for name in ("lr", "momentum", "nesterov"))
        and not any(group["dampening"] or group["maximize"] or group["differentiable"] for group in groups)
        and not (optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks)
        and all(weight.requires_grad for weight in made.parameters)
        and not any(weight._backward_hooks or weight._post_accumulate_grad_hooks for weight in made.parameters)
    )


def _settings(optimizer: optim.SGD) -> list[Any]:
    return [(len(group["params"]), group["weight_decay"], group["nesterov"]) for group in optimizer.param_groups]


def _velocity(optimizer: optim.SGD, parameter: nn.Parameter) -> Tensor:
    """The momentum of a weight where torch keeps it; made where there is none yet, at zero, as torch begins."""
    state = optimizer.state[parameter]
    if state.get("momentum_buffer") is None:
        state["momentum_buffer"] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
    buffer: Tensor = state["momentum_buffer"]
    if buffer.shape != parameter.shape or buffer.dtype is not parameter.dtype or buffer.device != parameter.device:
        raise TersenetError(
            "The optimiser's momentum does not fit the weights.",
            got=f"momentum {buffer.dtype} {list(buffer.shape)} on {buffer.device}",
            expected=f"{parameter.dtype} {list(parameter.shape)} on {parameter.device}",
            hint="start the run anew: its checkpoint belongs to another network",
        )
    if not buffer.is_contiguous():
        state["momentum_buffer"] = buffer = buffer.contiguous()
    return buffer
