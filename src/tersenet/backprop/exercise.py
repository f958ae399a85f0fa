"""An exercise for a class: a sheet with blanks, and apart from it the solution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tersenet._errors import TersenetError, check_setting
from tersenet.backprop.chain import Graph, check_formula
from tersenet.backprop.derivation_pages import about
from tersenet.backprop.descent import check_rate, descend
from tersenet.backprop.expression import calculate
from tersenet.backprop.printing import as_text
from tersenet.backprop.problem import Problem, make_problem

MOST_PARAMETERS = 40
DIGITS = 6  # what the class writes down; a pocket calculator is enough


@dataclass(frozen=True)
class Blank:
    """One blank: its number on the sheet, the quantity asked for, a hint or none, and the answer."""

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

    @property
    def sheet(self) -> str:
        """What the class gets."""
        return self._page("Backpropagation by hand", solved=False)

    @property
    def solution(self) -> str:
        """What the teacher keeps."""
        return self._page("Backpropagation by hand: the solution", solved=True)

    def _page(self, title: str, *, solved: bool) -> str:
        problem = self.problem
        given = dict(zip(problem.network.input_names, problem.inputs[0], strict=True))
        given |= zip(problem.network.target_names, problem.targets[0], strict=True)
        given |= zip(problem.network.parameter_names, problem.weights + problem.biases, strict=True)
        lines = [
            f"# {title}",
            "",
            about(problem),
            "",
            f"Given: {', '.join(f'{name} = {value:g}' for name, value in given.items())};"
            f" learning rate {self.learning_rate:g}.",
            "",
            f"Work with at least {DIGITS} decimals.",
        ]
        part = ""
        for blank in self.blanks:
            if blank.part != part:
                part = blank.part
                lines += ["", f"## {part}", ""]
            answer = f"**{blank.answer:.{DIGITS}f}**".replace("-", "−") if solved else "______________"
            formula = f" = {blank.hint}" if blank.hint and (solved or part == PARTS[0]) else ""
            lines.append(f"{blank.number}. {blank.quantity}{formula} = {answer}")
        return "\n".join(lines) + "\n"


PARTS = (
    "Forward: put the numbers in",
    "Back: the factors of the chain rule",
    "The derivatives",
    "One step of descent",
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
    """An exercise on a problem, by default on the write-up's network with weights and targets drawn by `seed`.

    The formulas of the forward pass stand on the sheet; those of the derivatives are for the class to find.

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
    return Exercise(problem, learning_rate, tuple(blanks))
