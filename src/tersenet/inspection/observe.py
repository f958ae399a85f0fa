"""One forward pass, kept: what every layer of any module gives, and which pixels each of its positions sees.

The layers are those of `summarize`, in its order and with its numbers. A later pass can read the output of one layer
again (`output_of`), or go on from another in its place (`answer_from`): functions of torch are counted as they are
called, so that layers which a user's code calls as functions can be reached too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tersenet._errors import TersenetError, did_you_mean
from tersenet.evaluation import as_logits
from tersenet.networks import (
    SOFTMAX_OF_LOGITS,
    CalledLayer,
    LayerRecorder,
    ReceptiveField,
    Unknown,
    bare_name,
    left_as_it_was,
    summarize,
    tensors_in,
)


@dataclass(frozen=True)
class Square:
    """The pixels that a unit sees, first and last row and column included; padding lies beyond the picture."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, padding included."""
        return self.bottom - self.top + 1, self.right - self.left + 1

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of the middle, in pixels; a pixel's own middle is a whole number."""
        return (self.top + self.bottom) / 2, (self.left + self.right) / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedLayer:
    """What one layer gave: `output` is `[N, C, H, W]` or `[N, units]`, `number` its row in the summary, from 1.

    `path` is the module's name in the network, empty for a function; `weights` are its parameters, `kernel` is what a
    convolution multiplied with, after masks and normalisation; `field` is what its positions see, None where that is
    not known; `call` is which torch function made the output, None where no function of torch did.
    """

    number: int
    type: str
    path: str
    output: Tensor
    weights: tuple[Tensor, ...]
    field: ReceptiveField | None
    call: int | None
    kernel: Tensor | None = None

    @property
    def name(self) -> str:
        """As torchsummary calls it: `Conv2d-1`."""
        return f"{self.type}-{self.number}"

    @property
    def has_maps(self) -> bool:
        """Whether it gives maps with more than one position."""
        return self.output.ndim == 4 and self.output.shape[2] * self.output.shape[3] > 1

    def square(self, row: int = 0, column: int = 0) -> Square | None:
        """The pixels that a position of the layer's maps sees; None where that is not known."""
        if self.field is None:
            return None
        try:
            (top, bottom), (left, right) = self.field.height.at(row), self.field.width.at(column)
        except Unknown:
            return None
        return Square(top, left, bottom, right)


def observe(model: nn.Module, x: Tensor) -> list[ObservedLayer]:
    """Every layer of any module with what it gives for pictures `x`, float `[N, C, H, W]` or one `[C, H, W]`.

    The module runs in evaluation mode and is left as it was. Raises TersenetError where it cannot take the pictures.

    >>> from tersenet.networks import build
    >>> layers = observe(build("4C3 R MP2 GAP 10N"), torch.zeros(1, 28, 28))
    >>> [(layer.name, list(layer.output.shape)) for layer in layers][:3]
    [('Conv2d-1', [1, 4, 26, 26]), ('ReLU-2', [1, 4, 26, 26]), ('MaxPool2d-3', [1, 4, 13, 13])]
    >>> layers[2].square(0, 1)
    Square(top=0, left=2, bottom=3, right=5)
    """
    model, x = getattr(model, "_orig_mod", model), as_batch(x)
    summarize(model, tuple(x.shape[1:]))  # says what is wrong with a module that cannot be looked into
    weights = next(model.parameters(), x)
    # One more picture than is asked for: a batch of one cannot be distinguished from an axis of length one.
    pictures = torch.cat([x, x[:1]]).to(weights.device, weights.dtype)
    watcher = _Watcher(model, pictures)
    with left_alone(model), torch.no_grad(), watcher.hooked(model), watcher.tracer, watcher.calls:
        model(pictures)
    return watcher.layers


def find_layer(layers: list[ObservedLayer], name: str | int) -> ObservedLayer:
    """The layer that is meant: its name (`Conv2d-1`), its number in the summary, or its module's name.

    Raises TersenetError with the nearest names where there is none.

    >>> from tersenet.networks import build
    >>> layers = observe(build("4C3 R GAP 10N"), torch.zeros(1, 28, 28))
    >>> find_layer(layers, "relu-2").name, find_layer(layers, 3).name, find_layer(layers, "layers.0").name
    ('ReLU-2', 'AdaptiveAvgPool2d-3', 'Conv2d-1')
    """
    word = str(name).strip()
    for layer in layers:
        if word in (str(layer.number), layer.path) or word.lower() == layer.name.lower():
            return layer
    names = [layer.name for layer in layers]
    near = did_you_mean(word, [known.lower() for known in names])
    for known in names:
        near = near and near.replace(known.lower(), known)
    raise TersenetError(
        "The network has no such layer.",
        got=word,
        expected=f"a name, or a number from 1 to {len(layers)}: {', '.join(names)}",
        hint=near or "tersenet summary shows the layers with their numbers",
    )


def output_of(model: nn.Module, x: Tensor, layer: ObservedLayer) -> Tensor:
    """What a layer gives for other pictures `[N, C, H, W]`."""
    calls = _Calls(wanted=_reachable(layer), stops=True)
    with left_alone(model), torch.no_grad(), suppress(_Enough), calls:
        model(x)
    if calls.found is None:
        raise _lost(layer)
    return calls.found


def answer_from(
    model: nn.Module, x: Tensor, layer: ObservedLayer, output: Tensor, *, softmax: int | None = None
) -> Tensor:
    """The network's answer `[N, K]` where `output` replaces what a layer gave.

    `softmax`, where given, is the call whose result is left as what went in: logits instead of probabilities.
    Gradients reach `output`.
    """
    calls = _Calls(wanted=_reachable(layer), instead=output, skipped=softmax)
    with left_alone(model), calls:
        answer = model(x)
    if calls.found is None:
        raise _lost(layer)
    return as_logits(answer)


def last_softmax(layers: list[ObservedLayer]) -> int | None:
    """The call of the softmax that ends a network, where one does."""
    return layers[-1].call if layers and layers[-1].type in SOFTMAX_OF_LOGITS else None


def as_batch(x: Tensor) -> Tensor:
    """Pictures as `[N, C, H, W]`; raises TersenetError where they are not float pictures."""
    if x.ndim == 3:
        x = x.unsqueeze(0)
    if x.ndim != 4 or not len(x) or not x.is_floating_point():
        raise TersenetError(
            "These are not pictures as a network takes them.",
            got=f"{str(x.dtype).removeprefix('torch.')} {list(x.shape)}",
            expected="floats [N, C, H, W] or [C, H, W], normalised as in training",
        )
    return x


@contextmanager
def left_alone(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, and no layer that writes into what it is given; afterwards all is as it was."""
    writing: list[Any] = [module for module in model.modules() if getattr(module, "inplace", False) is True]
    with left_as_it_was(model):
        try:
            for module in writing:
                module.inplace = False
            yield
        finally:
            for module in writing:
                module.inplace = True


class _Enough(Exception):  # noqa: N818 - no error: the rest of the pass is not needed
    """What was wanted is there."""


class _Calls(TorchFunctionMode):
    """Counts the torch functions that give tensors; keeps, or replaces, what one of them gave."""

    def __init__(
        self,
        wanted: int | None = None,
        instead: Tensor | None = None,
        skipped: int | None = None,
        *,
        stops: bool = False,
    ) -> None:
        super().__init__()
        self.found: Tensor | None = None
        self._made: dict[int, tuple[Tensor, int]] = {}
        self._count = 0
        self._running = self._paused = False
        self._wanted, self._instead, self._skipped, self._stops = wanted, instead, skipped, stops

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self._paused:
            return function(*args, **(kwargs or {}))
        self._running = True
        output = function(*args, **(kwargs or {}))
        self._running = False
        made = next(tensors_in(output), None)
        if made is None or bare_name(function) == "get":
            return output
        self._count += 1
        if self._wanted is None:
            self._made[id(made)] = (made, self._count)  # held, so that no later tensor gets the same id
        if self._count == self._skipped:
            return next(tensors_in((args, kwargs or {})))
        if self._count == self._wanted:
            self.found = made
            if self._stops:
                raise _Enough
            if self._instead is not None and isinstance(output, Tensor):
                return self._instead.clone()  # a copy: what comes after may write into it
        return output

    def number_of(self, made: Tensor) -> int | None:
        """Which call made a tensor: the one that runs, where one does."""
        return self._count + 1 if self._running else self._made.get(id(made), (made, None))[1]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For as long as this lasts, nothing is counted."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False


class _Watcher(LayerRecorder):
    """Keeps what each layer gives, as it is then."""

    def __init__(self, model: nn.Module, pictures: Tensor) -> None:
        super().__init__(model, pictures)
        self.calls = _Calls()
        self.layers: list[ObservedLayer] = []

    def add_layer(self, name: str, made: Tensor, weights: list[nn.Parameter], frame: CalledLayer) -> None:
        """A row of the summary, and its output without the last picture, which is there twice."""
        super().add_layer(name, made, weights, frame)
        path, _, _ = frame.name.rpartition(" (")
        call = self.calls.number_of(made)
        with self.calls.paused():
            self.layers.append(
                ObservedLayer(
                    number=len(self.rows),
                    type=name,
                    path=path,
                    output=made.detach()[:-1].clone(),
                    weights=tuple(weight.detach() for weight in weights),
                    field=self.tracer.field(made),
                    call=call,
                    kernel=None if frame.kernel is None else frame.kernel.detach().clone(),
                )
            )


def _reachable(layer: ObservedLayer) -> int:
    if layer.call is None:
        raise TersenetError(
            "The output of this layer cannot be traced.",
            got=layer.name,
            expected="a layer whose output comes from a torch function",
            hint="choose the layer before or after it",
        )
    return layer.call


def _lost(layer: ObservedLayer) -> TersenetError:
    return TersenetError(
        "The network does not run the same way twice.", got=f"no output of {layer.name} in the second run"
    )
