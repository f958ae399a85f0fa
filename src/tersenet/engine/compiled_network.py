"""A network whose forward and backward pass run in the compiled engine."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tersenet._errors import TersenetError, check_setting
from tersenet.engine.abi import MOST_WORKERS, BatchOutcome, Update
from tersenet.engine.compiler import library, multiplies_bfloat16
from tersenet.engine.plan import Plan, plan

PRECISIONS = ("float32", "bfloat16")


class CompiledNetwork(nn.Module):
    """Another way to run `network`: the same weights, statistics and gradients, several times as fast.

    It can be called and trained like the network itself, by any optimiser that holds the network's parameters. Sums
    are made in another order, so results agree to rounding; dropout draws other numbers, from torch's generator. With
    `precision` bfloat16, convolutions and dense layers multiply rounded factors and add up in float32.

    At every call it makes sure that the network is still the one that was compiled. Where it is another one, it is
    compiled anew. What the engine does not support runs in torch, in float32: layers of other kinds, hooks, layers in
    different modes, pictures of another size or type, a gradient with respect to the pictures.

    In training, only the latest forward pass can be taken backward. Several threads may call it; they take turns.
    """

    def __init__(self, network: nn.Module, made: Plan, *, precision: str, workers: int) -> None:
        super().__init__()
        self.network = network
        self.precision = precision
        self.workers = workers
        self._plan: Plan | None = made
        self._engine: Any = library()
        self._forget()

    def forward(self, x_nchw: Tensor) -> Tensor:
        """Logits `[N, K]` of pictures `[N, C, H, W]`."""
        with self._lock:
            logits = self._in_engine(x_nchw)
        return self._by_torch(x_nchw) if logits is None else logits

    def proved(self) -> Plan | None:
        """The plan of the network as it is now; None where the engine does not know it (any more)."""
        with self._lock:
            if self._plan is None or not self._plan.holds():
                self._release()
                self._plan = plan(self.network) if self._engine is not None else None
            return self._plan

    def _in_engine(self, x_nchw: Tensor) -> Tensor | None:
        """Logits as the engine computes them; None where this pass is torch's."""
        made = self.proved()
        training = made.mode() if made else None
        if made is None or training is None or not _fits(x_nchw, made, training):
            return None
        if not torch.is_grad_enabled() or not any(t.requires_grad for t in (x_nchw, *made.parameters)):
            return self._run(made, x_nchw, training)
        passes: Any = _Evaluation if made.is_moody and not training else _Passes
        if passes is _Passes and x_nchw.requires_grad:
            return None
        logits: Tensor = passes.apply(self, made, x_nchw, *made.parameters)
        return logits

    def takes(self, made: Plan, x_nchw: Tensor) -> bool:
        """Whether the engine can learn from these pictures: their size and type fit, and all layers train."""
        return bool(made.mode() or not made.is_moody) and _fits(x_nchw, made, True)

    def step(self, made: Plan, x_nchw: Tensor, labels: Tensor, update: Update) -> tuple[float, int]:
        """A whole step of training inside the engine: mean loss and the number of correct answers before it.

        `made` is the network's plan, for which `update` was made, and `takes` is true. Where the loss is not finite,
        no weight is changed. Raises TersenetError where the labels do not fit.
        """
        classes = _class_numbers(labels, len(x_nchw))
        outcome = BatchOutcome()
        with self._lock:
            images, seed = self._ready(made, x_nchw, True)
            self._engine.tersenet_step(
                self._handle, images.data_ptr(), classes.data_ptr(), len(images), seed,
                ctypes.byref(update), ctypes.byref(outcome),
            )  # fmt: skip
        if outcome.correct < 0:
            raise _not_a_class(classes, made.outputs)
        return outcome.loss, outcome.correct

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: each gets an engine of its own when it is first called."""
        left_out = ("_engine", "_handle", "_most", "_plan", "_lock", "_finalizer", "_passes")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._plan = None
        self._engine = library()
        self._forget()

    def _forget(self) -> None:
        """Begin without an engine: nothing of a former one is touched."""
        self._handle: int | None = None
        self._most = 0
        self._lock = threading.RLock()
        self._finalizer: Callable[[], object] = lambda: None
        self._passes = 0
        _LIVING.add(self)

    def _release(self) -> None:
        self._finalizer()
        self._handle, self._most = None, 0

    def _by_torch(self, x_nchw: Tensor) -> Tensor:
        logits: Tensor = self.network(x_nchw)
        return logits

    def _run(self, made: Plan, x_nchw: Tensor, training: bool) -> Tensor:
        """A forward pass in the engine."""
        images, seed = self._ready(made, x_nchw, training)
        logits = torch.empty(len(images), made.outputs, dtype=torch.float32, device="cpu")
        self._engine.tersenet_forward(
            self._handle, images.data_ptr(), len(images), int(training), seed, logits.data_ptr()
        )
        if training:
            count_batch(made)
        return logits

    def _ready(self, made: Plan, x_nchw: Tensor, training: bool) -> tuple[Tensor, int]:
        """The pictures as the engine reads them, and the seed of dropout's random numbers."""
        images = x_nchw.detach().contiguous()
        if len(images) > self._most:
            self._create(made, len(images))
        self._passes += 1
        return images, int(torch.randint(2**62, (), device="cpu")) if training and made.drops else 0

    def _backward(self, made: Plan, logit_gradients: Tensor) -> tuple[Tensor, ...]:
        sizes = [parameter.numel() for parameter in made.parameters]
        flat = torch.empty(sum(sizes), dtype=torch.float32, device="cpu")
        given = logit_gradients.float().contiguous()
        self._engine.tersenet_backward(self._handle, given.data_ptr(), flat.data_ptr())
        return tuple(
            part.view(parameter.shape)
            for part, parameter in zip(torch.split(flat, sizes), made.parameters, strict=True)
        )

    def _create(self, made: Plan, most: int) -> None:
        """An engine for batches of `most` pictures in place of a smaller one."""
        parameters, statistics = made.parameters, made.statistics
        sizes = (ctypes.c_int64 * len(parameters))(*[parameter.numel() for parameter in parameters])
        handle = self._engine.tersenet_create(
            made.steps.ctypes.data, len(made.steps), most, self.workers, self.precision == "bfloat16",
            pointers(parameters), sizes, len(parameters), pointers(statistics), len(statistics),
        )  # fmt: skip
        if handle is None:
            raise TersenetError(
                "There is not enough memory for this batch, or too many threads.",
                got=f"{most} pictures, {self.workers} workers",
                hint="take fewer at a time: a smaller training.batch_size, or fewer settings.workers",
            )
        self._release()
        self._handle, self._most = handle, most
        self._finalizer = weakref.finalize(self, _destroy, self._engine, handle, os.getpid())


_LIVING: weakref.WeakSet[CompiledNetwork] = weakref.WeakSet()


def _destroy(loaded: ctypes.CDLL, handle: int, process: int) -> None:
    """Give an engine back; in a forked child its threads do not exist, and nothing waits for them."""
    if os.getpid() == process:
        loaded.tersenet_destroy(handle)


def _after_fork() -> None:
    """A forked child has the memory of its parent's engines and none of their threads: it makes its own."""
    for compiled in list(_LIVING):
        compiled._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Passes(torch.autograd.Function):
    """Forward and backward in training, both in the engine."""

    @staticmethod
    def forward(ctx: Any, compiled: CompiledNetwork, made: Plan, images: Tensor, *parameters: Tensor) -> Tensor:
        logits = compiled._run(made, images, True)
        ctx.compiled, ctx.made, ctx.number = compiled, made, compiled._passes
        return logits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, logit_gradients: Tensor) -> tuple[Tensor | None, ...]:
        with ctx.compiled._lock:
            if ctx.number != ctx.compiled._passes or ctx.compiled._handle is None or not ctx.made.holds():
                raise TersenetError(
                    "A compiled network goes backward from its latest forward pass only.",
                    got="a forward pass after which another one was made, or the network was changed",
                    hint="call backward before the next forward pass, or use the network itself",
                )
            return (None, None, None, *ctx.compiled._backward(ctx.made, logit_gradients))


class _Evaluation(torch.autograd.Function):
    """Forward in evaluation mode in the engine; backward, where it is wanted, once more through torch."""

    @staticmethod
    def forward(ctx: Any, compiled: CompiledNetwork, made: Plan, images: Tensor, *parameters: Tensor) -> Tensor:
        ctx.network = compiled.network
        ctx.save_for_backward(images, *parameters)
        return compiled._run(made, images, False)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, logit_gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, *parameters = ctx.saved_tensors
        modes = [(module, module.training) for module in ctx.network.modules()]
        ctx.network.eval()
        try:
            with torch.enable_grad():
                pictures = images.detach().requires_grad_(ctx.needs_input_grad[2])
                asked = [tensor for tensor in (pictures, *parameters) if tensor.requires_grad]
                found = iter(torch.autograd.grad(ctx.network(pictures), asked, logit_gradients, allow_unused=True))
        finally:
            for module, mode in modes:
                module.training = mode
        return (None, None, *[next(found) if t.requires_grad else None for t in (pictures, *parameters)])


def compile_network(model: nn.Module, *, precision: str = "float32", workers: int = 1) -> CompiledNetwork | None:
    """A faster way to run a network on the processor, or None where there is none.

    There is none without a C++ compiler, for networks that the engine does not support (see `plan`), and in bfloat16
    on a processor without it. `workers` threads (1 to 256) share a batch; the result is the same to the bit for any
    number of them. Raises TersenetError for an unknown precision or a number of workers out of range.

    >>> from tersenet.networks import build
    >>> model = build("8C3 BN R MP2 GAP 10Nb")
    >>> compiled = compile_network(model)
    >>> x = torch.rand(4, 1, 28, 28)
    >>> compiled is None or torch.allclose(compiled.eval()(x), model.eval()(x), atol=1e-5)
    True
    """
    check_engine(precision=precision, workers=workers)
    made = plan(model)
    if made is None or library() is None or (precision == "bfloat16" and not multiplies_bfloat16()):
        return None
    compiled = CompiledNetwork(model, made, precision=precision, workers=workers)
    compiled.training = model.training
    return compiled


def check_engine(*, precision: str = "float32", workers: int = 1) -> None:
    """Raise TersenetError for a precision or a number of workers that there is not.

    >>> check_engine(workers=0)
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This setting cannot be used.
      got:      workers = 0
      expected: a whole number from 1 to 256
      where:    workers
    """
    check_setting(precision in PRECISIONS, "precision", precision, ", ".join(PRECISIONS), names=PRECISIONS)
    fits = isinstance(workers, int) and not isinstance(workers, bool) and 1 <= workers <= MOST_WORKERS
    check_setting(fits, "workers", workers, f"a whole number from 1 to {MOST_WORKERS}")


def count_batch(made: Plan) -> None:
    """Count a batch in every batch normalisation, as torch does while it trains."""
    if made.counters:
        torch._foreach_add_(made.counters, 1)


def pointers(tensors: Sequence[Tensor]) -> Any:
    """The addresses of contiguous tensors as a C array."""
    return (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])


def _fits(x_nchw: Tensor, made: Plan, training: bool) -> bool:
    """Whether the engine can take these pictures as torch would; everything else is torch's, its errors too."""
    return (
        type(x_nchw) in (Tensor, nn.Parameter)
        and x_nchw.dtype is torch.float32
        and x_nchw.device.type == "cpu"
        and x_nchw.layout is torch.strided
        and len(x_nchw) > 0
        and x_nchw.shape[1:] == made.input_size
        and not x_nchw.is_neg()
        # Batch normalisation of a single value is an error.
        and not (training and made.fewest is not None and made.fewest * len(x_nchw) == 1)
        and not torch.is_autocast_enabled("cpu")
        and not torch._C._get_tracing_state()
        and not torch.compiler.is_compiling()
    )


def _class_numbers(labels: Tensor, count: int) -> Tensor:
    """Labels int64 `[N]` on the processor, one per picture."""
    if labels.dtype is not torch.int64:
        if labels.is_floating_point() or labels.is_complex() or labels.dtype is torch.bool:
            raise TersenetError("Labels are not whole numbers.", got=labels.dtype, expected="class numbers, int64")
        labels = labels.to(torch.int64)
    if labels.shape != (count,):
        raise TersenetError(
            "A batch needs one label per picture.",
            got=f"{count} pictures, labels {list(labels.shape)}",
            expected=f"labels [{count}]",
        )
    return labels.to("cpu").contiguous()


def _not_a_class(labels: Tensor, classes: int) -> TersenetError:
    return TersenetError(
        "The labels do not fit the network's classes.",
        got=f"labels from {int(labels.min())} to {int(labels.max())}",
        expected=f"0 to {classes - 1}: the network has {classes} outputs",
        hint="number the classes from 0, or give the network as many outputs as there are classes",
    )
