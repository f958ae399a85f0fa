"""A run's report in a browser: tables sort, curves and confusion matrix answer the pointer and the keys."""

import pytest

from tersenet.pages import write_report
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    """A run that misclassifies some of its pictures, with its report."""
    experiment = Experiment(
        network="2C5s3 R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=4, batch_size=16, learning_rate=0.01, averaging=0.0),
    )
    run = start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))
    return run, write_report(run)


def test_a_curve_says_what_is_under_the_pointer_and_moves_with_the_keys(trained, page_at):
    run, path = trained
    page = page_at(path.as_uri())
    panel = page.locator("#curves .panel").first
    panel.hover(position={"x": 2, "y": 40})
    first = run.metrics[0]
    said = page.locator("#curves .readout")
    expected = f"epoch 1: training {first.train_accuracy:.4g}, test {first.test_accuracy:.4g}"
    assert said.text_content() == expected
    panel.focus()
    panel.press("End")
    assert said.text_content().startswith("epoch 4:")
    panel.press("ArrowLeft")
    assert panel.get_attribute("aria-valuetext").startswith("epoch 3:")


def test_a_cell_of_the_confusion_matrix_shows_its_pictures(trained, page_at):
    page = page_at(trained[1].as_uri())
    cells = page.locator("#confusion .cell")
    assert cells.count() >= 1
    cells.first.focus()
    page.keyboard.press("Enter")
    told = page.text_content("#confusion .readout")
    page.locator("#confusion .shown canvas").first.wait_for()
    shown = page.locator("#confusion .shown canvas").count()
    assert f": {shown} picture" in told
    corner = "document.querySelector('.shown canvas').getContext('2d').getImageData(0, 0, 28, 28).data"
    assert page.evaluate(f"[...{corner}].filter((value, at) => at % 4 < 3 && value > 0).length") > 20
    box, drawn = cells.first.bounding_box(), page.locator("#confusion svg").bounding_box()
    assert drawn["x"] < box["x"] < drawn["x"] + drawn["width"] / 2 + box["width"]


def test_a_table_sorts_both_ways(trained, page_at):
    page = page_at(trained[1].as_uri())
    page.click("summary >> text=All 4 epochs")
    table = page.locator("details[open] table.sorts")
    column = table.locator("td:nth-child(4)")
    table.locator("th button >> text=training %").click()
    values = [float(text) for text in column.all_text_contents()]
    assert values == sorted(values)
    table.locator("th button >> text=training %").click()
    assert [float(text) for text in column.all_text_contents()] == values[::-1]
    assert table.locator("th[aria-sort=descending]").count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_nothing_is_cut_and_axe_finds_nothing_serious(trained, page_at, axe, width, scheme):
    page = page_at(trained[1].as_uri(), width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
