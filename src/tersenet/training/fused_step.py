"""One call per batch: forward, backward, descent and averaging inside the compiled engine."""

from __future__ import annotations

import ctypes
import math
from operator import attrgetter, is_
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

from tersenet._errors import TersenetError
from tersenet.engine import CompiledNetwork, Plan, Update, count_batch, plan, pointers
from tersenet.training.averaging import WeightAverage
from tersenet.training.loop import plain_step
from tersenet.training.optimizers.optimizer_kind import EngineStep
from tersenet.training.optimizers.registry import OPTIMIZERS


class FusedStep:
    """What `train_one_epoch` does with a batch where network and optimiser allow it: see `fused_step`.

    Weights, momentum and average stay in the tensors of the network, the optimiser and the average, so that
    checkpoints and everything else see what they always see. Every step makes sure that these are still the tensors
    that the engine knows; a step that the engine cannot make is made in torch.
    """

    def __init__(
        self,
        network: CompiledNetwork,
        optimizer: optim.Optimizer,
        average: WeightAverage | None,
        label_smoothing: float,
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.average = average
        self.label_smoothing = label_smoothing
        self._made: Plan | None = None
        self._how: EngineStep | None = None
        self._settings: list[Any] = []
        self._remembered: list[Tensor] = []
        self._tensors: list[Tensor] = []
        self._addresses: list[int] = []
        self._groups: list[int] = []  # of each parameter
        self._rates: Any = None
        self._counts: list[Tensor] = []  # of Adam's steps, one per parameter
        self._arrays: list[Any] = []  # what the pointers of `_update` point to
        self._update = Update()

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        """Learn from one batch; its mean loss and the number of correct answers, both before the step."""
        made = self.network.proved()
        shares = labels.is_floating_point() and labels.ndim == 2  # of mixed pictures: their loss is torch's
        if made is None or shares or not self._is_arranged(made) or not self.network.takes(made, images):
            return self._by_torch(images, labels)
        rates = [group["lr"] for group in self.optimizer.param_groups]
        self._rates[:] = [rates[number] for number in self._groups]
        if self._counts:
            self._correct()
        if self.average:
            self._update.averaging = self.average.next_weight()
        done = self.network.step(made, images, labels, self._update)
        count_batch(made)
        if self._counts and math.isfinite(done[0]):
            torch._foreach_add_(self._counts, 1)
        if self.average:
            self.average.copy_counters()
        return done

    def _correct(self) -> None:
        """Adam's corrections of moments that began at zero."""
        assert self._how is not None
        steps = 1 + self._counts[0].item()
        self._update.first_correction = 1 - self._how.momentum**steps
        self._update.second_correction = math.sqrt(1 - self._how.second_momentum**steps)

    def _is_arranged(self, made: Plan) -> bool:
        """Whether the engine can make the optimiser's step; its pointers are right afterwards."""
        if made is not self._made or not self._still_holds(made):
            self._arrange(made)
        return self._how is not None

    def _still_holds(self, made: Plan) -> bool:
        if self._how is None:
            return False
        return (
            self._settings == _settings(self.optimizer)
            and all(map(is_, self._found(made), self._remembered))
            and self._addresses == list(map(Tensor.data_ptr, self._tensors))
            and all(map(_learns, made.parameters))
            and not any(map(_is_heard, made.parameters))
        )

    def _found(self, made: Plan) -> list[Tensor]:
        """What the optimiser remembers of each parameter now."""
        assert self._how is not None
        state = self.optimizer.state
        names = [name for name in (self._how.first, self._how.second, "step" if self._counts else None) if name]
        return [state[weight].get(name) for name in names for weight in made.parameters]

    def _arrange(self, made: Plan) -> None:
        """Point to what the optimiser remembers, and to averages, where they are."""
        self._made, self._settings = made, _settings(self.optimizer)
        averaged = plan(self.average.model) if self.average else None
        self._how = how = _engine_step(self.optimizer, made) if averaged or not self.average else None
        if how is None:
            return
        firsts = [_remembered(self.optimizer, weight, how.first) for weight in made.parameters]
        seconds = (
            [_remembered(self.optimizer, weight, how.second) for weight in made.parameters] if how.second else []
        )
        self._counts = [_count(self.optimizer, weight) for weight in made.parameters] if how.second else []
        if len({count.item() for count in self._counts}) > 1:
            self._how = None
            return
        self._remembered = [*firsts, *seconds, *self._counts]
        averages = [*averaged.parameters, *averaged.statistics] if averaged else []
        self._tensors = [*firsts, *seconds, *averages]
        self._addresses = list(map(Tensor.data_ptr, self._tensors))

        numbers = {
            id(weight): number
            for number, group in enumerate(self.optimizer.param_groups)
            for weight in group["params"]
        }
        self._groups = [numbers[id(weight)] for weight in made.parameters]
        of_each = [self.optimizer.param_groups[number] for number in self._groups]
        orthogonal = [
            len(weight) if group.get("orthogonal") else 0
            for weight, group in zip(made.parameters, of_each, strict=True)
        ]
        self._rates = (ctypes.c_float * len(of_each))()
        self._update = Update(
            rule=how.rule, nesterov=how.nesterov, label_smoothing=self.label_smoothing,
            momentum=how.momentum, second_momentum=how.second_momentum, epsilon=how.epsilon,
        )  # fmt: skip
        self._arrays = []
        for name, array in (
            ("rates", self._rates),
            ("decays", (ctypes.c_float * len(of_each))(*[group["weight_decay"] for group in of_each])),
            ("orthogonal", (ctypes.c_int32 * len(of_each))(*orthogonal) if any(orthogonal) else None),
            ("velocities", pointers(firsts)),
            ("squares", pointers(seconds) if seconds else None),
            ("averages", pointers(averaged.parameters) if averaged else None),
            ("statistics", pointers(averaged.statistics) if averaged else None),
        ):
            self._arrays.append(array)
            address = None if array is None else ctypes.cast(array, ctypes.c_void_p).value
            setattr(self._update, name, address)

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
    """The fused step of a compiled network, or None where the optimiser does not step as the engine does.

    Raises TersenetError where what the optimiser remembers does not fit the weights.
    """
    made = network.proved()
    if made is None:
        return None
    step = FusedStep(network, optimizer, average, label_smoothing)
    return step if step._is_arranged(made) else None


def _engine_step(optimizer: optim.Optimizer, made: Plan) -> EngineStep | None:
    """How the engine steps as an optimiser does over all weights; None where it cannot."""
    held = sorted(id(weight) for group in optimizer.param_groups for weight in group["params"])
    each = _steps(optimizer)
    plain = (
        len(set(each)) == 1
        and held == sorted(map(id, made.parameters))
        and not (optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks)
        and all(map(_learns, made.parameters))
        and not any(map(_is_heard, made.parameters))
    )
    return each[0] if plain else None


def _steps(optimizer: optim.Optimizer) -> list[EngineStep | None]:
    """How the engine steps as each group does."""
    kind = _FUSED.get(type(optimizer))
    return [kind.engine_step(group) if kind else None for group in optimizer.param_groups]


def _settings(optimizer: optim.Optimizer) -> list[Any]:
    """All of an optimiser that the engine's step depends on, but for the rates and the tensors that it remembers."""
    groups = [
        (group["weight_decay"], group.get("orthogonal"), len(group["params"])) for group in optimizer.param_groups
    ]
    listeners = len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)
    return [listeners, *groups, *_steps(optimizer)]


_FUSED = {alike: kind for kind in OPTIMIZERS.values() for alike in kind.alike}
_learns = attrgetter("requires_grad")


def _is_heard(weight: Tensor) -> bool:
    """Whether a hook listens to a weight's gradient."""
    return bool(weight._backward_hooks or weight._post_accumulate_grad_hooks)


def _remembered(optimizer: optim.Optimizer, parameter: nn.Parameter, name: str) -> Tensor:
    """What is remembered of a weight where torch keeps it; made where there is none yet, at zero, as torch begins."""
    state = optimizer.state[parameter]
    if state.get(name) is None:
        state[name] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
    buffer: Tensor = state[name]
    if buffer.shape != parameter.shape or buffer.dtype is not parameter.dtype or buffer.device != parameter.device:
        raise TersenetError(
            "The optimiser's momentum does not fit the weights.",
            got=f"momentum {buffer.dtype} {list(buffer.shape)} on {buffer.device}",
            expected=f"{parameter.dtype} {list(parameter.shape)} on {parameter.device}",
            hint="start a new run: its checkpoint belongs to another network",
        )
    if not buffer.is_contiguous():
        state[name] = buffer = buffer.contiguous()
    return buffer


def _count(optimizer: optim.Optimizer, parameter: nn.Parameter) -> Tensor:
    """The number of steps that torch's Adam keeps beside each weight."""
    count: Tensor = optimizer.state[parameter].setdefault("step", torch.tensor(0.0, dtype=torch.float32))
    return count
