"""Accuracy, loss, per class, confusions: against figures counted by hand."""

import math

import pytest
import torch
import torch.nn.functional as F

from tersenet._errors import TersenetError
from tersenet.evaluation import ConfusedPair, confusion_matrix, measure


def answers(guesses, classes, strength=4.0):
    """Logits that guess as told."""
    return strength * F.one_hot(torch.tensor(guesses), classes).float()


# Seven pictures of three classes. Counted by hand: class 0 has two pictures, one read as 2; class 1 has four, all
# read rightly but one, read as 2; class 2 has one, read as 1.
LABELS = torch.tensor([0, 0, 1, 1, 1, 1, 2])
GUESSES = [0, 2, 1, 1, 2, 1, 1]


def test_confusion_has_the_truth_in_rows_and_the_guess_in_columns():
    assert measure(answers(GUESSES, 3), LABELS).confusion.tolist() == [[1, 0, 1], [0, 3, 1], [0, 1, 0]]


def test_accuracy_and_per_class_measures_are_the_fractions_counted_by_hand():
    measures = measure(answers(GUESSES, 3), LABELS, ["zero", "one", "two"])
    assert (measures.correct, measures.images, measures.unanswered) == (4, 7, 0)
    assert measures.accuracy == pytest.approx(400 / 7)
    zero, one, two = measures.per_class
    assert (zero.name, zero.precision, zero.recall, zero.support) == ("zero", 1.0, 0.5, 2)
    assert zero.f1 == pytest.approx(2 / 3)
    assert (one.precision, one.recall, one.f1, one.support) == (0.75, 0.75, 0.75, 4)
    assert (two.precision, two.recall, two.f1, two.support) == (0.0, 0.0, 0.0, 1)


def test_confused_pairs_come_most_frequent_first_and_leave_the_diagonal_out():
    measures = measure(answers([1, 1, 0, 2, 2, 2], 3), torch.tensor([0, 0, 1, 1, 1, 2]))
    assert [(pair.label, pair.guess, pair.count) for pair in measures.confused_pairs] == [
        (0, 1, 2), (1, 2, 2), (1, 0, 1),
    ]  # fmt: skip
    assert measure(answers([0, 1], 2), torch.tensor([0, 1])).confused_pairs == ()
    assert measures.confused_pairs[0] == ConfusedPair(label=0, guess=1, count=2)


def test_what_is_undefined_is_not_a_number_rather_than_zero():
    never_guessed, no_pictures = measure(answers([0, 0], 3), torch.tensor([0, 1])).per_class[1:]
    assert math.isnan(never_guessed.precision)
    assert never_guessed.recall == 0.0
    assert math.isnan(no_pictures.precision)
    assert math.isnan(no_pictures.recall)
    assert math.isnan(no_pictures.f1)


def test_an_unanswered_picture_lowers_recall_and_stands_in_no_column():
    logits = answers([0, 1, 1], 2)
    logits[2] = math.nan
    measures = measure(logits, torch.tensor([0, 1, 1]))
    assert measures.confusion.tolist() == [[1, 0], [0, 1]]
    assert (measures.unanswered, measures.correct) == (1, 2)
    assert measures.per_class[1].recall == 0.5
    assert math.isnan(measures.loss)
    assert sum(b.count for b in measures.calibration.bins) == 2


def test_the_loss_is_the_cross_entropy_for_logits_and_log_probabilities_alike():
    logits = torch.tensor([[0.0, math.log(3)], [0.0, math.log(3)]])
    expected = (math.log(4) + math.log(4 / 3)) / 2  # probabilities 1/4 and 3/4
    labels = torch.tensor([0, 1])
    assert measure(logits, labels).loss == pytest.approx(expected, rel=1e-6)
    assert measure(logits.log_softmax(1), labels).loss == pytest.approx(expected, rel=1e-6)


def test_the_confusion_matrix_adds_up_to_the_pictures():
    generator = torch.Generator().manual_seed(1)
    labels, guesses = torch.randint(10, (2, 1000), generator=generator)
    matrix = confusion_matrix(guesses, labels, 10)
    assert matrix.sum() == 1000
    assert torch.equal(matrix.sum(dim=1), torch.bincount(labels, minlength=10))
    assert matrix[3, 8] == sum(1 for g, t in zip(guesses, labels, strict=True) if (t, g) == (3, 8))


@pytest.mark.parametrize(
    ("logits", "labels", "names", "problem"),
    [
        (torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), None, "do not fit each other"),
        (torch.zeros(2, 3), torch.zeros(3, dtype=torch.int64), None, "do not fit each other"),
        (torch.zeros(2, 3), torch.tensor([0, 3]), None, "labels do not fit"),
        (torch.zeros(2, 3), torch.tensor([0, 2]), ["a", "b"], "number of class names"),
    ],
)
def test_what_does_not_fit_is_an_error(logits, labels, names, problem):
    with pytest.raises(TersenetError, match=problem):
        measure(logits, labels, names)
