"""The descent and the study: the course's figures, Mazur's, and what learning rates do."""

import numpy as np
import pytest

from tersenet._errors import TersenetError
from tersenet.backprop import COURSE, MAZUR, VERDICTS, descend, follow, loss_surface, make_problem, study

# Published with the course's recomputation: updates 68, by learning rate.
AFTER_68 = {
    0.1: 0.009515099,
    0.2: 0.006292104,
    0.5: 0.001725731,
    0.8: 0.000454319,
    1: 0.000184344,
    2: 0.00000183070,
    1000: 0.249996875,
}


def test_the_first_row_is_that_of_the_course_with_its_mistake_mended():
    row = dict(zip(descend(COURSE, steps=0).columns, descend(COURSE, steps=0).rows[0], strict=True))
    slopes = [0.000316993, 0.000633987, 0.000351776, 0.000703553, 0.012880819, 0.012976085, 0.015408348, 0.015522308]
    assert [round(row[f"dE/dw{place}"], 9) for place in range(1, 9)] == slopes
    assert round(row["E_total"], 9) == 0.014181378
    assert round(row["a_o1"], 9), round(row["a_o2"], 9) == (0.606477732, 0.630480835)


def test_one_step_with_learning_rate_1_leads_to_the_known_loss():
    assert round(descend(COURSE, steps=1).column("E_total")[1], 10) == 0.0133779156


@pytest.mark.parametrize(("rate", "loss"), AFTER_68.items())
def test_68_updates_lead_to_the_known_losses(rate, loss):
    assert descend(COURSE, learning_rate=rate).column("E_total")[68] == pytest.approx(
        loss, abs=6e-10 if loss > 1e-5 else 6e-12
    )


def test_68_rows_are_67_updates():
    losses = descend(COURSE).column("E_total")
    assert [round(losses[step], 9) for step in (67, 68)] == [0.000196838, 0.000184344]


def test_the_columns_are_the_31_of_the_course_in_its_order():
    names = (
        "t1 t2 i1 i2 w1 w2 w3 w4 h1 a_h1 h2 a_h2 w5 w6 w7 w8 o1 a_o1 o2 a_o2 E1 E2 E_total"
        " dE/dw1 dE/dw2 dE/dw3 dE/dw4 dE/dw5 dE/dw6 dE/dw7 dE/dw8"
    )
    assert " ".join(descend(COURSE, steps=0).columns) == names


def test_mazurs_example_starts_and_ends_where_his_page_says():
    losses = follow(MAZUR, [0.5], 10_000).losses[:, 0]
    assert round(losses[0], 9) == 0.298371109
    assert losses[-1] == pytest.approx(3.51e-5, abs=1e-7)


def test_mazurs_biases_stay_where_they_are():
    descent = descend(MAZUR, steps=20, learning_rate=0.5)
    assert all(np.ptp(descent.column(name)) == 0 for name in MAZUR.network.bias_names)
    assert np.ptp(descent.column("w1")) > 0


def test_rate_1000_saturates_and_then_escapes_near_step_600():
    losses = follow(COURSE, [1000.0], 1000).losses[:, 0]
    assert losses[593] == pytest.approx(0.126809, abs=1e-6)
    assert losses[700] < 1e-12
    assert np.abs(losses[1:480] - 0.25).max() < 2e-5
    assert losses[900] == 0


@pytest.mark.parametrize("rate", [70, 100, 150, 200])
def test_rates_of_70_to_200_rise_first_and_converge_within_300_steps(rate):
    [one] = study(COURSE, [rate], steps=300).rates
    assert one.losses.max() > one.losses[0] * 1.2
    assert one.losses[-1] < 1e-10
    assert one.verdict == "rises first, then converges"


def test_what_is_seen_at_68_and_at_1000_steps_is_named_by_rule():
    short = [one.verdict for one in study(COURSE, list(AFTER_68)).rates]
    slow, fast = ["converging slowly"] * 3, ["converging fast"] * 3
    assert short == [*slow, *fast, "saturated"]
    assert [one.verdict for one in study(COURSE, list(AFTER_68), steps=1000).rates] == [
        *slow,
        *fast,
        "escaped from saturation",
    ]


def test_what_cannot_converge_is_named_too():
    line = make_problem(sizes="1-1", activation="identity", weights=[1.0], inputs=[1.0], targets=[0.0])
    assert [one.verdict for one in study(line, [0.0, 2.5], steps=600).rates] == ["standing still", "diverged"]
    wide = study(line, [1e200], steps=20).rates[0]
    assert wide.verdict == "diverged"
    assert {"risen, not yet back", *(one.verdict for one in study(line, [2.1], steps=5).rates)} <= set(VERDICTS)
    assert study(line, [2.1], steps=5).rates[0].verdict == "risen, not yet back"


def test_several_rates_at_once_are_each_rate_alone():
    together = follow(COURSE, [0.5, 2.0], 30, momentum=0.5)
    for place, rate in enumerate([0.5, 2.0]):
        alone = descend(COURSE, steps=30, learning_rate=rate, momentum=0.5)
        np.testing.assert_allclose(together.losses[:, place], alone.column("E_total"), rtol=1e-13)


def test_with_several_samples_the_loss_is_the_mean_and_the_columns_carry_the_sample():
    both = make_problem(inputs=[0.05, 0.1, 0.4, -0.2], targets=[0.5, 0.5, 0.1, 0.9])
    ones = [make_problem(inputs=both.inputs[s], targets=both.targets[s]) for s in range(2)]
    losses = [descend(one, steps=0).column("E_total")[0] for one in ones]
    table = descend(both, steps=3)
    assert table.column("E_total")[0] == pytest.approx(np.mean(losses), rel=1e-13)
    assert table.column("E1[2]")[0] == pytest.approx(descend(ones[1], steps=0).column("E1")[0], rel=1e-13)


def test_the_path_of_descent_lies_on_the_surface():
    surface = loss_surface(COURSE, ("w5", "w1"), learning_rate=20, steps=30, points=11)
    weights = np.tile(COURSE.arrays[0], (31, 1))
    weights[:, [4, 0]] = surface.path
    heights = COURSE.network.forward(weights, *COURSE.arrays[1:]).total
    np.testing.assert_allclose(surface.path_losses, heights, rtol=1e-13)
    assert surface.columns[0] <= surface.path[:, 0].min() <= surface.path[:, 0].max() <= surface.columns[-1]


@pytest.mark.parametrize("rate", [-1.0, float("nan"), float("inf")])
def test_a_learning_rate_that_is_negative_or_not_finite_is_one_clear_error(rate):
    with pytest.raises(TersenetError, match="learning rate cannot be used"):
        descend(COURSE, learning_rate=rate)


@pytest.mark.parametrize(
    "wrong",
    [{"steps": -1}, {"momentum": 1.0}, {"momentum": float("nan")}],
)
def test_other_settings_that_cannot_be_are_errors_too(wrong):
    with pytest.raises(TersenetError):
        descend(COURSE, **wrong)


def test_a_step_column_or_surface_that_is_not_there_is_an_error():
    descent = descend(COURSE, steps=2)
    for ask in (lambda: descent.at(3), lambda: descent.column("w9"), lambda: loss_surface(COURSE, ("w1", "w1"))):
        with pytest.raises(TersenetError):
            ask()
    with pytest.raises(TersenetError):
        study(COURSE, [])
