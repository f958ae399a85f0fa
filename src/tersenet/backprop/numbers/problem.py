"""A problem for gradient descent: a network and its numbers. Two examples, and how to make others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np

from tersenet._errors import TersenetError, did_you_mean
from tersenet.backprop.numbers.network import Array, Network


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A network and the numbers put into it.

    `weights` and `biases` are flat, in the order of `network.weight_names` and `network.bias_names`; `inputs` and
    `targets` hold one row per sample. With `train_biases` off the biases are held fixed, as in Mazur's example.
    `origin` says where the numbers come from: an example, you, or a seed.

    >>> COURSE.samples, len(COURSE.weights)
    (1, 8)
    """

    name: str
    network: Network
    weights: tuple[float, ...]
    inputs: tuple[tuple[float, ...], ...]
    targets: tuple[tuple[float, ...], ...]
    biases: tuple[float, ...] = ()
    train_biases: bool = True
    drawn: str = ""  # what a seed has drawn, in words
    origin: str = "your numbers"

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.inputs)

    @cached_property
    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """Weights, biases, inputs, targets as float64 arrays: what `Network.forward` takes."""
        weights, biases = np.array(self.weights), np.array(self.biases, dtype=np.float64)
        return weights, biases, np.array(self.inputs), np.array(self.targets)

    @property
    def trained_names(self) -> tuple[str, ...]:
        """The parameters that the descent moves."""
        return self.network.parameter_names if self.train_biases else self.network.weight_names

    def with_parameters(self, weights: Array, biases: Array) -> Problem:
        """The same problem with other weights and biases."""
        return replace(self, weights=tuple(map(float, weights)), biases=tuple(map(float, biases)))

    def values(self, sample: int = 0) -> dict[str, float]:
        """Every quantity of one sample by its name, `E_total` over all samples among them.

        >>> values = COURSE.values()
        >>> round(values["a_o2"], 9), round(values["E_total"], 9)
        (0.630480835, 0.014181378)
        """
        network = self.network
        done = network.forward(*self.arrays)
        found = dict(zip(network.input_names, self.inputs[sample], strict=True))
        found |= zip(network.target_names, self.targets[sample], strict=True)
        found |= zip(network.parameter_names, self.weights + self.biases, strict=True)
        for names, values in [*zip(network.sum_names, done.sums, strict=True)]:
            found |= zip(names, values[sample].tolist(), strict=True)
        for names, values in [*zip(network.activation_names, done.activations, strict=True)]:
            found |= zip(names, values[sample].tolist(), strict=True)
        found |= zip(network.error_names, done.errors[sample].tolist(), strict=True)
        found["E_total"] = float(done.total)
        return found


COURSE = Problem(
    name="course",
    network=Network(),
    weights=(0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55),
    inputs=((0.05, 0.1),),
    targets=((0.5, 0.5),),
    origin="numbers of the course spreadsheet",
)
"""The network, weights, inputs and targets of the course spreadsheet."""

WRITE_UP = COURSE
"""The earlier name of `COURSE`."""

MAZUR = replace(
    COURSE,
    name="mazur",
    network=Network(biases=True),
    targets=((0.01, 0.99),),
    biases=(0.35, 0.35, 0.60, 0.60),
    train_biases=False,  # his page holds them fixed
    origin="numbers of Matt Mazur's page",
)
"""The same network with biases and the targets of M. Mazur's page, A Step by Step Backpropagation Example (2015)."""

EXAMPLES = {"course": COURSE, "mazur": MAZUR}
"""The problems that have a name."""

OTHER_NAMES = {"write-up": "course"}
"""Earlier names of examples, which files and commands may still use."""

LARGEST = 1e9  # the largest number that goes in: products and squares of such numbers can still be computed
MOST_SAMPLES = 10_000

Numbers = Sequence[float] | Mapping[str, float]


def make_problem(
    *,
    example: str = "course",
    sizes: Sequence[int] | str | None = None,
    activation: str | Sequence[str] | None = None,
    loss: str | None = None,
    inputs: Sequence[float] | Sequence[Sequence[float]] | None = None,
    targets: Sequence[float] | Sequence[Sequence[float]] | None = None,
    weights: Numbers | None = None,
    biases: Numbers | bool | None = None,
    train_biases: bool | None = None,
    seed: int = 1,
) -> Problem:
    """An example with some of its numbers replaced.

    Numbers that new sizes need and that are not given are drawn by `seed`, with two decimals.

    Several samples are rows, or one flat list: every `sizes[0]` inputs (`sizes[-1]` targets) are one sample.
    Weights are a list in order, or a mapping of names that replaces only those of the example. `biases=True` switches
    biases on. Raises `TersenetError` where the numbers do not fit the network.

    >>> make_problem(targets=[0.01, 0.99]).targets
    ((0.01, 0.99),)
    >>> make_problem(sizes="2-3-3-1", activation="tanh", biases=True).drawn
    'weights, biases and targets drawn with seed 1'
    """
    example = OTHER_NAMES.get(example, example)
    if example not in EXAMPLES:
        raise TersenetError(
            "There is no such example.",
            got=example,
            expected=", ".join(EXAMPLES),
            hint=did_you_mean(example, EXAMPLES),
        )
    if seed < 0:
        raise TersenetError("The seed cannot be used.", got=seed, expected="a whole number, 0 or more", where="seed")
    start = EXAMPLES[example]
    layers = _sizes(sizes) if sizes is not None else start.network.sizes
    kinds = (activation,) if isinstance(activation, str) else tuple(activation or ())
    network = Network(
        sizes=layers,
        activations=kinds or ("sigmoid",),
        loss=loss or start.network.loss,
        biases=start.network.biases if biases is None else biases is not False,
    )
    generator = np.random.default_rng(seed)
    same = layers == start.network.sizes
    drawn: list[str] = []

    def draw(what: str, low: float, high: float, count: int) -> tuple[float, ...]:
        drawn.append(what)
        return tuple(generator.uniform(low, high, count).round(2).tolist())

    weight_row = start.weights if same else None
    if not isinstance(weights, Mapping) and weights is not None:
        weight_row = tuple(weights)
    elif weight_row is None:
        named = weights or {}
        missing = [name for name in network.weight_names if name not in named]
        if named and missing:
            raise TersenetError(
                "Some of the new network's weights are missing.",
                got=", ".join(named),
                expected=f"{', '.join(missing)} as well",
                where="weights",
                hint="give all of them, or none to have them drawn",
            )
        count = len(network.weight_names)
        weight_row = (0.0,) * count if named else draw("weights", -1, 1, count)
    bias_row: tuple[float, ...] = ()
    if network.biases:
        given = biases if not isinstance(biases, bool) and biases is not None else None
        if given is not None and not isinstance(given, Mapping):
            bias_row = tuple(given)
        else:
            kept = start.biases if same and start.biases else None
            bias_row = kept or draw("biases", -1, 1, len(network.bias_names))
        if isinstance(given, Mapping):
            bias_row = _replaced(bias_row, given, network.bias_names, "biases")
    if isinstance(weights, Mapping):
        weight_row = _replaced(weight_row, weights, network.weight_names, "weights")
    rows = _rows(inputs, layers[0], "inputs") if inputs is not None else None
    if rows is None:
        rows = start.inputs if layers[0] == len(start.inputs[0]) else (draw("inputs", 0, 1, layers[0]),)
    goals = _rows(targets, layers[-1], "targets") if targets is not None else None
    if goals is None and layers[-1] == len(start.targets[0]) and len(rows) == 1:
        goals = start.targets
    elif goals is None and network.loss == "cross-entropy":
        drawn.append("targets")
        goals = tuple(tuple(np.eye(layers[-1])[generator.integers(layers[-1])].tolist()) for _ in rows)
    elif goals is None:
        goals = tuple(draw("targets", 0, 1, layers[-1]) for _ in rows)
    _complete(weight_row, network.weight_names, "weights")
    _complete(bias_row, network.bias_names, "biases")
    if len(rows) != len(goals):
        raise TersenetError(
            "Every sample needs inputs and targets.", got=f"{len(rows)} samples of inputs, {len(goals)} of targets"
        )
    for where, values in {
        "weights": weight_row,
        "biases": bias_row,
        "inputs": sum(rows, ()),
        "targets": sum(goals, ()),
    }.items():
        check_numbers(values, where)
    if len(rows) > MOST_SAMPLES:
        raise TersenetError(
            "There are too many samples.", got=f"{len(rows):,}", expected=f"at most {MOST_SAMPLES:,}", where="inputs"
        )
    numbers = {"weights": weights, "biases": biases, "inputs": inputs, "targets": targets}
    yours = [name for name, value in numbers.items() if value is not None and not isinstance(value, bool)]
    random = sorted(set(drawn), key=drawn.index)
    unchanged = not yours and all(value is None for value in (sizes, activation, loss, biases))
    return Problem(
        name=example if unchanged else "custom",
        network=network,
        weights=tuple(map(float, weight_row)),
        inputs=tuple(tuple(map(float, row)) for row in rows),
        targets=tuple(tuple(map(float, row)) for row in goals),
        biases=tuple(map(float, bias_row)),
        train_biases=start.train_biases if train_biases is None else train_biases,
        drawn=f"{_listed(random)} drawn with seed {seed}" if drawn else "",
        origin=_origin(start, {name: numbers[name] for name in yours}, random, seed, biases=network.biases),
    )


def _origin(start: Problem, given: Mapping[str, object], random: Sequence[str], seed: int, *, biases: bool) -> str:
    """Where the numbers come from, in words."""
    if not given and not random:
        return start.origin
    replaced = {name: list(value) for name, value in given.items() if isinstance(value, Mapping)}
    yours = [word for name in given for word in replaced.get(name, [name])]
    kept = [
        f"other {name}" if name in replaced else name
        for name in ("weights", "biases", "inputs", "targets")
        if (name not in given or name in replaced) and name not in random and (biases or name != "biases")
    ]
    source = start.origin.removeprefix("numbers of ")
    parts = [f"your {_listed(yours)}"] if yours else []
    parts += [f"{_listed(random)} drawn with seed {seed}"] if random else []
    parts += [f"{_listed(kept)} of {source}"] if kept else []
    return "; ".join(parts)


def check_numbers(values: Iterable[float], where: str) -> None:
    """Raise where a number is NaN, infinite, or too large to be squared and multiplied without overflow.

    >>> check_numbers([0.5, float("nan")], "targets")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This number cannot be used.
      got:      nan
      expected: a finite number from -1e9 to 1e9
      where:    targets
    """
    for value in values:
        if not (math.isfinite(value) and abs(value) <= LARGEST):
            raise TersenetError(
                "This number cannot be used.",
                got=value,
                expected=f"a finite number from -{LARGEST:.0e} to {LARGEST:.0e}".replace("e+0", "e"),
                where=where,
            )


def check_results(results: Iterable[float], where: str) -> None:
    """Raise where a result has left the numbers that a computer can store.

    >>> check_results([0.5], "E_total")
    """
    if not all(map(math.isfinite, results)):
        raise TersenetError(
            "The numbers overflow.",
            got="infinity or NaN",
            where=where,
            hint="use smaller weights, inputs or targets, or a smaller learning rate",
        )


def about(problem: Problem) -> str:
    """The problem in one sentence.

    >>> about(MAZUR)
    "Network 2-2-2, sigmoid, half squared error, with biases, one sample (numbers of Matt Mazur's page)."
    """
    network = problem.network
    kinds = sorted(set(network.activations), key=network.activations.index)
    biases = "with biases" if network.biases else "without biases"
    loss = {"half-squared": "half squared error", "cross-entropy": "cross-entropy"}[network.loss]
    samples = "one sample" if problem.samples == 1 else f"{problem.samples} samples"
    sizes = "-".join(map(str, network.sizes))
    return f"Network {sizes}, {' and '.join(kinds)}, {loss}, {biases}, {samples} ({problem.origin})."


def describe(problem: Problem) -> dict[str, object]:
    """The problem as plain data, for JSON.

    >>> describe(COURSE)["weights"]["w5"]
    0.4
    """
    return {"name": problem.name, "origin": problem.origin, **asdict(problem.network)} | {
        "inputs": problem.inputs,
        "targets": problem.targets,
        "weights": dict(zip(problem.network.weight_names, problem.weights, strict=True)),
        "biases": dict(zip(problem.network.bias_names, problem.biases, strict=True)),
        "train_biases": problem.train_biases,
    }


def _sizes(sizes: Sequence[int] | str) -> tuple[int, ...]:
    if not isinstance(sizes, str):
        return tuple(sizes)
    try:
        return tuple(int(word) for word in sizes.split("-"))
    except ValueError:
        raise TersenetError(
            "The layer sizes cannot be read.", got=sizes, expected="sizes such as 2-3-3-1", where="sizes"
        ) from None


def _rows(
    values: Sequence[float] | Sequence[Sequence[float]], width: int, where: str
) -> tuple[tuple[float, ...], ...]:
    rows = [tuple(value) for value in values if isinstance(value, Sequence)]
    if not rows:
        flat = [value for value in values if not isinstance(value, Sequence)]
        rows = [tuple(flat[place : place + width]) for place in range(0, len(flat), width)]
    if not rows or any(len(row) != width for row in rows):
        got = (
            f"{len(values)} numbers"
            if values and not isinstance(values[0], Sequence)
            else f"rows of {[len(row) for row in rows]}"
        )
        raise TersenetError(
            f"The {where} do not fit the network.", got=got, expected=f"{width} for each sample", where=where
        )
    return tuple(rows)


def _replaced(
    row: tuple[float, ...], given: Mapping[str, float], names: tuple[str, ...], where: str
) -> tuple[float, ...]:
    for name in given:
        if name not in names:
            raise TersenetError(
                "The network has no such parameter.",
                got=name,
                expected=", ".join(names),
                where=where,
            )
    return tuple(given.get(name, old) for name, old in zip(names, row, strict=True))


def _complete(row: tuple[float, ...], names: tuple[str, ...], where: str) -> None:
    if len(row) == len(names):
        return
    missing = names[len(row) :]
    raise TersenetError(
        f"The number of {where} does not fit the network.",
        got=f"{len(row)}" + (f"; {', '.join(missing)} missing" if missing else ""),
        expected=f"{len(names)}" + (f": {names[0]} to {names[-1]}" if names else f": this network has no {where}"),
        where=where,
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
