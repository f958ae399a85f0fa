"""The convolution and batch normalisation as text and figures: every number, and where it comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tersenet.backprop.lessons.convolution import ConvolutionPass, flipped_sum
from tersenet.backprop.lessons.normalization import NormalizationPass
from tersenet.backprop.numbers.network import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def convolution_text(done: ConvolutionPass, *, width: int = 80) -> str:
    """The forward and backward pass, as text that fits `width` columns.

    >>> from tersenet.backprop import convolve
    >>> "flipped" in convolution_text(convolve())
    True
    """
    map_size = "×".join(map(str, done.z.shape))
    lines: list[str] = []

    def say(text: str) -> None:
        lines.extend(textwrap.wrap(text, width, break_on_hyphens=False))

    def title(text: str) -> None:
        lines.extend([*[""] * bool(lines and lines[-1]), text, "─" * len(text)])

    title("Forward")
    say("The kernel k slides over the image x. At each place the products and the bias b are added up.")
    lines += _beside([("image x", done.image), ("kernel k", done.kernel)], width)
    say(f"z[i,j] = Σ x[i+m, j+n]·k[m,n] + b, with b = {_number(done.bias)}; r = relu(z):")
    lines += _beside([("z", done.z), ("r = relu(z)", done.r)], width)
    way = "the largest value of" if done.pooling == "max" else "the mean of"
    say(f"Pooling takes {way} each {done.pool}×{done.pool} window; the dense unit multiplies the results by v.")
    lines += _beside([("pooled p", done.p), ("dense weights v", done.dense.reshape(done.p.shape))], width)
    say(
        f"o = Σ v·p + c = {_number(done.o)}; a = sigmoid(o) = {_number(done.a)}; E = ½(t − a)² ="
        f" {done.error:.9f}, t = {_number(done.target)}."
    )

    title("Back to the pooled values")
    say(
        f"∂E/∂o = (a − t)·a·(1 − a) = {done.d_o:.9f}. Each dense weight gets ∂E/∂v = ∂E/∂o · p, each"
        " pooled value ∂E/∂p = ∂E/∂o · v."
    )
    lines += _beside([("∂E/∂v", done.d_dense.reshape(done.p.shape)), ("∂E/∂p", done.d_p)], width)

    title("Through the pooling and the ReLU")
    if done.pooling == "max":
        say("Max pooling passes the whole gradient to the pixel that it chose (marked *), and nothing to the others.")
    else:
        say(f"Average pooling shares equally: every pixel of a window gets 1/{done.pool**2} of its gradient.")
    say("The ReLU passes it where z > 0 and stops it elsewhere.")
    lines += _beside([("∂E/∂r", done.d_r), ("∂E/∂z", done.d_z)], width, marks={"∂E/∂r": done.chosen})

    title("The kernel: a sum over the places where it was used")
    say(
        f"Each weight was used at all {done.z.size} places of the {map_size} map, so its derivative is a"
        f" sum of {done.z.size} products."
    )
    say("Only the places where ∂E/∂z is not 0 are shown:")
    for m, n in np.ndindex(done.kernel.shape):
        terms = [touch for touch in done.touches(m, n) if touch.arriving]
        words = " + ".join(f"{_signed(touch.arriving)}·{_number(touch.pixel_value)}" for touch in terms) or "0"
        text = f"∂E/∂k[{m},{n}] = {words} = {done.d_kernel[m, n]:.6f}".replace("-", "−")
        lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="      ")
    say(f"The bias is used at every place with factor 1: ∂E/∂b = Σ ∂E/∂z = {done.d_bias:.6f}.".replace("-", "−"))

    title("The image: the kernel, flipped")
    say(
        "A pixel is seen from several places, each time through another kernel weight. As the place moves"
        " right and down, the weight moves left and up: the kernel is flipped."
    )
    middle = (done.image.shape[0] // 2, done.image.shape[1] // 2)
    flipped = flipped_sum(done, *middle)
    words = " + ".join(f"∂E/∂z[{place[0]},{place[1]}]·k[{at[0]},{at[1]}]" for place, _, at, _ in flipped)
    numbers = " + ".join(f"{_signed(arriving)}·{_signed(weight)}" for _, arriving, _, weight in flipped)
    text = f"∂E/∂x[{middle[0]},{middle[1]}] = {words} = {numbers} = {done.d_image[middle]:.6f}".replace("-", "−")
    lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="      ")
    lines += _beside([("k flipped", done.kernel[::-1, ::-1]), ("∂E/∂x", done.d_image)], width)
    return "\n".join(lines).lstrip("\n") + "\n"


def draw_convolution(done: ConvolutionPass) -> Figure:
    """The pass as matrices with values: forward first, then backward.

    >>> from tersenet.backprop import convolve
    >>> len(draw_convolution(convolve()).axes)
    9
    """
    from tersenet.backprop.drawings.figures import draw_grids

    grids: Sequence[tuple[str, Array]] = [
        ("image x", done.image),
        ("kernel k", done.kernel),
        ("z = x ∗ k + b", done.z),
        ("r = relu(z)", done.r),
        (f"{done.pooling}-pooled p", done.p),
        ("∂E/∂p", done.d_p),
        ("∂E/∂z, after pooling and ReLU", done.d_z),
        ("∂E/∂k, summed over the places", done.d_kernel),
        ("∂E/∂x, the kernel flipped", done.d_image),
    ]
    title = f"A convolution, forward and back: E = {done.error:.6f}"
    return draw_grids(grids, title=title, marked={"r = relu(z)": done.chosen})


def normalization_text(done: NormalizationPass, *, width: int = 80) -> str:
    """Batch normalisation forward and backward, with the three paths of every input.

    >>> from tersenet.backprop import normalize_batch
    >>> "through the variance" in normalization_text(normalize_batch())
    True
    """
    lines: list[str] = []

    def say(text: str) -> None:
        lines.extend(textwrap.wrap(text.replace("-", "−"), width, break_on_hyphens=False))

    def title(text: str) -> None:
        lines.extend([*[""] * bool(lines and lines[-1]), text, "─" * len(text)])

    title("Forward")
    say(
        f"μ = mean of x = {done.mean:.6f}; σ² = mean of (x − μ)² = {done.variance:.6f}; s = √(σ² + ε) ="
        f" {done.deviation:.6f}, ε = {done.epsilon:g}."
    )
    say(
        f"x̂ = (x − μ)/s; y = γ·x̂ + β, γ = {_number(done.gamma)}, β = {_number(done.beta)}; E = Σ ½(t −"
        f" y)² = {done.error:.9f}."
    )
    lines += _columns([("x", done.x), ("x̂", done.normalized), ("y", done.y), ("t", done.targets)])

    title("Back to γ, β and x̂")
    say("∂E/∂y = y − t; ∂E/∂x̂ = ∂E/∂y · γ.")
    say(f"∂E/∂γ = Σ ∂E/∂y · x̂ = {done.d_gamma:.6f}; ∂E/∂β = Σ ∂E/∂y = {done.d_beta:.6f}.")
    say(f"∂E/∂μ = −Σ ∂E/∂x̂ / s = {done.d_mean:.6f};")
    say(f"∂E/∂σ² = −Σ ∂E/∂x̂ · (x − μ) / (2s³) = {done.d_variance:.6f}.")

    title("The three paths of each input")
    say(
        "Directly, ∂E/∂x̂ / s; through the mean, ∂E/∂μ · 1/N, the same for all; and through the"
        " variance, ∂E/∂σ² · 2(x − μ)/N. Their sum is ∂E/∂x."
    )
    lines += _columns(
        [
            ("∂E/∂x̂", done.d_normalized),
            ("direct", done.direct),
            ("through mean", done.through_mean),
            ("through variance", done.through_variance),
            ("∂E/∂x", done.d_x),
        ]
    )
    say(
        f"The sum of ∂E/∂x over the batch is {abs(done.d_x.sum()):.0e}: adding a number to all inputs"
        " changes nothing, because the mean changes by the same number."
    )
    return "\n".join(lines).lstrip("\n") + "\n"


def draw_normalization(done: NormalizationPass) -> Figure:
    """The three paths of every input as bars, and their sum.

    >>> from tersenet.backprop import normalize_batch
    >>> len(draw_normalization(normalize_batch()).axes[0].containers)
    3
    """
    from tersenet.backprop.drawings.figures import draw_paths

    paths = [
        ("direct", done.direct),
        ("through the mean", done.through_mean),
        ("through the variance", done.through_variance),
    ]
    names = [f"x{place} = {value:.3g}".replace("-", "−") for place, value in enumerate(done.x, 1)]
    return draw_paths(names, paths, done.d_x, "Batch normalisation: the three paths from each input to the error")


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _signed(value: float) -> str:
    return f"({_number(value)})" if value < 0 else _number(value)


def _beside(grids: Sequence[tuple[str, Array]], width: int, *, marks: dict[str, object] | None = None) -> list[str]:
    """Grids of numbers side by side where they fit, else below one another."""
    blocks = []
    for caption, values in grids:
        mask = np.asarray((marks or {}).get(caption, np.zeros(values.shape, dtype=bool)))
        cells = [
            [
                f"{round(float(value), 4) + 0.0:.4f}".replace("-", "−") + ("*" if mask[i, j] else " ")
                for j, value in enumerate(row)
            ]
            for i, row in enumerate(values)
        ]
        size = max(len(cell) for row in cells for cell in row)
        rows = [" ".join(cell.rjust(size) for cell in row) for row in cells]
        across = max(len(caption), len(rows[0]))
        blocks.append([caption.ljust(across), *(row.ljust(across) for row in rows)])
    if 2 + sum(len(block[0]) + 4 for block in blocks) > width:
        return ["", *(f"  {line}".rstrip() for block in blocks for line in [*block, ""])]
    tallest = max(map(len, blocks))
    full = [block + [" " * len(block[0])] * (tallest - len(block)) for block in blocks]
    return ["", *("  " + "    ".join(parts).rstrip() for parts in zip(*full, strict=True)), ""]


def _columns(columns: Sequence[tuple[str, Array]]) -> list[str]:
    """A small table with a numbered row for each input of the batch."""
    sizes = [max(len(name), 10) for name, _ in columns]
    head = "  ".join(name.rjust(size) for (name, _), size in zip(columns, sizes, strict=True))
    lines = ["", f"      {head}"]
    for place in range(len(columns[0][1])):
        cells = [
            f"{values[place]:.6f}".replace("-", "−").rjust(size)
            for (_, values), size in zip(columns, sizes, strict=True)
        ]
        lines.append(f"  x{place + 1:<3} {'  '.join(cells)}")
    return [*lines, ""]
