"""The layer table of any module: type, output shape, parameters, MACs, receptive field, jump.

The module runs once, on blank pictures, and is left as it was. Each of its layers has a row in the order of calls,
those that a user's code calls as functions (`F.relu`) too.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.networks.field_rules import Call, covers_whole_map
from tersenet.networks.tracing import Tracer, tensors_in

MEGABYTE = 2**20
BATCH = 2  # enough to tell the pictures of a batch from their channels


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """One layer of the table.

    `output_shape` is without the batch: `(C, H, W)` or `(N,)`. `parameters` are those that no earlier row has
    counted; `shared` marks a row that uses such ones again. `macs` are multiply-adds of convolutions and dense layers
    for one picture, biases not counted. `receptive_field` and `jump` are in pixels of the input: one number, a pair
    (height, width) where these differ, or None where they cannot be told. `whole_map` marks an average over maps.
    """

    type: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int | None
    receptive_field: int | tuple[int, int] | None
    jump: float | tuple[float, float] | None
    shared: bool = False
    whole_map: bool = False


@dataclass(frozen=True, kw_only=True)
class Megabytes:
    """Sizes as torchsummary counts them, for one picture in float32: each output twice (forward and backward)."""

    input: float
    forward_backward: float
    parameters: float

    @property
    def total(self) -> float:
        return self.input + self.forward_backward + self.parameters


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The layer table and its totals. `macs` is None where that of a layer is."""

    layers: tuple[LayerRow, ...]
    input_size: tuple[int, ...]
    parameters: int
    trainable_parameters: int

    @property
    def macs(self) -> int | None:
        counts = [row.macs for row in self.layers]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def unlisted_parameters(self) -> int:
        """Parameters that belong to no row: of layers that are never called, or that a module uses by itself."""
        return self.parameters - sum(row.parameters for row in self.layers)

    @property
    def torchsummary_mb(self) -> Megabytes:
        outputs = sum(math.prod(row.output_shape) for row in self.layers)
        return Megabytes(
            input=4 * math.prod(self.input_size) / MEGABYTE,
            forward_backward=2 * 4 * outputs / MEGABYTE,
            parameters=4 * self.parameters / MEGABYTE,
        )

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
            "The network is scripted, so nobody can look into it.", hint="give the module as it was before"
        )
    floating = [weights for weights in parameters if weights.is_floating_point()]
    like = floating[0] if floating else torch.empty(0)
    picture = torch.zeros(BATCH, *input_size, dtype=like.dtype, device=like.device)
    recorder = LayerRecorder(model, picture)
    with left_as_it_was(model), torch.no_grad(), recorder.hooked(model):
        try:
            with recorder.tracer, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is said of blank pictures is not worth hearing
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
        input_size=tuple(input_size),
        parameters=sum(weights.numel() for weights in parameters),
        trainable_parameters=sum(weights.numel() for weights in parameters if weights.requires_grad),
    )


@dataclass
class CalledLayer:
    """A layer that is being called."""

    name: str
    macs: int | None = 0
    whole_map: bool = False


class LayerRecorder:
    """Writes the rows while the module runs."""

    def __init__(self, model: nn.Module, picture: Tensor) -> None:
        self.rows: list[LayerRow] = []
        self.tracer = Tracer(model, picture, self._called)
        self._counted: set[int] = set()
        self._frames: list[CalledLayer] = []

    def place(self) -> str | None:
        """The layer that is being called."""
        return self._frames[-1].name if self._frames else None

    @contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Hooks on every layer, for as long as this lasts."""
        with ExitStack() as hooks:
            for name, module in layer_modules(model):
                hooks.callback(module.register_forward_pre_hook(self._entering(name)).remove)
                hooks.callback(module.register_forward_hook(self._left, with_kwargs=False).remove)
            yield

    def _entering(self, name: str) -> Any:
        def enter(module: nn.Module, inputs: Any) -> None:
            self._frames.append(CalledLayer(f"{name} ({type(module).__name__})" if name else type(module).__name__))

        return enter

    def _left(self, module: nn.Module, inputs: Any, output: Any) -> None:
        frame = self._frames.pop()
        made = next(tensors_in(output), None)
        if made is None or self._frames:
            return
        self.add_layer(type(module).__name__, made, list(module.parameters()), frame)

    def _called(self, call: Call, macs: int | None) -> None:
        if self._frames:
            frame = self._frames[-1]
            frame.macs = None if macs is None or frame.macs is None else frame.macs + macs
            frame.whole_map = covers_whole_map(call)
            return
        weights = [tensor for tensor in tensors_in((call.args, call.kwargs)) if isinstance(tensor, nn.Parameter)]
        name = layer_of(call, weights)
        if name is not None:
            self.add_layer(name, call.result, weights, CalledLayer(name, macs, covers_whole_map(call)))

    def add_layer(self, name: str, made: Tensor, weights: list[nn.Parameter], frame: CalledLayer) -> None:
        fresh = {id(weight): weight.numel() for weight in weights if id(weight) not in self._counted}
        self._counted |= set(fresh)
        seen = self.tracer.field(made)
        self.rows.append(
            LayerRow(
                type=name,
                output_shape=tuple(made.shape[1:]),
                parameters=sum(fresh.values()),
                macs=frame.macs,
                receptive_field=seen.receptive_field if seen else None,
                jump=seen.jump if seen else None,
                shared=bool(weights) and not fresh,
                whole_map=frame.whole_map,
            )
        )


def layer_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules that have a row of their own, with their names; a whole network of a user's own code has none."""
    for name, module in model.named_modules():
        own_code = module is model and not type(module).__module__.startswith("torch.")
        if _is_layer(module) and not own_code:
            yield name, module


def layer_of(call: Call, weights: Sequence[nn.Parameter]) -> str | None:
    """The name of the layer that a function called with these weights stands for; None where it is none."""
    if call.name == "mean" and covers_whole_map(call):
        return "AdaptiveAvgPool2d"
    if call.name in ("matmul", "mm", "addmm") and weights:
        return "Linear"
    return _LAYERS.get(call.name)


def _is_layer(module: nn.Module) -> bool:
    """Whether a module has a row of its own: no container, with no modules inside unless torch's own work as one."""
    if isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return False
    whole = (nn.MultiheadAttention, nn.modules.conv._ConvNd, nn.Linear, nn.modules.batchnorm._BatchNorm)
    return isinstance(module, whole) or not any(True for _ in module.children())


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; afterwards mode, buffers and random numbers are as before."""
    training = {module: module.training for module in model.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    devices = {buffer.device for buffer in (*model.parameters(), *model.buffers()) if buffer.device.type == "cuda"}
    try:
        with torch.random.fork_rng(devices=list(devices)):
            for module in training:
                module.training = False
            yield
    finally:
        for module, mode in training.items():
            module.training = mode
        with torch.no_grad():
            for buffer, before in buffers:
                if not torch.equal(buffer, before):  # a write, even of the same values, would forbid a gradient
                    buffer.copy_(before)


# Functions that a user's code calls in place of a layer, with the name of that layer.
_LAYERS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "selu": "SELU",
    "celu": "CELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "glu": "GLU",
    "sigmoid": "Sigmoid",
    "logsigmoid": "LogSigmoid",
    "hardsigmoid": "Hardsigmoid",
    "hardswish": "Hardswish",
    "hardtanh": "Hardtanh",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "dropout": "Dropout",
    "dropout1d": "Dropout1d",
    "dropout2d": "Dropout2d",
    "alpha_dropout": "AlphaDropout",
    "batch_norm": "BatchNorm2d",
    "layer_norm": "LayerNorm",
    "group_norm": "GroupNorm",
    "instance_norm": "InstanceNorm2d",
    "conv1d": "Conv1d",
    "conv2d": "Conv2d",
    "conv3d": "Conv3d",
    "conv_transpose2d": "ConvTranspose2d",
    "linear": "Linear",
    "max_pool2d": "MaxPool2d",
    "avg_pool2d": "AvgPool2d",
    "lp_pool2d": "LPPool2d",
    "adaptive_avg_pool2d": "AdaptiveAvgPool2d",
    "adaptive_max_pool2d": "AdaptiveMaxPool2d",
    "interpolate": "Upsample",
    "pixel_shuffle": "PixelShuffle",
    "pixel_unshuffle": "PixelUnshuffle",
}
