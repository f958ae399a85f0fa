"""Backpropagation through a small convolution: convolution → ReLU → pooling → dense unit → sigmoid → half squared
error.

One channel, one kernel, no padding, stride 1; pooling windows of p × p side by side (a rest at the border is left
out, as torch does). Names: image `x`, kernel `k`, bias `b`, map `z = x ∗ k + b`, `r = relu(z)`, pooled `p`, dense
weights `v` and bias `c`, output `o = Σ v·p + c`, `a = σ(o)`, error `E = ½(t − a)²`. Like every framework,
"convolution" slides the kernel unflipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tersenet._errors import TersenetError
from tersenet.backprop.numbers.network import Array, sigmoid
from tersenet.backprop.numbers.problem import check_numbers

POOLINGS = ("max", "average")
LONGEST_SIDE = 32  # rows or columns of an image


@dataclass(frozen=True)
class Touch:
    """One place where a kernel weight was used: the map's place, the pixel it met there, and what the place adds to
    ∂E/∂k."""

    place: tuple[int, int]
    pixel: tuple[int, int]
    pixel_value: float
    arriving: float

    @property
    def contribution(self) -> float:
        """∂E/∂z at the place times the pixel."""
        return self.arriving * self.pixel_value


@dataclass(frozen=True)
class ConvolutionPass:
    """Everything forward and back; each `d_x` is ∂E/∂x with the shape of `x`. `chosen` marks the pixels that
    max-pooling took."""

    image: Array
    kernel: Array
    bias: float
    dense: Array
    dense_bias: float
    target: float
    pooling: str
    pool: int
    z: Array
    r: Array
    chosen: npt.NDArray[np.bool_]
    p: Array
    o: float
    a: float
    error: float
    d_o: float
    d_dense: Array
    d_p: Array
    d_r: Array
    d_z: Array
    d_kernel: Array
    d_bias: float
    d_image: Array

    def touches(self, row: int, column: int) -> list[Touch]:
        """The places that the kernel weight at (row, column) touched; their contributions add up to its derivative.

        >>> done = convolve()
        >>> bool(np.isclose(sum(touch.contribution for touch in done.touches(0, 1)), done.d_kernel[0, 1]))
        True
        """
        if not (0 <= row < self.kernel.shape[0] and 0 <= column < self.kernel.shape[1]):
            raise TersenetError(
                "The kernel has no such position.", got=(row, column), expected=f"below {self.kernel.shape}"
            )
        found = []
        for (i, j), arriving in np.ndenumerate(self.d_z):
            pixel = (i + row, j + column)
            found.append(Touch((i, j), pixel, float(self.image[pixel]), float(arriving)))
        return found


IMAGE = (
    (0.1, 0.5, 0.2, 0.0, 0.3),
    (0.4, 0.9, 0.6, 0.1, 0.2),
    (0.0, 0.7, 1.0, 0.8, 0.1),
    (0.2, 0.3, 0.5, 0.6, 0.4),
    (0.1, 0.0, 0.2, 0.7, 0.9),
)
KERNEL = ((0.5, -0.3), (0.2, 0.4))
DENSE = (0.6, -0.4, 0.3, 0.8)


def convolve(
    image: Sequence[Sequence[float]] | Array = IMAGE,
    kernel: Sequence[Sequence[float]] | Array = KERNEL,
    dense: Sequence[float] | Array | None = None,
    *,
    bias: float = -0.1,
    dense_bias: float = 0.1,
    target: float = 0.2,
    pooling: str = "max",
    pool: int = 2,
) -> ConvolutionPass:
    """Forward and back through the small convolution; `dense` has one weight for each pooled value, row by row.

    Where several pixels of a window are the largest, the first takes the whole gradient, as in torch.

    >>> done = convolve()
    >>> done.z.shape, done.p.shape, done.d_kernel.shape
    ((4, 4), (2, 2), (2, 2))
    >>> full = np.pad(done.d_z, 1)
    >>> flipped = done.kernel[::-1, ::-1]
    >>> bool(np.isclose(done.d_image[2, 2], (full[2:4, 2:4] * flipped).sum()))
    True
    """
    x, k = _matrix(image, "image"), _matrix(kernel, "kernel")
    if pooling not in POOLINGS:
        raise TersenetError("There is no such pooling.", got=pooling, expected=" or ".join(POOLINGS), where="pooling")
    height, width = x.shape[0] - k.shape[0] + 1, x.shape[1] - k.shape[1] + 1
    if height < 1 or width < 1:
        raise TersenetError(
            "The kernel is larger than the image.", got=k.shape, expected=f"at most {x.shape}", where="kernel"
        )
    if not 1 <= pool <= min(height, width):
        raise TersenetError(
            "The pooling window does not fit the map.", got=pool, expected=f"1 to {min(height, width)}", where="pool"
        )
    v = np.array(_default_dense((height // pool) * (width // pool)) if dense is None else dense, dtype=np.float64)
    shape = (height // pool, width // pool)
    if v.shape != (shape[0] * shape[1],):
        raise TersenetError(
            "The dense weights do not fit.",
            got=len(v.ravel()),
            expected=f"{shape[0] * shape[1]}, one per pooled value",
        )
    check_numbers(v, "dense")
    for name, value in {"bias": bias, "dense_bias": dense_bias, "target": target}.items():
        check_numbers([value], name)

    windows = np.lib.stride_tricks.sliding_window_view(x, k.shape)
    z = np.asarray((windows * k).sum(axis=(2, 3)) + bias)  #   z[i,j] = Σ x[i+m, j+n]·k[m,n] + b
    r = np.maximum(z, 0.0)  #                                  ∂r/∂z = [z > 0]
    p, share = _pooled(r, pooling, pool)  #                    ∂p/∂r = share: 1 for the largest, or 1/p² for each
    o = float(v @ p.ravel() + dense_bias)  #                   ∂o/∂v = p, ∂o/∂p = v
    a = float(sigmoid(np.array(o)))  #                       ∂a/∂o = a(1 − a)
    error = 0.5 * (target - a) ** 2  #                         ∂E/∂a = a − t

    d_o = (a - target) * a * (1 - a)
    d_p = (d_o * v).reshape(shape)
    d_r = np.zeros_like(r)
    used = (slice(shape[0] * pool), slice(shape[1] * pool))
    d_r[used] = np.kron(d_p, np.ones((pool, pool)))
    d_r *= share
    d_z = d_r * (z > 0)
    d_kernel = np.asarray((np.lib.stride_tricks.sliding_window_view(x, d_z.shape) * d_z).sum(axis=(2, 3)))
    d_image = np.zeros_like(x)
    for (i, j), arriving in np.ndenumerate(d_z):
        d_image[i : i + k.shape[0], j : j + k.shape[1]] += arriving * k
    chosen = (share > 0) if pooling == "max" else np.zeros(r.shape, dtype=bool)
    return ConvolutionPass(
        x, k, bias, v, dense_bias, target, pooling, pool, z, r, chosen, p, o, a, error,
        d_o, d_o * p.ravel(), d_p, d_r, d_z, d_kernel, float(d_z.sum()), d_image,
    )  # fmt: skip


def flipped_sum(
    done: ConvolutionPass, row: int, column: int
) -> list[tuple[tuple[int, int], float, tuple[int, int], float]]:
    """∂E/∂x at one pixel, term by term: (place in z, ∂E/∂z there, place in k, weight); the products add up to
    `d_image`.

    Read with z's places rising, k's places fall: the kernel is met flipped.

    >>> done = convolve()
    >>> terms = flipped_sum(done, 2, 2)
    >>> [kernel_place for _, _, kernel_place, _ in terms]
    [(1, 1), (1, 0), (0, 1), (0, 0)]
    """
    if not (0 <= row < done.image.shape[0] and 0 <= column < done.image.shape[1]):
        expected = f"below {done.image.shape}"
        raise TersenetError("The image has no such pixel.", got=(row, column), expected=expected)
    terms = []
    for (i, j), arriving in np.ndenumerate(done.d_z):
        m, n = row - i, column - j
        if 0 <= m < done.kernel.shape[0] and 0 <= n < done.kernel.shape[1]:
            terms.append(((i, j), float(arriving), (m, n), float(done.kernel[m, n])))
    return terms


def _pooled(r: Array, pooling: str, pool: int) -> tuple[Array, Array]:
    """The pooled map, and each pixel's share in its window: what ∂p/∂r is."""
    rows, columns = r.shape[0] // pool, r.shape[1] // pool
    share = np.zeros_like(r)
    p = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = r[i * pool : (i + 1) * pool, j * pool : (j + 1) * pool]
            part = share[i * pool : (i + 1) * pool, j * pool : (j + 1) * pool]
            if pooling == "average":
                p[i, j] = window.mean()
                part[:] = 1 / pool**2
            else:
                place = np.unravel_index(window.argmax(), window.shape)
                p[i, j] = window[place]
                part[place] = 1.0
    return p, share


def _default_dense(count: int) -> list[float]:
    return [DENSE[place % len(DENSE)] for place in range(count)]


def _matrix(values: Sequence[Sequence[float]] | Array, what: str) -> Array:
    rows = [list(row) for row in values]
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        raise TersenetError(
            f"The {what} has rows of different lengths.", got=f"rows of {[len(row) for row in rows]}", where=what
        )
    try:
        matrix = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise TersenetError(f"The {what} holds something that is not a number.", got=error, where=what) from None
    check_numbers(matrix.ravel(), what)
    if max(matrix.shape) > LONGEST_SIDE:
        raise TersenetError(
            f"The {what} is too large for a worked example.",
            got=f"{matrix.shape[0]}×{matrix.shape[1]}",
            expected=f"at most {LONGEST_SIDE}×{LONGEST_SIDE}",
            where=what,
        )
    return matrix
