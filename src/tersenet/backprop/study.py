"""The learning-rate study: one descent a rate, what each shows, by rule and named; and the loss over two weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tersenet._errors import TersenetError
from tersenet.backprop.chain import Graph
from tersenet.backprop.descent import follow
from tersenet.backprop.network import Array
from tersenet.backprop.problem import Problem

RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0)  # the write-up's
LEVELS = (1e-2, 1e-3, 1e-4)  # losses to reach
SPAN = 68  # the write-up's steps; fast is what gets down to a tenth of the first loss within them
DEAD = 0.01  # a gradient below this share of the first one hardly moves a weight

STILL = "standing still"
SLOW = "converging slowly"
FAST = "converging fast"
RISES = "rises first, then converges"
RISEN = "risen, not yet back"
SATURATED = "saturated"
ESCAPED = "escaped from saturation"
DIVERGED = "diverged"

VERDICTS = {
    STILL: "The loss does not change at all.",
    SLOW: f"The loss only falls, and has not come down to a tenth of its start within {SPAN} steps.",
    FAST: f"The loss comes down to a tenth of its start within {SPAN} steps, and never rises above its start.",
    RISES: "The loss first rises above its start, and ends below it.",
    RISEN: "The loss has risen above its start and is still there, but the gradient is alive.",
    SATURATED: "The loss is above its start, the gradient all but dead: the units sit where their slope is near 0.",
    ESCAPED: "The loss was above its start with a dead gradient, and has come down nevertheless.",
    DIVERGED: "The loss has left the numbers that a computer can hold, or grown beyond a thousand times its start.",
}


@dataclass(frozen=True)
class RateResult:
    """One learning rate: its losses `[steps + 1]`, the verdict, and the steps at which the losses of `LEVELS` were
    reached."""

    learning_rate: float
    losses: Array
    verdict: str
    reached: dict[float, int | None]

    def loss_after(self, step: int) -> float | None:
        """The loss after so many updates, or None where the descent ended before."""
        return float(self.losses[step]) if step < len(self.losses) else None


@dataclass(frozen=True)
class Study:
    """Several learning rates from one start."""

    problem: Problem
    steps: int
    momentum: float
    rates: tuple[RateResult, ...]


def study(
    problem: Problem,
    rates: Sequence[float] = RATES,
    *,
    steps: int = SPAN,
    momentum: float = 0.0,
    levels: Sequence[float] = LEVELS,
) -> Study:
    """Descend with each rate and name what is seen.

    >>> from tersenet.backprop import WRITE_UP
    >>> [one.verdict for one in study(WRITE_UP, [0.1, 1, 100, 1000], steps=68).rates]
    ['converging slowly', 'converging fast', 'rises first, then converges', 'saturated']
    >>> study(WRITE_UP, [1000], steps=1000).rates[0].verdict
    'escaped from saturation'
    """
    if not rates:
        raise TersenetError("A study needs a learning rate.", got="none", expected="such as 0.1 1 1000", where="lr")
    path = follow(problem, rates, steps, momentum=momentum)
    results = []
    for place, rate in enumerate(path.rates):
        losses, slopes = path.losses[:, place], path.largest_slope[:, place]
        reached = {float(level): _first(losses <= level) for level in levels}
        results.append(RateResult(rate, losses, verdict(losses, slopes), reached))
    return Study(problem, steps, momentum, tuple(results))


def verdict(losses: Array, largest_slope: Array) -> str:
    """What a loss curve shows, from the losses and the largest |∂E_total/∂w| of each step; `VERDICTS` has the rules.

    >>> verdict(np.array([1.0, 0.5, 0.05]), np.ones(3))
    'converging fast'
    """
    start, end = losses[0], losses[-1]
    if not np.isfinite(losses).all() or end > 1000 * max(start, 1e-12):
        return DIVERGED
    if np.all(losses == start):
        return STILL
    above = losses > start * (1 + 1e-9)
    dead = above & (largest_slope < DEAD * largest_slope[0])
    if dead[-1]:
        return SATURATED
    if above[-1]:
        return RISEN
    if dead.any():
        return ESCAPED
    if above.any():
        return RISES
    return FAST if (losses[: SPAN + 1] <= start / 10).any() else SLOW


@dataclass(frozen=True)
class Surface:
    """E_total over two weights, the others held at their start: `heights[row, column]` at `rows[row]`,
    `columns[column]`.

    `path` `[steps + 1, 2]` is the descent in which only these two move, `path_losses` its losses: it lies on the
    surface. `full_path` is the descent in which all weights move, seen from above: it leaves the surface.
    """

    problem: Problem
    names: tuple[str, str]
    learning_rate: float
    columns: Array
    rows: Array
    heights: Array
    path: Array
    path_losses: Array
    full_path: Array


def loss_surface(
    problem: Problem,
    over: Sequence[str] = ("w5", "w7"),
    *,
    learning_rate: float = 1.0,
    steps: int = SPAN,
    momentum: float = 0.0,
    points: int = 81,
    span: float | None = None,
) -> Surface:
    """The loss over two weights with the descent on it; `span` is the half-width of the picture, by default what
    the path needs.

    >>> from tersenet.backprop import WRITE_UP
    >>> surface = loss_surface(WRITE_UP, ("w5", "w7"), points=21)
    >>> surface.heights.shape, bool(surface.path_losses[-1] < surface.path_losses[0])
    ((21, 21), True)
    """
    graph = Graph(problem.network)
    for name in over:
        graph.check(name)
    if len(over) != 2 or over[0] == over[1]:
        raise TersenetError(
            "A surface lies over two different weights.", got=" ".join(over), expected="such as w5 w7", where="over"
        )
    if span is not None and not (np.isfinite(span) and span > 0):
        raise TersenetError("The picture's span cannot be used.", got=span, expected="a number above 0", where="span")
    names = problem.network.parameter_names
    places = [names.index(name) for name in over]

    def seen(moving: Sequence[str] | None) -> tuple[Array, Array]:
        path = follow(problem, [learning_rate], steps, momentum=momentum, moving=moving)
        return np.concatenate([path.weights[:, 0], path.biases[:, 0]], axis=1)[:, places], path.losses[:, 0]

    path, losses = seen(over)
    full, _ = seen(None)
    middle = (path.min(axis=0) + path.max(axis=0)) / 2
    half = span or max(1.0, 0.75 * float((path.max(axis=0) - path.min(axis=0)).max()))
    if not np.isfinite(half):
        raise TersenetError("The descent leaves every picture.", got=f"learning rate {learning_rate:g}", where="lr")
    columns, rows = (np.linspace(centre - half, centre + half, points) for centre in middle)
    start = np.array(problem.weights + problem.biases)
    grid = np.tile(start, (points, points, 1))
    grid[..., places[0]], grid[..., places[1]] = np.meshgrid(columns, rows)
    cut = len(problem.weights)
    _, _, inputs, targets = problem.arrays
    heights = problem.network.forward(grid[..., :cut], grid[..., cut:], inputs, targets).total
    return Surface(problem, (over[0], over[1]), learning_rate, columns, rows, heights, path, losses, full)


def _first(true: npt.NDArray[np.bool_]) -> int | None:
    return int(true.argmax()) if true.any() else None
