"""The derivation as an HTML page: the drawing on top, its colours, its formulas, and what a screen reader meets."""

import re
from xml.etree import ElementTree as ET

import pytest

from tersenet._look import PALETTE
from tersenet.backprop import COURSE, MAZUR, Graph, as_text, derivation_page, derive, make_problem
from tersenet.backprop.drawings.drawing import network_svg
from tersenet.backprop.symbols.derivation import path_tags
from tersenet.backprop.symbols.expression import Derivative, Equals, Expression, Product, Sum, Tagged, bare


def body_of(page):
    """The page's body, read by an XML parser: every element is closed, every attribute quoted."""
    return ET.fromstring(page[page.index("<body>") : page.index("</html>")])


@pytest.fixture(scope="module")
def page():
    return derivation_page([derive(COURSE, "w1"), derive(COURSE, "w8")], "html")


def test_every_derivation_has_its_drawing_for_a_wide_page_and_for_a_phone(page):
    body = body_of(page)
    figures = list(body.iter("figure"))
    assert len(figures) == 2
    for figure in figures:
        assert [svg.get("class") for svg in figure.findall("svg")] == ["wide", "tall"]
    widths = [float(svg.get("width")) for svg in body.iter("svg") if svg.get("class") == "tall"]
    assert max(widths) <= 390 - 2 * 16


def test_a_screen_reader_hears_the_paths_and_the_structure_of_the_page(page):
    body = body_of(page)
    drawings = [svg for svg in body.iter("svg") if svg.get("class") in ("wide", "tall")]
    assert all(svg.get("role") == "img" for svg in drawings)
    assert "w1 → h1 → a_h1 → o2 → a_o2 → E2 → E_total" in drawings[0].get("aria-label")
    assert all(svg.get("aria-hidden") == "true" for svg in body.iter("svg") if svg not in drawings)
    assert '<html lang="en">' in page
    levels = [int(element.tag[1]) for element in body.iter() if re.fullmatch(r"h\d", element.tag)]
    assert levels == [1, *([2] + [3] * 8) * 2]
    ids = [element.get("id") for element in body.iter() if element.get("id")]
    assert sorted(ids) == sorted(set(ids)) == ["w1", "w8"]
    assert [link.get("href") for link in body.iter("a")] == ["#w1", "#w8"]


def test_the_page_loads_nothing_and_knows_every_colour_it_names(page):
    assert not re.search(r"https?:|<script|<img|<link|@import|url\(", page)
    assert set(re.findall(r"var\(--([a-z-]+)\)", page)) <= {*PALETTE, "type", "monospace", "tone"}
    used = {name for names in re.findall(r'class="([^"]+)"', page) for name in names.split() if "path" in name}
    assert all(f".{name}" in page[: page.index("</style>")] for name in used)


def test_a_factor_has_one_colour_in_the_drawing_and_in_every_formula():
    done = derive(COURSE, "w1")
    assert done.tags["h1", "w1"] == done.tags["a_h1", "h1"] == "shared"
    for number in (1, 2):
        edges = [(f"o{number}", "a_h1"), (f"a_o{number}", f"o{number}"), (f"E{number}", f"a_o{number}")]
        assert {done.tags[edge] for edge in edges} == {f"path-{number}"}
    colours = {}
    for line in (line for section in done.sections for line in section.lines if isinstance(line, Expression)):
        for part in tagged_parts(line):
            if isinstance(part.of, Derivative):
                colours.setdefault((part.of.child, part.of.parent), set()).add(part.tag)
    assert colours == {edge: {done.tags[edge]} for edge in colours}
    assert len(colours) == 8
    drawn = re.findall(r'class="(?:edge|box unit) ([a-z]+(?:-\d)?)"', network_svg(COURSE, "w1", done.tags))
    assert sorted(drawn) == ["path-1"] * 4 + ["path-2"] * 4 + ["shared"] * 2


def tagged_parts(formula):
    """Every coloured part of a formula."""
    if isinstance(formula, Tagged):
        return [formula, *tagged_parts(formula.of)]
    parts = {Equals: "sides", Sum: "terms", Product: "factors"}.get(type(formula))
    return [found for part in (getattr(formula, parts) if parts else ()) for found in tagged_parts(part)]


@pytest.mark.parametrize("problem", [COURSE, MAZUR, make_problem(sizes="2-3-1", loss="cross-entropy", seed=2)])
def test_colours_change_no_letter_of_a_formula(problem):
    for name in problem.network.parameter_names:
        [product] = next(one for one in derive(problem, name).sections if one.title == "The product").lines
        assert as_text(product) == f"∂E_total/∂{name} = {as_text(Graph(problem.network).gradient(name))}"
        assert isinstance(bare(product), Equals)


def test_more_paths_than_colours_have_one_colour():
    graph = Graph(make_problem(sizes="1-2-3-1").network)
    assert set(path_tags(graph, "w1").values()) == {"path-1", "path-2", "path-3", "shared"}
    many = path_tags(Graph(make_problem(sizes="1-2-3-3-1").network), "w1")
    assert set(many.values()) == {"path-1"}


@pytest.mark.parametrize("tall", [False, True])
def test_every_unit_lies_inside_the_drawing_and_large_layers_say_how_many_are_left_out(tall):
    problem = make_problem(sizes="2-12-2", biases=True)
    for name in ("w1", "w23", "b12", "b14"):
        svg = ET.fromstring(network_svg(problem, name, path_tags(Graph(problem.network), name), tall=tall))
        width, height = map(float, svg.get("viewBox").split()[2:])
        for box in svg.iter("rect"):
            assert 0 <= float(box.get("x")) <= width - float(box.get("width"))
            assert 0 <= float(box.get("y")) <= height - float(box.get("height"))
        said = ["".join(text.itertext()).replace("\u200b", "") for text in svg.iter("text")]
        shown = len(list(svg.iter("rect"))) - len(["i1", "i2", "o1", "o2", "E1", "E2", "E_total"])
        assert shown <= 7
        assert f"… {12 - shown} more" in said
        assert any(text.startswith(f"{name} = ") for text in said)


def test_a_long_formula_breaks_between_its_terms():
    problem = make_problem(sizes="2-4-2", seed=3)
    page = derivation_page([derive(problem, "w1")], "html")
    [line] = re.findall(r"6\. The product</h3>\n<div class=\"formula\">(.*?)</div>", page)
    assert line.count("<math") >= 6
    assert max(map(len, re.findall(r"<math.*?</math>", line))) < 900


def test_several_samples_say_whose_values_are_drawn():
    problem = make_problem(inputs=[0.05, 0.1, 0.4, -0.2], targets=[0.5, 0.5, 0.1, 0.9])
    assert "Values are those of the first sample." in derivation_page([derive(problem, "w1")], "html")
