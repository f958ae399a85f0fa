"""The workbook: the lab as a spreadsheet with live formulas and cached values."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from tersenet._errors import TersenetError
from tersenet._files import written_whole
from tersenet.backprop.drawings.figures import draw_network
from tersenet.backprop.numbers.descent import Descent, descend, sampled
from tersenet.backprop.numbers.learning_rates import MOST_RATES, RATES
from tersenet.backprop.numbers.problem import COURSE, Problem, about, check_results
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.formula_formats import as_text
from tersenet.backprop.workbook.cells import CellBlock, Styles, check_size, write
from tersenet.backprop.workbook.descent_sheet import write_descent
from tersenet.backprop.workbook.errata_sheet import write_errata
from tersenet.backprop.workbook.study_sheet import write_study

# The sheets in order, and how many pages wide and high each prints (0: as many as it takes).
PAGES = {"Network": (1, 1), "Descent": (2, 0), "Study": (1, 1), "Study work": (2, 0), "Errata": (1, 1)}


LONGEST_SHOWN = 240  # characters of a formula on the sheet Network
WIDEST = 900  # CSS pixels of the drawing, the width of the table below it
DOTS = 200  # per inch of the drawing: sharp on paper
ROW_HEIGHT = 20  # CSS pixels


def write_workbook(
    path: Path | str,
    problem: Problem = COURSE,
    *,
    steps: int = 68,
    learning_rate: float = 1.0,
    rates: Sequence[float] = RATES,
) -> Path:
    """Write the workbook whole or not at all; return its path.

    Sheets: `Network` (drawing and formulas), `Descent` (one row per step), `Study` (one column per learning rate),
    `Study work` (its descents), `Errata` (the course spreadsheet's errors). Raises `TersenetError` where the path
    cannot be written, where the workbook would be too large, or where a number overflows.

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
        raise TersenetError("The file name does not end in .xlsx.", got=path, expected="a name that ends in .xlsx")
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
    workbook.set_properties({"title": "Backpropagation, step by step", "comments": "Made with Tersenet"})
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


def _write_network(sheet: Any, styles: Styles, rows: CellBlock, descent: Descent) -> None:
    """The sheet `Network`: the drawing on top, and below it every formula with its value at the start."""
    problem = descent.problem
    sheet.write(0, 0, "The network and its formulas", styles.title)
    sheet.write(1, 0, about(problem), styles.text)
    top = 3 + _insert_drawing(sheet, problem)
    for column, (width, header) in enumerate([(18, "quantity"), (92, "formula"), (18, "value at the start")]):
        sheet.set_column(column, column, width)
        sheet.write(top, column, header, styles.headers["given"])
    values = dict(zip(descent.columns, descent.rows[0], strict=True))
    row = top + 1
    for name, formula in _formulas_of(problem):
        quantity = name.replace("∂E_total/∂", "dE/d")
        shown = quantity if quantity in values else sampled(problem, quantity, 0)
        long = len(formula) > LONGEST_SHOWN
        text = "too long to show; see the cell on the sheet Descent" if long else formula
        sheet.write(row, 0, name, styles.label)
        sheet.write(row, 1, text, styles.text if long else styles.formula)
        write(sheet, row, 2, f"=Descent!{rows.cell(shown, 0)}", values[shown], styles.value)
        row += 1
    notes = [("a step", "w ← w − learning rate · ∂E_total/∂w, for all weights at once")]
    if "sigmoid" in problem.network.activations:
        notes.insert(
            0, ("sigmoid(x)", "1/(1+EXP(-MAX(x,-700))); the limit keeps EXP from overflowing, no digit changes")
        )
    for place, (name, text) in enumerate(notes, 1):
        sheet.write(row + place, 0, name, styles.label)
        sheet.write(row + place, 1, text, styles.formula)


def _insert_drawing(sheet: Any, problem: Problem) -> int:
    """Insert the drawing below the title; return the number of rows that it covers."""
    held = io.BytesIO()
    drawing = draw_network(problem, with_values=False)
    drawing.savefig(held, dpi=DOTS, format="png", facecolor="white")
    wide, high = (float(side) * 96 for side in drawing.get_size_inches())
    scale = min(1.0, WIDEST / wide)
    said = {"description": about(problem), "decorative": False}
    sheet.insert_image(3, 0, "network.png", {"image_data": held, "x_scale": scale, "y_scale": scale, **said})
    return math.ceil(scale * high / ROW_HEIGHT) + 1


def _formulas_of(problem: Problem) -> list[tuple[str, str]]:
    """Every computed quantity and every derivative with its formula as text, in the order of computation."""
    graph = Graph(problem.network)
    found = [(name, as_text(formula)) for name, formula in graph.definitions.items()]
    return found + [(f"∂E_total/∂{name}", as_text(graph.gradient(name))) for name in problem.network.parameter_names]
