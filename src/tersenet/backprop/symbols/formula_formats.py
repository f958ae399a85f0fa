"""Formulas printed four ways: plain text, LaTeX, MathML (which browsers draw without a network), and spreadsheet
cells."""

from __future__ import annotations

import re
from collections.abc import Callable

from tersenet.backprop.numbers.network import LOWEST, TINY
from tersenet.backprop.symbols.expression import (
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
    Tagged,
    bare,
)

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def as_text(formula: Expression) -> str:
    """Plain text, as the terminal shows it.

    >>> as_text(Half() * (Symbol("t1") - Symbol("a_o1")) ** 2)
    '½·(t1 − a_o1)²'
    """
    match formula:
        case Symbol(name):
            return name
        case Number(value):
            return f"{value:.9g}".replace("-", "−")
        case Half():
            return "½"
        case Derivative(child, parent):
            return f"∂{child}/∂{parent}"
        case Equals(sides):
            return " = ".join(map(as_text, sides))
        case Route(names):
            return " → ".join(names)
        case Tagged(of, _, _):
            return as_text(of)
        case Negative(of):
            return f"−{_bracketed(of, as_text)}"
        case Sum(terms):
            return _joined(terms, as_text, " + ", " − ")
        case Product(factors):
            spaced = any(isinstance(bare(factor), (Derivative, Number)) for factor in factors)
            return (" · " if spaced else "·").join(_bracketed(factor, as_text) for factor in factors)
        case Quotient(top, bottom):
            return f"{_bracketed(top, as_text)}/{_bracketed(bottom, as_text, Product)}"
        case Power(base, exponent):
            return _bracketed(base, as_text, Product, Quotient) + str(exponent).translate(SUPERSCRIPTS)
        case Function("positive", argument):
            return f"[{as_text(argument)} > 0]"
        case Function("exp", argument):
            return f"e^{_bracketed(argument, as_text, Product, Quotient)}"
        case Function(name, argument):
            return f"{name}({as_text(argument)})" if name != "identity" else as_text(argument)
        case Softmax(place, arguments):
            powers = " + ".join(f"e^{_bracketed(argument, as_text)}" for argument in arguments)
            return f"e^{_bracketed(arguments[place], as_text)}/({powers})"
    raise TypeError(formula)


def as_latex(formula: Expression) -> str:
    r"""LaTeX.

    >>> print(as_latex(Symbol("a_h1") * (1 - Symbol("a_h1"))))
    a_{h_1} \, (1 - a_{h_1})
    """
    match formula:
        case Symbol(name):
            return latex_name(name)
        case Number(value):
            return _decimal(value, r"\cdot 10^{{{}}}")
        case Half():
            return r"\tfrac{1}{2}"
        case Derivative(child, parent):
            return rf"\frac{{\partial {latex_name(child)}}}{{\partial {latex_name(parent)}}}"
        case Equals(sides):
            return " = ".join(map(as_latex, sides))
        case Route(names):
            return r" \to ".join(map(latex_name, names))
        case Tagged(of, _, _):
            return as_latex(of)
        case Negative(of):
            return f"-{_bracketed(of, as_latex)}"
        case Sum(terms):
            return _joined(terms, as_latex, " + ", " - ")
        case Product(factors):
            dot = r" \cdot " if any(isinstance(factor, Number) for factor in factors) else r" \, "
            return dot.join(_bracketed(factor, as_latex) for factor in factors)
        case Quotient(top, bottom):
            return rf"\frac{{{as_latex(top)}}}{{{as_latex(bottom)}}}"
        case Power(base, exponent):
            return f"{_bracketed(base, as_latex, Product, Quotient)}^{{{exponent}}}"
        case Function("positive", argument):
            return f"[{as_latex(argument)} > 0]"
        case Function("exp", argument):
            return f"e^{{{as_latex(argument)}}}"
        case Function(name, argument):
            command = {"sigmoid": r"\sigma", "relu": r"\operatorname{relu}", "identity": ""}.get(name, rf"\{name}")
            return f"{command}({as_latex(argument)})" if command else as_latex(argument)
        case Softmax(place, arguments):
            powers = " + ".join(f"e^{{{as_latex(argument)}}}" for argument in arguments)
            return rf"\frac{{e^{{{as_latex(arguments[place])}}}}}{{{powers}}}"
    raise TypeError(formula)


def as_mathml(formula: Expression) -> str:
    """The inside of a MathML `<math>` element.

    >>> as_mathml(Symbol("w5"))
    '<msub><mi>w</mi><mn>5</mn></msub>'
    """
    match formula:
        case Symbol(name):
            return mathml_name(name)
        case Number(value):
            power = "</mn><mo>·</mo><msup><mn>10</mn><mn>{}</mn></msup><mn>"
            return f"<mrow><mn>{_decimal(value, power)}</mn></mrow>".replace("<mn></mn>", "").replace(
                "<mn>-", "<mo>−</mo><mn>"
            )
        case Half():
            return "<mfrac><mn>1</mn><mn>2</mn></mfrac>"
        case Derivative(child, parent):
            top, bottom = mathml_name(child), mathml_name(parent)
            return f"<mfrac><mrow><mo>∂</mo>{top}</mrow><mrow><mo>∂</mo>{bottom}</mrow></mfrac>"
        case Equals(sides):
            return f"<mrow>{'<mo>=</mo>'.join(map(as_mathml, sides))}</mrow>"
        case Route(names):
            return f"<mrow>{'<mo>→</mo>'.join(map(mathml_name, names))}</mrow>"
        case Tagged(of, tag, note):
            inner = f'<mrow class="{tag}">{as_mathml(of)}</mrow>'
            return f'<munder class="{tag}">{inner}<mtext>{note}</mtext></munder>' if note else inner
        case Negative(of):
            return f"<mrow><mo>−</mo>{_bracketed(of, as_mathml, left='<mo>(</mo>', right='<mo>)</mo>')}</mrow>"
        case Sum(terms):
            return f"<mrow>{_joined(terms, as_mathml, '<mo>+</mo>', '<mo>−</mo>')}</mrow>"
        case Product(factors):
            inner = "<mo>·</mo>".join(
                _bracketed(f, as_mathml, left="<mo>(</mo>", right="<mo>)</mo>") for f in factors
            )
            return f"<mrow>{inner}</mrow>"
        case Quotient(top, bottom):
            return f"<mfrac>{as_mathml(top)}{as_mathml(bottom)}</mfrac>"
        case Power(base, exponent):
            inner = _bracketed(base, as_mathml, Product, Quotient, left="<mo>(</mo>", right="<mo>)</mo>")
            return f"<msup><mrow>{inner}</mrow><mn>{exponent}</mn></msup>"
        case Function("positive", argument):
            return f"<mrow><mo>[</mo>{as_mathml(argument)}<mo>&gt;</mo><mn>0</mn><mo>]</mo></mrow>"
        case Function("exp", argument):
            return f"<msup><mi>e</mi>{as_mathml(argument)}</msup>"
        case Function(name, argument):
            letter = {"sigmoid": "σ", "identity": ""}.get(name, name)
            inner = as_mathml(argument)
            return f"<mrow><mi>{letter}</mi><mo>(</mo>{inner}<mo>)</mo></mrow>" if letter else inner
        case Softmax(place, arguments):
            powers = [f"<msup><mi>e</mi>{as_mathml(argument)}</msup>" for argument in arguments]
            return f"<mfrac>{powers[place]}<mrow>{'<mo>+</mo>'.join(powers)}</mrow></mfrac>"
    raise TypeError(formula)


def as_cell(formula: Expression, cell: Callable[[str], str]) -> str:
    """A spreadsheet formula without its `=`; `cell` gives the address of a quantity. Its sigmoid cannot overflow.

    >>> as_cell(Function("sigmoid", Symbol("h1")), lambda name: "J5")
    '1/(1+EXP(-MAX(J5,-700)))'
    """

    def inner(part: Expression) -> str:
        return as_cell(part, cell)

    match formula:
        case Symbol(name):
            return cell(name)
        case Number(value):
            return repr(float(value)) if value != int(value) else str(int(value))
        case Half():
            return "0.5"
        case Tagged(of, _, _):
            return inner(of)
        case Negative(of):
            # A cell reads −x^2 as (−x)^2.
            return f"-{_bracketed(of, inner, Power, Quotient)}"
        case Sum(terms):
            return _joined(terms, inner, "+", "-")
        case Product(factors):
            return "*".join(_bracketed(f, inner, Quotient, Softmax, *(Function,) * _divides(f)) for f in factors)
        case Quotient(top, bottom):
            return f"{_bracketed(top, inner)}/{_bracketed(bottom, inner, Product, Quotient)}"
        case Power(base, exponent):
            return f"{_bracketed(base, inner, Product, Quotient)}^{exponent}"
        case Function("sigmoid", argument):
            return f"1/(1+EXP(-MAX({inner(argument)},{LOWEST:g})))"
        case Function("ln", argument):
            return f"LN(MAX({inner(argument)},{TINY:g}))".replace("e-", "E-")
        case Function("positive", argument):
            return f"IF({inner(argument)}>0,1,0)"
        case Function("relu", argument):
            return f"MAX({inner(argument)},0)"
        case Function("identity", argument):
            return inner(argument)
        case Function(name, argument):
            return f"{name.upper()}({inner(argument)})"
        case Softmax(place, arguments):
            numbers = [inner(argument) for argument in arguments]
            largest = f"MAX({','.join(numbers)})"
            powers = [f"EXP({_wrapped(number)}-{largest})" for number in numbers]
            return f"{powers[place]}/({'+'.join(powers)})"
    raise TypeError(formula)


def latex_name(name: str) -> str:
    r"""A quantity's name in LaTeX.

    >>> latex_name("a_h2_1"), latex_name("E_total"), latex_name("w12")
    ('a_{h_{2,1}}', 'E_\\mathrm{total}', 'w_{12}')
    """
    if name == "E_total":
        return r"E_\mathrm{total}"
    if name.startswith("a_"):
        return f"a_{{{latex_name(name[2:])}}}"
    letter, index = _split(name)
    return f"{letter}_{index}" if len(index) == 1 else f"{letter}_{{{index}}}"


def mathml_name(name: str) -> str:
    """A quantity's name in MathML."""
    if name == "E_total":
        return "<msub><mi>E</mi><mtext>total</mtext></msub>"
    if name.startswith("a_"):
        return f"<msub><mi>a</mi>{mathml_name(name[2:])}</msub>"
    letter, index = _split(name)
    return f"<msub><mi>{letter}</mi><mn>{index}</mn></msub>"


def _decimal(value: float, power: str) -> str:
    """Nine digits; a power of ten is written as `power` says."""
    digits, _, exponent = f"{value:.9g}".partition("e")
    return digits + (" " if power.startswith("\\") else "") + power.format(int(exponent)) if exponent else digits


def _divides(formula: Expression) -> bool:
    """True for a sigmoid, which a cell computes by a division."""
    return isinstance(formula, Function) and formula.name == "sigmoid"


def _split(name: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z]+)(\d+)(?:_(\d+))?", name)
    if not found:
        return name, ""
    letter, first, second = found.groups()
    return letter, first if second is None else f"{first},{second}"


def _bracketed(
    part: Expression, printer: Callable[[Expression], str], *also: type[Expression], left: str = "(", right: str = ")"
) -> str:
    """The part in brackets where it is a sum, a negative, or one of the kinds in `also`."""
    inner = printer(part)
    return f"{left}{inner}{right}" if isinstance(bare(part), (Sum, Negative, *also)) else inner


def _joined(terms: tuple[Expression, ...], printer: Callable[[Expression], str], plus: str, minus: str) -> str:
    pieces: list[str] = []
    for place, term in enumerate(terms):
        if isinstance(term, Negative) and place:
            inner = printer(term.of)
            pieces += [minus, f"({inner})" if isinstance(term.of, (Sum, Negative)) else inner]
        else:
            pieces += [plus] * bool(place) + [printer(term)]
    return "".join(pieces)


def _wrapped(number: str) -> str:
    return number if re.fullmatch(r"\$?[A-Z]+\$?\d+|\w+", number) else f"({number})"
