"""Exercises as HTML: a sheet whose fields check the answers, sheets to print, the solution, one key for a class."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tersenet.backprop.drawings.derivation_pages import html_page
from tersenet.backprop.drawings.drawing import network_svg
from tersenet.backprop.lessons.exercise import PARTS, PER_TABLE, Blank, Exercise, shown
from tersenet.backprop.numbers.problem import about
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.expression import Derivative
from tersenet.backprop.symbols.formula_formats import as_mathml, mathml_name

STYLE = Path(__file__).with_name("exercise.css")
SCRIPT = Path(__file__).with_name("exercise.js")
TITLE = "Backpropagation by hand"


def exercise_page(exercise: Exercise, *, label: str = "") -> str:
    """A sheet with a field for every blank: the page checks each answer and shows the right one only when asked.

    It needs no network. `label` is added to the title, such as "variant 7".

    >>> from tersenet.backprop import make_exercise
    >>> page = exercise_page(make_exercise(seed=3))
    >>> page.count("<input"), "https:" in page
    (34, False)
    """
    answers = [blank.answer for blank in exercise.blanks]
    key = base64.b64encode(json.dumps(answers).encode()).decode()
    count = len(answers)
    checks = (
        f'<p class="checks">An answer is correct within ±{exercise.tolerance:.6f} of the exact value. Write a decimal'
        " point or a"
        " comma. Each answer is checked when you leave its field.</p>"
        "<noscript><p><strong>Scripts are off in this browser, so the page cannot check answers.</strong>"
        "</p></noscript>"
    )
    score = (
        f'<div class="score"><button type="submit" class="main">Check all</button><button type="reset">Clear</button>'
        f'<span id="score" role="status" aria-live="polite">0 of {count} correct</span></div>'
    )
    body = (
        f'<section class="sheet">{_head(exercise, _titled(label))}{checks}'
        f'<form data-key="{key}" data-tolerance="{exercise.tolerance!r}" autocomplete="off">'
        f"{_parts(exercise, _field)}{score}</form></section>\n<script>\n{SCRIPT.read_text(encoding='utf-8')}</script>"
    )
    return _page(_titled(label), body)


def sheets_page(exercises: Sequence[Exercise]) -> str:
    """All sheets of a class on one page, each of which begins a new page of paper; it holds no answers.

    >>> from tersenet.backprop import make_variants
    >>> sheets_page(make_variants(3)).count('<section class="sheet">')
    3
    """
    sheets = [
        f'<section class="sheet">{_head(one, _titled(f"variant {number}"))}{_parts(one, _line)}</section>'
        for number, one in enumerate(exercises, 1)
    ]
    return _page(f"{TITLE}: {len(exercises)} variants", "\n".join(sheets))


def solution_page(exercise: Exercise) -> str:
    """The sheet with its answers and all formulas."""
    title = f"{TITLE}: the solution"
    return _page(title, f'<section class="sheet">{_head(exercise, title)}{_parts(exercise, _answer)}</section>')


def key_page(exercises: Sequence[Exercise]) -> str:
    """One key for all variants: a row per blank, a column per variant.

    >>> from tersenet.backprop import make_variants
    >>> key_page(make_variants(8)).count("<table>")
    2
    """
    title = f"{TITLE}: the answer key"
    tables = []
    for start in range(0, len(exercises), PER_TABLE):
        group = exercises[start : start + PER_TABLE]
        heads = "".join(
            f'<th scope="col">variant {start + place}<br/>seed {one.seed}</th>' for place, one in enumerate(group, 1)
        )
        rows = "".join(
            f'<tr><td>{blanks[0].number}</td><th scope="row">{_quantity(blanks[0])}</th>'
            + "".join(f"<td>{shown(blank.answer)}</td>" for blank in blanks)
            + "</tr>"
            for blanks in zip(*(one.blanks for one in group), strict=True)
        )
        tables.append(
            f'<div class="group scroll"><table><thead><tr><th scope="col">blank</th>'
            f'<th scope="col">quantity</th>{heads}'
            f"</tr></thead><tbody>{rows}</tbody></table></div>"
        )
    return _page(title, f"<h1>{title}</h1>" + "\n".join(tables))


def _page(title: str, body: str) -> str:
    return html_page(title, STYLE.read_text(encoding="utf-8"), body)


def _titled(label: str) -> str:
    return f"{TITLE}, {label}" if label else TITLE


def _head(exercise: Exercise, title: str) -> str:
    """Title, drawing and the numbers that are given."""
    drawn = "".join(network_svg(exercise.problem, tall=tall, computed=False) for tall in (False, True))
    given = " ".join(
        f"<span><math><mrow>{mathml_name(name)}<mo>=</mo><mn>{value:g}</mn></mrow></math>{end}</span>".replace(
            "<mn>-", "<mo>−</mo><mn>"
        )
        for (name, value), end in zip(exercise.given.items(), "," * (len(exercise.given) - 1) + ";", strict=True)
    )
    return (
        f"<h1>{html.escape(title)}</h1><p>{html.escape(about(exercise.problem))}</p><figure>{drawn}</figure>"
        f'<p class="given">Given: {given} learning rate {exercise.learning_rate:g}.</p>'
        f"<p>{exercise.instruction}</p>"
    )


def _parts(exercise: Exercise, written: Callable[[Graph, Blank], str]) -> str:
    """Every part of the exercise with its blanks, each as `written` writes it."""
    graph = Graph(exercise.problem.network)
    found = []
    for part in PARTS:
        blanks = "".join(written(graph, blank) for blank in exercise.blanks if blank.part == part)
        found.append(f"<h2>{html.escape(part)}</h2><ol>{blanks}</ol>")
    return "".join(found)


def _field(graph: Graph, blank: Blank) -> str:
    name = f"blank-{blank.number}"
    return (
        f'<li><label for="{name}">{_asked(graph, blank)}</label>'
        f'<input id="{name}" type="text" inputmode="decimal" spellcheck="false" aria-describedby="{name}-verdict"/>'
        f'<button type="button" aria-label="Show the answer to blank {blank.number}">Show</button>'
        f'<span class="verdict" id="{name}-verdict" role="status"></span></li>'
    )


def _line(graph: Graph, blank: Blank) -> str:
    return f'<li><span class="asked">{_asked(graph, blank)}</span><span class="line"></span></li>'


def _answer(graph: Graph, blank: Blank) -> str:
    return (
        f'<li><span class="asked">{_asked(graph, blank)}</span><span class="answer">{shown(blank.answer)}</span></li>'
    )


def _asked(graph: Graph, blank: Blank) -> str:
    """The blank's number, its quantity, and in the forward pass the formula."""
    formula = graph.definitions.get(blank.quantity)
    right = f"<math><mrow><mo>=</mo>{as_mathml(formula)}</mrow></math>" if formula else ""
    return f'<span class="number">{blank.number}.</span> {_quantity(blank)} {right}'


def _quantity(blank: Blank) -> str:
    """The quantity as MathML; words such as "after the step" follow it."""
    name, _, words = blank.quantity.partition(" ")
    ratio = re.fullmatch(r"∂(.+)/∂(.+)", name)
    inner = as_mathml(Derivative(ratio[1], ratio[2])) if ratio else mathml_name(name)
    return f"<math>{inner}</math>" + (f" {words}" if words else "")
