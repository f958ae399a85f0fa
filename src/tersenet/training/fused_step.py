"""One call per batch: forward, backward, descent and averaging inside the compiled engine."""

from __future__ import annotations

import ctypes
from operator import attrgetter, is_, itemgetter
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError
from tersenet.engine import CompiledNetwork, Plan, Update, count_batch, plan, pointers
from tersenet.training.averaging import WeightAverage
from tersenet.training.loop import plain_step
from tersenet.training.optimizers.kinds.sgd import SGD


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
        self._is_plain = False
        self._settings: list[Any] = []
        self._velocities: list[Tensor] = []
        self._tensors: list[Tensor] = []
        self._addresses: list[int] = []
        self._arrays: list[Any] = []  # what the pointers of `_update` point to
        self._update = Update()

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        """Learn from one batch; its mean loss and the number of correct answers, both before the step."""
        made = self.network.proved()
        shares = labels.ndim != 1  # of mixed pictures: their loss is torch's
        if made is None or shares or not self._is_arranged(made) or not self.network.takes(made, images):
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
        if made is not self._made or not self._still_holds(made):
            self._arrange(made)
        rates = {group["lr"] for group in self.optimizer.param_groups}
        return self._is_plain and len(rates) == 1

    def _still_holds(self, made: Plan) -> bool:
        if not self._is_plain:
            return False
        state = self.optimizer.state
        found = [state[weight]["momentum_buffer"] for weight in made.parameters]
        return (
            self._settings == _settings(self.optimizer)
            and all(map(is_, found, self._velocities))
            and self._addresses == list(map(Tensor.data_ptr, self._tensors))
            and all(map(_learns, made.parameters))
            and not any(map(_is_heard, made.parameters))
        )

    def _arrange(self, made: Plan) -> None:
        """Point to momentum and averages where they are."""
        self._made, self._settings = made, _settings(self.optimizer)
        averaged = plan(self.average.model) if self.average else None
        self._is_plain = _is_plain(self.optimizer, made) and (averaged is not None or self.average is None)
        if not self._is_plain:
            return
        self._velocities = [_velocity(self.optimizer, parameter) for parameter in made.parameters]
        averages = [*averaged.parameters, *averaged.statistics] if averaged else []
        self._tensors = [*self._velocities, *averages]
        self._addresses = list(map(Tensor.data_ptr, self._tensors))
        decays = {id(w): group["weight_decay"] for group in self.optimizer.param_groups for w in group["params"]}
        self._arrays = [
            (ctypes.c_float * len(made.parameters))(*[decays[id(parameter)] for parameter in made.parameters]),
            pointers(self._velocities),
        ]
        if averaged:
            self._arrays += [pointers(averaged.parameters), pointers(averaged.statistics)]
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
    if made is None or not isinstance(optimizer, optim.SGD):
        return None
    step = FusedStep(network, optimizer, average, label_smoothing)
    return step if step._is_arranged(made) else None


def _is_plain(optimizer: optim.SGD, made: Plan) -> bool:
    """Whether an optimiser does what the engine does: SGD in one way, over all weights, without hooks."""
    groups = optimizer.param_groups
    held = sorted(id(weight) for group in groups for weight in group["params"])
    return (
        type(optimizer) in (optim.SGD, SGD)
        and held == sorted(map(id, made.parameters))
        and len({(group["momentum"], group["nesterov"]) for group in groups}) == 1
        and not any(group["dampening"] or group["maximize"] or group["differentiable"] for group in groups)
        and not (optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks)
        and all(map(_learns, made.parameters))
        and not any(map(_is_heard, made.parameters))
    )


def _settings(optimizer: optim.SGD) -> list[Any]:
    """All of an optimiser that the engine's step depends on, but for the rate and the momentum's tensors."""
    settings = [_options(group) for group in optimizer.param_groups]
    listeners = len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)
    return [listeners, *settings, *(len(group["params"]) for group in optimizer.param_groups)]


_options = itemgetter("momentum", "nesterov", "dampening", "maximize", "differentiable", "weight_decay")
_learns = attrgetter("requires_grad")


def _is_heard(weight: Tensor) -> bool:
    """Whether a hook listens to a weight's gradient."""
    return bool(weight._backward_hooks or weight._post_accumulate_grad_hooks)


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
            hint="start a new run: its checkpoint belongs to another network",
        )
    if not buffer.is_contiguous():
        state["momentum_buffer"] = buffer = buffer.contiguous()
    return buffer
