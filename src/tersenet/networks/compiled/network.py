"""A network whose forward and backward pass run in the compiled engine."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tersenet._errors import TersenetError
from tersenet.networks.compiled.compiler import library
from tersenet.networks.compiled.plan import Plan, plan


class CompiledNetwork(nn.Module):
    """Another way to run `network`: the same weights, statistics and gradients, several times as fast.

    It can be called and trained like the network itself, by any optimiser that holds the network's parameters. Sums
    are made in another order, so figures agree to rounding; dropout draws other numbers, from torch's generator. With
    `precision` bfloat16, convolutions and dense layers multiply rounded factors and add up in float32.

    Only the latest forward pass can be taken backward.
    """

    def __init__(self, network: nn.Module, made: Plan, *, precision: str, workers: int) -> None:
        super().__init__()
        self.network = network
        self.precision = precision
        self.workers = workers
        self.plan = made
        self._most = 0
        self._handle: int | None = None
        self._addresses: list[int] = []
        self._finalizer: Callable[[], object] = lambda: None
        self._passes = 0

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Logits `[N, K]` of pictures `[N, C, H, W]`."""
        if not (self.training and torch.is_grad_enabled()):
            return self._forward(x_nchw)
        self.count_batch()
        logits: Tensor = _Passes.apply(self, x_nchw, *self.plan.parameters)  # type: ignore[no-untyped-call]
        return logits

    def step(self, x_nchw: Tensor, labels: Tensor, update: ctypes.Structure) -> tuple[float, int]:
        """A whole step of training inside the engine: mean loss and the number of right answers before it.

        `update` is `struct Update` of network.cpp. Where the loss is not finite, nothing is changed.
        """
        images, seed = self._ready(x_nchw)
        outcome = _Outcome()
        engine().tersenet_step(
            self._handle, images.data_ptr(), labels.data_ptr(), len(images), seed,
            ctypes.byref(update), ctypes.byref(outcome),
        )  # fmt: skip
        return outcome.loss, outcome.correct

    def count_batch(self) -> None:
        """Count a batch in every batch normalisation, as torch does while it trains."""
        if self.plan.counters:
            torch._foreach_add_(self.plan.counters, 1)

    def _forward(self, x_nchw: Tensor) -> Tensor:
        images, seed = self._ready(x_nchw)
        last = self.plan.steps[-1]
        logits = torch.empty(len(images), int(last["channels"] * last["height"] * last["width"]))
        engine().tersenet_forward(
            self._handle, images.data_ptr(), len(images), int(self.training), seed, logits.data_ptr()
        )
        return logits

    def _ready(self, x_nchw: Tensor) -> tuple[Tensor, int]:
        """The pictures as the engine reads them, and the seed of dropout's random numbers."""
        images = x_nchw.detach().float().contiguous()
        # An optimiser changes weights where they lie; should somebody have moved them, the engine is made anew.
        if len(images) > self._most or self._addresses != [weight.data_ptr() for weight in self.plan.parameters]:
            self._create(max(len(images), self._most))
        self._passes += 1
        return images, int(torch.randint(2**62, ())) if self.training and self.plan.drops else 0

    def _backward(self, logit_gradients: Tensor) -> tuple[Tensor, ...]:
        sizes = [parameter.numel() for parameter in self.plan.parameters]
        flat = torch.empty(sum(sizes))
        given = logit_gradients.float().contiguous()
        engine().tersenet_backward(self._handle, given.data_ptr(), flat.data_ptr())
        return tuple(
            part.view(parameter.shape)
            for part, parameter in zip(torch.split(flat, sizes), self.plan.parameters, strict=True)
        )

    def _create(self, most: int) -> None:
        """An engine for batches of `most` pictures in place of a smaller one."""
        parameters, statistics = self.plan.parameters, self.plan.statistics
        sizes = (ctypes.c_int64 * len(parameters))(*[parameter.numel() for parameter in parameters])
        made = engine().tersenet_create(
            self.plan.steps.ctypes.data, len(self.plan.steps), most, self.workers, self.precision == "bfloat16",
            pointers(parameters), sizes, len(parameters), pointers(statistics), len(statistics),
        )  # fmt: skip
        if made is None:
            raise TersenetError(
                "There is no memory left for this batch.",
                got=f"{most} pictures",
                hint="take fewer at a time: a smaller training.batch_size",
            )
        self._finalizer()
        self._handle, self._most = made, most
        self._addresses = [weight.data_ptr() for weight in parameters]
        self._finalizer = weakref.finalize(self, engine().tersenet_destroy, made)


class _Outcome(ctypes.Structure):
    _fields_ = [("loss", ctypes.c_double), ("correct", ctypes.c_int64)]


class _Passes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, compiled: CompiledNetwork, images: Tensor, *parameters: Tensor) -> Tensor:
        logits = compiled._forward(images)
        ctx.compiled, ctx.number = compiled, compiled._passes
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, logit_gradients: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.number != ctx.compiled._passes:
            raise TersenetError(
                "A compiled network goes backward from its latest forward pass only.",
                got="a forward pass after which another one was made",
                hint="call backward before the next forward pass, or use the network itself",
            )
        return (None, None, *ctx.compiled._backward(logit_gradients))


def compile_network(model: nn.Module, *, precision: str = "float32", workers: int = 1) -> CompiledNetwork | None:
    """A faster way to run a network on the processor, or None where there is none.

    There is none without a C++ compiler, and for networks with layers that the engine does not know (see `plan`).
    `workers` threads share a batch; the result depends on their number in the last digits.

    >>> from tersenet.networks import build
    >>> model = build("8C3 BN R MP2 GAP 10Nb")
    >>> compiled = compile_network(model)
    >>> x = torch.rand(4, 1, 28, 28)
    >>> compiled is None or torch.allclose(compiled.eval()(x), model.eval()(x), atol=1e-5)
    True
    """
    made = plan(model)
    if made is None or library() is None:
        return None
    return CompiledNetwork(model, made, precision=precision, workers=workers).train(model.training)


def engine() -> ctypes.CDLL:
    """The engine, where it is known to be there."""
    found = library()
    assert found is not None
    return found


def pointers(tensors: Sequence[Tensor]) -> Any:
    """The addresses of tensors as a C array; each is made contiguous, since the engine reads it as it lies."""
    for tensor in tensors:
        if not tensor.is_contiguous():
            tensor.data = tensor.data.contiguous()
    return (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])
