"""Follows the tensors of one forward pass: what each sees of the input, and what each call multiplies.

Every torch function that a module calls passes through `Tracer` (a `TorchFunctionMode`), whether it is called by
one of torch's own layers or by a user's code, so that branches, sums and functional layers are followed as they run.
A call without a rule makes its results unknown; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tersenet.networks.field_rules import LEAKS, SHAPE_ONLY, ZERO_MACS, Call, follow
from tersenet.networks.receptive_field import Field, Unknown, input_axis

# What is known of a tensor: its receptive field; CONSTANT where it does not depend on the input; None where unknown.
CONSTANT = "constant"
Knowledge = Field | str | None


class Tracer(TorchFunctionMode):
    """Learns from each call; tells `on_call` of it and of its multiply-adds."""

    def __init__(self, model: nn.Module, picture: Tensor, on_call: Callable[[Call, int | None], None]) -> None:
        super().__init__()
        self._on_call = on_call
        self._batch = len(picture)
        self._known: dict[int, tuple[Tensor, Knowledge]] = {}
        self._leaked = False
        self._weights = {id(p) for p in model.parameters()}
        for constant in _constants(model):
            self._known[id(constant)] = (constant, CONSTANT)
        field = Field(input_axis(picture.shape[2]), input_axis(picture.shape[3])) if picture.ndim == 4 else None
        self._known[id(picture)] = (picture, field)

    def field(self, tensor: Any) -> Field | None:
        """What a tensor of the pass sees of the input; None where that is unknown."""
        known = self._known.get(id(tensor), (None, None))[1]
        return known if isinstance(known, Field) else None

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = list(tensors_in((args, kwargs)))
        name = bare_name(function)
        before = self._common(given, name)
        output = function(*args, **kwargs)
        made = list(tensors_in(output))
        if not made and name != "setitem":
            # A value that went where it cannot be followed (a number, an array) makes all that comes after uncertain.
            self._leaked = self._leaked or (name in LEAKS and before != CONSTANT)
            return output
        call = Call(name, args, kwargs, output)
        after = self._followed(call, given, before)
        for tensor in made:
            self._known[id(tensor)] = (tensor, after)
        if _writes(function, name) and (after != before or name == "setitem"):
            self._forget_sharers(args[0] if args else None, name, after)
        if made:
            self._on_call(call, self._macs(call, given))
        return output

    def _common(self, given: list[Tensor], name: str) -> Knowledge:
        """What is known of all inputs together: CONSTANT, a field (the first) or None."""
        known = [self._known.get(id(tensor), (tensor, None))[1] for tensor in given]
        if name in SHAPE_ONLY or all(knowledge == CONSTANT for knowledge in known):
            return CONSTANT
        fields = [knowledge for knowledge in known if isinstance(knowledge, Field)]
        return fields[0] if fields and None not in known and not self._leaked else None

    def _followed(self, call: Call, given: list[Tensor], before: Knowledge) -> Knowledge:
        if not isinstance(before, Field):
            return before
        try:
            return follow(call, [field for field in map(self.field, given) if field is not None])
        except Unknown:
            return None

    def _forget_sharers(self, target: Any, name: str, after: Knowledge) -> None:
        """Writing into a tensor changes what other views of its memory see."""
        if not isinstance(target, Tensor):
            return
        place = target.untyped_storage().data_ptr()
        for key, (tensor, knowledge) in list(self._known.items()):
            spared = tensor is target and name != "setitem"
            if not spared and knowledge != after and tensor.untyped_storage().data_ptr() == place:
                self._known[key] = (tensor, None)

    def _macs(self, call: Call, given: list[Tensor]) -> int | None:
        """Multiply-adds of convolutions and dense layers for one picture, biases not counted; None where unknown."""
        name, result = call.name, call.result
        if name in ZERO_MACS:
            return 0
        if name in ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"):
            moved = call.given if "transpose" in name else result
            kernel: Tensor = call.argument(1, "weight")[0]
            return moved.numel() * kernel.numel() // self._batch
        if name == "linear":
            return result.numel() * call.given.shape[-1] // self._batch
        if name in ("matmul", "mm", "addmm"):
            left, right = given[-2:]
            dense = CONSTANT in (self._known.get(id(factor), (factor, None))[1] for factor in (left, right))
            return result.numel() * left.shape[-1] // self._batch if dense else 0
        if any(id(tensor) in self._weights and tensor.ndim > 1 for tensor in given):
            return None
        return 0


def bare_name(function: Any) -> str:
    """The name of a torch function without underscores, in-place and reflected marks: `__iadd__` -> `add`."""
    name: str = getattr(function, "__name__", "")
    if name.startswith("__"):
        name = name.strip("_")
        if name in ("iadd", "isub", "imul", "itruediv", "idiv", "ipow", "radd", "rsub", "rmul", "rtruediv", "rdiv"):
            name = name[1:]
    return name.strip("_")


def _writes(function: Any, name: str) -> bool:
    """Whether a function writes into its first argument: `x[…] = y`, `relu_`, `+=`."""
    raw: str = getattr(function, "__name__", "")
    return name == "setitem" or raw.startswith("__i") or (raw.endswith("_") and not raw.endswith("__"))


def _constants(model: nn.Module) -> Iterator[Tensor]:
    """Parameters, buffers, and tensors that modules keep as plain attributes."""
    yield from model.parameters()
    yield from model.buffers()
    for module in model.modules():
        yield from tensors_in(list(vars(module).values()))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))
