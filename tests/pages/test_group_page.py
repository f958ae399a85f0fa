"""The report of a group: complete, in order, and honest about how many seeds stand behind it."""

import json
import re
import shutil

import pytest

from tersenet import TersenetError
from tersenet.analysis.contender import read_side
from tersenet.figures import Drawing
from tersenet.networks import Budget
from tersenet.pages import write_report
from tersenet.pages.group_page import findings
from tersenet.runs import Experiment, Group, Settings, start_group
from tersenet.training import Recipe

SECTIONS = ["Target", "Result", "Analysis", "Network", "Recipe", "Data", "Environment"]


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        budget=Budget(data=f"folder:{picture_folder}", accuracy=100.0, parameters=10),
        training=Recipe(epochs=2, batch_size=16),
        settings=Settings(device="cpu"),
    )
    return start_group(experiment, 3, runs_dir=tmp_path_factory.mktemp("runs"), processes=1)


@pytest.fixture
def group(trained, tmp_path, monkeypatch):
    """A copy that a test may spoil; its figures are blank, which takes less time."""
    blank = Drawing(height=0.5).png()
    monkeypatch.setattr(Drawing, "png", lambda drawing: blank)
    return Group(shutil.copytree(trained.path, tmp_path / trained.name))


def written(group):
    return write_report(group).with_suffix(".md").read_text(encoding="utf-8")


def test_a_budget_that_the_mean_missed_is_the_first_line(group):
    assert written(group).startswith("**Budget missed by the mean: parameters 118 (limit \\< 10)")


def test_every_section_is_there_in_order(group):
    markdown = written(group)
    assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == SECTIONS
    assert "# tiny-1 on folder:" in markdown
    assert "3 seeds" in markdown


def test_the_table_has_one_row_per_seed_and_their_mean(group):
    markdown = written(group)
    rows = re.findall(r"^\| \**(\d+|mean)\** \| \**([\d.]+)\** \|", markdown, re.MULTILINE)
    rows = [(name, float(figure)) for name, figure in rows if "." in figure]
    assert [name for name, _ in rows] == ["0", "1", "2", "mean"]
    figures = [figure for _, figure in rows]
    assert sum(figures[:3]) / 3 == pytest.approx(figures[3], abs=0.01)
    assert figures[3] == pytest.approx(group.result.mean, abs=0.0006)


def test_three_seeds_are_an_indication(group):
    assert "Fewer than 5 seeds: an indication, not a claim." in written(group)


def test_an_unfinished_group_says_so_and_is_measured_as_it_is(group):
    (group.path / "result.json").unlink()
    shutil.rmtree(group.seed_path(2))
    markdown = written(group)
    assert "2 of 3 seeds are done. Continue it with `tersenet train --resume tiny-1`." in markdown
    assert "over 2 seeds" in markdown
    shutil.rmtree(group.seed_path(1))
    assert "One seed is done" in written(group)


def test_a_group_without_a_finished_seed_has_nothing_to_report(group):
    for seed in (0, 1, 2):
        (group.seed_path(seed) / "result.json").unlink()
    with pytest.raises(TersenetError, match="no training is finished"):
        write_report(group)


def test_the_notice_of_the_data_cannot_be_missed(group):
    facts = json.loads((group.path / "environment.json").read_text())
    facts["data_notice"] = "These are drawn digits."
    (group.path / "environment.json").write_text(json.dumps(facts))
    assert "These are drawn digits.**" in written(group)[:600]


def test_the_analysis_counts_what_all_seeds_misclassify(group):
    side = read_side(group, group.data())
    always = set.intersection(*(set((~right).nonzero()[0]) for right in side.right))
    ever = set.union(*(set((~right).nonzero()[0]) for right in side.right))
    said = f"{len(always)} images are misclassified by all 3 seeds, {len(ever)} by at least one"
    assert said in findings(side)[-1]


def test_figures_are_drawn_for_real(trained, tmp_path):
    group = Group(shutil.copytree(trained.path, tmp_path / trained.name))
    write_report(group)
    figures = {path.stem for path in (group.path / "figures").iterdir()}
    assert {"seeds", "curves"} <= figures
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (group.path / "figures").iterdir())


def test_nothing_but_the_report_is_added_to_the_folder(group):
    before = {path.name for path in group.path.iterdir()}
    written(group)
    added = {path.name for path in group.path.iterdir()} - before
    assert added == {"report.md", "report.json", "report.html", "figures"}
