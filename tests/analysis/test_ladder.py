"""The ladder: which runs belong to a step, what is said of them, and labels that cover nothing."""

from itertools import pairwise
from statistics import fmean

import pytest
from matplotlib.text import Annotation, Text
from scipy import stats

from made_runs import MadeRun
from tersenet import TersenetError
from tersenet.analysis.ladder import LadderStep, read_ladder, what_changed
from tersenet.analysis.ladder_words import analyse_step, result_of, step_row, verdict, warnings_of
from tersenet.analysis.public_records import PUBLIC_RECORDS
from tersenet.evaluation import welch_test
from tersenet.figures.label_placement import Label, place_labels, spread_out
from tersenet.figures.ladder_figures import plot_ladder_curves, plot_ladder_front
from tersenet.figures.style import Drawing, dress
from tersenet.networks import Budget
from tersenet.pages.ladder_page import write_ladder
from tersenet.runs import Experiment, Settings, load_experiment, start_group, start_run
from tersenet.runs.experiment import experiment_names
from tersenet.training import Recipe

BUDGET = Budget(accuracy=99.5, parameters=8_000, epochs=16)


def step(name, curves, parameters=7_000, **more):
    experiment = Experiment(name=name, network="8C3 GAP 10N", data="mnist", budget=BUDGET)
    runs = tuple(MadeRun(curve, parameters) for curve in curves)
    return LadderStep(experiment=experiment, change="the baseline", runs=runs, **more)


@pytest.fixture(scope="module")
def experiments(picture_folder):
    first = Experiment(
        name="ladder-01-plain",
        network="2C5s3 R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=2, batch_size=16),
        settings=Settings(device="cpu"),
    )
    second = first.changed(name="ladder-02-normalised", network="2C5s3 BN R GAP 2Nb")
    third = second.changed(name="ladder-03-wider", network="4C5s3 BN R GAP 2Nb")
    return [first, second, third]


@pytest.fixture(scope="module")
def folder(experiments, tmp_path_factory):
    """The first step as a group of three, the second as single runs, the third with a setting of its own."""
    folder = tmp_path_factory.mktemp("runs")
    first, second, third = experiments
    start_group(first, 3, runs_dir=folder, processes=1)
    for seed in (0, 1):
        start_run(second.changed(name=f"{second.name}-seed{seed}", seed=seed), runs_dir=folder)
    start_run(third.changed(training=Recipe(epochs=1, batch_size=16)), runs_dir=folder)
    return folder


@pytest.fixture(scope="module")
def ladder(folder, experiments):
    return read_ladder(folder, experiments)


def test_groups_and_single_runs_make_a_step_and_others_do_not_count(ladder):
    assert [step.name for step in ladder.steps] == ["ladder-01-plain", "ladder-02-normalised"]
    assert [len(step.runs) for step in ladder.steps] == [3, 2]
    (said,) = ladder.otherwise
    assert said == "ladder-03-wider-1 is left out because these settings differ: training.epochs."


def test_what_is_missing_is_said_with_the_command_that_trains_it(ladder, folder):
    assert [(each.name, each.seeds) for each in ladder.missing] == [
        ("ladder-02-normalised", (2,)),
        ("ladder-03-wider", (0, 1, 2)),
    ]
    assert [command for each in ladder.missing for command in each.commands] == [
        f"tersenet train ladder-02-normalised --seed 2 --runs-dir {folder}",
        f"tersenet train ladder-03-wider --seeds 3 --runs-dir {folder}",
    ]
    assert all(command in warnings_of(ladder)[0] for each in ladder.missing for command in each.commands)


def test_the_figures_are_those_of_the_runs(ladder):
    first, second = ladder.steps
    assert first.accuracies == [run.metrics[-1].test_accuracy for run in first.runs]
    assert second.spread.mean == pytest.approx(fmean(second.accuracies))
    # 2C5s3: 50 weights; two of batch normalisation a channel; a dense layer of 2 × 2 with biases.
    assert (first.parameters, second.parameters) == (50 + 6, 50 + 4 + 6)
    assert second.difference.difference == pytest.approx(fmean(second.accuracies) - fmean(first.accuracies))
    assert second.change == "+BN"


def test_a_step_is_not_compared_across_a_gap(folder, experiments):
    first, second, third = experiments
    across = read_ladder(folder, [first, third.changed(name="ladder-02-other", network="8C5s3 R GAP 2Nb"), second])
    assert [step.name for step in across.steps] == [first.name, second.name]
    assert across.steps[1].difference is None


def test_an_empty_folder_is_one_clear_error(tmp_path):
    with pytest.raises(TersenetError, match="No step of the ladder is trained") as caught:
        read_ladder(tmp_path)
    assert f"tersenet train ladder-01-plain --seeds 3 --runs-dir {tmp_path}" in str(caught.value)


def test_steps_on_several_data_sets_are_refused(tmp_path, experiments):
    with pytest.raises(TersenetError, match="one data set"):
        read_ladder(tmp_path, [experiments[0], experiments[1].changed(data="mnist")])


def test_the_page_says_first_what_is_missing(ladder, tmp_path):
    page = write_ladder(ladder, tmp_path)
    assert page == tmp_path / "ladder.html"
    text = (tmp_path / "ladder.md").read_text(encoding="utf-8")
    assert text.startswith("**Not yet trained with 3 seeds: ladder-02-normalised, ladder-03-wider.")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"ladder-curves.png", "ladder-front.png"}


HIGH = [(99.0, 99.41, 99.45, 99.52)] * 3


@pytest.mark.parametrize(
    ("curves", "parameters", "said"),
    [
        (HIGH, 7_000, "met"),
        (HIGH, 8_000, "too many parameters"),
        ([(99.0, 99.45, 99.45, 99.49)] * 3, 7_000, "0.01 short"),
        ([(99.4, 99.45, 99.40, 99.52)] * 3, 7_000, "not held"),
        ([(99.0,) * 3 + (99.52,) * 13] * 3, 7_000, "too many epochs"),
        ([(99.5, 99.5, 99.499)] * 3, 7_000, "0.001 short"),
    ],
)
def test_the_verdict_is_the_budget_and_whether_it_held(curves, parameters, said):
    assert verdict(step("ladder-10-last", curves, parameters)) == said


def test_the_analysis_says_the_direction_that_the_figures_have():
    low = step("ladder-01-low", [(98.0, 98.9), (98.0, 99.0), (98.0, 98.95)], 5_000)
    high = [(99.0, 99.4), (99.2, 99.42), (99.1, 99.41)]
    known = stats.ttest_ind([99.4, 99.42, 99.41], [98.9, 99.0, 98.95], equal_var=False)
    ends = known.confidence_interval()
    for before, after, word in ((low, high, "rises"), (step("ladder-01-b", high), low.curves, "falls")):
        test = welch_test(before.accuracies, [curve[-1] for curve in after])
        said = analyse_step(step("ladder-02-next", after, 5_100, difference=test, adjusted_p=0.2), before)
        assert said[0].startswith(f"Accuracy {word}: ")
        assert "Adjusted for all steps (Holm) it is not significant (p = 0.20)." in said[0]
    test = welch_test(low.accuracies, [curve[-1] for curve in high])
    said = analyse_step(step("ladder-02-next", high, 5_100, difference=test, adjusted_p=0.01), low)
    assert said[0].startswith(
        f"Accuracy rises: +0.46 points against step 01 (95 % interval +{ends.low:.2f} to +{ends.high:.2f}"
    )
    assert said[1] == "It has 100 parameters more than the step before (5,100 against 5,000)."
    assert said[2].startswith("The training accuracy during the last epoch is 99.00 %, 0.41 points")
    # Spans 0.40, 0.22 and 0.31.
    assert said[3].startswith("Over the last 3 epochs a seed's accuracy varies by 0.31 points on average; the lowest")
    assert said[4] == "The target of 99.5 % is missed: 0.09 short. It does not stay above 99.4 % in every seed."
    assert result_of(low).startswith("98.95 ± 0.05 % after epoch 2 (3 seeds, an indication: 98.90, 99.00, 98.95)")
    assert step_row(low)[2:] == ["5,000", "98.95 ± 0.05", "98.00", "99.5", "0.55 short"]


def test_each_change_of_the_shipped_ladder_is_named():
    steps = [load_experiment(name) for name in experiment_names() if name.startswith("ladder-")]
    said = [what_changed(before, after) for before, after in zip([None, *steps], steps, strict=False)]
    assert said[:4] == ["the baseline", "+2 BN", "+D.25", "−D.25 −10N +GAP +10Nb"]
    assert said[6] == "augmentation: rotation 8, scale 0.08, shear 0.08, shift 0.06"
    assert said[8:] == ["weight decay 0 → 0.0005", "averaging 0 → 0.999"]
    assert "nothing" not in said


def test_moved_positions_keep_their_order_and_their_distance():
    wanted = [3.0, 3.1, 0.0, 3.05, 9.0]
    placed = spread_out(wanted, 1.0)
    by_height = sorted(placed)
    assert all(high - low >= 1.0 - 1e-9 for low, high in pairwise(by_height))
    assert [placed.index(each) for each in by_height] == sorted(range(5), key=wanted.__getitem__)
    assert placed[4] == 9.0


def boxes(drawing):
    """The boxes of all labels, without their lines, in pixels."""
    drawing.canvas.draw()
    return [
        Text.get_window_extent(text)
        for axes in drawing.axes
        for text in axes.texts
        if isinstance(text, Annotation) and text.get_text()
    ]


def overlapping(found):
    return [(a, b) for place, a in enumerate(found) for b in found[:place] if a.overlaps(b)]


def test_labels_of_crowded_points_cover_neither_each_other_nor_a_point():
    drawing = Drawing(height=4.0)
    axes = drawing.add_subplot()
    dress(axes)
    places = [(1.0, 1.0 + 0.02 * number) for number in range(6)] + [(0.0, 0.0), (2.0, 2.0)]
    axes.plot(*zip(*places, strict=True), "o")
    place_labels(axes, [Label(text=f"point {number}", at=at) for number, at in enumerate(places)])
    found = boxes(drawing)
    assert len(found) == len(places)
    assert not overlapping(found)
    points = [axes.transData.transform(at) for at in places]
    assert not [box for box in found for x, y in points if box.contains(x, y)]
    frame = axes.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in found)


STEPS = [
    step(f"ladder-{number:02}-word", [(98.0, 99.0, last), (98.1, 99.1, last + 0.02)], parameters)
    for number, (last, parameters) in enumerate(
        [
            *((98.5, 5_352), (99.0, 5_400), (99.1, 5_400), (97.1, 1_570), (99.2, 7_200)),
            *((last, 7_600) for last in (99.25, 99.4, 99.44, 99.46, 99.5)),
        ],
        start=1,
    )
]


def test_no_label_of_the_front_covers_another():
    found = boxes(plot_ladder_front(STEPS, target=99.5, title="on mnist"))
    assert len(found) == len(STEPS) + 5 + 1 + len(PUBLIC_RECORDS)  # two networks share the label at the foot
    assert not overlapping(found)


def test_every_curve_is_named_and_no_name_covers_another():
    drawing = plot_ladder_curves(STEPS, target=99.5, title="on mnist")
    found = boxes(drawing)
    assert len(found) == len(STEPS) + 1
    assert not overlapping(found)
    assert drawing.axes[0].texts[-1].get_text() == "10 word  99.51"
