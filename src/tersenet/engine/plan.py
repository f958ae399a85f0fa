"""A network as the engine takes it, one row per layer, and the proof that this is the network at hand.

The rows are read from the modules themselves, never from the notation: whatever was replaced, pruned, tied, hooked or
overridden since the network was built is seen, and what the engine does not know is left to torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import chain
from operator import attrgetter, is_, itemgetter, methodcaller
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from tersenet.engine.abi import BATCH_NORM, DROPOUT, MAP_DROPOUT, STEP
from tersenet.engine.plan_flow import Flow
from tersenet.engine.plan_rows import UnknownError, weights_of
from tersenet.networks import (
    Dropout,
    JoinBlock,
    LayerChain,
    NotationNetwork,
    ResidualBlock,
    SharedBlock,
    SumBlock,
)

PARTS = ("_modules", "_parameters", "_buffers")
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
# What a kind of module computes depends on these attributes and its tensors; every other kind is left to torch.
ATTRIBUTES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: ("stride", "padding", "dilation", "groups", "padding_mode"),
    nn.Linear: (),
    nn.BatchNorm1d: ("eps", "momentum", "affine", "track_running_stats"),
    nn.BatchNorm2d: ("eps", "momentum", "affine", "track_running_stats"),
    nn.GroupNorm: ("num_groups", "num_channels", "eps", "affine"),
    nn.LayerNorm: ("normalized_shape", "eps", "elementwise_affine"),
    nn.ReLU: ("inplace",),
    nn.LeakyReLU: ("negative_slope", "inplace"),
    nn.PReLU: ("num_parameters",),
    nn.ELU: ("alpha", "inplace"),
    nn.SiLU: ("inplace",),
    nn.GELU: ("approximate",),
    nn.Tanh: (),
    nn.Hardswish: ("inplace",),
    nn.Sigmoid: (),
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
    nn.AvgPool2d: ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.AdaptiveMaxPool2d: ("output_size", "return_indices"),
    Dropout: ("p", "inplace"),
    nn.Dropout: ("p", "inplace"),
    nn.Dropout2d: ("p", "inplace"),
    nn.ModuleList: (),
    LayerChain: (),
    ResidualBlock: (),
    SumBlock: (),
    JoinBlock: (),
    SharedBlock: ("times",),
    NotationNetwork: (),
}
# Modules that hold others, and the names of those; none: any.
BLOCKS: dict[type[nn.Module], set[str]] = {
    LayerChain: set(),
    ResidualBlock: {"body"},
    SumBlock: {"branches"},
    JoinBlock: {"branches"},
    SharedBlock: {"body"},
    NotationNetwork: {"layers"},
}
FORWARD: dict[type[nn.Module], Callable[..., Any]] = {kind: kind.forward for kind in ATTRIBUTES}
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
DROPOUTS = (Dropout, nn.Dropout, nn.Dropout2d)

_values_of = methodcaller("values")
_type_of, _shape_of, _forward_of = attrgetter("dtype"), attrgetter("shape"), attrgetter("forward")


class Plan:
    """The rows of a network's layers, and the tensors that they read: parameters, running statistics.

    `input_size` is the shape `[C, H, W]` of a picture, `outputs` the number of logits. `fewest` is the smallest
    number of values per picture and channel that a batch normalisation sees, None where there is none.
    """

    def __init__(self, model: NotationNetwork, flow: Flow, outputs: int) -> None:
        self.steps: NDArray[np.void] = np.zeros(len(flow.rows), STEP)
        for step, row in zip(self.steps, flow.rows, strict=True):
            for name, value in row.items():
                step[name] = value
        self.input_size = tuple(model.input_size)
        self.outputs = outputs
        modules = list(flow.weights)
        self.drops = any(row["kind"] in (DROPOUT, MAP_DROPOUT) for row in flow.rows)
        norms = [module for module in modules if isinstance(module, NORMS)]
        seen = [int(row["height"] * row["width"]) for row in flow.rows if row["kind"] == BATCH_NORM]
        self.fewest = min(seen, default=None)
        self.parameters: list[nn.Parameter] = [weight for module in modules for weight in weights_of(module)]
        self.statistics: list[Tensor] = [t for norm in norms for t in (norm.running_mean, norm.running_var)]  # type: ignore[misc]
        # A shared normalisation counts each of its passes.
        passes = [norms[int(row["buffers"]) // 2] for row in flow.rows if row["kind"] == BATCH_NORM]
        self.counters: list[Tensor] = [norm.num_batches_tracked for norm in passes]  # type: ignore[misc]
        # Modules that do something else in training than in evaluation.
        self._moody = norms + [module for module in modules if isinstance(module, DROPOUTS) and module.p]
        # What the proof compares, laid out so that comparing it is a few loops in C.
        self._modules = list(model.modules())
        self._read = [itemgetter(*HOOKS, *PARTS, *ATTRIBUTES[type(module)]) for module in self._modules]
        self._values = [module.__dict__ for module in self._modules]
        self._hooks = [values[name] for values in self._values for name in HOOKS]
        self._parts = [values[name] for values in self._values for name in PARTS]
        self._tensors: list[Tensor] = [*self.parameters, *self.statistics]
        self._kinds = list({type(module) for module in self._modules})
        self._filled = [part for part in self._parts if part]
        self._members = list(chain.from_iterable(map(_values_of, self._filled)))
        self._proof = self._facts()

    def holds(self) -> bool:
        """Whether the network is still what was planned: about a hundredth of a millisecond."""
        try:
            return (
                self._facts() == self._proof
                and all(map(is_, chain.from_iterable(map(_values_of, self._filled)), self._members))
                and not any(self._hooks)
                and _nobody_listens()
            )
        except (KeyError, RuntimeError):  # an attribute that is gone, a tensor without memory
            return False

    def _facts(self) -> tuple[list[Any], ...]:
        """All that the rows depend on, but for what the modules hold."""
        return (
            list(map(type, self._modules)),
            list(map(len, self._values)),
            [read(values) for read, values in zip(self._read, self._values, strict=True)],
            list(map(len, self._parts)),
            list(map(Tensor.data_ptr, self._tensors)),
            list(map(_type_of, self._tensors)),
            list(map(_shape_of, self._tensors)),
            list(map(Tensor.is_contiguous, self._tensors)),
            list(map(_forward_of, self._kinds)),
        )

    def mode(self) -> bool | None:
        """Whether the network is in training mode; None where some of its layers are and others are not.

        Only layers count that do something else in training than in evaluation.
        """
        modes = {module.training for module in self._moody or self._modules[:1]}
        return None if len(modes) > 1 else True in modes

    @property
    def is_moody(self) -> bool:
        """Whether the network does something else in training than in evaluation."""
        return bool(self._moody)


def plan(model: nn.Module) -> Plan | None:
    """The plan of a network, or None where it is one that the engine does not support: see `refusal`.

    It supports networks that `build` made, of all layers and blocks of the notation, with float32 weights on the
    processor.
    """
    try:
        return _examined(model)
    except UnknownError:
        return None


def refusal(model: nn.Module) -> str | None:
    """Why the engine does not run a network; None where it does.

    >>> from tersenet.networks import build
    >>> model = build("8C3 BN R GAP 10N")
    >>> model.layers[2] = nn.Softplus()
    >>> refusal(model)
    'layers.2 (Softplus): an unsupported kind of layer'
    """
    try:
        _examined(model)
    except UnknownError as unknown:
        return str(unknown)
    return None


def _examined(model: nn.Module) -> Plan:
    if type(model) is not NotationNetwork:
        raise UnknownError(f"{type(model).__name__}: not a network that was built from a notation")
    if not _nobody_listens():
        raise UnknownError("hooks that listen to every module")
    flow = Flow(tuple(model.input_size))
    _follow("", model, flow)
    if not flow.rows:
        raise UnknownError("a network without layers")
    made = Plan(model, flow, math.prod(flow.shape))
    _require_apart([*made.parameters, *made.statistics])
    return made


def _nobody_listens() -> bool:
    """Whether no hook is set on all modules at once."""
    every = nn.modules.module
    return not (
        every._global_forward_hooks
        or every._global_forward_pre_hooks
        or every._global_backward_hooks
        or every._global_backward_pre_hooks
    )


def _follow(name: str, module: nn.Module, flow: Flow) -> None:
    """Add what a module does to the rows, in the order in which its layers run."""
    try:
        _require_unchanged(module)
        if type(module) not in BLOCKS:
            flow.add(module)
            return
        if set(module._modules) != BLOCKS[type(module)] != set():
            raise UnknownError("modules besides its layers")
        if any(module._parameters) or any(module._buffers):
            raise UnknownError("weights besides those of its layers")
    except UnknownError as unknown:
        where = f"{name} ({type(module).__name__})" if name else "the network"
        raise UnknownError(f"{where}: {unknown}") from None

    def inner(part: nn.Module, key: str) -> Callable[[], None]:
        child = part._modules[key]
        if child is None:
            raise UnknownError(f"{name}: an empty place")
        return lambda: _follow(f"{name}.{key}".removeprefix("."), child, flow)

    if isinstance(module, ResidualBlock):
        flow.add_up([lambda: None, inner(module, "body")])
    elif isinstance(module, SumBlock | JoinBlock):
        branches = module._modules["branches"]
        if type(branches) is not nn.ModuleList:
            raise UnknownError(f"{name}: branches that are not a list of modules")
        each = [inner(branches, key) for key in branches._modules]
        (flow.add_up if isinstance(module, SumBlock) else flow.join)(each)
    else:
        for _ in range(module.times if isinstance(module, SharedBlock) else 1):
            for key in module._modules:
                inner(module, key)()


def _require_unchanged(module: nn.Module) -> None:
    """A module of a known kind, without hooks, and of which nothing was overridden."""
    kind = type(module)
    if kind not in FORWARD:
        raise UnknownError("an unsupported kind of layer")
    if kind.forward is not FORWARD[kind]:
        raise UnknownError("another forward")
    if any(getattr(module, hooks) for hooks in HOOKS):
        raise UnknownError("hooks")
    # What lies in the instance hides the method, weight or statistic of the same name.
    hidden = [name for name in vars(module) if callable(getattr(kind, name, None))]
    hidden += [name for name in (*module._parameters, *module._buffers, *module._modules) if name in vars(module)]
    if hidden:
        raise UnknownError(f"another {hidden[0]}")


def _require_apart(tensors: Iterable[Tensor]) -> None:
    """No tensor shares memory with another: tied weights move twice in a step."""
    ends = 0
    for begin, size in sorted((tensor.data_ptr(), tensor.nbytes) for tensor in tensors):
        if begin < ends:
            raise UnknownError("weights that are tied")
        ends = begin + size
