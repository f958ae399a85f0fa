"""Formulas as sympy expressions, and back. Importing this file does not import sympy; calling its functions does."""

from __future__ import annotations

from typing import Any

from tersenet.backprop.symbols.expression import (
    Expression,
    Function,
    Half,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Softmax,
    Sum,
    Symbol,
    add,
    product,
)


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
