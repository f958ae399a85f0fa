"""Writes down the layers of a forward pass in the order of calls: summary, doctor and `explain` number them alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from tersenet.networks.layers.registry import BY_FUNCTION
from tersenet.networks.summary.receptive_field_rules import covers_whole_map
from tersenet.networks.summary.torch_functions import PRODUCTS, Call
from tersenet.networks.summary.tracing import Tracer, tensors_in, unregistered_layers


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """One layer of the table.

    `output_shape` is without the batch: `(C, H, W)` or `(N,)`. `parameters` are those that no earlier row has
    counted; `shared` marks a row that uses such ones again; `unregistered` counts weights that the network uses but
    that are not among its parameters. `macs` are multiply-adds of convolutions and matrix products for one picture,
    biases not counted, None where they are not known. `receptive_field` and `jump` are in pixels of the input: one
    number, a pair (height, width) where these differ, or None where they are not known. `whole_map` marks an average
    over maps.
    """

    type: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int | None
    receptive_field: int | tuple[int, int] | None
    jump: float | tuple[float, float] | None
    shared: bool = False
    whole_map: bool = False
    unregistered: int = 0


@dataclass
class CalledLayer:
    """A layer that is being called; `kernel` is what a convolution multiplied with, masked or normalised."""

    name: str
    macs: int | None = 0
    whole_map: bool = False
    kernel: Tensor | None = None


class LayerRecorder:
    """Writes the rows while the module runs.

    `module_values` and `module_weights` are what torchsummary adds up: the values that calls of modules give for one
    picture, and the `weight` and `bias` of each. `other_macs` are multiply-adds that belong to no row; None where
    they are not known.
    """

    def __init__(self, model: nn.Module, picture: Tensor) -> None:
        self.rows: list[LayerRow] = []
        self.module_values = 0
        self.module_weights = 0
        self.other_macs: int | None = 0
        self.tracer = Tracer(model, picture, self._called)
        self._registered = {id(weight) for weight in model.parameters()}
        self._counted: set[int] = set()
        self._frames: list[CalledLayer] = []

    def place(self) -> str | None:
        """The layer that is being called."""
        return self._frames[-1].name if self._frames else None

    @contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Hooks on every layer, for as long as this lasts."""
        with ExitStack() as hooks:
            for module in model.modules():
                if module is not model and not isinstance(module, (nn.Sequential, nn.ModuleList)):
                    hooks.callback(module.register_forward_hook(self._counting(module)).remove)
            for name, module in layer_modules(model):
                hooks.callback(module.register_forward_pre_hook(self._entering(name)).remove)
                hooks.callback(module.register_forward_hook(self._left, with_kwargs=False).remove)
            yield

    def _counting(self, module: nn.Module) -> Any:
        # Looked up before the pass: a kernel that is computed would be computed once more.
        held = [getattr(module, name, None) for name in ("weight", "bias")]
        weights = sum(weight.numel() for weight in held if isinstance(weight, Tensor))

        def count(module: nn.Module, inputs: Any, output: Any) -> None:
            self.module_values += sum(made.shape[1:].numel() for made in tensors_in(output))
            self.module_weights += weights

        return count

    def _entering(self, name: str) -> Any:
        def enter(module: nn.Module, inputs: Any) -> None:
            self._frames.append(CalledLayer(f"{name} ({layer_type(module)})" if name else layer_type(module)))

        return enter

    def _left(self, module: nn.Module, inputs: Any, output: Any) -> None:
        frame = self._frames.pop()
        made = next(tensors_in(output), None)
        if made is None or self._frames:
            return
        self.add_layer(layer_type(module), made, list(module.parameters()), frame)

    def _called(self, call: Call, macs: int | None) -> None:
        if self._frames:
            frame = self._frames[-1]
            frame.macs = None if macs is None or frame.macs is None else frame.macs + macs
            frame.whole_map = covers_whole_map(call)
            frame.kernel = _kernel(call) if frame.kernel is None else frame.kernel
            return
        given = list(tensors_in((call.args, call.kwargs)))
        weights = self.tracer.origins.weights_of(given)
        name = None if self.tracer.origins.constant([call.result]) else layer_of(call, weights)
        if name is not None:
            self.add_layer(name, call.result, weights, CalledLayer(name, macs, covers_whole_map(call), _kernel(call)))
        else:
            self.other_macs = None if macs is None or self.other_macs is None else self.other_macs + macs

    def add_layer(self, name: str, made: Tensor, weights: list[nn.Parameter], frame: CalledLayer) -> None:
        """A row for a layer that has given `made`, with the weights that it used."""
        fresh = {id(weight): weight.numel() for weight in weights if id(weight) not in self._counted}
        self._counted |= set(fresh)
        seen = self.tracer.field(made)
        self.rows.append(
            LayerRow(
                type=name,
                output_shape=tuple(made.shape[1:]),
                parameters=sum(count for key, count in fresh.items() if key in self._registered),
                macs=frame.macs,
                receptive_field=seen.receptive_field if seen else None,
                jump=seen.jump if seen else None,
                shared=bool(weights) and not fresh,
                whole_map=frame.whole_map,
                unregistered=sum(count for key, count in fresh.items() if key not in self._registered),
            )
        )


def _kernel(call: Call) -> Tensor | None:
    return call.argument(1, "weight") if call.name.startswith("conv") else None


def layer_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules that have a row of their own, with their names; a whole network of a user's own code has none.

    Layers in plain lists are among them; what computes a layer's weights (`torch.nn.utils.parametrize`) is not.
    """
    for name, module in model.named_modules():
        own_code = module is model and not type(module).__module__.startswith("torch.")
        if _is_layer(module) and not own_code and "parametrizations" not in name.split("."):
            yield name, module
    for place, unregistered in unregistered_layers(model):
        for name, module in unregistered.named_modules():
            if _is_layer(module):
                yield f"{place}.{name}" if name else place, module


def layer_type(module: nn.Module) -> str:
    """The class name of a layer, also where `torch.nn.utils.parametrize` has put a class of its own in its place.

    >>> layer_type(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
    'Linear'
    """
    kind = type(module)
    return kind.__mro__[1].__name__ if is_parametrized(module) else kind.__name__


def layer_of(call: Call, weights: Sequence[nn.Parameter]) -> str | None:
    """The name of the layer that corresponds to a function called with these weights; None if there is none."""
    if call.name == "mean" and covers_whole_map(call):
        return "AdaptiveAvgPool2d"
    if call.name in PRODUCTS:
        return "Linear" if weights else "MatMul"
    kind = BY_FUNCTION.get(call.name)
    return kind.functions[call.name] if kind else _LAYERS.get(call.name)


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
    held = [*model.buffers(), *(b for _, layer in unregistered_layers(model) for b in layer.buffers())]
    buffers = [(buffer, buffer.clone()) for buffer in held]
    devices = {buffer.device for buffer in (*model.parameters(), *held) if buffer.device.type == "cuda"}
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


# Functions that a user's code calls in place of a layer, with the name of that layer; `layers/` has more.
_LAYERS = {
    "relu6": "ReLU6",
    "selu": "SELU",
    "celu": "CELU",
    "mish": "Mish",
    "glu": "GLU",
    "logsigmoid": "LogSigmoid",
    "hardsigmoid": "Hardsigmoid",
    "hardtanh": "Hardtanh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "dropout1d": "Dropout1d",
    "alpha_dropout": "AlphaDropout",
    "instance_norm": "InstanceNorm2d",
    "conv1d": "Conv1d",
    "conv3d": "Conv3d",
    "conv_transpose2d": "ConvTranspose2d",
    "scaled_dot_product_attention": "Attention",
    "multi_head_attention_forward": "MultiheadAttention",
    "lp_pool2d": "LPPool2d",
    "interpolate": "Upsample",
    "pixel_shuffle": "PixelShuffle",
    "pixel_unshuffle": "PixelUnshuffle",
}
