"""Follows the tensors of one forward pass: what each sees of the input, and what each call multiplies.

Every torch function that a module calls passes through `Tracer` (a `TorchFunctionMode`), whether it is called by
one of torch's own layers or by a user's code, so that branches, sums and functional layers are followed as they run.
A call without a rule makes its results unknown; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tersenet.networks.layers.registry import BY_FUNCTION
from tersenet.networks.summary.products import ProductCounter
from tersenet.networks.summary.receptive_field import ReceptiveField, Unknown, input_axis
from tersenet.networks.summary.receptive_field_rules import follow
from tersenet.networks.summary.torch_functions import LEAKS, SHAPE_ONLY, WHOLE_LEAKS, ZERO_MACS, Call

# What is known of a tensor: its receptive field; CONSTANT where it does not depend on the input; None where unknown.
CONSTANT = "constant"
Knowledge = ReceptiveField | str | None


class Origins:
    """Which tensors of a pass do not depend on the picture, and which weights each of these is made of."""

    def __init__(self, model: nn.Module) -> None:
        self._weights: dict[int, tuple[Tensor, frozenset[int]]] = {}
        self._known: dict[int, nn.Parameter] = {}
        for constant in constants(model):
            self._weights[id(constant)] = (constant, frozenset())

    def constant(self, given: list[Tensor]) -> bool:
        """Whether none of these depends on the picture."""
        return all(isinstance(tensor, nn.Parameter) or id(tensor) in self._weights for tensor in given)

    def weights_of(self, given: list[Tensor]) -> list[nn.Parameter]:
        """The weights among these and those that the others are made of, each once: `w` of `w.T` and `w * mask`."""
        found: dict[int, nn.Parameter] = {}
        for tensor in given:
            if isinstance(tensor, nn.Parameter):
                found[id(tensor)] = tensor
            else:
                found |= {key: self._known[key] for key in self._weights.get(id(tensor), (tensor, ()))[1]}
        return list(found.values())

    def note(self, given: list[Tensor], made: list[Tensor]) -> None:
        """Remember what a call made out of what it was given."""
        if not self.constant(given):
            for tensor in made:
                self._weights.pop(id(tensor), None)
            return
        weights = self.weights_of(given)
        self._known |= {id(weight): weight for weight in weights}
        for tensor in made:
            if not isinstance(tensor, nn.Parameter):
                self._weights[id(tensor)] = (tensor, frozenset(map(id, weights)))


class Tracer(TorchFunctionMode):
    """Learns from each call; tells `on_call` of it and of its multiply-adds.

    `untraceable` says that values of the picture went where no torch function is seen, as an array of numpy.
    """

    def __init__(self, model: nn.Module, picture: Tensor, on_call: Callable[[Call, int | None], None]) -> None:
        super().__init__()
        self.origins = Origins(model)
        self.untraceable = False
        self._products = ProductCounter()
        self._on_call = on_call
        self._batch = len(picture)
        self._known: dict[int, tuple[Tensor, Knowledge]] = {}
        self._leaked = False
        for constant in constants(model):
            self._known[id(constant)] = (constant, CONSTANT)
        field = (
            ReceptiveField(input_axis(picture.shape[2]), input_axis(picture.shape[3])) if picture.ndim == 4 else None
        )
        self._known[id(picture)] = (picture, field)

    def field(self, tensor: Any) -> ReceptiveField | None:
        """What a tensor of the pass sees of the input; None where that is unknown."""
        known = self._known.get(id(tensor), (None, None))[1]
        return known if isinstance(known, ReceptiveField) else None

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = list(tensors_in((args, kwargs)))
        name = bare_name(function)
        before = self._common(given, name)
        counted = self._products.total
        output = function(*args, **kwargs)
        counted = self._products.total - counted
        made = list(tensors_in(output))
        if not made and name != "setitem":
            # A value that went where it cannot be followed (a number, an array) makes all that comes after uncertain.
            leaks = name in LEAKS and before != CONSTANT
            self._leaked = self._leaked or leaks
            self.untraceable = self.untraceable or (leaks and name in WHOLE_LEAKS)
            return output
        call = Call(name, args, kwargs, output)
        after = self._followed(call, given, before)
        constant = self.origins.constant(given)
        self.origins.note(given, [args[0]] if name == "setitem" else made)
        for tensor in made:
            self._known[id(tensor)] = (tensor, after)
        if _writes(function, name) and (after != before or name == "setitem"):
            self._forget_sharers(args[0] if args else None, name, after)
        if made:
            self._on_call(call, self._macs(name, given, counted, constant))
        return output

    def __enter__(self) -> Self:
        self._products.__enter__()  # type: ignore[no-untyped-call]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        self._products.__exit__(*error)  # type: ignore[no-untyped-call]

    def _common(self, given: list[Tensor], name: str) -> Knowledge:
        """What is known of all inputs together: CONSTANT, a field (the first) or None."""
        known = [self._knowledge(tensor) for tensor in given]
        if name in SHAPE_ONLY or all(knowledge == CONSTANT for knowledge in known):
            return CONSTANT
        fields = [knowledge for knowledge in known if isinstance(knowledge, ReceptiveField)]
        return fields[0] if fields and None not in known and not self._leaked else None

    def _knowledge(self, tensor: Tensor) -> Knowledge:
        unseen = CONSTANT if isinstance(tensor, nn.Parameter) else None
        return self._known.get(id(tensor), (tensor, unseen))[1]

    def _followed(self, call: Call, given: list[Tensor], before: Knowledge) -> Knowledge:
        if not isinstance(before, ReceptiveField):
            return before
        try:
            kind = BY_FUNCTION.get(call.name)
            return follow(
                call, [field for field in map(self.field, given) if field is not None], kind.sees if kind else None
            )
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

    def _macs(self, name: str, given: list[Tensor], counted: int, constant: bool) -> int | None:
        """Multiply-adds for one picture, from those `counted` for the batch; None where they cannot be known.

        What works on weights alone, as spectral normalisation does, is done once for any number of pictures: 0.
        """
        kind = BY_FUNCTION.get(name)
        free = not kind.multiplies() if kind else name in ZERO_MACS
        if constant or (free and not counted):
            return 0
        if counted:
            return counted // self._batch
        return None if any(weight.ndim > 1 for weight in self.origins.weights_of(given)) else 0


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


def constants(model: nn.Module) -> Iterator[Tensor]:
    """Parameters, buffers, and tensors that modules keep as plain attributes; those of unregistered layers too."""
    for part in (model, *(layer for _, layer in unregistered_layers(model))):
        yield from part.parameters()
        yield from part.buffers()
        for module in part.modules():
            yield from tensors_in(list(vars(module).values()))


OWN_ATTRIBUTES = set(vars(nn.Module()))  # where torch keeps what it knows of a module
DEEPEST = 4  # lists within lists that are looked into


def unregistered_layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Modules that a network keeps where torch does not look: in a plain list, tuple, dictionary or set.

    Their weights are neither in `parameters()` nor in `state_dict()`, so they are not trained and not saved.

    >>> model = nn.Module()
    >>> model.hidden = [nn.Linear(2, 2), nn.ReLU()]
    >>> [name for name, _ in unregistered_layers(model)]
    ['hidden[0]', 'hidden[1]']
    """
    registered = {id(module) for module in model.modules()}
    found: dict[int, tuple[str, nn.Module]] = {}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if name not in OWN_ATTRIBUTES:
                for place, held in _modules_in(value, f"{path}.{name}" if path else name):
                    if id(held) not in registered:
                        found.setdefault(id(held), (place, held))
    return list(found.values())


def _modules_in(value: Any, place: str, depth: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """The modules in nested lists, tuples, dictionaries and sets, with where they are."""
    if isinstance(value, nn.Module):
        yield place, value
    elif isinstance(value, (list, tuple, set, dict)) and depth < DEEPEST:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _modules_in(item, f"{place}[{key!r}]", depth + 1)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in(list(value.values()))
