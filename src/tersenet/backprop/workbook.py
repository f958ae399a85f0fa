"""The workbook: the lab as a spreadsheet whose formulas are live and whose values are there before it
recalculates."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from tersenet._errors import TersenetError
from tersenet._files import written_whole
from tersenet.backprop.chain import Graph
from tersenet.backprop.derivation_pages import about
from tersenet.backprop.descent import Descent, descend, sampled
from tersenet.backprop.figures import draw_network
from tersenet.backprop.printing import as_text
from tersenet.backprop.problem import COURSE, Problem, check_results
from tersenet.backprop.study import MOST_RATES, RATES
from tersenet.backprop.workbook_cells import Block, Styles, check_size, write
from tersenet.backprop.workbook_descent import write_descent
from tersenet.backprop.workbook_errata import write_errata
from tersenet.backprop.workbook_study import write_study

# The sheets in order, and how many pages wide and high each prints (0: as many as it takes).
PAGES = {"Network": (1, 1), "Descent": (2, 0), "Study": (1, 1), "Study work": (2, 0), "Errata": (1, 1)}


def write_workbook(
    path: Path | str,
    problem: Problem = COURSE,
    *,
    steps: int = 68,
    learning_rate: float = 1.0,
    rates: Sequence[float] = RATES,
) -> Path:
    """Write the workbook whole or not at all; return its path.

    Sheets: `Network` (drawing and formulas), `Descent` (one row a step), `Study` (a learning rate a column), `Study
    work` (what it needs), `Errata` (the write-up's own sheet). Raises `TersenetError` where the path cannot be
    written, or where the network is so large that a formula would not fit into a cell.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_workbook(Path(folder) / "lab.xlsx", steps=3).stat().st_size > 10_000
    True
    """
    if not 1 <= steps <= 5000:
        raise TersenetError(
            "The workbook's number of steps cannot be used.", got=steps, expected="1 to 5000", where="steps"
        )
    if Path(path).suffix.lower() != ".xlsx":
        raise TersenetError(
            "The workbook's name does not say that it is one.", got=path, expected="a name that ends in .xlsx"
        )
    if not 1 <= len(rates) <= MOST_RATES:
        raise TersenetError(
            "The number of learning rates cannot be used.",
            got=len(rates),
            expected=f"1 to {MOST_RATES}, such as 0.1 1 1000",
            where="rates",
        )
    check_size(problem, steps, len(rates))
    descent = descend(problem, steps=steps, learning_rate=learning_rate)
    descents = [descend(problem, steps=steps, learning_rate=rate) for rate in rates]
    for one in (descent, *descents):
        check_results(one.rows.ravel(), f"learning rate {one.learning_rate:g}")
    content = _workbook(descent, descents)
    with written_whole(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def _workbook(descent: Descent, descents: Sequence[Descent]) -> bytes:
    """The workbook's content, built in memory: a full disk is met once, in the end, by one write."""
    held = io.BytesIO()
    workbook = xlsxwriter.Workbook(held, {"in_memory": True})
    workbook.set_properties({"title": "Backpropagation, step by step", "comments": "Written by Tersenet"})
    styles = Styles(workbook)
    sheets = {name: workbook.add_worksheet(name) for name in PAGES}
    rows = write_descent(workbook, sheets["Descent"], styles, descent)
    _write_network(sheets["Network"], styles, rows, descent)
    write_study(workbook, sheets["Study"], sheets["Study work"], styles, descents)
    write_errata(sheets["Errata"], styles)
    for name, sheet in sheets.items():
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(8)
        sheet.fit_to_pages(*PAGES[name])
        sheet.repeat_columns(0)
    workbook.close()
    return held.getvalue()


def _write_network(sheet: Any, styles: Styles, rows: Block, descent: Descent) -> None:
    problem = descent.problem
    sheet.write(0, 0, "The network, and every formula", styles.title)
    sheet.write(1, 0, about(problem), styles.text)
    picture = io.BytesIO()
    drawing = draw_network(problem, with_values=False, scale=0.58)
    drawing.savefig(picture, dpi=200, format="png", facecolor="white")
    wide = 440
    scale = wide / (drawing.get_size_inches()[0] * 96)
    sheet.insert_image(3, 0, "network.png", {"image_data": picture, "x_scale": scale, "y_scale": scale})
    sheet.set_column(0, 0, 64)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 2, 86)
    sheet.set_column(3, 3, 16)
    for column, header in ((1, "quantity"), (2, "formula"), (3, "value at the start")):
        sheet.write(3, column, header, styles.headers["given"])
    values = dict(zip(descent.columns, descent.rows[0], strict=True))
    row = 4
    for name, formula in _formulas_of(problem):
        quantity = name.replace("∂E_total/∂", "dE/d")
        shown = quantity if quantity in values else sampled(problem, quantity, 0)
        sheet.write(row, 1, name, styles.label)
        if len(formula) <= 240:
            sheet.write(row, 2, formula, styles.formula)
        else:
            sheet.write(row, 2, "(too long to read; see the cell in Descent)", styles.text)
        write(sheet, row, 3, f"=Descent!{rows.cell(shown, 0)}", values[shown], styles.value)
        row += 1
    if problem.network.loss == "half-squared" and "sigmoid" in problem.network.activations:
        sheet.write(row + 1, 1, "sigmoid(x)", styles.label)
        sheet.write(
            row + 1,
            2,
            "1/(1+EXP(-MAX(x,-700))): the cap keeps EXP from overflowing and changes no digit",
            styles.formula,
        )
    sheet.write(row + 2, 1, "a step", styles.label)
    sheet.write(row + 2, 2, "w ← w − learning rate · ∂E_total/∂w, for every weight at once", styles.formula)


def _formulas_of(problem: Problem) -> list[tuple[str, str]]:
    """Every computed quantity and every derivative with its formula as text, in the order of computation."""
    graph = Graph(problem.network)
    found = [(name, as_text(formula)) for name, formula in graph.definitions.items()]
    return found + [(f"∂E_total/∂{name}", as_text(graph.gradient(name))) for name in problem.network.parameter_names]
