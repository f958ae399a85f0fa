"""The chain rule on the network: definitions, the slope along each edge, paths from a parameter to the error,
closed forms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tersenet._errors import TersenetError, did_you_mean
from tersenet.backprop.numbers.network import Network
from tersenet.backprop.numbers.problem import Problem, check_results
from tersenet.backprop.symbols.expression import (
    Derivative,
    Expression,
    Function,
    Half,
    Number,
    Softmax,
    Symbol,
    add,
    calculate,
    product,
    replace_symbols,
)

LONGEST_SUM = 200  # paths in one closed form
MOST_PATHS = 24  # beyond these a list of paths explains nothing; the derivative is then written layer by layer


@dataclass(frozen=True)
class Edge:
    """`child` is computed from `parent`; `slope` is ∂child/∂parent as a formula."""

    child: str
    parent: str
    slope: Expression

    @property
    def name(self) -> str:
        """`∂a_o1/∂o1`."""
        return f"∂{self.child}/∂{self.parent}"


@dataclass(frozen=True)
class Graph:
    """What is computed from what, for one sample, built from the network itself.

    >>> graph = Graph(Network())
    >>> from tersenet.backprop import as_text
    >>> as_text(graph.gradient("w1"))
    '((a_o1 − t1)·a_o1·(1 − a_o1)·w5 + (a_o2 − t2)·a_o2·(1 − a_o2)·w7)·a_h1·(1 − a_h1)·i1'
    """

    network: Network

    @cached_property
    def definitions(self) -> dict[str, Expression]:
        """Every computed quantity, in the order of computation."""
        network, found = self.network, {}
        before = network.input_names
        weights, biases = iter(network.weight_names), iter(network.bias_names)
        for sums, kind in zip(network.sum_names, network.activations, strict=True):
            for name in sums:
                terms = [Symbol(next(weights)) * Symbol(source) for source in before]
                found[name] = add(*terms, *([Symbol(next(biases))] if network.biases else []))
            for place, name in enumerate(sums):
                softmax = Softmax(place, tuple(map(Symbol, sums)))
                found[f"a_{name}"] = softmax if kind == "softmax" else Function(kind, Symbol(name))
            before = tuple(f"a_{name}" for name in sums)
        for error, target, a in zip(network.error_names, network.target_names, before, strict=True):
            t, guess = Symbol(target), Symbol(a)
            half_squared = Half() * (t - guess) ** 2
            found[error] = half_squared if network.loss == "half-squared" else -(t * Function("ln", guess))
        found["E_total"] = add(*map(Symbol, network.error_names))
        return found

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, from the inputs to the error, each with its hand-written local derivative."""
        network, found = self.network, []
        before = network.input_names
        weights, biases = iter(network.weight_names), iter(network.bias_names)
        for layer, (sums, kind) in enumerate(zip(network.sum_names, network.activations, strict=True)):
            for name in sums:
                for source in before:
                    weight = next(weights)
                    found.append(Edge(name, weight, Symbol(source)))
                    if layer:
                        found.append(Edge(name, source, Symbol(weight)))
                if network.biases:
                    found.append(Edge(name, next(biases), Number(1)))
            for place, name in enumerate(sums):
                a, h = Symbol(f"a_{name}"), Symbol(name)
                if kind == "softmax":
                    for other, source in enumerate(sums):
                        slope = a * (1 - a) if other == place else -(a * Symbol(f"a_{source}"))
                        found.append(Edge(a.name, source, slope))
                else:
                    slopes = {"sigmoid": a * (1 - a), "tanh": 1 - a**2, "relu": Function("positive", h)}
                    found.append(Edge(a.name, name, slopes.get(kind, Number(1))))
            before = tuple(f"a_{name}" for name in sums)
        for error, target, a_name in zip(network.error_names, network.target_names, before, strict=True):
            a, t = Symbol(a_name), Symbol(target)
            found.append(Edge(error, a_name, a - t if network.loss == "half-squared" else -(t / a)))
            found.append(Edge("E_total", error, Number(1)))
        return tuple(found)

    @cached_property
    def _from(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.parent, []).append(edge)
        return found

    @cached_property
    def _path_counts(self) -> dict[str, int]:
        counts = {"E_total": 1}
        for name in [*reversed(self.definitions), *self.network.parameter_names]:
            if name not in counts:
                counts[name] = sum(counts[edge.child] for edge in self._from.get(name, []))
        return counts

    def children(self, name: str) -> tuple[Edge, ...]:
        """The edges that leave a quantity towards the error."""
        return tuple(self._from.get(name, ()))

    def reached(self, name: str) -> tuple[str, ...]:
        """The quantities that change when `name` changes, in the order of computation.

        >>> Graph(Network()).reached("w5")
        ('o1', 'a_o1', 'E1', 'E_total')
        """
        found = {name}
        for quantity in self.definitions:
            if any(edge.parent in found for edge in self._into.get(quantity, ())):
                found.add(quantity)
        return tuple(quantity for quantity in self.definitions if quantity in found)

    @cached_property
    def _into(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.child, []).append(edge)
        return found

    def path_count(self, parameter: str) -> int:
        """How many paths lead from a parameter to the error."""
        self.check(parameter)
        return self._path_counts[parameter]

    def paths(self, parameter: str) -> list[tuple[Edge, ...]]:
        """Every path from the error back to the parameter, as its edges; ∂E_total/∂E is left to the reader.

        >>> [edge.name for edge in Graph(Network()).paths("w5")[0]]
        ['∂E1/∂a_o1', '∂a_o1/∂o1', '∂o1/∂w5']
        """
        self.check(parameter)

        def walk(name: str) -> list[tuple[Edge, ...]]:
            if name in self.network.error_names:
                return [()]
            return [(*rest, edge) for edge in self._from[name] for rest in walk(edge.child)]

        return walk(parameter)

    def delta(self, name: str) -> Expression:
        """∂E_total/∂name in closed form, the shared part of the sum in brackets, as the course writes it."""
        if name in self.network.error_names:
            return Number(1)
        if self.network.loss == "cross-entropy" and name in self.network.sum_names[-1]:
            # The softmax and the logarithm in one: a Σt − t.
            total = add(*map(Symbol, self.network.target_names))
            place = self.network.sum_names[-1].index(name)
            return Symbol(f"a_{name}") * total - Symbol(self.network.target_names[place])
        return add(*(product(self.delta(edge.child), edge.slope) for edge in self._from[name]))

    def gradient(self, parameter: str) -> Expression:
        """∂E_total/∂parameter in closed form."""
        self.check(parameter)
        return self.delta(parameter)

    def probe(self, parameter: str, moved: Expression) -> Expression:
        """E_total with `parameter` replaced by `moved`: only what the parameter reaches is computed anew, the rest
        is symbols."""
        self.check(parameter)
        known: dict[str, Expression] = {parameter: moved}
        for name in self.reached(parameter):
            known[name] = replace_symbols(self.definitions[name], known)
        return known["E_total"]

    def check(self, parameter: str) -> None:
        """Raise where the network has no such parameter."""
        names = self.network.parameter_names
        if parameter not in names:
            raise TersenetError(
                "The network has no such weight.",
                got=parameter,
                expected=f"{names[0]} to {self.network.weight_names[-1]}"
                + (f", {self.network.bias_names[0]} to {names[-1]}" if self.network.biases else ""),
                where="weight",
                hint=did_you_mean(parameter, names),
            )


def check_formula(graph: Graph, parameter: str) -> None:
    """Raise where the parameter's derivative, written as one formula, is longer than a page.

    >>> check_formula(Graph(Network()), "w1")
    """
    paths = graph.path_count(parameter)
    if paths > LONGEST_SUM:
        raise TersenetError(
            "The derivative is too long to be written as one formula.",
            got=f"{paths:,} paths from {parameter} to the error",
            expected=f"at most {LONGEST_SUM:,}",
            hint="use fewer units or layers; `tersenet backprop table` follows larger networks in numbers",
        )


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule, ∂child/∂parent, as a formula and with its value."""

    child: str
    parent: str
    formula: Expression
    value: float

    @property
    def name(self) -> str:
        """`∂a_o1/∂o1`."""
        return f"∂{self.child}/∂{self.parent}"


@dataclass(frozen=True)
class ChainPath:
    """One path's factors and their product."""

    factors: tuple[Factor, ...]

    @property
    def value(self) -> float:
        """The product of the factors."""
        return math.prod(factor.value for factor in self.factors)


@dataclass(frozen=True)
class Chain:
    """∂E_total/∂parameter as the sum over the paths, for each sample; `value` is the mean over the samples.

    `backwards` is the same collected layer by layer: ∂E_total/∂quantity for every quantity that the parameter
    reaches, and last for the parameter itself.
    """

    parameter: str
    paths: tuple[tuple[ChainPath, ...], ...]
    backwards: tuple[tuple[Factor, ...], ...]

    @property
    def value(self) -> float:
        """∂E_total/∂parameter."""
        return sum(sample[-1].value for sample in self.backwards) / len(self.backwards)


def chain(problem: Problem, parameter: str) -> Chain:
    """Every chain-rule factor of one parameter, with its value.

    >>> from tersenet.backprop import COURSE
    >>> for factor in chain(COURSE, "w5").paths[0][0].factors:
    ...     print(factor.name, round(factor.value, 9))
    ∂E1/∂a_o1 0.106477732
    ∂a_o1/∂o1 0.238662493
    ∂o1/∂w5 0.506874567
    """
    graph = Graph(problem.network)
    few = graph.path_count(parameter) <= MOST_PATHS
    paths, backwards = [], []
    for sample in range(problem.samples):
        values = problem.values(sample)
        check_results(values.values(), "the forward pass")

        def known(edge: Edge, values: Mapping[str, float] = values) -> Factor:
            return Factor(edge.child, edge.parent, edge.slope, float(calculate(edge.slope, values)))

        routes = graph.paths(parameter) if few else []
        paths.append(tuple(ChainPath(tuple(known(edge) for edge in route)) for route in routes))
        backwards.append(_backwards(graph, parameter, values))
    return Chain(parameter, tuple(paths), tuple(backwards))


def _backwards(graph: Graph, parameter: str, values: Mapping[str, float]) -> tuple[Factor, ...]:
    """∂E_total/∂quantity from the error back to the parameter, each written with those before it."""
    known: dict[str, float] = {"E_total": 1.0}
    factors = []
    for name in [*reversed(graph.reached(parameter)), parameter]:
        if name == "E_total" or name in graph.network.error_names:
            known[name] = 1.0
            continue
        edges = graph.children(name)
        errors = graph.network.error_names  # ∂E_total/∂E1 is 1
        terms = [
            edge.slope if edge.child in errors else product(Derivative("E_total", edge.child), edge.slope)
            for edge in edges
        ]
        known[name] = math.fsum(known[edge.child] * float(calculate(edge.slope, values)) for edge in edges)
        factors.append(Factor("E_total", name, add(*terms), known[name]))
    return tuple(factors)
