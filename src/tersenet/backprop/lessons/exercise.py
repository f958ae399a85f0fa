"""Exercises for a class: sheets with blanks, and separately the solution or one key for many sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tersenet._errors import TersenetError, check_setting
from tersenet.backprop.numbers.descent import check_rate, descend
from tersenet.backprop.numbers.problem import Problem, about, make_problem
from tersenet.backprop.symbols.chain_rule import Graph, check_formula
from tersenet.backprop.symbols.expression import calculate
from tersenet.backprop.symbols.formula_formats import as_text

MOST_PARAMETERS = 40
DIGITS = 6  # what the class writes down; a pocket calculator is enough
TOLERANCE = 2e-6  # for rounding on the way; a learning rate above 1 multiplies it
MOST_VARIANTS = 200
PER_TABLE = 6  # variants beside each other in the key


@dataclass(frozen=True)
class Blank:
    """One blank: its number on the sheet, the quantity to find, its formula, and the answer."""

    number: int
    part: str
    quantity: str
    hint: str
    answer: float


@dataclass(frozen=True)
class Exercise:
    """A problem with its blanks; `sheet` and `solution` are Markdown."""

    problem: Problem
    learning_rate: float
    blanks: tuple[Blank, ...]
    seed: int = 1

    @property
    def sheet(self) -> str:
        """The sheet for the class."""
        return self._page("Backpropagation by hand", solved=False)

    @property
    def solution(self) -> str:
        """The solution for the teacher."""
        return self._page("Backpropagation by hand: the solution", solved=True)

    @property
    def tolerance(self) -> float:
        """How far an answer may be from the exact value."""
        return TOLERANCE * max(1.0, self.learning_rate)

    @property
    def given(self) -> dict[str, float]:
        """The numbers that the sheet gives: inputs, targets, weights and biases."""
        problem = self.problem
        found = dict(zip(problem.network.input_names, problem.inputs[0], strict=True))
        found |= zip(problem.network.target_names, problem.targets[0], strict=True)
        return found | dict(zip(problem.network.parameter_names, problem.weights + problem.biases, strict=True))

    @property
    def instruction(self) -> str:
        """How precisely to work."""
        return f"Compute with at least {DIGITS + 2} decimals and write {DIGITS}."

    def _page(self, title: str, *, solved: bool) -> str:
        given = ", ".join(f"{name} = {value:g}".replace("-", "−") for name, value in self.given.items())
        lines = [
            f"# {title}",
            "",
            about(self.problem),
            "",
            f"Given: {given}; learning rate {self.learning_rate:g}.",
            "",
            self.instruction,
        ]
        part = ""
        for blank in self.blanks:
            if blank.part != part:
                part = blank.part
                lines += ["", f"## {part}", ""]
            answer = f"**{shown(blank.answer)}**" if solved else "______________"
            formula = f" = {blank.hint}" if blank.hint and (solved or part == PARTS[0]) else ""
            lines.append(f"{blank.number}. {blank.quantity}{formula} = {answer}")
        return "\n".join(lines) + "\n"


PARTS = (
    "Forward pass",
    "Backward pass: the factors of the chain rule",
    "The derivatives",
    "One step of gradient descent",
)


def check_size(problem: Problem) -> None:
    """Raise where a problem has more samples or weights than a class would work through by hand."""
    if problem.samples > 1:
        raise TersenetError(
            "An exercise takes one sample.", got=f"{problem.samples} samples", expected="one sample", where="inputs"
        )
    count = len(problem.network.parameter_names)
    if count > MOST_PARAMETERS:
        raise TersenetError(
            "The network is too large for an exercise.",
            got=f"{count:,} weights and biases",
            expected=f"at most {MOST_PARAMETERS}",
            where="sizes",
        )
    for name in problem.network.parameter_names:
        check_formula(Graph(problem.network), name)


def make_exercise(problem: Problem | None = None, *, seed: int = 1, learning_rate: float = 1.0) -> Exercise:
    """An exercise on a problem, by default on the course's network with weights and targets drawn by `seed`.

    The sheet has the formulas of the forward pass; those of the derivatives are for the class to find. Raises
    `TersenetError` where a problem is too large to be worked by hand.

    >>> exercise = make_exercise(seed=3)
    >>> exercise.sheet.count("______________") == len(exercise.blanks)
    True
    >>> "______" in exercise.solution
    False
    """
    check_rate(learning_rate)
    check_setting(seed >= 0, "seed", seed, "0 or above")
    if problem is None:
        generator = np.random.default_rng(seed)
        weights = generator.choice(np.arange(-18, 19), size=8, replace=False) * 0.05
        targets = generator.integers(1, 10, size=2) / 10
        problem = make_problem(weights=weights.round(2).tolist(), targets=targets.tolist())
        origin = f"weights and targets drawn with seed {seed}; inputs of the course spreadsheet"
        problem = replace(problem, drawn=f"weights and targets drawn with seed {seed}", origin=origin)
    check_size(problem)
    graph, values = Graph(problem.network), problem.values()
    names = problem.network.parameter_names
    first, second = descend(problem, steps=1, learning_rate=learning_rate).rows
    columns = descend(problem, steps=0).columns
    slopes = dict(zip(columns, first, strict=True))
    after = dict(zip(columns, second, strict=True))
    asked: list[tuple[str, str, str, float]] = []
    asked += [(PARTS[0], name, as_text(formula), values[name]) for name, formula in graph.definitions.items()]
    hidden = [edge for edge in graph.edges if edge.child.startswith(("a_", "E")) and edge.child != "E_total"]
    asked += [(PARTS[1], edge.name, as_text(edge.slope), float(calculate(edge.slope, values))) for edge in hidden]
    asked += [(PARTS[2], f"∂E_total/∂{name}", as_text(graph.gradient(name)), slopes[f"dE/d{name}"]) for name in names]
    asked += [
        (PARTS[3], f"{name} after the step", f"{name} − learning rate · ∂E_total/∂{name}", after[name])
        for name in problem.trained_names
    ]
    asked.append((PARTS[3], "E_total after the step", "", after["E_total"]))
    blanks = (Blank(number, *one) for number, one in enumerate(asked, 1))
    return Exercise(problem, learning_rate, tuple(blanks), seed)


def make_variants(count: int, make: Callable[[int], Exercise] | None = None, *, seed: int = 1) -> list[Exercise]:
    """Different exercises for a class, from `seed` upwards; `make` makes the exercise of one seed.

    Raises `TersenetError` where the numbers do not depend on the seed, so that all would be the same.

    >>> [one.problem.weights[0] for one in make_variants(3)]
    [0.65, 0.9, -0.55]
    """
    check_setting(1 <= count <= MOST_VARIANTS, "variants", count, f"1 to {MOST_VARIANTS}")
    make = make or (lambda place: make_exercise(seed=place))
    found: dict[object, Exercise] = {}
    for place in range(seed, seed + 2 * count):
        if len(found) < count:
            one = make(place)
            found.setdefault((one.problem.weights, one.problem.targets, one.problem.inputs), one)
    if len(found) < count:
        raise TersenetError(
            "The variants would all have the same numbers.",
            got="numbers that do not depend on the seed",
            expected="weights or targets drawn by the seed",
            where="variants",
            hint="omit --weights, or give --sizes, so that each variant draws its own",
        )
    return list(found.values())


def answer_key(exercises: Sequence[Exercise]) -> str:
    """One key for all variants, as Markdown: a row per blank, a column per variant, six variants per table.

    >>> print(answer_key(make_variants(2)).splitlines()[6])
    | 1 | h1 | 0.012500 | −0.005000 |
    """
    lines = ["# Backpropagation by hand: the answer key", "", f"{len(exercises)} variants, {_seeds(exercises)}."]
    for start in range(0, len(exercises), PER_TABLE):
        group = exercises[start : start + PER_TABLE]
        numbers = [f"variant {start + place}" for place in range(1, len(group) + 1)]
        lines += ["", f"| blank | quantity | {' | '.join(numbers)} |", "|---|---|" + "---|" * len(group)]
        for blanks in zip(*(one.blanks for one in group), strict=True):
            answers = " | ".join(shown(blank.answer) for blank in blanks)
            lines.append(f"| {blanks[0].number} | {blanks[0].quantity} | {answers} |")
    return "\n".join(lines) + "\n"


def shown(answer: float) -> str:
    """An answer with six decimals, never minus zero.

    >>> shown(-0.25), shown(-1e-9)
    ('−0.250000', '0.000000')
    """
    return f"{round(answer, DIGITS) + 0.0:.{DIGITS}f}".replace("-", "−")


def _seeds(exercises: Sequence[Exercise]) -> str:
    first, last = exercises[0].seed, exercises[-1].seed
    return f"seeds {first} to {last}" if len(exercises) > 1 else f"seed {first}"
