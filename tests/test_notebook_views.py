"""What a notebook shows of an object: one line as text, a small table as HTML, in the notebook's own colours."""

import re

import pytest
import torch

from tersenet._notebook import MOST_ROWS, small_table
from tersenet._table import Column, Table
from tersenet.analysis import compare
from tersenet.data import Dataset, Split
from tersenet.evaluation import predict
from tersenet.networks import build, summarize
from tersenet.runs import Experiment, Group, Run, start_group, start_run
from tersenet.training import Recipe


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    folder = tmp_path_factory.mktemp("runs")
    return start_run(experiment, runs_dir=folder), start_group(experiment, 2, runs_dir=folder)


def shown(html):
    """The words of an HTML snippet; it is balanced, and no colour in it hides on a dark page."""
    assert html.count("<div") == html.count("</div>")
    assert html.count("<td") == html.count("</td>")
    assert "<script" not in html
    assert not re.search(r"(?:background|color): *(?:#fff|white|black|#000)\b", html)
    return re.sub(r"<[^>]*>", " ", html)


def test_a_data_set_is_one_line():
    split = Split(images=torch.zeros(1200, 28, 28, dtype=torch.uint8), labels=torch.zeros(1200, dtype=torch.int64))
    dataset = Dataset(name="mine", train=split, test=split.take(torch.arange(7)), classes=("a", "b"), source="here")
    assert repr(dataset) == "Dataset('mine': 1,200 training and 7 test images, 1×28×28, 2 classes)"
    assert repr(split) == "Split(1,200 images, 1×28×28)"


def test_a_run_is_one_line_with_its_accuracy(trained):
    run, _ = trained
    line = f"4C5s3 BN R GAP 2Nb on {run.experiment.data}, {run.result.test_accuracy:.2f} % after epoch 1, seed 0"
    assert repr(run) == f"Run('tiny-1': {line})"
    assert line in shown(run._repr_html_())


def test_a_group_is_one_line_and_a_row_per_seed(trained):
    _, group = trained
    assert repr(group).startswith("Group('tiny-2': 4C5s3 BN R GAP 2Nb on folder:")
    assert "2 of 2 seeds done, mean" in repr(group)
    assert group._repr_html_().count("<tr") == 3


@pytest.mark.parametrize("kind", [Run, Group])
def test_a_damaged_folder_is_one_line_too(tmp_path, kind):
    (tmp_path / "experiment.toml").write_text("][")
    (tmp_path / "group.json").write_text("{")
    assert repr(kind(tmp_path)) == f"{kind.__name__}({tmp_path.name!r})"
    assert tmp_path.name in shown(kind(tmp_path)._repr_html_())


def test_a_summary_is_one_line_and_its_table():
    summary = summarize(build("8C3 BN R GAP 10N"))
    assert repr(summary) == "Summary(5 layers, 168 parameters, 48,752 multiply-adds)"
    words = shown(summary._repr_html_())
    assert "Conv2d" in words
    assert "168 parameters, 48,752 multiply-adds per image of 1×28×28" in words


def test_a_comparison_shows_verdict_sides_and_caution(trained):
    comparison = compare(trained)
    words = shown(comparison._repr_html_())
    assert comparison.pairs[0].verdict in words
    assert "tiny-2" in words
    assert comparison.pairs[0].verdict in repr(comparison)


def test_a_prediction_shows_the_likely_classes():
    [prediction] = predict(build("4C3 GAP 10N"), torch.zeros(28, 28, dtype=torch.uint8))
    words = shown(prediction._repr_html_())
    assert f"picture 0: class {prediction.guess}" in words
    assert f"{100 * prediction.probability:.2f} %" in words


def test_a_long_table_shows_its_first_rows_and_says_so():
    html = small_table(Table(columns=[Column(title="a")], rows=[(str(number),) for number in range(500)]))
    assert html.count("<tr") == MOST_ROWS + 1
    assert f"The first {MOST_ROWS} of 500 rows." in html


def test_words_of_the_user_are_never_markup():
    html = small_table(Table(columns=[Column(title="<b>")], rows=[("<script>\x07",)]), title="a & b")
    assert "&lt;script&gt;\ufffd" in html
    assert "a &amp; b" in html
