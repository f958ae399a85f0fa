"""The pictures that were read wrongly."""

import math

import pytest
import torch

from tersenet.evaluation import (
    KNOWN_WRONG_LABELS,
    NO_ANSWER,
    Mistake,
    corrected_labels,
    find_mistakes,
    known_wrong_label,
)


def test_mistakes_come_most_confident_first_with_the_probability_of_the_guess():
    # Odds of 1:3, 1:1 … by hand: softmax of (0, ln 3) is (1/4, 3/4), of (ln 9, 0) is (9/10, 1/10).
    logits = torch.tensor([[0.0, math.log(3)], [math.log(9), 0.0], [math.log(9), 0.0], [0.0, 5.0]])
    mistakes = find_mistakes(logits, torch.tensor([0, 1, 0, 1]))
    assert [(m.index, m.label, m.guess) for m in mistakes] == [(1, 1, 0), (0, 0, 1)]
    assert [m.probability for m in mistakes] == pytest.approx([0.9, 0.75])


def test_a_network_without_mistakes_has_an_empty_list():
    assert find_mistakes(torch.eye(3), torch.arange(3)) == []


def test_equally_confident_mistakes_keep_the_order_of_the_set():
    assert [m.index for m in find_mistakes(torch.eye(2)[[0, 0, 0]], torch.ones(3, dtype=torch.int64))] == [0, 1, 2]


def test_an_answer_that_is_not_a_number_is_the_last_mistake():
    logits = torch.tensor([[math.nan, 0.0], [0.0, 1.0]])
    first, last = find_mistakes(logits, torch.tensor([0, 0]))
    assert first.index == 1
    assert (last.index, last.guess) == (0, NO_ANSWER)
    assert math.isnan(last.probability)
    assert isinstance(last, Mistake)


def test_a_known_wrong_label_is_told_only_for_the_label_and_the_set_it_was_found_in():
    assert known_wrong_label("mnist", 947, 8).read == 9
    assert known_wrong_label("mnist", 947, 7) is None
    assert known_wrong_label("fashion-mnist", 947, 8) is None
    assert len(KNOWN_WRONG_LABELS["mnist"]) == 10


def test_corrected_labels_are_those_that_people_read_and_leave_the_given_ones_alone():
    labels = torch.full((10_000,), 5)
    corrected = corrected_labels("mnist", labels)
    # The four labels given as 5: 2597 and 5937 are read as 3, 3558 as 0, 9729 as 6.
    assert corrected.ne(labels).nonzero().flatten().tolist() == [2597, 3558, 5937, 9729]
    assert corrected[[2597, 3558, 5937, 9729]].tolist() == [3, 0, 3, 6]
    assert labels.unique().tolist() == [5]


def test_labels_that_nothing_is_known_against_have_no_correction():
    assert corrected_labels("kmnist", torch.zeros(10_000, dtype=torch.int64)) is None
    assert corrected_labels("mnist", torch.full((10_000,), 7)) is None
    assert corrected_labels("mnist", torch.zeros(5, dtype=torch.int64)) is None


@pytest.mark.mnist
def test_ten_labels_of_the_files_are_corrected(mnist):
    corrected = corrected_labels("mnist", mnist.test.labels)
    assert int((corrected != mnist.test.labels).sum()) == 10


@pytest.mark.mnist
def test_the_known_wrong_labels_are_those_that_the_files_give(mnist):
    for index, wrong in KNOWN_WRONG_LABELS["mnist"].items():
        assert int(mnist.test.labels[index]) == wrong.given
