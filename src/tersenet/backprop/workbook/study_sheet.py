"""The sheet `Study`, one column per learning rate, and `Study work`, its descents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tersenet._look import INK, SERIES
from tersenet.backprop.numbers.descent import Descent
from tersenet.backprop.workbook.cells import Styles, address, block, dress_chart, name_of, write


def write_study(workbook: Any, sheet: Any, work: Any, styles: Styles, descents: Sequence[Descent]) -> None:
    """Write both sheets: `sheet` shows the losses, `work` computes them."""
    problem, steps = descents[0].problem, len(descents[0].rows) - 1
    count, top = len(descents), 11
    sheet.write(0, 0, "The learning-rate study", styles.title)
    sheet.write(
        1,
        0,
        "Change the yellow rates; inputs, targets and weights are those of the sheet Descent.",
        styles.text,
    )
    work.write(0, 0, "The descents of the study, one per learning rate", styles.title)
    work.write(1, 0, "Do not edit this sheet: the rates are on the sheet Study.", styles.text)
    sheet.write(3, 0, "learning rate", styles.label)
    sheet.write(top - 1, 0, "step", styles.headers["checks"])
    marks = [step for step in (1, 10, 68) if step <= steps] + ([steps] if steps not in (1, 10, 68) else [])
    for line, step in enumerate(marks):
        sheet.write(4 + line, 0, f"loss after {step}", styles.label)
    for place, descent in enumerate(descents):
        column = place + 1
        rate = descent.learning_rate
        losses = descent.column("E_total")
        sheet.write_number(3, column, rate, styles.editable)
        workbook.define_name(f"rate_{column}", f"=Study!${address(0, column)[:-1]}$4")
        name = f'="rate "&{address(3, column)}'
        sheet.write_formula(top - 1, column, name, styles.headers["errors"], f"rate {rate:g}")
        first = 5 + place * (steps + 5)
        rows = block(problem, first, 0)
        work.write_formula(first - 2, 0, f'="learning rate "&rate_{column}', styles.label, f"learning rate {rate:g}")
        rows.write_headers(work, styles)
        rows.write_rows(work, styles, descent.rows, start=name_of, rate=f"rate_{column}")
        for step, loss in enumerate(losses):
            write(sheet, top + step, column, f"='Study work'!{rows.cell('E_total', step)}", loss, styles.value)
        for line, step in enumerate(marks):
            write(sheet, 4 + line, column, f"={address(top + step, column)}", losses[step], styles.value)
    sheet.data_validation(
        3,
        1,
        3,
        count,
        {
            "validate": "decimal",
            "criteria": ">=",
            "value": 0,
            "error_title": "Learning rate",
            "error_message": "Enter a number, 0 or more.",
        },
    )
    for step in range(steps + 1):
        sheet.write_number(top + step, 0, step, styles.step)
    sheet.set_column(0, 0, 15)
    sheet.set_column(1, count, 13)
    sheet.freeze_panes(top, 1)
    work.set_column(0, 0, 14)
    work.set_column(1, len(descents[0].columns), 12.5)
    work.freeze_panes(0, 1)
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    colours = (*SERIES, INK)
    dashes = ("solid", "dash", "dash_dot", "round_dot")
    for column in range(1, count + 1):
        chart.add_series(
            {
                "name": ["Study", top - 1, column],
                "categories": ["Study", top, 0, top + steps, 0],
                "values": ["Study", top, column, top + steps, column],
                "line": {
                    "color": colours[(column - 1) % len(colours)],
                    "width": 2.25,
                    "dash_type": dashes[(column - 1) % len(dashes)],
                },
            }
        )
    dress_chart(chart, "Loss by learning rate (logarithmic)", steps, logarithmic=True)
    chart.set_legend({"position": "right"})
    chart.set_size({"width": 820, "height": 500})
    sheet.insert_chart(3, count + 2, chart)
