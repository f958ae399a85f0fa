"""The chain of reasoning behind one derivative, derived by sympy from the network itself, as sections of text and
formulas.

sympy differentiates every definition on the way and confirms each tidy form of a local derivative; then, as an
oracle, it differentiates E_total as one formula of the parameter alone. Importing this file does not import sympy;
deriving does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tersenet._errors import TersenetError
from tersenet.backprop.numbers.problem import Problem
from tersenet.backprop.symbols.chain_rule import Chain, Edge, Graph, chain, check_formula
from tersenet.backprop.symbols.expression import (
    Derivative,
    Equals,
    Expression,
    Function,
    Negative,
    Number,
    Product,
    Route,
    Sum,
    Symbol,
    Tagged,
    add,
    calculate,
    product,
    replace_symbols,
)
from tersenet.backprop.symbols.sympy_forms import from_sympy, to_sympy

MOST_WEIGHTS = 200  # more than anyone reads; sympy's time grows with them
MOST_SAMPLES = 20  # each has its own page of numbers

MOST_COLOURED = 5  # paths with a colour each; more paths share one

STEP = 1e-5  # the step of the central difference


@dataclass(frozen=True)
class DerivedFactor:
    """One local derivative: the definition it comes from, what sympy makes of it, and the tidy form sympy has
    confirmed."""

    edge: Edge
    definition: Expression
    raw: Expression


@dataclass(frozen=True)
class Section:
    """A step of the reasoning: a title, and lines that are sentences or formulas."""

    title: str
    lines: tuple[str | Expression, ...]


@dataclass(frozen=True)
class Derivation:
    """∂E_total/∂parameter, derived: see `sections` for the reasoning and `chain` for the factors with their values.

    `value` is by the chain rule, `by_sympy` by differentiating the whole formula, `by_difference` the central
    difference. `tags` gives every edge (child, parent) on the way to the error its colour; see `path_tags`.
    """

    problem: Problem
    parameter: str
    factors: tuple[DerivedFactor, ...]
    gradient: Expression
    chain: Chain
    value: float
    by_sympy: float
    by_difference: float
    sections: tuple[Section, ...]
    tags: Mapping[tuple[str, str], str]


def derive(problem: Problem, parameter: str) -> Derivation:
    """Derive ∂E_total/∂parameter.

    Raises `TersenetError` where the network has no such parameter, or more weights than a page can hold.

    >>> from tersenet.backprop import COURSE
    >>> from tersenet.backprop import as_text
    >>> done = derive(COURSE, "w5")
    >>> as_text(done.gradient), round(done.value, 9), round(done.by_sympy, 9)
    ('(a_o1 − t1)·a_o1·(1 − a_o1)·a_h1', 0.012880819, 0.012880819)
    """
    count = len(problem.network.weight_names)
    if count > MOST_WEIGHTS:
        raise TersenetError(
            "The network is too large to be derived symbol by symbol.",
            got=f"{count:,} weights",
            expected=f"at most {MOST_WEIGHTS:,}",
            hint="use fewer units; `tersenet backprop table` follows larger networks in numbers",
        )
    if problem.samples > MOST_SAMPLES:
        raise TersenetError(
            "There are too many samples for one page.", got=problem.samples, expected=f"at most {MOST_SAMPLES}"
        )
    graph = Graph(problem.network)
    check_formula(graph, parameter)
    found = chain(problem, parameter)
    reached = {parameter, *graph.reached(parameter)}
    edges = [edge for edge in reversed(graph.edges) if edge.parent in reached and edge.child in reached]
    factors = tuple(_derived(graph, edge) for edge in edges if edge.child != "E_total")
    by_sympy, by_difference = _whole_by_sympy(problem, graph, parameter), _difference(problem, graph, parameter)
    gradient = graph.gradient(parameter)
    tags = path_tags(graph, parameter)
    sections = (
        *_reasoning(graph, parameter, factors, found, tags),
        Section("The numbers", _numbers(problem, parameter, found, tags)),
        _checks(problem, parameter, found, by_sympy, by_difference),
    )
    return Derivation(
        problem, parameter, factors, gradient, found, found.value, by_sympy, by_difference, sections, tags
    )


def path_tags(graph: Graph, parameter: str) -> dict[tuple[str, str], str]:
    """The colour of every edge (child, parent) between a parameter and the error, as a class of the page.

    `path-1` … where only that path uses the edge, `shared` where several do. Where there are more paths than colours,
    all have the first.

    >>> from tersenet.backprop import COURSE
    >>> tags = path_tags(Graph(COURSE.network), "w1")
    >>> tags["h1", "w1"], tags["o1", "a_h1"], tags["o2", "a_h1"]
    ('shared', 'path-1', 'path-2')
    """
    reached = {parameter, *graph.reached(parameter)}
    edges = [(edge.child, edge.parent) for edge in graph.edges if edge.child in reached and edge.parent in reached]
    if graph.path_count(parameter) > MOST_COLOURED:
        return dict.fromkeys(edges, "path-1")
    users: dict[tuple[str, str], list[int]] = {}
    for number, path in enumerate(graph.paths(parameter), 1):
        for edge in [("E_total", path[0].child), *((edge.child, edge.parent) for edge in path)]:
            users.setdefault(edge, []).append(number)
    return {edge: f"path-{numbers[0]}" if len(numbers) == 1 else "shared" for edge, numbers in users.items()}


def _derived(graph: Graph, edge: Edge) -> DerivedFactor:
    """Differentiate the child's definition, and hold the tidy slope against the result."""
    import sympy

    definition = graph.definitions[edge.child]
    exact = sympy.diff(to_sympy(definition), sympy.Symbol(edge.parent, real=True))
    # The slope of a ReLU at 0 is 0, as torch has it.
    exact = exact.replace(sympy.Heaviside, lambda x, *_: sympy.Heaviside(x, 0))
    tidy = to_sympy(replace_symbols(edge.slope, {name: graph.definitions[name] for name in _own(graph, edge)}))
    if sympy.simplify(exact - tidy) != 0:
        raise ArithmeticError(f"{edge.name}: sympy finds {exact}, the network says {tidy}")
    return DerivedFactor(edge, definition, from_sympy(exact))


def _own(graph: Graph, edge: Edge) -> Sequence[str]:
    """The activations whose definitions make a tidy slope comparable with the raw one."""
    if not edge.child.startswith("a_"):
        return ()
    return next(layer for layer in graph.network.activation_names if edge.child in layer)


def _whole_by_sympy(problem: Problem, graph: Graph, parameter: str) -> float:
    """Differentiate E_total as one formula of the parameter alone, the rest being numbers; 30 digits, rounded
    once."""
    import sympy

    symbol, total = sympy.Symbol(parameter, real=True), sympy.Integer(0)
    exact = dict(zip(problem.network.parameter_names, problem.weights + problem.biases, strict=True))
    for inputs, targets in zip(problem.inputs, problem.targets, strict=True):
        numbers = exact | dict(zip(problem.network.input_names, inputs, strict=True))
        numbers |= zip(problem.network.target_names, targets, strict=True)
        known: dict[str, Any] = {name: sympy.Float(value, 40) for name, value in numbers.items()}
        known[parameter] = symbol
        for name, definition in graph.definitions.items():
            expression = to_sympy(definition)
            known[name] = expression.subs(
                {one: known[one.name] for one in expression.free_symbols}, simultaneous=True
            )
        total += known["E_total"]
    slope = sympy.diff(total, symbol).subs(symbol, sympy.Float(exact[parameter], 40))
    return float(slope.evalf(30)) / problem.samples


def _difference(problem: Problem, graph: Graph, parameter: str) -> float:
    """The central difference (E_total(p + ε) − E_total(p − ε)) / 2ε."""
    found = 0.0
    for sample in range(problem.samples):
        values = problem.values(sample)
        above = calculate(graph.probe(parameter, Symbol(parameter) + STEP), values)
        below = calculate(graph.probe(parameter, Symbol(parameter) - STEP), values)
        found += float((above - below) / (2 * STEP))
    return found / problem.samples


def _reasoning(
    graph: Graph,
    parameter: str,
    factors: Sequence[DerivedFactor],
    found: Chain,
    tags: Mapping[tuple[str, str], str],
) -> tuple[Section, ...]:
    """The sections that need no numbers: from what the parameter reaches to the product."""
    wanted = Derivative("E_total", parameter)
    reached = graph.reached(parameter)
    derived: list[str | Expression] = []
    for factor in factors:
        edge = factor.edge
        sides = (_derivative(edge, tags), factor.raw, _tagged(edge.slope, edge, tags))
        derived.append(Equals(sides[:2] if _same(factor) else sides))
    return (
        Section(
            f"What {parameter} changes",
            (
                f"A change of {parameter} changes {_listed(reached)}, and nothing else.",
                *(_definition(graph, name) for name in reached),
            ),
        ),
        *_paths(graph, parameter, found, tags),
        Section(
            "Each factor",
            (
                "Each definition is differentiated on its own.",
                "Where a value that is already known gives a shorter form, the shorter form is used.",
                *derived,
            ),
        ),
        Section(
            "From the error back",
            (
                "Backpropagation computes each of these once, starting at the error, and uses it for every weight"
                " further back.",
                *(_backward(graph, one.parent, tags) for one in found.backwards[0]),
            ),
        ),
        Section("The product", (Equals((wanted, _gradient(graph, parameter, tags))),)),
    )


def _paths(graph: Graph, parameter: str, found: Chain, tags: Mapping[tuple[str, str], str]) -> tuple[Section, ...]:
    """The paths to the error and the chain rule along them."""
    count = graph.path_count(parameter)
    if not found.paths[0]:
        many = (
            f"{count:,} paths lead to the error: too many to list. The chain rule collects them from the error back."
        )
        return (Section("The paths", (many,)),)
    lines: list[str | Expression] = []
    terms: list[Expression] = []
    for number, path in enumerate(graph.paths(parameter), 1):
        tag = f"path-{number}" if count <= MOST_COLOURED else "path-1"
        lines.append(Tagged(Route((parameter, *(edge.child for edge in reversed(path)), "E_total")), tag))
        term = product(*(_derivative(edge, tags) for edge in path))
        terms.append(Tagged(term, tag, f"path {number}") if count > 1 else term)
    first = "There is one path to the error:" if count == 1 else f"There are {count} paths to the error:"
    rule = "The chain rule multiplies the derivatives along a path" + (
        "." if count == 1 else " and adds up the paths."
    )
    return (
        Section("The paths", (first, *lines)),
        Section("The chain rule", (rule, Equals((Derivative("E_total", parameter), add(*terms))))),
    )


def _checks(problem: Problem, parameter: str, found: Chain, by_sympy: float, by_difference: float) -> Section:
    """The same derivative in two other ways, and one step of descent."""
    start = dict(zip(problem.network.parameter_names, problem.weights + problem.biases, strict=True))[parameter]
    return Section(
        "Checked in other ways",
        (
            f"sympy, which differentiates E_total as one formula of {parameter}, gives {by_sympy:.12g}.",
            f"The central difference with ε = {STEP:g} gives {by_difference:.9g}.",
            f"One step of gradient descent with learning rate 1 moves {parameter} from {start:.9g} to",
            Equals((Sum((Number(start), Negative(_signed(found.value)))), Number(start - found.value))),
        ),
    )


def _numbers(
    problem: Problem, parameter: str, found: Chain, tags: Mapping[tuple[str, str], str]
) -> tuple[str | Expression, ...]:
    """Every factor with its value, and the product of each path, for each sample."""
    lines: list[str | Expression] = []
    wanted = Derivative("E_total", parameter)

    def coloured(formula: Expression, child: str, parent: str) -> Expression:
        tag = tags.get((child, parent))
        return Tagged(formula, tag) if tag else formula

    for sample, (paths, backwards) in enumerate(zip(found.paths, found.backwards, strict=True), 1):
        if problem.samples > 1:
            lines.append(f"Sample {sample}:")
        factors = dict.fromkeys(factor for path in paths for factor in path.factors) or backwards[:-1]
        lines += [
            Equals(
                (
                    coloured(Derivative(one.child, one.parent), one.child, one.parent),
                    one.formula,
                    coloured(_signed(one.value), one.child, one.parent),
                )
            )
            for one in factors
        ]
        products = [
            Product(tuple(coloured(_signed(one.value), one.child, one.parent) for one in path.factors))
            for path in paths
        ]
        lines.append(Equals((wanted, *((add(*products),) if products else ()), _signed(backwards[-1].value))))
    if problem.samples > 1:
        lines += [f"The mean over the {problem.samples} samples:", Equals((wanted, _signed(found.value)))]
    return tuple(lines)


def _tagged(formula: Expression, edge: Edge, tags: Mapping[tuple[str, str], str]) -> Expression:
    """The formula in the colour of its edge, where the edge has one."""
    tag = tags.get((edge.child, edge.parent))
    return Tagged(formula, tag) if tag and formula != Number(1) else formula


def _derivative(edge: Edge, tags: Mapping[tuple[str, str], str]) -> Expression:
    return _tagged(Derivative(edge.child, edge.parent), edge, tags)


def _backward(graph: Graph, name: str, tags: Mapping[tuple[str, str], str]) -> Expression:
    """∂E_total/∂name, written with the derivatives of the quantities that follow it."""
    terms = []
    for edge in graph.children(name):
        slope = _tagged(edge.slope, edge, tags)
        after = edge.child not in graph.network.error_names  # ∂E_total/∂E1 is 1
        terms.append(product(Derivative("E_total", edge.child), slope) if after else slope)
    return Equals((Derivative("E_total", name), add(*terms)))


def _gradient(graph: Graph, name: str, tags: Mapping[tuple[str, str], str]) -> Expression:
    """∂E_total/∂name in closed form, as `Graph.delta` has it, every factor in the colour of its edge."""
    network = graph.network
    closed = network.loss == "cross-entropy" and name in network.sum_names[-1]
    if name in network.error_names or closed:
        return graph.delta(name)
    return add(
        *(
            product(_gradient(graph, edge.child, tags), _tagged(edge.slope, edge, tags))
            for edge in graph.children(name)
        )
    )


def _definition(graph: Graph, name: str) -> Expression:
    """The quantity's definition, a sigmoid spelled out."""
    definition = graph.definitions[name]
    sides = (Symbol(name), definition)
    spelled = isinstance(definition, Function) and definition.name == "sigmoid"
    return Equals((*sides, from_sympy(to_sympy(definition))) if spelled else sides)


def _same(factor: DerivedFactor) -> bool:
    """True where sympy's own form says no more than the tidy one."""
    return bool(to_sympy(factor.raw) == to_sympy(factor.edge.slope))


def _signed(value: float) -> Expression:
    return Number(value) if value >= 0 else Negative(Number(-value))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
