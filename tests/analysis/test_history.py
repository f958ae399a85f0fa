"""A history is read from whatever its figures were kept in."""

from types import SimpleNamespace

import pytest

from tersenet._errors import TersenetError
from tersenet.analysis import history_of

ROWS = [
    {"epoch": 1, "train_loss": 0.9, "test_accuracy": 90.0},
    {"epoch": 2, "train_loss": 0.4, "test_accuracy": 95.0},
]


def test_rows_of_objects_rows_of_dictionaries_and_lists_read_the_same():
    objects = [SimpleNamespace(**row) for row in ROWS]
    lists = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    assert history_of(ROWS) == history_of(objects) == history_of(lists)
    assert history_of(ROWS).epochs == [1, 2]


def test_validation_figures_stand_before_test_figures():
    history = history_of([{"epoch": 1, "test_accuracy": None, "validation_accuracy": 97.0}])
    assert (history.held_out, history.held_out_accuracy) == ("validation", [97.0])


def test_the_best_epoch_is_the_first_with_the_highest_accuracy_and_never_one_that_is_not_a_number():
    assert history_of({"test_accuracy": [float("nan"), 98.0, 99.0, 99.0]}).best == 2
    assert history_of({"train_loss": [1.0]}).best is None


@pytest.mark.parametrize(
    ("rates", "drops"),
    [
        ([0.1] * 4, []),
        ([0.1, 0.1, 0.01, 0.01], [2]),
        ([0.1, 0.1, 0.1, 0.01], [3]),
        ([0.1, 0.01, 0.01], [1]),
        ([0.4, 0.2, 0.1, 0.05], []),  # slopes: every epoch lower
        ([0.05, 0.1, 0.08, 0.06, 0.03], []),  # warm-up and straight fall
        ([0.1, 0.1, 0.09, 0.09], []),  # less than halved
        ([0.1, 0.1, 0.01, 0.01, 0.001, 0.001], [2, 4]),
    ],
)
def test_a_drop_halves_the_rate_at_least_and_leaves_or_reaches_a_level(rates, drops):
    assert history_of({"learning_rate": rates}).drops == drops


@pytest.mark.parametrize(
    ("metrics", "problem"),
    [
        ([], "same number of epochs"),
        ({}, "same number of epochs"),
        ({"train_loss": []}, "same number of epochs"),
        ({"train_loss": [1.0], "test_loss": [1.0, 2.0]}, "same number of epochs"),
        ({"trainloss": [1.0]}, "no such column"),
        ([{"train_loss": 1.0, "test_loss": 1.0}, {"train_loss": 1.0}], "has missing values"),
    ],
)
def test_what_is_no_history_is_an_error(metrics, problem):
    with pytest.raises(TersenetError, match=problem):
        history_of(metrics)
