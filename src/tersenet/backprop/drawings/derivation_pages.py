"""Derivations as pages: plain text for the terminal, Markdown with LaTeX, HTML with MathML that needs no network."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet._look import css_variables
from tersenet.backprop.drawings.drawing import MOST_LABELS, network_svg
from tersenet.backprop.numbers.problem import about
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.derivation import MOST_COLOURED, Derivation
from tersenet.backprop.symbols.expression import (
    Derivative,
    Equals,
    Expression,
    Negative,
    Number,
    Product,
    Route,
    Sum,
    Symbol,
    Tagged,
    bare,
)
from tersenet.backprop.symbols.formula_formats import as_latex, as_mathml, as_text, latex_name, mathml_name

NO_BREAK = "\u00a0"
STYLE = Path(__file__).with_name("derivation_page.css")


def derivation_page(derivations: Sequence[Derivation], form: str = "text", *, width: int = 80) -> str:
    """One page of one or more derivations of the same problem; `form` is text, markdown or html.

    >>> from tersenet.backprop import COURSE, derive
    >>> page = derivation_page([derive(COURSE, "w5")])
    >>> print(page.split("The product")[1].strip().splitlines()[0].strip())
    ∂E_total/∂w5 = (a_o1 − t1)·a_o1·(1 − a_o1)·a_h1
    """
    writers = {"text": _text, "markdown": _markdown, "html": _html}
    if form not in writers:
        raise TersenetError("There is no such format.", got=form, expected=", ".join(writers), where="form")
    return writers[form](derivations, width)


def _text(derivations: Sequence[Derivation], width: int) -> str:
    lines = [*textwrap.wrap(about(derivations[0].problem), width, break_on_hyphens=False)]
    for one in derivations:
        title = f"∂E_total/∂{one.parameter}"
        lines += ["", title, "═" * len(title)]
        for number, section in enumerate(one.sections, 1):
            lines += ["", f"{number}. {section.title}"]
            for line in section.lines:
                formula = isinstance(line, Expression)
                words = _breakable(as_text(line)) if isinstance(line, Expression) else line
                indent, hanging = ("     ", "         ") if formula else ("   ", "   ")
                lines += textwrap.wrap(
                    words,
                    width,
                    initial_indent=indent,
                    subsequent_indent=hanging,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
    return "\n".join(lines).replace(NO_BREAK, " ") + "\n"


def _breakable(formula: str) -> str:
    """A formula that wraps before = + · only."""
    formula = formula.replace(" ", NO_BREAK)
    for sign in "=+·":
        formula = formula.replace(f"{NO_BREAK}{sign}{NO_BREAK}", f" {sign}{NO_BREAK}")
    return formula


def _markdown(derivations: Sequence[Derivation], _: int) -> str:
    lines = ["# Backpropagation, step by step", "", about(derivations[0].problem)]
    for one in derivations:
        lines += ["", f"## The derivative of the error with respect to ${latex_name(one.parameter)}$"]
        for number, section in enumerate(one.sections, 1):
            lines += ["", f"### {number}. {section.title}"]
            for line in section.lines:
                lines += ["", f"$$\n{as_latex(line)}\n$$" if isinstance(line, Expression) else line]
    return "\n".join(lines) + "\n"


def _html(derivations: Sequence[Derivation], _: int) -> str:
    links = "".join(f'<a href="#{one.parameter}">{one.parameter}</a>' for one in derivations)
    body = ["<h1>Backpropagation, step by step</h1>", f"<p>{html.escape(about(derivations[0].problem))}</p>"]
    if len(derivations) > 1:
        body.append(f'<nav aria-label="Weights">{links}</nav>')
    for place, one in enumerate(derivations):
        heading = as_mathml(Derivative("E_total", one.parameter))
        first = "" if place else ' class="first"'
        body.append(f'<h2 id="{one.parameter}"{first}><math>{heading}</math></h2>')
        body.append(_drawing(one))
        for number, section in enumerate(one.sections, 1):
            body.append(f"<h3>{number}. {html.escape(section.title)}</h3>")
            for line in section.lines:
                if isinstance(line, Expression):
                    body.append(f'<div class="formula">{_wrapping(line)}</div>')
                else:
                    body.append(f"<p>{html.escape(line)}</p>")
    return html_page("Backpropagation, step by step", STYLE.read_text(encoding="utf-8"), "\n".join(body))


def html_page(title: str, style: str, body: str) -> str:
    """A page in the look of the project's reports that loads nothing from elsewhere; `body` is HTML.

    >>> html_page("An <exercise>", "p { margin: 0 }", "<p>1</p>").splitlines()[5]
    '<title>An &lt;exercise&gt;</title>'
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>\n{css_variables()}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _drawing(one: Derivation) -> str:
    """The network twice, for a wide page and for a phone, and below it a legend of the paths."""
    drawn = "".join(network_svg(one.problem, one.parameter, one.tags, tall=tall) for tall in (False, True))
    graph = Graph(one.problem.network)
    count = graph.path_count(one.parameter)
    legend = []
    if count > MOST_COLOURED:
        legend.append(_entry("path-1", "on a path", f"{count:,} paths lead to the error"))
    else:
        for number, path in enumerate(graph.paths(one.parameter), 1):
            route = Route((one.parameter, *(edge.child for edge in reversed(path)), "E_total"))
            legend.append(_entry(f"path-{number}", f"path {number}", f"<math>{as_mathml(route)}</math>"))
        if "shared" in one.tags.values():
            legend.append(_entry("shared", "shared", "part of several paths"))
    samples = " Values are those of the first sample." if one.problem.samples > 1 else ""
    network = one.problem.network
    most = max(before * after for before, after in pairwise(network.sizes))
    crowded = " In large layers only the weights on a path are named." if most > MOST_LABELS else ""
    return (
        f'<figure>{drawn}<figcaption><ul class="ways">{"".join(legend)}</ul>'
        f"Each unit shows its sum and its activation.{crowded} A factor has the colour of its path here"
        f" and in the formulas.{samples}</figcaption></figure>"
    )


def _entry(tag: str, name: str, text: str) -> str:
    """An entry of the legend, with a short piece of the line that it explains."""
    return (
        f'<li class="{tag}"><svg width="34" height="10" aria-hidden="true"><g class="edge {tag}">'
        f'<line x1="1" y1="5" x2="33" y2="5"/></g></svg><span class="way">{name}</span> {text}</li>'
    )


def _wrapping(formula: Expression) -> str:
    """A formula as several `<math>` elements, between which a narrow page breaks the line."""
    return " ".join(f'<math displaystyle="true">{piece}</math>' for piece in _pieces(formula))


def _pieces(formula: Expression) -> list[str]:
    """MathML of a formula, cut before = + − · where a line may break."""
    match formula:
        case Equals(sides):
            parts = [_pieces(side) for side in sides]
            return [*parts[0], *(piece for part in parts[1:] for piece in _led("=", part))]
        case Sum(terms):
            found = _pieces(terms[0])
            for term in terms[1:]:
                sign, rest = ("−", term.of) if isinstance(term, Negative) else ("+", term)
                inner = _pieces(rest)
                found += _led(sign, _fenced(inner) if isinstance(rest, (Sum, Negative)) else inner)
            return found
        case Product(factors) if len(factors) > 1 and _breaks(factors):
            found = []
            for place, factor in enumerate(factors):
                if _short(bare(factor)):
                    inner = [f"<mrow><mo>(</mo>{as_mathml(factor)}<mo>)</mo></mrow>"]
                else:
                    inner = _pieces(factor)
                    inner = _fenced(inner) if isinstance(bare(factor), (Sum, Negative)) else inner
                found += _led("·", inner) if place else inner
            return found
        case Tagged(of, tag, note) if not note:
            return [f'<mrow class="{tag}">{piece}</mrow>' for piece in _pieces(of)]
        case Route(names):
            first, *others = [mathml_name(name) for name in names]
            return [first, *(f'<mrow><mo form="infix">→</mo>{name}</mrow>' for name in others)]
    return [as_mathml(formula)]


def _breaks(factors: Sequence[Expression]) -> bool:
    """Whether a product may be broken: where a sum is among its factors, or where all of them are numbers."""
    kinds = [type(bare(factor)) for factor in factors]
    return Sum in kinds or (set(kinds) == {Number} and len(kinds) > 3)


def _short(formula: Expression) -> bool:
    """True for a sum such as 1 − a, which is not broken."""
    if not isinstance(formula, Sum):
        return False
    parts = [term.of if isinstance(term, Negative) else term for term in formula.terms]
    return len(parts) == 2 and all(isinstance(part, (Symbol, Number)) for part in parts)


def _led(sign: str, pieces: list[str]) -> list[str]:
    return [f'<mrow><mo form="infix">{sign}</mo>{pieces[0]}</mrow>', *pieces[1:]]


def _fenced(pieces: list[str]) -> list[str]:
    opened = [f'<mrow><mo stretchy="false">(</mo>{pieces[0]}</mrow>', *pieces[1:]]
    return [*opened[:-1], f'<mrow>{opened[-1]}<mo stretchy="false">)</mo></mrow>']
