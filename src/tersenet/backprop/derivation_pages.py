"""Derivations as pages: plain text for the terminal, Markdown with LaTeX, HTML with MathML that needs no network."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

from tersenet._errors import TersenetError
from tersenet.backprop.derivation import Derivation
from tersenet.backprop.expression import Derivative, Expression
from tersenet.backprop.printing import as_latex, as_mathml, as_text, latex_name
from tersenet.backprop.problem import Problem

NO_BREAK = "\u00a0"
STYLE = """\
:root { color-scheme: light dark; }
body { font: 17px/1.55 Georgia, "Times New Roman", serif; max-width: 62rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid #8886; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; } p { margin: .4rem 0; }
.formula { overflow: auto hidden; margin: .4rem 0 .4rem 1.5rem; padding: .2rem 0; }
math { font-size: 1.06rem; } h2 math { font-size: 1.5rem; } nav a { margin-right: .9rem; }"""


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


def about(problem: Problem) -> str:
    """The problem in one sentence.

    >>> from tersenet.backprop import MAZUR
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
    lines = ["# Backpropagation, derived", "", about(derivations[0].problem)]
    for one in derivations:
        lines += ["", f"## The derivative of the error by ${latex_name(one.parameter)}$"]
        for number, section in enumerate(one.sections, 1):
            lines += ["", f"### {number}. {section.title}"]
            for line in section.lines:
                lines += ["", f"$$\n{as_latex(line)}\n$$" if isinstance(line, Expression) else line]
    return "\n".join(lines) + "\n"


def _html(derivations: Sequence[Derivation], _: int) -> str:
    links = "".join(f'<a href="#{one.parameter}">{one.parameter}</a>' for one in derivations)
    body = ["<h1>Backpropagation, derived</h1>", f"<p>{html.escape(about(derivations[0].problem))}</p>"]
    if len(derivations) > 1:
        body.append(f"<nav>{links}</nav>")
    for one in derivations:
        heading = as_mathml(Derivative("E_total", one.parameter))
        body.append(f'<h2 id="{one.parameter}"><math>{heading}</math></h2>')
        for number, section in enumerate(one.sections, 1):
            body.append(f"<h3>{number}. {html.escape(section.title)}</h3>")
            for line in section.lines:
                if isinstance(line, Expression):
                    body.append(f'<div class="formula"><math displaystyle="true">{as_mathml(line)}</math></div>')
                else:
                    body.append(f"<p>{html.escape(line)}</p>")
    inner = "\n".join(body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<title>Backpropagation, derived</title>\n'
        f"<style>\n{STYLE}\n</style>\n</head>\n<body>\n{inner}\n</body>\n</html>\n"
    )
