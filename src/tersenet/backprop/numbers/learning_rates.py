"""The learning-rate study: one descent per rate with a verdict by rule; and the loss over two weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tersenet._errors import TersenetError
from tersenet.backprop.numbers.descent import follow
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import Problem, check_results
from tersenet.backprop.symbols.chain_rule import Graph

RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0)  # those of the course spreadsheet
MOST_RATES = 64  # more than a figure or a table can show
NARROWEST = 1e-6
WIDEST = 1e6  # half the width of a surface's picture; a descent that leaves it is not worth drawing
LEVELS = (1e-2, 1e-3, 1e-4)  # losses to reach
SPAN = 68  # steps of the course spreadsheet; a rate is fast if its loss falls to a tenth within them
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
    STILL: "The loss does not change.",
    SLOW: f"The loss only falls, and does not reach a tenth of its first value within {SPAN} steps.",
    FAST: f"The loss reaches a tenth of its first value within {SPAN} steps and never rises above the first.",
    RISES: "The loss rises above its first value and ends below it.",
    RISEN: "The loss ends above its first value, with a gradient large enough to move the weights.",
    SATURATED: "The loss is above its first value and the gradient is almost 0: the units are saturated.",
    ESCAPED: "The loss was above its first value with a gradient of almost 0, but fell later.",
    DIVERGED: "The loss is infinite or NaN, or has grown to more than a thousand times its first value.",
}


@dataclass(frozen=True)
class RateResult:
    """One learning rate: its losses `[steps + 1]`, the verdict, and the steps at which the losses of `LEVELS` were
    reached."""

    learning_rate: float
    losses: Array
    verdict: str
    reached: dict[float, int | None]


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
    """Descend with each rate and give a verdict on each.

    >>> from tersenet.backprop import COURSE
    >>> [one.verdict for one in study(COURSE, [0.1, 1, 100, 1000], steps=68).rates]
    ['converging slowly', 'converging fast', 'rises first, then converges', 'saturated']
    >>> study(COURSE, [1000], steps=1000).rates[0].verdict
    'escaped from saturation'
    """
    if not rates:
        raise TersenetError("A study needs a learning rate.", got="none", expected="such as 0.1 1 1000", where="lr")
    if len(rates) > MOST_RATES:
        raise TersenetError(
            "There are too many learning rates.", got=len(rates), expected=f"at most {MOST_RATES}", where="lr"
        )
    path = follow(problem, rates, steps, momentum=momentum)
    results = []
    for place, rate in enumerate(path.rates):
        losses, slopes = path.losses[:, place], path.largest_slope[:, place]
        reached = {float(level): _first(losses <= level) for level in levels}
        results.append(RateResult(rate, losses, verdict(losses, slopes), reached))
    return Study(problem, steps, momentum, tuple(results))


def verdict(losses: Array, largest_slope: Array) -> str:
    """The verdict on a loss curve, from the losses and the largest |∂E_total/∂w| of each step; see `VERDICTS`.

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
    """The loss over two weights with the path of descent.

    `span` is half the width of the surface, by default wide enough for the path; `points` is the number of grid
    points on each side. Raises `TersenetError` for an unknown weight, or where the path goes too far to be drawn.

    >>> from tersenet.backprop import COURSE
    >>> surface = loss_surface(COURSE, ("w5", "w7"), points=21)
    >>> surface.heights.shape, bool(surface.path_losses[-1] < surface.path_losses[0])
    ((21, 21), True)
    """
    graph = Graph(problem.network)
    for name in over:
        graph.check(name)
    if len(over) != 2 or over[0] == over[1]:
        raise TersenetError(
            "A surface needs two different weights.", got=" ".join(over), expected="such as w5 w7", where="over"
        )
    if span is not None and not NARROWEST <= span <= WIDEST:
        raise TersenetError(
            "The span cannot be used.",
            got=span,
            expected=f"a number from {NARROWEST:g} to {WIDEST:,.0f}",
            where="span",
        )
    if not 2 <= points <= 1000:
        raise TersenetError("The number of points cannot be used.", got=points, expected="2 to 1000", where="points")
    names = problem.network.parameter_names
    places = [names.index(name) for name in over]

    def seen(moving: Sequence[str] | None) -> tuple[Array, Array]:
        path = follow(problem, [learning_rate], steps, momentum=momentum, moving=moving)
        return np.concatenate([path.weights[:, 0], path.biases[:, 0]], axis=1)[:, places], path.losses[:, 0]

    path, losses = seen(over)
    full, _ = seen(None)
    check_results(path.ravel(), "the path of descent")
    middle = (path.min(axis=0) + path.max(axis=0)) / 2
    half = span or max(1.0, 0.75 * float((path.max(axis=0) - path.min(axis=0)).max()))
    if not (np.isfinite(half) and half <= WIDEST):
        raise TersenetError(
            "The descent goes too far to be drawn.",
            got=f"learning rate {learning_rate:g}, {steps} steps",
            where="lr",
            hint="use a smaller learning rate or fewer steps",
        )
    columns, rows = (np.linspace(centre - half, centre + half, points) for centre in middle)
    start = np.array(problem.weights + problem.biases)
    line = np.tile(start, (points, 1))  # one row of the grid at a time, since each point holds every weight
    line[:, places[0]] = columns
    cut = len(problem.weights)
    _, _, inputs, targets = problem.arrays
    heights = np.empty((points, points))
    with np.errstate(over="ignore", invalid="ignore"):
        for row, value in enumerate(rows):
            line[:, places[1]] = value
            heights[row] = problem.network.forward(line[:, :cut], line[:, cut:], inputs, targets).total
    check_results(heights.ravel(), "the loss surface")
    return Surface(problem, (over[0], over[1]), learning_rate, columns, rows, heights, path, losses, full)


def _first(true: npt.NDArray[np.bool_]) -> int | None:
    return int(true.argmax()) if true.any() else None
