"""The sheet `Descent`: the numbers to change, the loss chart, and one row per step."""

from __future__ import annotations

from typing import Any

import numpy as np

from tersenet._look import BLUE
from tersenet.backprop.numbers.descent import Descent, sampled
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import Problem, about
from tersenet.backprop.workbook.cells import CellBlock, Styles, block, dress_chart, kind_of, name_of

EPSILON = 1e-5  # balances the rounding of E_total against the curvature that a difference cannot see
PANEL = 4  # the row where the numbers to change begin
TRY = (
    "Things to try (change a yellow cell and watch the chart):",
    "• Learning rate: 0.1 is slow, 2 is fast, 100 rises first and then converges. 1000 saturates: one step",
    "   drives both outputs close to 0, where the sigmoid is flat, and the loss stays at 0.25 for these 68 steps.",
    "• Targets far from the first outputs, such as 0.01 and 0.99: larger gradients, and more steps are needed.",
    "• Equal weights (w1 = w3, w2 = w4, w5 = w6, w7 = w8): the two hidden units stay equal at every step.",
    "• A weight of 20: its unit saturates, and the derivatives before it vanish.",
    "• ε, the step of the difference quotient: 0.1 is too coarse, with 1E-12 rounding errors dominate.",
)


def start_values(problem: Problem) -> dict[str, float]:
    """The numbers that a reader may change, by their names in the table."""
    found: dict[str, float] = {}
    network = problem.network
    for sample in range(problem.samples):
        names = [*network.input_names, *network.target_names]
        numbers = problem.inputs[sample] + problem.targets[sample]
        found |= {sampled(problem, name, sample): value for name, value in zip(names, numbers, strict=True)}
    return found | dict(zip(network.parameter_names, problem.weights + problem.biases, strict=True))


def central_differences(problem: Problem, rows: Descent, step: float = EPSILON) -> Array:
    """(E_total(p + ε) − E_total(p − ε)) / 2ε of every parameter at every step, `[steps + 1, parameters]`."""
    names = problem.network.parameter_names
    at = np.stack([rows.column(name) for name in names], axis=1)
    moves = step * np.eye(len(names))
    cut = len(problem.weights)
    _, _, inputs, targets = problem.arrays

    def total(places: Array) -> Array:
        return problem.network.forward(places[..., :cut], places[..., cut:], inputs, targets).total

    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray((total(at[:, None] + moves) - total(at[:, None] - moves)) / (2 * step))


def write_descent(workbook: Any, sheet: Any, styles: Styles, descent: Descent) -> CellBlock:
    """Write the sheet; return the block of its rows."""
    problem, steps = descent.problem, len(descent.rows) - 1
    numbers = {"learning_rate": descent.learning_rate, "epsilon": EPSILON}
    labels = {"learning_rate": "learning rate", "epsilon": "ε (difference)"}
    sheet.write(0, 0, "Gradient descent, one row per step", styles.title)
    sheet.write(1, 0, about(problem) + " Change a yellow cell and every number below is updated.", styles.text)
    starts = start_values(problem)
    for offset, (name, value) in enumerate([*numbers.items(), *((name_of(one), v) for one, v in starts.items())]):
        row = PANEL + offset
        label = labels.get(name) or list(starts)[offset - len(numbers)]
        sheet.write(row, 0, label, styles.label)
        sheet.write_number(row, 1, value, styles.editable)
        workbook.define_name(name, f"=Descent!$B${row + 1}")
    sheet.write(PANEL - 1, 0, "Change these", styles.label)
    sheet.data_validation(
        PANEL,
        1,
        PANEL,
        1,
        {
            "validate": "decimal",
            "criteria": ">=",
            "value": 0,
            "input_title": "Learning rate",
            "input_message": "0 or more",
            "error_title": "Learning rate",
            "error_message": "Enter a number, 0 or more.",
        },
    )
    sheet.data_validation(
        PANEL + 1,
        1,
        PANEL + 1 + len(starts),
        1,
        {
            "validate": "decimal",
            "criteria": "between",
            "minimum": -1e9,
            "maximum": 1e9,
            "error_title": "A number",
            "error_message": "Enter a number.",
        },
    )
    top = max(PANEL + len(starts) + 2, PANEL + 17) + 5
    rows = block(problem, top, 0, checks=True)
    for line, text in enumerate(TRY):
        sheet.write(PANEL + line, 13, text, styles.label if line == 0 else styles.text)
    sheet.write(top - 3, 0, "The table", styles.label)
    groups = {
        "given": "given",
        "weights": "weights",
        "units": "sums and activations",
        "errors": "errors",
        "slopes": "derivatives, each followed by its difference quotient (E_total(w+ε) − E_total(w−ε)) / 2ε",
    }
    seen = ""
    sheet.set_row(top - 1, 32)
    for name, place in rows.places.items():
        kind = kind_of(name)
        last = rows.left + rows.width
        for column in range(place, min(place + (3 if kind == "slopes" else 1), last)):
            sheet.write(top - 2, column, groups[kind] if kind != seen and column == place else "", styles.group[kind])
        seen = kind
    rows.write_headers(sheet, styles)
    rows.write_rows(
        sheet,
        styles,
        descent.rows,
        start=name_of,
        rate="learning_rate",
        differences=central_differences(problem, descent),
    )
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, rows.width, 12.5)
    sheet.freeze_panes(0, 1)
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    place = rows.places["E_total"]
    chart.add_series(
        {
            "name": "E_total",
            "categories": ["Descent", top, 0, top + steps, 0],
            "values": ["Descent", top, place, top + steps, place],
            "line": {"color": BLUE, "width": 2.25},
        }
    )
    dress_chart(chart, f"Loss over {steps} steps", steps)
    chart.set_legend({"none": True})
    chart.set_size({"width": 900, "height": 360})
    sheet.insert_chart(PANEL - 1, 3, chart)
    return rows
