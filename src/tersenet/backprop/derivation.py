"""The chain of reasoning behind one derivative, derived by sympy from the network itself, as sections of text and
formulas.

sympy differentiates every definition on the way and confirms each tidy form of a local derivative; then, as an
oracle, it differentiates E_total as one formula of the parameter alone. Importing this file does not import sympy;
deriving does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tersenet._errors import TersenetError
from tersenet.backprop.chain import Chain, Edge, Graph, chain, check_formula
from tersenet.backprop.expression import (
    Derivative,
    Equals,
    Expression,
    Function,
    Half,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Route,
    Softmax,
    Sum,
    Symbol,
    add,
    calculate,
    product,
    replace_symbols,
)
from tersenet.backprop.problem import Problem

MOST_WEIGHTS = 200  # more than anybody reads; sympy's time grows with them
MOST_SAMPLES = 20  # each has its own page of numbers

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
    difference.
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


def derive(problem: Problem, parameter: str) -> Derivation:
    """Derive ∂E_total/∂parameter.

    Raises `TersenetError` where the network has no such parameter, or more weights than a page can hold.

    >>> from tersenet.backprop import COURSE
    >>> from tersenet.backprop.printing import as_text
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
    sections = _sections(problem, graph, parameter, factors, found, by_sympy, by_difference)
    return Derivation(problem, parameter, factors, gradient, found, found.value, by_sympy, by_difference, sections)


def to_sympy(formula: Expression) -> Any:
    """The formula as a sympy expression, with real symbols of the same names.

    >>> to_sympy(Function("sigmoid", Symbol("h1")))
    1/(1 + exp(-h1))
    """
    import sympy

    match formula:
        case Symbol(name):
            return sympy.Symbol(name, real=True)
        case Number(value):
            return sympy.Integer(int(value)) if value == int(value) else sympy.Float(value)
        case Half():
            return sympy.Rational(1, 2)
        case Negative(of):
            return -to_sympy(of)
        case Sum(terms):
            return sympy.Add(*map(to_sympy, terms))
        case Product(factors):
            return sympy.Mul(*map(to_sympy, factors))
        case Quotient(top, bottom):
            return to_sympy(top) / to_sympy(bottom)
        case Power(base, exponent):
            return to_sympy(base) ** exponent
        case Softmax(place, arguments):
            powers = [sympy.exp(to_sympy(argument)) for argument in arguments]
            return powers[place] / sympy.Add(*powers)
        case Function(name, argument):
            x = to_sympy(argument)
            forms = {
                "sigmoid": lambda: 1 / (1 + sympy.exp(-x)),
                "tanh": lambda: sympy.tanh(x),
                "relu": lambda: sympy.Max(x, 0),
                "identity": lambda: x,
                "positive": lambda: sympy.Heaviside(x, 0),
                "exp": lambda: sympy.exp(x),
                "ln": lambda: sympy.log(x),
            }
            return forms[name]()
    raise TypeError(formula)


def from_sympy(value: Any) -> Expression:
    """A sympy expression as a formula, in sympy's order."""
    import sympy

    if value.is_Symbol:
        return Symbol(value.name)
    if value == sympy.Rational(1, 2):
        return Half()
    if value.is_number:
        return Number(float(value)) if value >= 0 else Negative(Number(float(-value)))
    if value.could_extract_minus_sign() and not value.is_Add:
        return Negative(from_sympy(-value))
    if value.is_Add:
        terms = [from_sympy(term) for term in value.as_ordered_terms()]
        return add(*sorted(terms, key=lambda term: (isinstance(term, Negative), not isinstance(term, Number))))
    if value.is_Mul:
        below = [
            factor for factor in value.args if factor.is_Pow and not isinstance(factor, sympy.exp) and factor.exp < 0
        ]
        if below:
            above = sympy.Mul(*[factor for factor in value.args if factor not in below])
            return Quotient(from_sympy(above), product(*(from_sympy(1 / factor) for factor in below)))
        return product(*map(from_sympy, value.as_ordered_factors()))
    if isinstance(value, sympy.exp):
        return Function("exp", from_sympy(value.args[0]))
    if value.is_Pow:
        return (
            Power(from_sympy(value.base), int(value.exp))
            if value.exp > 0
            else Quotient(Number(1), from_sympy(1 / value))
        )
    if isinstance(value, sympy.Max):
        return Function("relu", next(from_sympy(argument) for argument in value.args if argument != 0))
    names = {sympy.tanh: "tanh", sympy.Heaviside: "positive", sympy.log: "ln"}
    return Function(names[value.func], from_sympy(value.args[0]))


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


def _sections(
    problem: Problem,
    graph: Graph,
    parameter: str,
    factors: Sequence[DerivedFactor],
    found: Chain,
    by_sympy: float,
    by_difference: float,
) -> tuple[Section, ...]:
    wanted = Derivative("E_total", parameter)
    count = graph.path_count(parameter)
    reached = graph.reached(parameter)
    paths = graph.paths(parameter) if found.paths[0] else []
    routes = [Route((parameter, *(edge.child for edge in reversed(path)), "E_total")) for path in paths]
    by_path = [product(*(Derivative(edge.child, edge.parent) for edge in path)) for path in paths]
    sections = [
        Section(
            f"What {parameter} reaches",
            (
                f"A change of {parameter} changes {_listed(reached)}, and nothing else.",
                *(_definition(graph, name) for name in reached),
            ),
        )
    ]
    if routes:
        sentence = "There is one path to the error:" if count == 1 else f"There are {count} paths to the error:"
        sections.append(Section("The paths", (sentence, *routes)))
        sentence = "The chain rule multiplies the derivatives along a path"
        sentence += "." if count == 1 else ", and adds up the paths."
        sections.append(Section("The chain rule", (sentence, Equals((wanted, add(*by_path))))))
    else:
        sentence = (
            f"{count:,} paths lead to the error: too many to list. The chain rule collects them from the error back."
        )
        sections.append(Section("The paths", (sentence,)))
    lines: list[str | Expression] = []
    for factor in factors:
        sides = (Derivative(factor.edge.child, factor.edge.parent), factor.raw, factor.edge.slope)
        lines.append(Equals(sides[:2] if _same(factor) else sides))
    sections.append(
        Section(
            "Each factor's derivative",
            (
                "Each definition is differentiated by itself.",
                "Where a value already computed says the same in fewer words, it is used.",
                *lines,
            ),
        )
    )
    backwards = found.backwards[0]
    sections.append(
        Section(
            "From the error back",
            (
                "Backpropagation computes each of these once, starting at the error,"
                " and uses it for all that lies behind it.",
                *(Equals((Derivative("E_total", one.parent), one.formula)) for one in backwards),
            ),
        )
    )
    sections.append(Section("The product", (Equals((wanted, graph.gradient(parameter))),)))
    sections.append(Section("The numbers put in", _numbers(problem, parameter, found)))
    rate = Number(1)
    start = dict(zip(problem.network.parameter_names, problem.weights + problem.biases, strict=True))[parameter]
    sections.append(
        Section(
            "Held against other ways",
            (
                f"By sympy, E_total differentiated as one formula of {parameter}: {by_sympy:.12g}.",
                f"By the central difference with ε = {STEP:g}: {by_difference:.9g}.",
                f"One step of descent with learning rate 1 takes {parameter} from {start:.9g} to",
                Equals((Sum((Number(start), Negative(rate * _signed(found.value)))), Number(start - found.value))),
            ),
        )
    )
    return tuple(sections)


def _numbers(problem: Problem, parameter: str, found: Chain) -> tuple[str | Expression, ...]:
    lines: list[str | Expression] = []
    wanted = Derivative("E_total", parameter)
    for sample, (paths, backwards) in enumerate(zip(found.paths, found.backwards, strict=True), 1):
        if problem.samples > 1:
            lines.append(f"Sample {sample}:")
        factors = dict.fromkeys(factor for path in paths for factor in path.factors) or backwards[:-1]
        lines += [Equals((Derivative(one.child, one.parent), one.formula, _signed(one.value))) for one in factors]
        products = [Product(tuple(_signed(factor.value) for factor in path.factors)) for path in paths]
        lines.append(Equals((wanted, *((add(*products),) if products else ()), _signed(backwards[-1].value))))
    if problem.samples > 1:
        lines += [f"The mean over the {problem.samples} samples:", Equals((wanted, _signed(found.value)))]
    return tuple(lines)


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
