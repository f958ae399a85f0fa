"""Shared by all sheets of the workbook: styles, cell addresses, and a block of rows with live formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from tersenet._errors import TersenetError
from tersenet._look import FAINT, INK, LINE, PALETTE
from tersenet.backprop.numbers.descent import column_names, sampled
from tersenet.backprop.numbers.network import Array
from tersenet.backprop.numbers.problem import Problem
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.expression import Expression, Number, Quotient, Symbol, add, replace_symbols
from tersenet.backprop.symbols.formula_formats import as_cell

MOST_PARAMETERS = 200  # weights and biases: more columns than anyone scrolls through
MOST_CELLS = 400_000
MOST_CHARACTERS = 20_000_000  # of all formulas together
LONGEST_FORMULA = 8192  # characters: the limit of Excel
ROW = "{row}"  # stands for a row's number in a formula that many rows share
SHADES = {
    "given": "#E8ECF1",
    "weights": "#DCE9F7",
    "units": "#E4F2E7",
    "errors": "#F8E3DE",
    "slopes": "#F2E8F7",
    "checks": "#F6F6F6",
}


class Styles:
    """The formats of one workbook, made once."""

    def __init__(self, workbook: Any) -> None:
        base = {"font_name": "Calibri", "font_size": 11, "font_color": INK, "valign": "vcenter"}

        def made(**more: object) -> Any:
            return workbook.add_format({**base, **more})

        self.title = made(bold=True, font_size=18)
        self.subtitle = made(font_color=FAINT, text_wrap=True, valign="top")
        self.label = made(bold=True)
        self.text = made()
        self.wrapped = made(text_wrap=True, valign="top")
        self.formula = made(font_name="Consolas", font_size=10, indent=1)
        self.value = made(num_format="0.000000000", align="right")
        self.step = made(num_format="0", align="center", font_color=FAINT)
        self.difference = made(num_format="0.0E+00;-0.0E+00;0", align="right", font_color=FAINT)
        self.editable = made(
            bg_color="#FFF3BF", border=1, border_color="#E0A800", num_format="General", align="right"
        )
        self.wrong = made(num_format="0.000000000", align="right", bg_color=PALETTE["bad-paper"][0])
        self.headers = {
            name: made(bold=True, bg_color=shade, align="center", bottom=1, bottom_color="#9AA5B1", text_wrap=True)
            for name, shade in SHADES.items()
        }
        self.group = {name: made(italic=True, font_color=FAINT, bg_color=shade) for name, shade in SHADES.items()}


def kind_of(column: str) -> str:
    """Which group of columns a column belongs to."""
    if column.startswith("dE/d"):
        return "slopes"
    if column[0] == "E":
        return "errors"
    return {"t": "given", "i": "given", "w": "weights", "b": "weights"}.get(column[0], "units")


def name_of(quantity: str) -> str:
    """The name of a cell that a reader may change: `w_1` for w1, since W1 is already a cell; `i_1_s2` in the second
    sample.

    >>> name_of("w1"), name_of("i1[2]")
    ('w_1', 'i_1_s2')
    """
    letter, rest = quantity[0], quantity[1:]
    return f"{letter}_{rest}".replace("[", "_s").replace("]", "")


def address(row: int, column: int) -> str:
    """`address(0, 2)` is `C1`."""
    return str(xl_rowcol_to_cell(row, column))


def check_size(problem: Problem, steps: int, rates: int) -> None:
    """Raise where a workbook would need too many cells, or formulas that no cell can hold, before any is built.

    `steps` is the number of updates, `rates` the number of learning rates on the sheet `Study`.

    >>> from tersenet.backprop import COURSE
    >>> check_size(COURSE, 68, 7)
    """
    network = problem.network
    if len(network.parameter_names) > MOST_PARAMETERS:
        raise TersenetError(
            "The network is too large for a spreadsheet.",
            got=f"{len(network.parameter_names):,} weights and biases",
            expected=f"at most {MOST_PARAMETERS}",
            where="sizes",
            hint="use fewer units or layers; `tersenet backprop table --csv` writes the numbers of larger networks",
        )
    columns = len(column_names(problem))
    cells = (steps + 1) * (columns * (1 + rates) + 2 * len(network.parameter_names))
    if cells > MOST_CELLS:
        raise _too_heavy(f"{cells:,} cells", f"at most {MOST_CELLS:,}")
    graph = Graph(network)
    paths = max(graph.path_count(name) for name in problem.network.parameter_names)
    if paths * len("(A9-A9)*A9*A9+") > LONGEST_FORMULA:
        raise _too_large(f"{paths:,} paths from one weight to the error")
    characters = (steps + 1) * block(problem, 0, 0, checks=True).characters(rates)
    if characters > MOST_CHARACTERS:
        raise _too_heavy(f"{characters:,} characters of formulas", f"at most {MOST_CHARACTERS:,}")


def write(sheet: Any, row: int, column: int, formula: str, value: float, style: Any) -> None:
    """A live formula with its value cached, so that a viewer that cannot calculate shows the right number."""
    if len(formula) > LONGEST_FORMULA:
        raise _too_large(f"{len(formula):,} characters")
    sheet.write_formula(row, column, formula, style, float(value) if np.isfinite(value) else "#NUM!")


@dataclass(frozen=True)
class CellBlock:
    """Rows of one descent in a sheet: the column of each quantity, and where the rows begin."""

    problem: Problem
    columns: tuple[str, ...]
    top: int
    left: int
    checks: bool = False

    @cached_property
    def places(self) -> dict[str, int]:
        """The sheet's column of every quantity; with checks two more columns follow each derivative."""
        found, place = {}, self.left + 1
        for name in self.columns:
            found[name] = place
            place += 3 if self.checks and name.startswith("dE/d") else 1
        return found

    @property
    def width(self) -> int:
        """Number of columns, the step's among them."""
        return max(self.places.values()) - self.left + (3 if self.checks else 1)

    def characters(self, rates: int) -> int:
        """Length of one row's formulas: those of this block with its checks, and those of `rates` blocks without."""
        computed = sum(len(self._template(formula)) for formula in self._formulas().values())
        probes = sum(len(self._difference(name, "epsilon")) for name in self.problem.network.parameter_names)
        return computed * (1 + rates) + probes

    def cell(self, name: str, step: int) -> str:
        """The address of a quantity at a step."""
        return address(self.top + step, self.places[name])

    def write_headers(self, sheet: Any, styles: Styles) -> None:
        """The row of names above the rows."""
        sheet.write(self.top - 1, self.left, "step", styles.headers["checks"])
        for name, place in self.places.items():
            sheet.write(self.top - 1, place, name, styles.headers[kind_of(name)])
            if self.checks and name.startswith("dE/d"):
                sheet.write(self.top - 1, place + 1, f"by difference {name[4:]}", styles.headers["checks"])
                sheet.write(self.top - 1, place + 2, f"deviation {name[4:]}", styles.headers["checks"])

    def write_rows(
        self,
        sheet: Any,
        styles: Styles,
        rows: Array,
        *,
        start: Callable[[str], str],
        rate: str,
        step_size: str = "epsilon",
        differences: Array | None = None,
    ) -> None:
        """Every row as formulas: `start` gives the address of a starting number, `rate` that of the learning rate.

        `rows` are the values to be cached, `[steps + 1, columns]`; `differences` `[steps + 1, parameters]` those of
        the checks.
        """
        formulas = {name: self._template(formula) for name, formula in self._formulas().items()}
        probes = {name: self._difference(name, step_size) for name in self.problem.network.parameter_names}
        moved = self.problem.trained_names
        parameters = self.problem.network.parameter_names
        for step, values in enumerate(rows):
            row = self.top + step
            if step:
                sheet.write_formula(row, self.left, f"={address(row - 1, self.left)}+1", styles.step, step)
            else:
                sheet.write_number(row, self.left, 0, styles.step)
            for name, value in zip(self.columns, values, strict=True):
                place = self.places[name]
                if name in formulas:
                    formula = formulas[name].replace(ROW, str(row + 1))
                elif step and name in moved:
                    formula = f"{self.cell(name, step - 1)}-{rate}*{self.cell(f'dE/d{name}', step - 1)}"
                elif step:
                    formula = self.cell(name, step - 1)
                else:
                    formula = start(name)
                write(sheet, row, place, f"={formula}", value, styles.value)
                if name.startswith("dE/d") and differences is not None:
                    found = float(differences[step, parameters.index(name[4:])])
                    quotient = probes[name[4:]].replace(ROW, str(row + 1))
                    write(sheet, row, place + 1, f"={quotient}", found, styles.value)
                    own, other = address(row, place), address(row, place + 1)
                    write(sheet, row, place + 2, f"={other}-{own}", found - value, styles.difference)

    def _template(self, formula: Expression, *names: str) -> str:
        """The formula of one row, `ROW` in the place of the row's number; `names` are named cells."""
        places = self.places
        return as_cell(formula, lambda one: one if one in names else f"{xl_col_to_name(places[one])}{ROW}")

    def _difference(self, parameter: str, step_size: str) -> str:
        """The central difference of one parameter, as a template."""
        graph, epsilon = Graph(self.problem.network), Symbol(step_size)
        above, below = (
            self._template(self._mean(graph.probe(parameter, moved)), step_size)
            for moved in (Symbol(parameter) + epsilon, Symbol(parameter) - epsilon)
        )
        return f"({above}-({below}))/(2*{step_size})"

    def _formulas(self) -> dict[str, Expression]:
        """The formula of every computed column, in the names of the columns."""
        graph, found = Graph(self.problem.network), {}
        for name, definition in graph.definitions.items():
            if name == "E_total":
                found[name] = self._mean(definition)
                continue
            for sample in range(self.problem.samples):
                found[sampled(self.problem, name, sample)] = self._of_sample(definition, sample)
        for name in self.problem.network.parameter_names:
            found[f"dE/d{name}"] = self._mean(graph.gradient(name))
        return found

    def _mean(self, formula: Expression) -> Expression:
        """The mean over the samples of a formula for one sample."""
        terms = [self._of_sample(formula, sample) for sample in range(self.problem.samples)]
        return terms[0] if len(terms) == 1 else Quotient(add(*terms), Number(len(terms)))

    def _of_sample(self, formula: Expression, sample: int) -> Expression:
        if self.problem.samples == 1:
            return formula
        network = self.problem.network
        own = [*Graph(network).definitions, *network.input_names, *network.target_names]
        return replace_symbols(formula, {name: Symbol(sampled(self.problem, name, sample)) for name in own})


def _too_large(got: str) -> TersenetError:
    return TersenetError(
        "The network is too large for a spreadsheet: one of its formulas is longer than a cell can hold.",
        got=got,
        expected=f"at most {LONGEST_FORMULA:,} characters",
        hint="use fewer units or layers; `tersenet backprop table --csv` writes the numbers of any network",
    )


def _too_heavy(got: str, expected: str) -> TersenetError:
    return TersenetError(
        "The workbook would be too large to open.",
        got=got,
        expected=expected,
        where="steps",
        hint="take fewer steps, rates, samples or units; `tersenet backprop table --csv` writes tables of any length",
    )


def block(problem: Problem, top: int, left: int, *, checks: bool = False) -> CellBlock:
    """A block with the columns of the problem's table."""
    return CellBlock(problem, column_names(problem), top, left, checks)


def dress_chart(chart: Any, title: str, steps: int, *, logarithmic: bool = False) -> None:
    """Title, axes and letters, the same in every chart."""
    font = {"name": "Calibri", "size": 10, "color": FAINT}
    chart.set_title({"name": title, "name_font": {"name": "Calibri", "size": 13, "color": INK}, "overlay": False})
    grid = {"visible": True, "line": {"color": LINE, "width": 0.75}}
    chart.set_x_axis(
        {
            "name": "step",
            "min": 0,
            "max": steps,
            "num_font": font,
            "name_font": font,
            "label_position": "low",
            "major_gridlines": grid,
        }
    )
    up: dict[str, object] = {"name": "E_total", "num_font": font, "name_font": font, "major_gridlines": grid}
    chart.set_y_axis(up | ({"log_base": 10, "num_format": "0E+00"} if logarithmic else {"min": 0}))
