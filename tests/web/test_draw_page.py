"""The page to draw on, in a real browser: strokes of the mouse are read as Python reads them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tersenet.data
from tersenet.cli import main
from tersenet.data import read_picture
from tersenet.web import PAGES, whole_page

SAMPLES = Path(tersenet.data.__file__).parent / "sample_digits"

THREE = [(0.3, 0.25), (0.45, 0.15), (0.62, 0.2), (0.66, 0.33), (0.55, 0.46), (0.45, 0.48)]
THREE += [(0.58, 0.5), (0.7, 0.6), (0.68, 0.76), (0.52, 0.85), (0.35, 0.82), (0.28, 0.74)]


@pytest.fixture
def page(page_at, site):
    return page_at((site / "draw.html").as_uri())


def stroke(page, points):
    box = page.locator("#pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def probabilities(page, host="#first-bars"):
    page.wait_for_timeout(80)
    return [float(text.split()[0]) for text in page.locator(f"{host} td:last-child").all_text_contents()]


def test_an_empty_pad_is_said(page):
    page.get_by_text("The pad is empty").wait_for()
    assert page.locator("#first-bars td:last-child").first.text_content() == "–"


def test_a_3_drawn_with_the_mouse_is_read_as_predict_reads_the_saved_picture(page, tmp_path, capsys):
    stroke(page, THREE)
    page.get_by_text(re.compile("stem-17150 reads 3")).wait_for()
    shown = probabilities(page)
    with page.expect_download() as saved:
        page.click("#save")
    saved.value.save_as(tmp_path / "digit.png")
    assert main(["predict", "stem-17150", str(tmp_path / "digit.png"), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["predictions"]
    assert found["class"] == 3
    np.testing.assert_allclose(shown, 100 * np.array(found["probabilities"]), atol=0.06)
    form = page.evaluate("[...document.getElementById('form').getContext('2d').getImageData(0, 0, 28, 28).data]")
    off = np.abs(np.array(form[::4]) - read_picture(tmp_path / "digit.png").ravel().astype(int))
    assert off.max() <= 1
    assert (off > 0).sum() <= 2


def test_two_marks_are_said_and_can_be_undone(page):
    stroke(page, [(0.2, 0.2), (0.2, 0.8)])
    stroke(page, [(0.75, 0.2), (0.75, 0.8)])
    page.get_by_text("Do not believe it: two separate marks").wait_for()
    page.click("#undo")
    page.wait_for_timeout(100)
    assert page.text_content("#doubt") == ""
    page.click("#clear")
    page.get_by_text("The pad is empty").wait_for()


def test_two_networks_stand_side_by_side_and_the_link_keeps_digit_and_networks(page, page_at):
    page.select_option("#second", "model1-4312")
    page.click("#sample")
    page.get_by_text(re.compile("stem-17150 reads")).wait_for()
    shown = probabilities(page), probabilities(page, "#second-bars")
    assert all(sum(each) == pytest.approx(100, abs=0.6) for each in shown)
    page.wait_for_timeout(300)
    other = page_at(page.url)
    other.get_by_text(re.compile("stem-17150 reads")).wait_for()
    assert (probabilities(other), probabilities(other, "#second-bars")) == shown


def test_a_cell_shows_its_window_its_kernel_and_their_sum(page):
    stroke(page, THREE)
    page.get_by_text(re.compile("reads 3")).wait_for()
    page.locator(".tiles").first.click(position={"x": 25, "y": 25})
    page.locator("#cell .product").first.wait_for()
    squares = page.locator("#cell .product svg")
    window, kernel = (squares.nth(place).locator("text").count() for place in (0, 1))
    assert window == kernel == 25
    page.keyboard.press("PageDown")
    assert "map 2" in page.text_content("#cell h3")
    for place in range(page.locator(".tiles:visible").count()):
        tile = page.locator(".tiles:visible").nth(place)
        tile.focus()
        tile.press("Enter")
        assert "result" in page.text_content("#cell") or re.search(r"\d", page.text_content("#cell b"))


def test_the_evidence_names_a_region_and_another_class_can_be_asked_for(page):
    stroke(page, THREE)
    page.get_by_text(re.compile("The logit of 3 minus")).wait_for()
    page.select_option("#asked", "8")
    page.get_by_text(re.compile("The logit of 8 minus logit of 3: −")).wait_for()
    assert "Without the ink at" in page.text_content("#why")


def test_a_picture_of_the_user_is_read(page, tmp_path):
    Image.open(next(SAMPLES.glob("seven.png"))).save(tmp_path / "seven.png")
    page.set_input_files("#file", tmp_path / "seven.png")
    page.get_by_text(re.compile("reads 7")).wait_for()
    (tmp_path / "text.png").write_text("no picture")
    page.set_input_files("#file", tmp_path / "text.png")
    page.get_by_text("is not a picture that this browser can read").wait_for()


def test_touch_draws_too(page_at, site):
    page = page_at((site / "draw.html").as_uri(), width=390, height=844, has_touch=True)
    box = page.locator("#pad").bounding_box()
    page.touchscreen.tap(box["x"] + 60, box["y"] + 60)
    page.get_by_text(re.compile("reads|too little ink")).wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_nothing_is_cut_and_axe_finds_nothing_serious(page_at, site, axe, width, scheme):
    page = page_at((site / "draw.html").as_uri(), width=width, color_scheme=scheme)
    page.click("#sample")
    page.get_by_text(re.compile("stem-17150 reads")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_below_200_kb_without_its_data(name):
    assert len(whole_page(name, None).encode()) < 200_000
