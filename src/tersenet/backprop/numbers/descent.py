"""Gradient descent, step by step: the table of all quantities, and many learning rates at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tersenet._errors import TersenetError
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import Problem

HIGHEST_RATE = 1e200  # its product with any slope below 1e100 is still a number
MOST_NUMBERS = 20_000_000  # of one descent, all steps and rates together: some 160 MB


@dataclass(frozen=True)
class Trajectory:
    """Descents with several learning rates: the first axis is the step, 0 at the start.

    `weights` `[steps + 1, rates, weights]`, `biases` `[steps + 1, rates, units]`, `losses` `[steps + 1, rates]`, and
    `largest_slope` `[steps + 1, rates]`, the largest |∂E_total/∂w|.
    """

    rates: tuple[float, ...]
    weights: Array
    biases: Array
    losses: Array
    largest_slope: Array


def follow(
    problem: Problem,
    rates: Sequence[float],
    steps: int,
    *,
    momentum: float = 0.0,
    moving: Sequence[str] | None = None,
) -> Trajectory:
    """Descend with every rate at once; `moving` names the only parameters that move (default: all that are trained).

    The update is that of torch's SGD: v ← momentum·v + ∂E_total/∂w, w ← w − rate·v.

    >>> from tersenet.backprop import COURSE
    >>> follow(COURSE, [0.1, 1.0], steps=68).losses[-1].round(9).tolist()
    [0.009515099, 0.000184344]
    """
    for rate in rates:
        check_rate(rate)
    network = problem.network
    units = sum(network.sizes[1:])
    check_steps(steps, len(rates) * (2 * len(network.parameter_names) + 3 * problem.samples * units))
    if not 0 <= momentum < 1:
        raise TersenetError(
            "The momentum cannot be used.", got=momentum, expected="a number from 0 to below 1", where="momentum"
        )
    names = problem.trained_names if moving is None else tuple(moving)
    weight_mask = np.array([name in names for name in network.weight_names], dtype=np.float64)
    bias_mask = np.array([name in names for name in network.bias_names], dtype=np.float64)
    first_weights, first_biases, inputs, targets = problem.arrays
    rate_column = np.array(rates, dtype=np.float64)[:, None]
    weights = np.empty((steps + 1, len(rates), len(first_weights)))
    biases = np.empty((steps + 1, len(rates), len(first_biases)))
    losses = np.empty((steps + 1, len(rates)))
    largest = np.empty((steps + 1, len(rates)))
    weights[0], biases[0] = first_weights, first_biases
    weight_speed, bias_speed = np.zeros_like(weights[0]), np.zeros_like(biases[0])
    with np.errstate(over="ignore", invalid="ignore"):  # a descent without a sigmoid may diverge; the verdict says so
        for step in range(steps + 1):
            forward = network.forward(weights[step], biases[step], inputs, targets)
            weight_slope, bias_slope = network.backward(weights[step], forward)
            losses[step], largest[step] = forward.total, np.abs(weight_slope).max(axis=-1)
            if step < steps:
                weight_speed = momentum * weight_speed + weight_slope * weight_mask
                bias_speed = momentum * bias_speed + bias_slope * bias_mask
                weights[step + 1] = weights[step] - rate_column * weight_speed
                biases[step + 1] = biases[step] - rate_column * bias_speed
    return Trajectory(tuple(float(rate) for rate in rates), weights, biases, losses, largest)


@dataclass(frozen=True)
class Descent:
    """The table of one descent: `rows[k]` holds every column after k updates."""

    problem: Problem
    learning_rate: float
    momentum: float
    columns: tuple[str, ...]
    rows: Array

    def column(self, name: str) -> Array:
        """One column, `[steps + 1]`.

        >>> from tersenet.backprop import COURSE, descend
        >>> descend(COURSE, steps=1).column("E_total").round(10).tolist()
        [0.0141813779, 0.0133779156]
        """
        if name not in self.columns:
            raise TersenetError(
                "The table has no such column.", got=name, expected=" ".join(self.columns), where="columns"
            )
        return np.asarray(self.rows[:, self.columns.index(name)])

    def at(self, step: int) -> Problem:
        """The problem after `step` updates."""
        if not 0 <= step < len(self.rows):
            raise TersenetError(
                "The descent has no such step.", got=step, expected=f"0 to {len(self.rows) - 1}", where="step"
            )
        row = dict(zip(self.columns, self.rows[step], strict=True))
        network = self.problem.network
        weights = np.array([row[name] for name in network.weight_names])
        return self.problem.with_parameters(weights, np.array([row[name] for name in network.bias_names]))


def descend(problem: Problem, *, steps: int = 68, learning_rate: float = 1.0, momentum: float = 0.0) -> Descent:
    """Run one descent and keep every quantity of every step.

    >>> from tersenet.backprop import COURSE
    >>> descent = descend(COURSE, steps=68, learning_rate=1.0)
    >>> len(descent.columns), descent.rows.shape
    (31, (69, 31))
    """
    path = follow(problem, [learning_rate], steps, momentum=momentum)
    return Descent(problem, learning_rate, momentum, column_names(problem), _table(problem, path))


def column_names(problem: Problem) -> tuple[str, ...]:
    """The table's columns, in the order of the course spreadsheet.

    With several samples the number of the sample follows in brackets.

    >>> from tersenet.backprop import COURSE
    >>> " ".join(column_names(COURSE))
    't1 t2 i1 i2 w1 w2 w3 w4 h1 a_h1 h2 a_h2 w5 w6 w7 w8 o1 a_o1 o2 a_o2 E1 E2 E_total
    dE/dw1 dE/dw2 dE/dw3 dE/dw4 dE/dw5 dE/dw6 dE/dw7 dE/dw8'
    """
    network = problem.network
    samples = range(problem.samples)
    names = [sampled(problem, name, s) for s in samples for name in network.target_names]
    names += [sampled(problem, name, s) for s in samples for name in network.input_names]
    first_weight = first_bias = 0
    for layer, sums in enumerate(network.sum_names):
        last_weight = first_weight + network.sizes[layer] * network.sizes[layer + 1]
        names += network.weight_names[first_weight:last_weight]
        names += network.bias_names[first_bias : first_bias + len(sums)]
        first_weight, first_bias = last_weight, first_bias + len(sums)
        names += [sampled(problem, name, s) for s in samples for unit in sums for name in (unit, f"a_{unit}")]
    names += [sampled(problem, name, s) for s in samples for name in network.error_names]
    return (*names, "E_total", *(f"dE/d{name}" for name in network.parameter_names))


def sampled(problem: Problem, name: str, sample: int) -> str:
    """The name of a sample's quantity: `h1`, or `h1[2]` for the second of several samples."""
    return name if problem.samples == 1 else f"{name}[{sample + 1}]"


def check_rate(rate: float) -> None:
    """Raise where a learning rate is negative, not finite, or so large that a single step may overflow."""
    if not 0 <= rate <= HIGHEST_RATE:
        raise TersenetError(
            "The learning rate cannot be used.",
            got=rate,
            expected=f"a number from 0 to {HIGHEST_RATE:g}".replace("e+", "e"),
            where="lr",
        )


def check_steps(steps: int, columns: int) -> None:
    """Raise where a number of steps is negative, or where its rows of `columns` numbers need too much memory."""
    if not 0 <= steps <= 1_000_000:
        raise TersenetError(
            "The number of steps cannot be used.", got=steps, expected="0 to 1,000,000", where="steps"
        )
    if (steps + 1) * columns > MOST_NUMBERS:
        raise TersenetError(
            "The descent is too large to be kept in memory.",
            got=f"{steps + 1:,} rows of {columns:,} numbers",
            expected=f"at most {MOST_NUMBERS:,} numbers",
            where="steps",
            hint="take fewer steps, learning rates or samples, or a smaller network",
        )


def _table(problem: Problem, path: Trajectory) -> Array:
    network = problem.network
    weights, biases = path.weights[:, 0], path.biases[:, 0]
    _, _, inputs, targets = problem.arrays
    with np.errstate(over="ignore", invalid="ignore"):
        done = network.forward(weights, biases, inputs, targets)
        weight_slopes, bias_slopes = network.backward(weights, done)
    found: dict[str, Array] = {"E_total": done.total}
    for s in range(problem.samples):
        for name, value in zip(network.input_names, inputs[s], strict=True):
            found[sampled(problem, name, s)] = np.full(len(weights), value)
        for name, value in zip(network.target_names, targets[s], strict=True):
            found[sampled(problem, name, s)] = np.full(len(weights), value)
        layers = [*zip(network.sum_names, done.sums, strict=True)]
        layers += [*zip(network.activation_names, done.activations, strict=True), (network.error_names, done.errors)]
        for names, values in layers:
            found |= {sampled(problem, name, s): values[:, s, place] for place, name in enumerate(names)}
    for names, values, slopes in [
        (network.weight_names, weights, weight_slopes),
        (network.bias_names, biases, bias_slopes),
    ]:
        for place, name in enumerate(names):
            found[name], found[f"dE/d{name}"] = values[:, place], slopes[:, place]
    return np.stack([found[name] for name in column_names(problem)], axis=1)
