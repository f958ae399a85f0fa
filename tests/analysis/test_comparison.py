"""Comparisons: what is said of sides whose answers are known, and what a reader is warned of."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from made_runs import made_record
from tersenet import TersenetError
from tersenet.analysis import contender as side_module
from tersenet.analysis.comparison import compare, measured_otherwise
from tersenet.analysis.contender import Contender
from tersenet.analysis.pairwise import compare_two
from tersenet.figures import Drawing
from tersenet.pages.comparison_page import compose_comparison, write_comparison
from tersenet.runs import Experiment, Settings, start_group, start_run
from tersenet.training import Recipe

IMAGES = 10_000


@pytest.fixture(scope="module")
def experiment(picture_folder):
    return Experiment(
        name="first",
        network="4C5s3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=2, batch_size=16),
        settings=Settings(device="cpu"),
    )


@pytest.fixture(scope="module")
def trained(experiment, tmp_path_factory):
    """Two single runs and two groups of two seeds."""
    folder = tmp_path_factory.mktemp("runs")
    one = start_run(experiment, runs_dir=folder)
    other = start_run(experiment.changed(name="second", seed=1), runs_dir=folder)
    groups = [
        start_group(experiment.changed(name=name, network=network), 2, runs_dir=folder, processes=1)
        for name, network in (("narrow", "2C5s3 BN R GAP 2Nb"), ("wide", "6C5s3 BN R GAP 2Nb"))
    ]
    return one, other, *groups


@pytest.fixture
def blank_figures(monkeypatch):
    """Figures take their time; most tests look at the words alone."""
    blank = Drawing(height=0.5).png()
    monkeypatch.setattr(Drawing, "png", lambda drawing: blank)


class Named:
    """A group that needs no folder."""

    def __init__(self, name):
        self.name, self.experiment = name, Experiment(network="8C3 GAP 10N")


def side(name, right):
    """A side whose answers are these: bool `[seeds, N]`."""
    right = np.asarray(right)
    accuracies = 100 * right.mean(axis=1)
    results = [made_record(accuracy) for accuracy in accuracies]
    labels = np.zeros(right.shape[1], dtype=np.int64)
    return Contender(
        source=Named(name),
        runs=[None] * len(right),
        results=results,
        guess=np.where(right, 0, 1),
        labels=labels,
        missing=0,
    )


def wrong(*counts, start=0):
    """A row a count: so many pictures read wrongly, from picture `start` on."""
    place = np.arange(IMAGES)
    return np.stack([(place < start) | (place >= start + count) for count in counts])


def pair(a, b, **options):
    return compare_two(side("A", a), side("B", b), best=False, resolution=0.05, **options)


def test_a_clear_difference_between_groups_is_said_in_plain_words():
    a, b = wrong(60, 58, 56, 62, 59, start=500), wrong(52, 50, 51, 54, 49)
    found = pair(a, b)
    known = stats.ttest_ind(100 * b.mean(axis=1), 100 * a.mean(axis=1), equal_var=False)
    low, high = known.confidence_interval()
    assert found.told
    assert found.p == pytest.approx(known.pvalue)
    assert found.verdict == f"B is better than A by 0.08 points; 95 % interval {low:.2f} to {high:.2f}."
    assert "5 against 5 seeds" in found.reasons[0]
    assert "10,000 images, 116 of them classified correctly by a different share of seeds" in found.reasons[1]


def test_the_worse_of_two_is_never_called_better():
    a, b = wrong(52, 50, 51, 54, 49), wrong(60, 58, 56, 62, 59, start=500)
    assert pair(a, b).verdict.startswith("A is better than B by 0.08 points; 95 % interval 0.0")


def test_no_difference_is_said_to_be_none_and_what_would_resolve_one():
    found = pair(wrong(50, 55, 45, 52, 48), wrong(51, 54, 46, 50, 49, start=100))
    assert not found.told
    assert found.verdict.startswith("No significant difference: B − A = ±0.00 points, 95 %")
    assert found.deviation == pytest.approx(np.sqrt((0.0380789**2 + 0.0291548**2) / 2), rel=1e-4)
    assert f"To resolve 0.05 points, {found.seeds_needed} seeds per side are needed (80 % power" in found.reasons[-1]
    assert "deviation 0.034" in found.reasons[-1]


def test_a_difference_that_few_images_make_is_said_to_be_about_these_images():
    # All of B's seeds are right on the same eight pictures where A's are wrong, and the other way round on others.
    a, b = wrong(58, 58, 58, 59, 57), wrong(52, 52, 51, 53, 52, start=500)
    found = pair(a, b)
    assert found.told
    assert found.permutation.p > 0.05
    assert "on other images of the same kind they may not" in found.reasons[2]


def test_two_single_runs_are_judged_by_their_pictures():
    found = pair(wrong(60, start=0), wrong(40, start=50))
    assert found.welch is None
    assert (found.mcnemar.repaired, found.mcnemar.broken) == (50, 30)
    assert found.p == pytest.approx(stats.binomtest(30, 80).pvalue)
    assert found.verdict == (
        f"B is better than A by 0.20 points; 95 % interval {found.interval[0]:.2f} to {found.interval[1]:.2f}."
    )
    assert "two trained networks, not two recipes" in " ".join(found.reasons)


def test_repaired_and_broken_pictures_are_those_that_changed_the_most_decided_first():
    a = np.ones((2, 6), dtype=bool)
    b = a.copy()
    a[:, 4], a[0, 2], b[1, 5] = False, False, False
    found = pair(a, b)
    assert [change.index for change in found.repaired] == [4, 2]
    assert [change.index for change in found.broken] == [5]
    first = found.repaired[0]
    assert (first.label, first.guess_a, first.guess_b, first.right_a, first.right_b) == (0, 1, 0, 0, 2)


def test_groups_are_compared_from_their_folders(trained):
    _, _, narrow, wide = trained
    comparison = compare([narrow, wide])
    (found,) = comparison.pairs
    assert found.difference == pytest.approx(wide.result.mean - narrow.result.mean)
    assert comparison.sides[0].accuracies == [run.test_accuracy for run in narrow.result.runs]
    assert any("narrow-1 has 2, wide-1 has 2" in text for text in comparison.warnings)
    assert any("This reads the test set" in text for text in comparison.warnings)


def test_more_than_two_are_compared_with_the_first_and_adjusted(trained):
    one, other, narrow, wide = trained
    comparison = compare([narrow, one, other, wide])
    assert [found.b.name for found in comparison.pairs] == ["first-1", "second-1", "wide-1"]
    raw = [compare([narrow, each]).pairs[0].p for each in (one, other, wide)]
    for found, p in zip(comparison.pairs, raw, strict=True):
        assert found.p >= p
    assert min(found.p for found in comparison.pairs) == pytest.approx(min(1, 3 * min(raw)))


def test_a_best_epoch_is_warned_of_and_has_no_pictures(trained):
    _, _, narrow, wide = trained
    comparison = compare([narrow, wide], best=True)
    (found,) = comparison.pairs
    assert "they support no claim" in comparison.warnings[0]
    assert found.permutation is None
    assert found.repaired == []
    best = [[run.best_test_accuracy for run in group.result.runs] for group in (narrow, wide)]
    assert found.difference == pytest.approx(np.mean(best[1]) - np.mean(best[0]))


def test_where_images_were_held_out_the_choice_is_theirs(experiment, tmp_path):
    pair_of_runs = [
        start_run(experiment.changed(name=name, seed=seed, validation=16), runs_dir=tmp_path)
        for name, seed in (("a", 0), ("b", 1))
    ]
    comparison = compare(pair_of_runs)
    assert any("Choose by the validation accuracy" in text for text in comparison.warnings)
    assert comparison.sides[0].validation_accuracies == [pair_of_runs[0].metrics[-1].validation_accuracy]
    with pytest.raises(TersenetError, match="different images"):
        compare([pair_of_runs[0], start_run(experiment, runs_dir=tmp_path)], best=True)


def test_other_hardware_is_said(trained, monkeypatch):
    one, other, *_ = trained
    plain = side_module.guesses
    monkeypatch.setattr(side_module, "guesses", lambda logits: (plain(logits) + 1) % 2)
    assert "Measured again here" in measured_otherwise(compare([one, other]).sides)


def test_what_cannot_be_compared_is_an_error(trained, experiment, tmp_path, monkeypatch):
    one, other, *_ = trained
    with pytest.raises(TersenetError, match="two different runs"):
        compare([one])
    with pytest.raises(TersenetError, match="two different runs"):
        compare([one, one])
    elsewhere = Path(str(other.path))
    text = (elsewhere / "experiment.toml").read_text()
    copy = tmp_path / "copy-1"
    copy.mkdir()
    for file in elsewhere.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    (copy / "experiment.toml").write_text(text.replace(experiment.data, "synthetic"))
    from tersenet.runs import Run

    with pytest.raises(TersenetError, match="same data"):
        compare([one, Run(copy)])
    (copy / "experiment.toml").write_text(text)
    (copy / "result.json").unlink()
    with pytest.raises(TersenetError, match="no training is finished"):
        compare([one, Run(copy)])


def test_seeds_that_are_unfinished_are_left_out_and_said(trained, tmp_path):
    import shutil

    from tersenet.runs import Group

    _, _, narrow, wide = trained
    part = Group(shutil.copytree(narrow.path, tmp_path / "part-1"))
    (part.seed_path(1) / "result.json").unlink()
    comparison = compare([part, wide])
    assert comparison.sides[0].seeds == 1
    assert any("part-1 has 1, 1 unfinished" in text for text in comparison.warnings)


@pytest.mark.parametrize(
    ("names", "best"),
    [((0, 1), False), ((0, 1), True), ((2, 3), False), ((2, 3), True), ((0, 3), False), ((0, 1, 2, 3), False)],
)
def test_the_page_holds_all_that_is_said(trained, tmp_path, names, best, blank_figures):
    comparison = compare([trained[name] for name in names], best=best)
    page = write_comparison(comparison, tmp_path / "out")
    markdown = page.with_suffix(".md").read_text(encoding="utf-8")
    html = page.read_text(encoding="utf-8").replace("\u00a0", " ")
    for found in comparison.pairs:
        assert found.verdict in html
    for text in comparison.warnings:
        assert text.split("`")[0] in html
    figures = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    assert {"seeds", "curves"} <= figures
    assert ("parameters" in figures) == (len(names) > 2)
    assert all(f"figures/{key}.png" in markdown for key in figures)


def test_the_gallery_is_of_the_pictures_that_changed(trained, blank_figures):
    one, other, *_ = trained
    comparison = compare([one, other])
    (found,) = comparison.pairs
    keys = {block.key for block in compose_comparison(comparison) if hasattr(block, "key")}
    assert ("repaired" in keys) == bool(found.repaired)
    assert ("broken" in keys) == bool(found.broken)


def test_a_pair_can_be_written_as_json(trained):
    _, _, narrow, wide = trained
    (found,) = compare([narrow, wide]).pairs
    assert json.loads(json.dumps([dataclasses.asdict(change) for change in found.repaired])) is not None


def test_a_caution_is_said_once_in_three_sentences_at_most(trained):
    one, _, narrow, wide = trained
    for sources, best in (([narrow, wide], False), ([one, wide], True), ([one, narrow, wide], False)):
        warnings = compare(sources, best=best).warnings
        assert 1 <= len(warnings) <= 3
        assert all(text.count(". ") == 0 for text in warnings)


@pytest.mark.parametrize("resolution", [1e-300, 5e-324, 1e-9])
def test_a_difference_too_small_to_resolve_needs_no_number_of_seeds(trained, resolution):
    _, _, narrow, wide = trained
    (found,) = compare([narrow, wide], resolution=resolution).pairs
    assert found.seeds_needed is None
    assert found.told or "No realistic number of seeds" in found.reasons[-1]


@pytest.mark.parametrize("resolution", [0.0, -1.0, float("nan"), float("inf"), 101.0])
def test_a_difference_to_resolve_is_above_zero_and_at_most_a_hundred_points(trained, resolution):
    _, _, narrow, wide = trained
    with pytest.raises(TersenetError, match="cannot be resolved"):
        compare([narrow, wide], resolution=resolution)
