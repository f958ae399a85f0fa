"""The sheet `Errata`: the two printed rows of the course spreadsheet, by its formulas and by the chain rule."""

from __future__ import annotations

from typing import Any

from tersenet.backprop.lessons.errata import PRINTED, printed_cells, their_gradient
from tersenet.backprop.numbers.problem import COURSE
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.formula_formats import as_cell, as_text
from tersenet.backprop.workbook.cells import Styles, address, write


def write_errata(sheet: Any, styles: Styles) -> None:
    """Write the sheet."""
    sheet.write(0, 0, "Errors in the course spreadsheet", styles.title)
    sheet.write(
        1,
        0,
        "Its columns ∂E/∂w3 and ∂E/∂w4 have a_h1·(1 − a_h1) where the chain rule has a_h2·(1 − a_h2)."
        " Both are computed here; the numbers that the error affects are red.",
        styles.text,
    )
    headers = (
        "quantity",
        "printed",
        "by its formula",
        "by the chain rule",
        "printed − correct",
        "formula by the chain rule",
    )
    cells, graph = printed_cells(), Graph(COURSE.network)
    count = len(cells) // len(PRINTED)
    places = {cell.column: place for place, cell in enumerate(cells[:count])}
    names = COURSE.network.weight_names
    for row in range(len(PRINTED)):
        top = 5 + row * (count + 3)
        sheet.write(
            top - 2, 0, "Row 1, the start" if row == 0 else "Row 2, after one step with learning rate 1", styles.label
        )
        for column, header in enumerate(headers):
            sheet.write(top - 1, column, header, styles.headers["given"])
        for cell in cells[row * count : (row + 1) * count]:
            place = top + places[cell.column]
            sheet.write(place, 0, cell.column, styles.label)
            sheet.write_number(place, 1, cell.printed, styles.wrong if cell.wrong else styles.value)
            text = ""
            for column, value, wrong in ((2, cell.by_their_formula, True), (3, cell.true, False)):

                def at(name: str, row: int = top, column: int = column) -> str:
                    return address(row + places[name], column)

                def before(name: str, column: int = column) -> str:
                    return address(5 + places[name], column)

                name = cell.column
                if name.startswith("dE/d"):
                    formula = their_gradient(name[4:]) if wrong else graph.gradient(name[4:])
                    text = as_text(graph.gradient(name[4:]))
                elif name in graph.definitions:
                    formula = graph.definitions[name]
                elif row and name in names:
                    style = styles.wrong if wrong and cell.wrong else styles.value
                    write(sheet, place, column, f"={before(name)}-1*{before('dE/d' + name)}", value, style)
                    continue
                elif row:
                    write(sheet, place, column, f"={before(name)}", value, styles.value)
                    continue
                else:
                    sheet.write_number(place, column, cell.true, styles.value)
                    continue
                style = styles.wrong if wrong and cell.wrong else styles.value
                write(sheet, place, column, f"={as_cell(formula, at)}", value, style)
            rounded = f"=ROUND({address(place, 1)}-{address(place, 3)},9)"
            write(sheet, place, 4, rounded, round(cell.printed - cell.true, 9) + 0.0, styles.difference)
            sheet.write(place, 5, text, styles.formula)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 4, 18)
    sheet.set_column(5, 5, 95)
