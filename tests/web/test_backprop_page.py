"""The page of backpropagation in a real browser, opened from a file."""

import re

import pytest

from tersenet.backprop import COURSE, descend


@pytest.fixture
def page(page_at, site):
    return page_at((site / "backprop.html").as_uri())


def told(page):
    return page.text_content("#told")


def test_the_course_s_first_row_is_drawn(page):
    assert "E_total = 0.0141813779" in told(page)
    drawn = page.text_content("#network")
    assert all(number in drawn for number in ("0.50687", "0.63048", "0.000317", "0.01552"))


def test_step_68_of_the_table_is_the_published_one(page):
    page.click("tr[data-step='68'] button")
    row = page.locator("tr[data-step='68'] td").all_text_contents()
    expected = descend(COURSE, steps=68).rows[68]
    assert [float(text.replace("−", "-")) for text in row] == [round(float(value), 9) for value in expected]
    assert "0.000184344" in page.text_content("#verdict")
    assert "After 68 updates" in told(page)


def test_the_passes_go_step_by_step_with_buttons_and_keys(page):
    page.click("#pass")
    assert told(page).startswith("1 of 13. The inputs")
    assert "h1 …" not in page.text_content("#network")
    assert page.locator("#network .cell").first.text_content() == "i10.05"
    page.keyboard.press("s")
    assert "sums of the hidden layer" in told(page)
    assert page.locator("#lines math").count() == 8  # h1 and h2: name, symbols, numbers, result
    page.keyboard.press("b")
    assert "The inputs" in told(page)
    page.keyboard.press("n")
    assert "After 1 update" in told(page)
    page.keyboard.press("r")
    assert "After 0 updates" in told(page)


def test_play_moves_by_itself_and_stops(page):
    page.select_option("#speed", "220")
    page.click("#play")
    page.get_by_text(re.compile(r"After ([3-9]|\d\d) updates")).wait_for()
    page.keyboard.press("p")
    assert page.get_attribute("#play", "aria-pressed") == "false"


def test_a_weight_pointed_at_shows_its_paths_in_colour(page):
    page.hover("[data-weight=w5]")
    assert page.text_content("#chain-title") == "The chain rule for w5"
    assert page.locator("#network .edge.path-1").count() == 2
    page.hover("[data-weight=w1]")
    assert page.locator("#network .edge.path-1").count() == 2
    assert page.locator("#network .edge.path-2").count() == 2
    assert "0.000316993" in page.text_content("#chain")
    page.locator("[data-weight=w8]").focus()
    assert "w8" in page.text_content("#chain-title")


def test_the_rate_s_slider_changes_the_curve_and_the_verdict(page):
    assert "converging fast" in page.text_content("#verdict")
    page.locator("#rate").focus()
    page.keyboard.press("End")
    assert "Learning rate 1000: saturated" in page.text_content("#verdict")
    page.fill("#steps", "1000")
    page.keyboard.press("Tab")
    assert "escaped from saturation" in page.text_content("#verdict")


def test_every_number_can_be_edited_and_the_link_carries_it(page, page_at):
    page.fill("input[data-name=w5]", "0.9")
    page.fill("input[data-name=t1]", "0.01")
    page.keyboard.press("Tab")
    said = page.text_content("#verdict")
    other = page_at(page.url)
    assert other.text_content("#verdict") == said
    assert other.input_value("input[data-name=w5]") == "0.9"
    page.fill("input[data-name=w5]", "")
    page.keyboard.press("Tab")
    assert "A number" in page.text_content("#complaint")
    assert page.input_value("input[data-name=w5]") == "0.9"


def test_other_sizes_and_losses_are_drawn(page):
    page.fill("#sizes", "3-4-3-2")
    page.keyboard.press("Tab")
    page.select_option("#loss", "cross-entropy")
    page.check("#biases")
    assert page.locator("#network .unit:not(.error)").count() == 9
    page.fill("#sizes", "30-4")
    page.keyboard.press("Tab")
    assert "Sizes are 2 to 5 numbers" in page.text_content("#complaint")


def test_the_exercise_hides_the_slopes_and_checks_an_answer(page):
    page.click("#exercise summary")
    assert "0.01288" not in page.text_content("#network")
    page.hover("[data-weight=w5]")
    for answer, said in (
        ("0.5", "Not yet"),
        ("-0.01288", "Only the sign"),
        ("0.01288", "Correct."),
        ("x", "not a number"),
    ):
        page.fill("#answer", answer)
        page.click("#answer-form button")
        assert said in page.text_content("#answered")


def test_every_derivative_stands_beside_its_finite_difference(page):
    page.click("#derivatives summary")
    rows = page.locator("#derivatives-table tbody tr")
    rows.first.wait_for()
    assert rows.count() == 8
    assert "0.0128808186" in rows.filter(has_text="w5").text_content()
    page.keyboard.press("n")
    assert "0.0128808186" not in page.text_content("#derivatives-table")


def test_the_scenes_answer_to_other_numbers_and_to_a_chosen_weight(page):
    page.click("#convolution summary")
    scene = page.locator("#convolution-scene")
    scene.get_by_text("0.117628595").wait_for()
    scene.get_by_label("∂E/∂k, row 1, column 2").click()
    assert "0.0983729547" in scene.locator(".told").last.text_content()
    scene.get_by_label("map z, row 3, column 4").click()
    assert "z at row 3, column 4" in scene.locator(".told").first.text_content()
    scene.get_by_label("target t").fill("0.9")
    scene.get_by_label("target t").press("Tab")
    assert "0.117628595" not in scene.text_content()
    page.click("#batch-norm summary")
    scene = page.locator("#batch-norm-scene")
    scene.get_by_text("3.21502918").wait_for()
    scene.get_by_label("batch x, row 1, column 1").fill("x")
    scene.get_by_label("batch x, row 1, column 1").press("Tab")
    assert scene.get_by_label("batch x, row 1, column 1").input_value() == "0.2"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_nothing_is_cut_and_axe_finds_nothing_serious(page_at, site, axe, width, scheme):
    page = page_at((site / "backprop.html").as_uri(), width=width, color_scheme=scheme)
    for part in ("derivatives", "convolution", "batch-norm"):
        page.click(f"#{part} summary")
    page.locator("#batch-norm-scene table").last.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
