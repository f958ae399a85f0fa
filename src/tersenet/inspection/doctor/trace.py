"""One forward and backward pass on real pictures, and what each layer did in it.

Layers are numbered as in `tersenet summary`; those that a user's code calls as functions too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from tersenet.evaluation import as_logits
from tersenet.inspection.doctor.check_record import LayerReading
from tersenet.networks import (
    RESHAPES,
    SOFTMAXES,
    Call,
    Origins,
    bare_name,
    layer_modules,
    layer_of,
    layer_type,
    tensors_in,
)

RELUS = ("ReLU", "ReLU6")
NORMALISATIONS = {
    *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "InstanceNorm1d", "InstanceNorm2d"),
    *("LayerNorm", "GroupNorm", "RMSNorm"),
}

Criterion = Callable[[Tensor, Tensor], Tensor]


@dataclass(eq=False)
class TraceStep:
    """One call on the way from the picture to the loss: a layer (with its row number), or a function without a row.

    `type` is torch's class name for a layer, the function's bare name otherwise; `given` and `made` stand for tensors
    of the pass, with their shape but without values, one for each. `calls` are the torch functions called inside it.
    """

    type: str
    path: str
    given: Tensor | None
    made: Tensor
    number: int | None = None
    module: nn.Module | None = None
    calls: list[Call] = field(default_factory=list)
    weights: list[nn.Parameter] = field(default_factory=list)
    signal: float = float("nan")
    units: int | None = None
    dead: Tensor | None = None  # bool [units]

    @property
    def name(self) -> str:
        """What a finding calls it: `layer 3, ReLU (layers.2)`."""
        if self.number is None:
            return f"{self.type}()"
        return f"layer {self.number}, {self.type}" + (f" ({self.path})" if self.path else "")

    def argument(self, place: int, name: str, default: Any) -> Any:
        """An argument of the one function that the step is, by its place or its name."""
        return self.calls[0].argument(place, name, default) if self.calls else default


@dataclass(eq=False)
class Trace:
    """What one pass showed.

    `learns` says whether the loss has a gradient at all. `steps` are the calls up to the network's answer in their
    order, `criterion_calls` what the criterion called after it;
    `answer` stands for what the network gave, `logits` are its values as `[N, K]`; `unreached` names the weights
    that the gradient never reached; `unregistered` counts, by layer, weights that are not among the network's
    parameters.
    """

    learns: bool
    steps: list[TraceStep]
    criterion_calls: list[Call]
    answer: Tensor
    logits: Tensor
    loss: float
    unreached: tuple[str, ...]
    unregistered: dict[str, int]
    gradients: dict[int, float]

    @property
    def layers(self) -> list[TraceStep]:
        """The steps that are layers."""
        return [step for step in self.steps if step.number is not None]

    def way_back(self) -> Iterator[TraceStep]:
        """The steps from the answer back, each giving what the one before it in this order took."""
        wanted: Tensor | None = self.answer
        for step in reversed(self.steps):
            if step.made is wanted:
                yield step
                wanted = step.given

    def is_normalised(self, step: TraceStep) -> bool:
        """Whether what a layer gives goes into a normalisation and nowhere else, whatever reshapes it on the way."""
        takers = [other for other in self.steps if other.given is step.made and other is not step]
        return bool(takers) and all(
            other.type in NORMALISATIONS
            or (other.type in (RESHAPES | {"Flatten", "Identity"}) and self.is_normalised(other))
            for other in takers
        )

    def readings(self) -> tuple[LayerReading, ...]:
        """The figures of every layer."""
        return tuple(
            LayerReading(
                number=step.number or 0,
                name=step.name,
                type=step.type,
                output_shape=tuple(step.made.shape[1:]),
                signal=step.signal,
                units=step.units,
                dead=None if step.dead is None else int(step.dead.sum()),
                gradient=self.gradients.get(step.number or 0),
            )
            for step in self.layers
        )


def trace(model: nn.Module, images: Tensor, labels: Tensor, criterion: Criterion) -> Trace:
    """Run a network (a copy: it gets gradients and new running statistics) forward and backward once."""
    recorder = _Recorder(model)
    with recorder.hooked(model), recorder:
        answer = model(images)
        recorder.stage = recorder.criterion_calls
        logits = as_logits(answer, labels)
        loss = criterion(logits, labels)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]
    unreached = [name for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is None]
    return Trace(
        learns=loss.requires_grad,
        steps=recorder.steps,
        criterion_calls=recorder.criterion_calls,
        answer=recorder.stand_in(answer),
        logits=logits.detach(),
        loss=float(loss.detach()),
        unreached=tuple(unreached) if weights else (),
        unregistered=_unregistered(model, recorder.steps),
        gradients=_relative_gradients(recorder.steps),
    )


def _unregistered(model: nn.Module, steps: list[TraceStep]) -> dict[str, int]:
    registered = {id(weight) for weight in model.parameters()}
    counts = {step.name: sum(w.numel() for w in step.weights if id(w) not in registered) for step in steps}
    return {name: count for name, count in counts.items() if count}


def _relative_gradients(steps: list[TraceStep]) -> dict[int, float]:
    """‖∂L/∂W‖ / ‖W‖ of each layer with a kernel, by the layer's number."""
    found = {}
    for step in steps:
        kernels = [weight for weight in step.weights if weight.ndim > 1 and weight.requires_grad]
        if step.number is None or not kernels:
            continue
        gradient = sum(float(w.grad.double().square().sum()) for w in kernels if w.grad is not None)
        size = sum(float(w.detach().double().square().sum()) for w in kernels)
        found[step.number] = (gradient / size) ** 0.5 if size > 0 else float("inf" if gradient else 0)
    return found


class _Recorder(TorchFunctionMode):
    """Writes the steps down while the module runs."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._origins = Origins(model)
        self.steps: list[TraceStep] = []
        self.criterion_calls: list[Call] = []
        self.stage: list[Call] | None = None
        self._inside: list[list[Call]] = []
        self._layers = 0
        self._counted: set[int] = set()
        self._resting = False
        self._stand_ins: Any = WeakIdKeyDictionary()

    @contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Hooks on every layer, for as long as this lasts."""
        with ExitStack() as hooks:
            for name, module in layer_modules(model):
                hooks.callback(module.register_forward_pre_hook(self._entering).remove)
                hooks.callback(module.register_forward_hook(self._leaving(name)).remove)
            yield

    def _entering(self, module: nn.Module, inputs: Any) -> None:
        self._inside.append([])

    def _leaving(self, path: str) -> Any:
        def leave(module: nn.Module, inputs: Any, output: Any) -> None:
            calls = self._inside.pop()
            made = next(tensors_in(output), None)
            if made is None or self._inside:
                return
            given = next(tensors_in(inputs), None)
            step = TraceStep(
                layer_type(module), path, self._or_none(given), self.stand_in(made), module=module, calls=calls
            )
            self._add_layer(step, made, list(module.parameters()))

        return leave

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        output = function(*args, **kwargs)
        made = next(tensors_in(output), None)
        if made is None or self._resting:
            return output
        self._origins.note(list(tensors_in((args, kwargs))), list(tensors_in(output)))
        call = Call(bare_name(function), args, kwargs, output)
        if self.stage is not None:
            self.stage.append(self._without_values(call))
        elif self._inside:
            self._inside[-1].append(self._without_values(call))
        else:
            self._add_function(call, made)
        return output

    def _add_function(self, call: Call, made: Tensor) -> None:
        given = list(tensors_in((call.args, call.kwargs)))
        if self._origins.constant([made]):
            return
        weights = self._origins.weights_of(given)
        taken = self._or_none(next((t for t in given if not self._origins.constant([t])), None))
        step = TraceStep(call.name, "", taken, self.stand_in(made), calls=[self._without_values(call)])
        name = layer_of(call, weights)
        if name is None:
            self.steps.append(step)
        else:
            step.type = name
            self._add_layer(step, made, weights)

    def stand_in(self, tensor: Tensor) -> Tensor:
        """A tensor of the same shape without values, always the same for one tensor: a pass keeps no more than
        autograd does."""
        found: Tensor | None = self._stand_ins.get(tensor)
        if found is None:
            resting, self._resting = self._resting, True
            found = torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
            self._stand_ins[tensor] = found
            self._resting = resting
        return found

    def _or_none(self, tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else self.stand_in(tensor)

    def _without_values(self, call: Call) -> Call:
        """The same call, with stand-ins for its tensors."""
        args, kwargs, output = (self._replaced(part) for part in (call.args, call.kwargs, call.output))
        return Call(call.name, args, kwargs, output)

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.stand_in(value)
        if isinstance(value, (tuple, list)):
            return tuple(map(self._replaced, value))
        if isinstance(value, dict):
            return {key: self._replaced(item) for key, item in value.items()}
        return value

    def _add_layer(self, step: TraceStep, output: Tensor, weights: list[nn.Parameter]) -> None:
        self._resting = True
        self._layers += 1
        step.number = self._layers
        step.weights = [weight for weight in weights if id(weight) not in self._counted]
        self._counted |= {id(weight) for weight in weights}
        # Now, since a layer in place would write over it.
        made = output.detach()
        step.signal = signal_of(made)
        if step.type in RELUS and made.ndim > 1:
            step.dead = never_fired(made)
            step.units = len(step.dead)
        self.steps.append(step)
        self._resting = False


def signal_of(made: Tensor) -> float:
    """By how much a layer's output differs from picture to picture: deviation over the pictures, mean over elements.

    >>> signal_of(torch.tensor([[0.0, 5.0], [2.0, 5.0]]))
    0.5
    """
    if not made.is_floating_point() or len(made) < 2:
        return float("nan")
    made = made.float()
    return float((made - made.mean(dim=0)).square_().mean(dim=0).sqrt_().mean())  # ten times as fast as std(dim=0)


def never_fired(made: Tensor) -> Tensor:
    """Which units (axis 1) of `[N, K, …]` are at or below 0 for every picture and place: bool `[K]`.

    >>> never_fired(torch.tensor([[0.0, 1.0], [0.0, 0.0]])).tolist()
    [True, False]
    """
    return made.transpose(0, 1).flatten(1).amax(dim=1) <= 0


def silent_units(model: nn.Module, images: Tensor) -> list[Tensor]:
    """Which units never fire on these pictures: bool `[units]` of each ReLU layer, in the order of calls."""
    recorder = _Recorder(model)
    with torch.no_grad(), recorder.hooked(model), recorder:
        model(images)
    return [step.dead for step in recorder.steps if step.dead is not None]


def softmaxes(calls: list[Call]) -> list[Call]:
    """The calls among these that are a softmax of some kind."""
    return [call for call in calls if call.name in SOFTMAXES]
