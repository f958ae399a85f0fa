"""The Lab in a real browser: typing with a mistake, mending it, training, stopping, taking it away."""

import re

import pytest


@pytest.fixture
def page(page_at, site):
    return page_at((site / "lab.html").as_uri())


LINE = "input.notation >> nth=0"


def test_a_mistake_is_shown_under_its_place_and_one_click_mends_it(page):
    page.fill(LINE, "8C3 BN Q MP2 10N")
    said = page.text_content(".problem >> nth=0").split("\n")
    assert said[0] == "There is no such layer."
    assert said[1].index("Q") == said[2].index("^")
    page.fill(LINE, "8C3 BM R GAP 10Nb")
    page.click("text=Write BN")
    assert page.input_value(LINE) == "8C3 BN R GAP 10Nb"
    assert page.text_content(".problem >> nth=0") == ""
    page.fill(LINE, "8C3 MP2 10C15 GAP")
    assert "The kernel is larger than its input." in page.text_content(".problem >> nth=0")


def test_the_network_is_drawn_and_counted(page):
    page.fill(LINE, "16C3 BN R MP2 32C3 BN R GAP 10Nb")
    assert page.locator(".map-button").count() == 9
    assert "parameters: 5,178 of 20,000" in page.text_content(".budget >> nth=0")
    page.hover(".map-button >> nth=4")
    assert "32C3: a position sees 8×8 pixels; the next one is 2 pixels further." in page.text_content("#field-said")
    page.fill(LINE, "200C3 GAP 10Nb 3000N 10N")
    assert "too many" in page.text_content(".budget >> nth=0")


def test_it_trains_in_the_page_and_shows_its_mistakes(page):
    page.fill(LINE, "6C5s2 BN R MP2 8C3 BN R 10Nb")
    page.fill("#epochs", "2")
    page.fill("#batch", "100")
    page.click("#train")
    page.get_by_text(re.compile(r"100 % of the batches.*after epoch 2")).wait_for(timeout=120_000)
    accuracy = float(re.search(r"\(([\d.]+) %\)", page.text_content("#progress"))[1])
    assert accuracy > 70
    total = sum(int(text) for text in page.locator("#confusion td").all_text_contents() if text != "·")
    assert total == 1000
    assert page.locator("#mistakes figure").count() > 0
    assert page.locator("#losses polyline").get_attribute("points").count(",") == 80
    with page.expect_download() as saved:
        page.click("#save")
    assert saved.value.suggested_filename == "network.json"


def test_training_pauses_goes_on_and_stops(page):
    page.fill(LINE, "12C3 BN R 12C3 BN R GAP 10Nb")
    page.click("#train")
    page.get_by_text(re.compile("of the batches")).wait_for(timeout=60_000)
    page.click("#pause")
    page.wait_for_timeout(400)
    before = page.text_content("#progress")
    page.wait_for_timeout(500)
    assert page.text_content("#progress") == before
    page.click("#pause")
    page.wait_for_timeout(1500)
    assert page.text_content("#progress") != before
    page.click("#stop")
    assert page.locator("#pause").is_disabled()


def test_what_cannot_be_trained_here_is_said(page):
    page.fill(LINE, "8C3 BN Q")
    page.click("#train")
    assert "before its line can be read" in page.text_content("#trouble")
    page.fill(LINE, "2000N 10N")
    page.click("#train")
    assert "too large for a page" in page.text_content("#trouble")


def test_two_designs_and_all_settings_are_in_the_link(page, page_at):
    page.click("#beside")
    page.fill("input.notation >> nth=1", "32N R 10Nb")
    page.select_option("#optimizer", "adam")
    page.locator("#rate").press("ArrowLeft")
    other = page_at(page.url)
    assert other.input_value("input.notation >> nth=1") == "32N R 10Nb"
    assert other.input_value("#optimizer") == "adam"
    assert other.text_content("#rate-said") == page.text_content("#rate-said") != "0.1"


def test_the_command_is_copied_or_shown(page):
    page.fill(LINE, "8C3 BN R GAP 10Nb")
    page.click("#copy-command")
    page.get_by_text(
        'tersenet train "8C3 BN R GAP 10Nb" --epochs 8 --batch-size 50 --optimizer sgd --lr 0.1'
    ).wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_nothing_is_cut_and_axe_finds_nothing_serious(page_at, site, axe, width, scheme):
    page = page_at((site / "lab.html").as_uri(), width=width, color_scheme=scheme)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
