"""Counts the multiply-adds of a pass where torch does them: convolutions and matrix products, however written.

`F.linear(x, w * mask)`, `x @ w.T`, `einsum`, attention written by hand and torch's own recurrent layers all end in a
few elementary operations of torch. They are counted from their shapes as they run; biases are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class ProductCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The multiply-adds of all that runs inside, as `total`.

    >>> import torch
    >>> with ProductCounter() as counter:
    ...     _ = torch.einsum("bi,ki->bk", torch.ones(2, 5), torch.ones(3, 5))
    >>> counter.total
    30
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # otherwise torch would load its compiler at the first call, which takes seconds

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = function(*args, **(kwargs or {}))
        count = _COUNTS.get(str(function).partition(".default")[0])
        if count is not None:
            self.total += count(args, output)
        return output


def _matrices(first: int) -> Callable[[Any, Any], int]:
    """`[…, M, K]` times `[…, K, N]`, the left factor being the argument at this place: K for every value made."""

    def count(args: Any, output: Tensor) -> int:
        return int(output.numel() * args[first].shape[-1])

    return count


def _vectors(args: Any, output: Tensor) -> int:
    return int(args[0].numel())


def _matrix_by_vector(first: int) -> Callable[[Any, Any], int]:
    def count(args: Any, output: Tensor) -> int:
        return int(args[first].numel())

    return count


def _summed_batches(args: Any, output: Tensor) -> int:
    """`addbmm`: B products of `[M, K]` and `[K, N]`, added up."""
    batches, _, inner = args[1].shape
    return int(output.numel() * batches * inner)


def _convolution(args: Any, output: Tensor) -> int:
    """Every value made takes a kernel; transposed, every value given spreads over one."""
    moved, kernels, transposed = args[0], args[1], bool(args[6])
    return int((moved if transposed else output).numel() * kernels[0].numel())


def _attention(args: Any, output: Any) -> int:
    """`[B, H, L, E]` queries with `[B, H, S, E]` keys, then the weights `[L, S]` with `[B, H, S, V]` values."""
    queries, keys, values = args[:3]
    pairs = queries.shape[:-1].numel() * keys.shape[-2]
    return int(pairs * (queries.shape[-1] + values.shape[-1]))


def _recurrent(args: Any, output: Any) -> int:
    """One direction of an LSTM layer as oneDNN runs it: the input's and the state's matrix for every step."""
    steps = args[0].shape[:-1].numel()
    return int(steps * (args[1].numel() + args[2].numel()))


_COUNTS: dict[str, Callable[[Any, Any], int]] = {
    "aten.mm": _matrices(0),
    "aten.bmm": _matrices(0),
    "aten.addmm": _matrices(1),
    "aten.baddbmm": _matrices(1),
    "aten.addbmm": _summed_batches,
    "aten.mv": _matrix_by_vector(0),
    "aten.addmv": _matrix_by_vector(1),
    "aten.dot": _vectors,
    "aten.vdot": _vectors,
    "aten.linear": _matrices(0),
    "aten.convolution": _convolution,
    "aten.convolution_overrideable": _convolution,
    "aten._scaled_dot_product_flash_attention": _attention,
    "aten._scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten._scaled_dot_product_efficient_attention": _attention,
    "aten._scaled_dot_product_cudnn_attention": _attention,
    "aten.mkldnn_rnn_layer": _recurrent,
}
"""Operations that multiply and add, by name, with their multiply-adds out of arguments and result."""
