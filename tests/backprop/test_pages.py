"""Derivations, formulas, errata, exercises and figures as pages."""

import html.parser
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tersenet._errors import TersenetError
from tersenet._look import save_figure
from tersenet.backprop import (
    COURSE,
    MAZUR,
    Graph,
    as_latex,
    as_mathml,
    as_text,
    chain,
    convolve,
    derivation_page,
    derive,
    descend,
    draw_convolution,
    draw_network,
    draw_normalization,
    errata,
    errata_page,
    loss_surface,
    make_exercise,
    make_problem,
    normalize_batch,
    plot_one_curve,
    plot_small_curves,
    plot_study,
    plot_surface,
    printed_cells,
    study,
)
from tersenet.backprop.symbols.expression import Function, Negative, Number, Quotient, Softmax, Symbol, calculate
from tersenet.backprop.symbols.formula_formats import as_cell

# The write-up's own list of the eight derivatives, its letters a_01 and a_02 read as a_o1 and a_o2.
AS_PUBLISHED = {
    "w1": "((a_o1 - t1) * a_o1 * (1 - a_o1) * w5 +  (a_o2 - t2) * a_o2 * (1 - a_o2) * w7) * a_h1 * (1 - a_h1) * i1",
    "w2": "((a_o1 - t1) * a_o1 * (1 - a_o1) * w5 +  (a_o2 - t2) * a_o2 * (1 - a_o2) * w7) * a_h1 * (1 - a_h1) * i2",
    "w3": "((a_o1 - t1) * a_o1 * (1 - a_o1) * w6 +  (a_o2 - t2) * a_o2 * (1 - a_o2) * w8) * a_h2 * (1 - a_h2) * i1",
    "w4": "((a_o1 - t1) * a_o1 * (1 - a_o1) * w6 +  (a_o2 - t2) * a_o2 * (1 - a_o2) * w8) * a_h2 * (1 - a_h2) * i2",
    "w5": "(a_o1 - t1) * a_o1 * (1 - a_o1) *  a_h1",
    "w6": "(a_o1 - t1) * a_o1 * (1 - a_o1) *  a_h2",
    "w7": "(a_o2 - t2) * a_o2 * (1 - a_o2) *  a_h1",
    "w8": "(a_o2 - t2) * a_o2 * (1 - a_o2) *  a_h2",
}


@pytest.mark.parametrize(("weight", "formula"), AS_PUBLISHED.items())
def test_the_derivatives_read_as_the_course_writes_them(weight, formula):
    ours = as_text(Graph(COURSE.network).gradient(weight)).replace("·", "*").replace("−", "-")
    assert ours.replace(" ", "") == formula.replace(" ", "")


def test_the_reasoning_of_w1_names_both_paths_and_ends_in_its_number():
    page = derivation_page([derive(COURSE, "w1")])
    for line in (
        "w1 → h1 → a_h1 → o1 → a_o1 → E1 → E_total",
        "w1 → h1 → a_h1 → o2 → a_o2 → E2 → E_total",
        "∂a_h1/∂h1 = e^(−h1)/(1 + e^(−h1))² = a_h1·(1 − a_h1)",
        "∂E1/∂a_o1 = a_o1 − t1 = 0.106477732",
        "= 0.000316993396",
        "0.15 − 0.000316993396 = 0.149683007",
    ):
        assert line in page
    assert max(map(len, page.splitlines())) <= 80


@pytest.mark.parametrize("weight", ["w1", "w7", "b1"])
def test_a_network_of_ones_own_is_derived_as_well(weight):
    problem = make_problem(sizes="2-3-1", activation="relu", biases=True, inputs=[0.5, 0.25, -0.5, 1.0], seed=2)
    done = derive(problem, weight)
    assert done.value == pytest.approx(done.by_sympy, abs=1e-14)
    assert "Sample 2:" in derivation_page([done])


def test_where_paths_are_too_many_to_list_the_derivative_is_collected_layer_by_layer():
    problem = make_problem(sizes="1-3-4-3-3-1", activation="tanh")
    found = chain(problem, "w1")
    assert found.paths == ((),)
    assert found.value == pytest.approx(descend(problem, steps=0).column("dE/dw1")[0], rel=1e-12)
    wide = derivation_page([derive(make_problem(sizes="1-2-5-5-1", activation="identity", seed=3), "w1")])
    assert "25 paths lead to the error: too many to list." in wide


def test_html_is_well_formed_and_needs_no_network():
    page = derivation_page([derive(COURSE, "w1"), derive(COURSE, "w8")], "html")
    body = page[page.index("<body>") :].replace("</html>", "")
    ET.fromstring(body)
    assert not re.search(r"https?:|<script|<img|<link|@import|url\(", page)
    assert page.count("<math") > 30
    html.parser.HTMLParser().feed(page)


def test_markdown_has_its_formulas_in_latex():
    page = derivation_page([derive(COURSE, "w5")], "markdown")
    assert (
        r"\frac{\partial E_\mathrm{total}}{\partial w_5} = (a_{o_1} - t_1) \, a_{o_1} \, (1 - a_{o_1}) \, a_{h_1}"
        in page
    )
    assert page.count("$$") % 2 == 0
    for block in re.findall(r"\$\$\n(.*?)\n\$\$", page, re.DOTALL):
        assert block.count("{") == block.count("}")


FORMULAS = [
    *Graph(MAZUR.network).definitions.values(),
    *(Graph(MAZUR.network).gradient(name) for name in MAZUR.network.parameter_names),
    Softmax(1, (Symbol("h1"), Symbol("h2"))),
    Negative(Quotient(Symbol("t1"), Symbol("a_o1"))),
    Function("positive", Symbol("h1")) + Function("relu", Symbol("h2")) - (Symbol("h1") - Symbol("h2")) ** 2,
    Negative(Symbol("h1") ** 2) * Function("tanh", Symbol("h2")),
    Number(0.5) * Function("ln", Symbol("a_o1")),
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_has_the_same_value_in_a_cell_and_balanced_brackets_on_every_page(formula):
    values = MAZUR.values()
    names = {
        "EXP": np.exp,
        "MAX": max,
        "TANH": np.tanh,
        "LN": np.log,
        "IF": lambda test, one, other: one if test else other,
    }
    cell = as_cell(formula, lambda name: name).replace("^", "**")
    # A cell's unary minus binds tighter than its power; the printer writes −(x^2) so that both readings agree.
    assert eval(cell, {}, names | values) == pytest.approx(calculate(formula, values), rel=1e-14)
    assert as_text(formula).count("(") == as_text(formula).count(")")
    assert as_latex(formula).count("{") == as_latex(formula).count("}")
    ET.fromstring(f"<math>{as_mathml(formula)}</math>")


def test_a_power_with_a_minus_is_bracketed_for_the_cell():
    assert as_cell(-(Symbol("h1") ** 2), lambda name: name) == "-(h1^2)"


def test_the_courses_numbers_are_its_own_formulas():
    for cell in printed_cells():
        assert cell.printed == pytest.approx(cell.by_their_formula, abs=6e-10), cell


def test_the_errata_are_the_known_ones():
    found = {one.where: (one.printed, one.true) for one in errata() if one.point == 1}
    assert found["sheet, row 1, dE/dw3"] == ("0.000351869", "0.000351776")
    assert found["sheet, row 1, dE/dw4"] == ("0.000703737", "0.000703553")
    assert found["sheet, row 2, w3"] == ("0.249648131", "0.249648224")
    assert found["sheet, row 2, w4"] == ("0.299296263", "0.299296447")
    assert found["sheet, row 2, dE/dw3"] == ("0.000333197", "0.000333110")
    assert found["sheet, row 2, dE/dw4"] == ("0.000666394", "0.000666220")
    assert found["sheet, row 2, E_total"] == ("0.013377915", "0.013377916")
    assert {one.point for one in errata()} == {1, 2, 3, 4}
    assert "0.149683007" in errata_page()


def test_the_sheet_has_blanks_and_the_solution_has_the_answers():
    done = make_exercise(seed=4)
    assert done.sheet.count("______________") == len(done.blanks) == 34
    truth = descend(done.problem, steps=1, learning_rate=1.0)
    answers = {blank.quantity: blank.answer for blank in done.blanks}
    for name in done.problem.network.weight_names:
        assert answers[f"∂E_total/∂{name}"] == truth.column(f"dE/d{name}")[0]
        assert answers[f"{name} after the step"] == truth.column(name)[1]
    assert f"**{truth.column('E_total')[1]:.6f}**" in done.solution
    assert all(f"{answer:.6f}" not in done.sheet for answer in answers.values())


def test_every_figure_is_drawn_and_saved_whole(tmp_path):
    figures = [
        plot_study(study(COURSE)),
        plot_small_curves(study(COURSE, [1.0, 1000.0])),
        plot_one_curve(study(COURSE, [1.0]).rates[0]),
        plot_surface(loss_surface(COURSE, points=9)),
        draw_network(MAZUR),
        draw_convolution(convolve(pooling="average")),
        draw_normalization(normalize_batch()),
    ]
    for place, figure in enumerate(figures):
        path = save_figure(figure, tmp_path / f"{place}.png", dpi=40)
        assert path.read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == len(figures)


def test_the_one_figure_has_a_curve_for_each_rate():
    [axes] = plot_study(study(COURSE)).axes
    assert [line.get_label().split(":")[0] for line in axes.lines] == ["0.1", "0.2", "0.5", "0.8", "1", "2", "1000"]
    np.testing.assert_allclose(axes.lines[4].get_ydata(), descend(COURSE).column("E_total"), rtol=1e-13)


def test_a_figure_that_cannot_be_written_is_one_error_and_leaves_nothing(tmp_path):
    with pytest.raises(TersenetError, match="cannot be written"):
        save_figure(draw_network(COURSE), tmp_path / "missing" / "figure.png")
    with pytest.raises(TersenetError, match="what kind"):
        save_figure(draw_network(COURSE), tmp_path / "figure.bmp2")
    assert list(tmp_path.iterdir()) == []


def test_a_network_too_large_to_be_derived_is_an_error():
    with pytest.raises(TersenetError, match="at most 200"):
        derive(make_problem(sizes=(20, 20, 2)), "w1")
