"""Classes are matched by name."""

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.data import Dataset, Split, match_classes

DIGITS = tuple("0123456789")


def dataset(classes, labels):
    images = torch.arange(len(labels), dtype=torch.uint8)[:, None, None].expand(-1, 28, 28)
    half = Split(images=images, labels=torch.tensor(labels))
    return Dataset(name="folder:here", train=half, test=half, classes=tuple(classes), source="here")


def test_the_same_classes_are_left_as_they_are():
    given = dataset("ab", [0, 1])
    assert match_classes(["a", "b"], given) is given


def test_another_order_is_renumbered():
    matched = match_classes("abc", dataset("cab", [0, 1, 2, 0]))
    assert matched.classes == ("a", "b", "c")
    assert matched.test.labels.tolist() == matched.train.labels.tolist() == [2, 0, 1, 2]
    assert matched.test.images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_some_of_the_classes_are_numbered_as_the_network_does():
    matched = match_classes(DIGITS, dataset("73", [0, 1, 1]))
    assert (matched.classes, matched.test.labels.tolist()) == (DIGITS, [7, 3, 3])


def test_other_names_are_an_error_or_are_matched_by_position():
    words = ("eight", "five", "four", "nine", "one", "seven", "six", "three", "two", "zero")
    given = dataset(words, [0, 9])
    with pytest.raises(TersenetError, match="not those the network was trained on") as caught:
        match_classes(DIGITS, given)
    assert "--classes-by-position" in caught.value.hint
    matched = match_classes(DIGITS, given, by_position=True)
    assert (matched.classes, matched.test.labels.tolist()) == (DIGITS, [0, 9])


def test_another_number_of_classes_cannot_be_matched_by_position():
    with pytest.raises(TersenetError) as caught:
        match_classes(DIGITS, dataset("xyz", [0]), by_position=True)
    assert "as many classes" in caught.value.expected
    with pytest.raises(TersenetError) as caught:
        match_classes(DIGITS, dataset("xyz", [0]))
    assert "--classes-by-position" not in caught.value.hint
