"""Formulas as small immutable trees: built once from the network, then calculated and printed (text, LaTeX, MathML,
a cell).

A tree keeps the order in which a person would write it, which a computer algebra system does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tersenet.backprop.numbers.network import ACTIVATIONS, TINY, Array, softmax

Value = float | Array


class Expression:
    """A formula; `+ − · /` and `**` build larger ones.

    >>> from tersenet.backprop import as_text
    >>> a, t = Symbol("a_o1"), Symbol("t1")
    >>> as_text((a - t) * a * (1 - a))
    '(a_o1 − t1)·a_o1·(1 − a_o1)'
    """

    def __add__(self, other: Operand) -> Expression:
        return Sum((*_terms(self), *_terms(_lift(other))))

    def __sub__(self, other: Operand) -> Expression:
        return Sum((*_terms(self), Negative(_lift(other))))

    def __rsub__(self, other: Operand) -> Expression:
        return Sum((_lift(other), Negative(self)))

    def __neg__(self) -> Expression:
        return Negative(self)

    def __mul__(self, other: Operand) -> Expression:
        return product(self, _lift(other))

    def __rmul__(self, other: Operand) -> Expression:
        return product(_lift(other), self)

    def __truediv__(self, other: Operand) -> Expression:
        return Quotient(self, _lift(other))

    def __pow__(self, exponent: int) -> Expression:
        return Power(self, exponent)


Operand = Expression | float | int


@dataclass(frozen=True)
class Symbol(Expression):
    """A quantity by its name."""

    name: str


@dataclass(frozen=True)
class Number(Expression):
    """A number."""

    value: float


@dataclass(frozen=True)
class Half(Expression):
    """½, as written in a formula."""


@dataclass(frozen=True)
class Derivative(Expression):
    """∂child/∂parent, named but not worked out."""

    child: str
    parent: str


@dataclass(frozen=True)
class Equals(Expression):
    """x = y = …"""

    sides: tuple[Expression, ...]


@dataclass(frozen=True)
class Route(Expression):
    """x → y → …"""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Negative(Expression):
    """− x."""

    of: Expression


@dataclass(frozen=True)
class Sum(Expression):
    """x + y + …; a `Negative` term is subtracted."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Product(Expression):
    """x · y · …"""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Quotient(Expression):
    """top / bottom."""

    top: Expression
    bottom: Expression


@dataclass(frozen=True)
class Power(Expression):
    """base ^ exponent, a whole number."""

    base: Expression
    exponent: int


@dataclass(frozen=True)
class Function(Expression):
    """A named function: sigmoid, tanh, relu, identity, positive (1 where x > 0, else 0), exp or ln."""

    name: str
    argument: Expression


@dataclass(frozen=True)
class Softmax(Expression):
    """The `place`-th of the softmax of several numbers."""

    place: int
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Tagged(Expression):
    """A part of a formula that a page shows in a colour, and with `note` below a brace; its value is that of `of`."""

    of: Expression
    tag: str
    note: str = ""


def bare(expression: Expression) -> Expression:
    """The formula without the tag around it."""
    return expression.of if isinstance(expression, Tagged) else expression


def add(*terms: Expression) -> Expression:
    """The sum; one term is itself."""
    flat = tuple(inner for term in terms for inner in _terms(term))
    return flat[0] if len(flat) == 1 else Sum(flat)


def product(*factors: Expression) -> Expression:
    """The product; factors of 1 are left out, one factor is itself."""
    flat = tuple(inner for factor in factors for inner in _factors(factor) if inner != Number(1))
    if not flat:
        return Number(1)
    return flat[0] if len(flat) == 1 else Product(flat)


def replace_symbols(expression: Expression, by: Mapping[str, Expression]) -> Expression:
    """The same formula with some symbols replaced by formulas."""
    match expression:
        case Symbol(name):
            return by.get(name, expression)
        case Negative(of):
            return Negative(replace_symbols(of, by))
        case Tagged(of, tag, note):
            return Tagged(replace_symbols(of, by), tag, note)
        case Sum(terms):
            return Sum(tuple(replace_symbols(term, by) for term in terms))
        case Product(factors):
            return Product(tuple(replace_symbols(factor, by) for factor in factors))
        case Quotient(top, bottom):
            return Quotient(replace_symbols(top, by), replace_symbols(bottom, by))
        case Power(base, exponent):
            return Power(replace_symbols(base, by), exponent)
        case Function(name, argument):
            return Function(name, replace_symbols(argument, by))
        case Softmax(place, arguments):
            return Softmax(place, tuple(replace_symbols(argument, by) for argument in arguments))
    return expression


def calculate(expression: Expression, values: Mapping[str, Value]) -> Value:
    """The formula's value, with numbers or arrays for its symbols.

    >>> calculate(Symbol("w1") * Symbol("i1") + 1, {"w1": 0.5, "i1": 4.0})
    3.0
    """
    match expression:
        case Symbol(name):
            return values[name]
        case Number(value):
            return value
        case Half():
            return 0.5
        case Negative(of):
            return -calculate(of, values)
        case Tagged(of, _, _):
            return calculate(of, values)
        case Sum(terms):
            total = calculate(terms[0], values)
            for term in terms[1:]:
                total = total + calculate(term, values)
            return total
        case Product(factors):
            whole = calculate(factors[0], values)
            for factor in factors[1:]:
                whole = whole * calculate(factor, values)
            return whole
        case Quotient(top, bottom):
            return calculate(top, values) / calculate(bottom, values)
        case Power(base, exponent):
            return calculate(base, values) ** exponent
        case Function("ln", argument):
            return _plain(np.log(np.maximum(calculate(argument, values), TINY)))
        case Function("positive", argument):
            return _plain(np.asarray(calculate(argument, values)) > 0)
        case Function("exp", argument):
            return _plain(np.exp(calculate(argument, values)))
        case Function(name, argument):
            return _plain(ACTIVATIONS[name].value(np.asarray(calculate(argument, values), dtype=np.float64)))
        case Softmax(place, arguments):
            numbers = [np.asarray(calculate(argument, values), dtype=np.float64) for argument in arguments]
            return _plain(softmax(np.stack(np.broadcast_arrays(*numbers), axis=-1))[..., place])
    raise TypeError(expression)


def _plain(value: npt.ArrayLike) -> Value:
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else array


def _lift(value: Operand) -> Expression:
    return value if isinstance(value, Expression) else Number(value)


def _terms(expression: Expression) -> tuple[Expression, ...]:
    return expression.terms if isinstance(expression, Sum) else (expression,)


def _factors(expression: Expression) -> tuple[Expression, ...]:
    return expression.factors if isinstance(expression, Product) else (expression,)
