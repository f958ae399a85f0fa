"""The report of a run: complete, in order, in one file, and the same in Markdown and HTML."""

import base64
import dataclasses
import hashlib
import html
import itertools
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.evaluation import WrongLabel, evaluate
from tersenet.figures import Drawing
from tersenet.networks import Budget
from tersenet.pages import write_report
from tersenet.pages.run_sections import _trained_again
from tersenet.runs import Experiment, Run, load_experiment, start_run, to_toml
from tersenet.training import EvaluationBatches, Recipe

SECTIONS = [
    "Target",
    "Result",
    "Analysis",
    "What to try next",
    "Classes",
    "Training",
    "Network",
    "Recipe",
    "Data",
    "Environment",
]
EXPERIMENT = Experiment(
    name="tiny",
    network="4C5s3 BN R GAP 2Nb",
    target="Below 10 parameters; <b>bold</b> | *starred* & `code`.",
    choices=("The batch size is 16.",),
    budget=Budget(parameters=10, epochs=20, accuracy=99.4),
    training=Recipe(epochs=2, batch_size=16, averaging=0.0),
)


class Page(HTMLParser):
    """What a browser would find in a page: tags that balance, words, addresses."""

    VOID = ("meta", "img", "br", "hr")

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.tags, self.pieces = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [
            value for name, value in attributes if name in ("src", "href", "xlink:href", "srcset", "action")
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "svg", "script"} & set(self.open) and "title" not in self.open:
            self.pieces.append(data.replace("\u00a0", " "))


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    experiment = EXPERIMENT.changed(data=f"folder:{picture_folder}")
    return start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    """The run with its report: folder, Markdown, HTML."""
    run = Run(shutil.copytree(trained.path, tmp_path_factory.mktemp("written") / trained.name))
    return run, *both(run)


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy that a test may spoil; its figures are blank, which takes less time."""
    blank, empty = Drawing(height=0.5).png(), Drawing(height=0.5).svg()
    monkeypatch.setattr(Drawing, "png", lambda drawing: blank)
    monkeypatch.setattr(Drawing, "svg", lambda drawing: empty)
    return Run(shutil.copytree(trained.path, tmp_path / trained.name))


@pytest.fixture
def without_validation_yet(run):
    """The same run as if 20 images were held out and it had been stopped."""
    text = (run.path / "experiment.toml").read_text()
    (run.path / "experiment.toml").write_text(text.replace("validation = 0", "validation = 20"))
    table = (run.path / "metrics.csv").read_text()
    (run.path / "metrics.csv").write_text(table.replace("test_", "validation_"))
    return Run(run.path)


def both(run):
    """The Markdown and the HTML, freshly written."""
    path = write_report(run)
    return (run.path / "report.md").read_text(encoding="utf-8"), path.read_text(encoding="utf-8")


def test_a_missed_budget_is_the_first_line_and_names_value_and_limit(written):
    _, markdown, page = written
    assert markdown.splitlines()[0] == r"**Budget missed: parameters 118 (limit \< 10).**"
    assert next(filter(str.strip, Page(page).pieces)) == "Budget missed: parameters 118 (limit < 10)."


def test_a_budget_that_is_met_leaves_the_first_line_to_the_title(run):
    result = json.loads((run.path / "result.json").read_text())
    result["budget"] = [line | {"met": True} for line in result["budget"]]
    (run.path / "result.json").write_text(json.dumps(result))
    markdown, _ = both(run)
    assert markdown.startswith("# tiny-1 on folder:")
    assert "Budget missed" not in markdown


def test_every_section_is_there_in_order_in_both(written):
    _, markdown, page = written
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == SECTIONS
    assert [html.unescape(found) for found in re.findall(r"<h2>(.*?)</h2>", page)] == SECTIONS


def test_both_say_the_same_words(written):
    _, markdown, page = written

    def words(text):
        return re.findall(r"[\w.%]+", re.sub(r"figures/\S*png|[\\*_`|#~]|!\[[^\]]*\]|--:|:--", " ", text))

    said = words(" ".join(Page(page).pieces))
    assert sorted(set(words(markdown)) ^ set(said)) == []


def test_one_script_runs_which_the_policy_names_by_its_hash(written):
    _, _, page = written
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    (program,) = [text for attributes, text in scripts if not attributes]
    assert all(attributes in ("", ' type="application/json" class="alive"') for attributes, _ in scripts)
    digest = base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()
    assert f"; script-src 'sha256-{digest}'\">" in page
    assert "innerHTML" not in program


def test_the_curves_hold_what_metrics_csv_holds(written):
    run, _, page = written
    data = re.search(r'<figure id="curves".*?class="alive">(.*?)</script>', page, re.DOTALL)[1]
    accuracy, loss = json.loads(data)["panels"]
    for place, row in zip(accuracy["places"], run.metrics, strict=True):
        assert place["says"] == f"epoch {row.epoch}: training {row.train_accuracy:.4g}, test {row.test_accuracy:.4g}"
    assert [place["x"] for place in accuracy["places"]] == [place["x"] for place in loss["places"]]


def test_the_page_stands_alone(written):
    _, _, page = written
    found = Page(page)
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in found.addresses)
    assert not {"link", "iframe", "object"} & set(found.tags)
    assert "url(" not in page.replace("url(#", "")
    assert "@import" not in page


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser to print with")
def test_it_prints_on_six_pages_of_a4_at_most(written, tmp_path):
    run, _, _ = written
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--print-to-pdf={tmp_path}/report.pdf", (run.path / "report.html").resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    printed = (tmp_path / "report.pdf").read_bytes()
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 6
    assert re.search(rb"/MediaBox\s*\[0 0 59[45]\.\d+ 84[12]\.\d+\]", printed)


def test_the_command_can_be_copied(written):
    assert "tersenet/__main__.py" not in written[1]


def test_every_figure_is_a_file_beside_the_report_and_a_target_of_the_analysis_links(written):
    run, markdown, page = written
    files = {path.stem for path in (run.path / "figures").iterdir()}
    assert {"curves", "learning-rate", "confusion", "calibration"} <= files
    assert set(re.findall(r"\(figures/([\w-]+)\.png\)", markdown)) == files
    assert set(re.findall(r'<figure id="([\w-]+)"', page)) == files
    linked = set(re.findall(r'<a href="#([\w-]+)">', page))
    assert linked
    assert linked <= files


def test_every_name_inside_a_page_is_there_once(written):
    _, _, page = written
    names = re.findall(r'\bid="([^"]*)"', page)
    assert len(names) == len(set(names))
    assert set(re.findall(r'(?:url\(|href=")#([\w-]+)', page)) <= set(names)


def test_nothing_but_reports_and_figures_is_added_to_the_folder(trained, written):
    before, after = ({path.name for path in run.path.iterdir()} for run in (trained, written[0]))
    assert after - before == {"report.md", "report.json", "report.html", "figures"}


def test_words_of_the_user_are_never_markup(written):
    _, markdown, page = written
    assert "&lt;b&gt;bold&lt;/b&gt; | *starred* &amp; <code>code</code>" in page
    assert r"\<b\>bold\</b\> \| \*starred\* & `code`" in markdown


def test_the_last_epoch_comes_first_and_the_best_is_marked_as_picked(written):
    _, markdown, _ = written
    rows = re.findall(r"^\| ((?:last|best) epoch.*?) \|", markdown, re.MULTILINE)
    last, best, training, best_training = rows
    assert last == "last epoch (2), test"
    assert re.fullmatch(r"best epoch \([12]\), picked on the test set", best)
    assert training == "last epoch (2), training, during the epoch"
    assert re.fullmatch(r"best epoch \([12]\), training, during the epoch", best_training)


def test_the_accuracy_of_the_report_is_that_of_the_run(written):
    run, markdown, _ = written
    accuracy = run.result.test_accuracy
    assert f"/{run.result.test_images} ({accuracy:.2f} %)" in markdown
    assert "Measured again" not in markdown


def test_the_training_images_are_read_again_as_test_images_are(written):
    run, markdown, _ = written
    dataset = run.data()
    read = evaluate(run.model(), EvaluationBatches(dataset.train))
    row = f"the {len(dataset.train)} training images, measured again without dropout and augmentation"
    assert f"| {row} | {read.accuracy:.2f} % | {read.loss:.4f} |" in markdown


def test_images_held_out_are_not_read_as_training_images(without_validation_yet):
    markdown, _ = both(without_validation_yet)
    learned = len(without_validation_yet.data().train) - 20
    assert f"the {learned} training images, measured again" in markdown


def test_the_gap_the_target_and_whether_it_held_are_measured(written, run):
    markdown = written[1]
    assert "| parameters | 118 |" in markdown
    assert re.search(r"\| gap: .*? − test accuracy \| -?\d+\.\d\d points \|", markdown)
    # The budget is one for MNIST; set for these pictures, the same report says where it was reached.
    text = (run.path / "experiment.toml").read_text()
    text = text.replace('data = "mnist"', f'data = "{run.data().name}"')
    (run.path / "experiment.toml").write_text(text)
    table = (run.path / "metrics.csv").read_text().splitlines()
    column = table[0].split(",").index("test_accuracy")
    for row, accuracy in ((1, "99.5"), (2, "99.0")):
        fields = table[row].split(",")
        fields[column] = accuracy
        table[row] = ",".join(fields)
    (run.path / "metrics.csv").write_text("\n".join(table) + "\n")
    markdown, _ = both(Run(run.path))
    assert "| 99.4 % first reached | epoch 1 of 2 |" in markdown
    assert "| 99.4 % held afterwards | no: lost in 1 of 1 later epochs |" in markdown


def test_accuracy_with_known_wrong_labels_corrected_stands_beside(run, monkeypatch):
    # As if picture 0 of these were known to be a ring that is labelled a bar, and the network read a ring.
    dataset = run.data()
    known = {0: WrongLabel(given=int(dataset.test.labels[0]), read=1 - int(dataset.test.labels[0]))}
    monkeypatch.setattr("tersenet.evaluation.mistakes.KNOWN_WRONG_LABELS", {dataset.name: known})
    monkeypatch.setattr("tersenet.pages.run_sections.KNOWN_WRONG_LABELS", {dataset.name: known})
    truth = dataset.test.labels.clone()
    truth[0] = known[0].read
    perfect = torch.nn.functional.one_hot(truth, 2) * 20.0
    monkeypatch.setattr("tersenet.runs.measure.predict_logits", lambda *_, **__: (perfect, dataset.test.labels))
    markdown, _ = both(run)
    n = len(truth)
    assert f"| test accuracy with 1 known wrong labels corrected | {n}/{n} (100.00 %) |" in markdown


def test_a_second_reading_that_differs_is_said(run):
    result = json.loads((run.path / "result.json").read_text())
    result |= {"test_accuracy": 0.0, "correct": 0}
    (run.path / "result.json").write_text(json.dumps(result))
    assert "Measured again for this page" in both(run)[0]


def test_the_name_of_the_data_and_its_notice_cannot_be_missed(run):
    facts = json.loads((run.path / "environment.json").read_text())
    facts["data_notice"] = "MNIST could not be fetched: these are drawn digits."
    (run.path / "environment.json").write_text(json.dumps(facts))
    markdown, page = both(run)
    assert "these are drawn digits.**" in markdown[:400]
    assert '<p class="notice warning" role="alert">' in page


def test_an_unfinished_run_says_so_and_is_measured_as_it_is(run):
    (run.path / "result.json").unlink()
    markdown, _ = both(run)
    assert (
        "This run is not finished: 2 of 2 epochs are done. Continue it with `tersenet train --resume tiny-1`."
        in markdown
    )
    assert "last epoch (2), test" in markdown


def test_where_images_are_held_out_the_test_set_is_not_read_before_the_end(without_validation_yet):
    run = without_validation_yet
    (run.path / "result.json").unlink()
    markdown, _ = both(run)
    assert "picked on the validation set" in markdown
    assert "last epoch (2), test" not in markdown
    assert {path.stem for path in (run.path / "figures").iterdir()} == {
        "curves",
        "learning-rate",
        "regularisation",
        "network",
    }


def test_where_images_are_held_out_the_test_set_is_read_once(without_validation_yet):
    markdown, _ = both(without_validation_yet)
    assert "last epoch (2), test, measured once, at the end" in markdown
    assert "last epoch (2), validation" in markdown
    assert "20 held out for validation" in markdown


def test_a_network_without_mistakes_has_a_sentence_in_place_of_a_gallery(run, monkeypatch):
    labels = run.data().test.labels
    perfect = torch.nn.functional.one_hot(labels, 2) * 20.0
    monkeypatch.setattr("tersenet.runs.measure.predict_logits", lambda *_, **__: (perfect, labels))
    markdown, _ = both(run)
    assert f"No mistakes: all {len(labels)} test images were classified correctly." in markdown
    assert not (run.path / "figures" / "mistakes.png").exists()


def test_a_network_that_misclassifies_everything_has_a_gallery(run, monkeypatch):
    labels = run.data().test.labels
    wrong = torch.nn.functional.one_hot(1 - labels, 2) * 20.0
    monkeypatch.setattr("tersenet.runs.measure.predict_logits", lambda *_, **__: (wrong, labels))
    markdown, _ = both(run)
    assert f" {len(labels)} mistakes on the test set" in markdown
    assert (run.path / "figures" / "mistakes.png").is_file()


def test_a_run_without_an_epoch_has_nothing_to_report(run):
    (run.path / "metrics.csv").unlink()
    (run.path / "result.json").unlink(missing_ok=True)
    with pytest.raises(TersenetError, match="no epoch is done"):
        write_report(run)


def test_a_run_without_budget_or_target_says_so(run):
    bare = dataclasses.replace(run.experiment, budget=None, target="", choices=())
    (run.path / "experiment.toml").write_text(to_toml(bare))
    result = json.loads((run.path / "result.json").read_text())
    (run.path / "result.json").write_text(json.dumps(result | {"budget": []}))
    markdown, _ = both(Run(run.path))
    assert "No target was stated." in markdown
    assert "No budget was given." in markdown


def test_names_of_any_bytes_go_through_a_whole_report_as_they_are(tmp_path):
    names = ["$\\frac{$", "<script>alert(1)<", "two\nlines `x", os.fsdecode(b"\xff\x1b[31m")]
    draws = np.random.default_rng(0)
    for split, name, number in itertools.product(("train", "test"), names, range(2)):
        folder = tmp_path / "pictures" / split / name
        folder.mkdir(parents=True, exist_ok=True)
        picture = np.zeros((28, 28), dtype=np.uint8)
        left, top = draws.integers(4, 14, 2)
        picture[top : top + 9, left : left + 5] = 255
        Image.fromarray(picture).save(folder / f"{number}.png")
    experiment = Experiment(
        name="a$_$b",
        network="2C3s4 GAP 4N",
        data=f"folder:{tmp_path / 'pictures'}",
        target="`\n\n<script>",
        training=Recipe(epochs=1, batch_size=4, averaging=0.0),
    )
    run = start_run(experiment, runs_dir=tmp_path / "runs")
    markdown, page = both(run)
    assert all(
        name == "" or name.startswith(' type="application/json"') for name in re.findall(r"<script([^>]*)>", page)
    )
    assert page.count("<script") == page.count("</script") == 4
    assert re.findall(r"(?<!\\)<script", re.sub(r"`[^`\n]*`", "", markdown)) == []
    assert "\x1b" not in markdown + page
    assert Page(page).tags.count("figure") == 7


def test_the_commands_of_the_advice_train_the_run_with_its_own_data_and_recipe(written):
    run, markdown, _ = written
    words = re.findall(r"Try `tersenet train (\S+)", markdown)
    assert words
    assert set(words) == {run.name}


def test_a_bundled_experiment_is_named_only_if_nothing_was_changed():
    sprint = load_experiment("sprint")
    settled = sprint.changed(training=sprint.training.settled())
    for experiment, word in (
        (settled, "sprint"),
        (settled.changed(training=dataclasses.replace(settled.training, epochs=1)), "sprint-7"),
        (settled.changed(data="synthetic"), "sprint-7"),
        (settled.changed(validation=5000), "sprint-7"),
    ):
        assert _trained_again(SimpleNamespace(name="sprint-7", experiment=experiment)) == word
