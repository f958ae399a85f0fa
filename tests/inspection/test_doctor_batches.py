"""The doctor on batches of plain PyTorch: labels, normalisation, pictures that change, and the last batch."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

import tersenet
from doctor_loops import CNN, Noisy, batches, found, network
from tersenet.data import draw_synthetic


def shuffled(labels):
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda train, test: (train, test), []),
        (lambda train, test: ((train[0], shuffled(train[1])), test), ["training labels"]),
        (lambda train, test: (train, (test[0], shuffled(test[1]))), ["test labels"]),
        (lambda train, test: (train, (test[0], (test[1] + 1) % 10)), ["test labels"]),
        (lambda train, test: ((train[0].flip(0), train[1]), test), ["training labels"]),
    ],
)
def test_labels_that_do_not_belong_to_their_pictures_are_found(digits, change, where):
    train, test = change(*digits)
    findings = found(tersenet.diagnose(network(), batches(train), batches(test)), "labels")
    assert [finding.where for finding in findings] == where


def test_with_few_pictures_nothing_is_said_of_labels(digits):
    pairs = batches((digits[0][0][:100], shuffled(digits[0][1][:100])))
    assert tersenet.diagnose(network(), pairs).check("labels").status == "not checked"


@pytest.mark.parametrize("seed", range(5))
def test_labels_drawn_at_random_are_never_taken_for_true_ones(seed):
    from tersenet.inspection.doctor.checks.labels import within

    numbers = torch.Generator().manual_seed(seed)
    agreement = within(torch.randn(600, 50, generator=numbers), torch.randint(10, (600,), generator=numbers))
    assert agreement.at_chance
    assert agreement.chance == pytest.approx(0.1, abs=0.05)


def renormalised(pair, mean, deviation):
    return ((pair[0] * 0.3081 + 0.1307) - mean) / deviation, pair[1]


@pytest.mark.parametrize(
    ("mean", "deviation", "fault"),
    [(0.1307, 0.3081, False), (0.1325, 0.3104, True), (0.0, 1.0, True), (0.5, 0.5, True), (0.0, 1 / 255, True)],
)
def test_test_pictures_normalised_differently_are_found(digits, mean, deviation, fault):
    test = renormalised(digits[1], mean, deviation)
    findings = found(tersenet.diagnose(network(), batches(digits[0]), batches(test)), "normalisation")
    assert bool(findings) == fault


def test_augmented_training_pictures_are_no_other_normalisation():
    train, test = draw_synthetic(train=1000, test=1000)
    policy = tersenet.Augmentation(rotation=10, scale=0.1, shift=0.08, erase_probability=0.3)
    augmented = tersenet.augment(train.images, policy, torch.Generator().manual_seed(0))
    plain_test = test.images / 255
    pairs = [((images - 0.1307) / 0.3081, part.labels) for images, part in ((augmented, train), (plain_test, test))]
    diagnosis = tersenet.diagnose(network(), batches(pairs[0]), batches(pairs[1]))
    assert found(diagnosis, "normalisation") == []


class Reiterable:
    """Batches without length or numbers, in another order each time where `mixed`."""

    def __init__(self, pair, noise, mixed):
        self.pair, self.noise, self.mixed = pair, noise, mixed

    def __iter__(self):
        order = torch.randperm(len(self.pair[1])) if self.mixed else torch.arange(len(self.pair[1]))
        for chosen in order.split(100):
            yield self.pair[0][chosen] + self.noise * torch.rand(1), self.pair[1][chosen]


@pytest.mark.parametrize("draw", [torch.rand, lambda n: random.random(), lambda n: np.random.random()])  # noqa: NPY002
@pytest.mark.parametrize(("rate", "fault"), [(0.0, False), (0.1, True), (1.0, True)])
def test_test_pictures_that_change_are_found(digits, rate, fault, draw):
    loader = DataLoader(Noisy(digits[1], rate, draw), batch_size=100)
    findings = found(tersenet.diagnose(network(), batches(digits[0]), loader), "augmentation")
    assert bool(findings) == fault
    if fault:
        assert findings[0].value == pytest.approx(rate * (2 - rate), abs=0.1)


@pytest.mark.parametrize("shuffle", [False, True])
def test_pictures_that_are_changed_as_they_are_put_together_are_found(digits, shuffle):
    def put_together(pairs):
        images, labels = torch.utils.data.default_collate(pairs)
        return images + torch.rand(len(images), 1, 1, 1), labels

    dataset = TensorDataset(*digits[1])
    loader = DataLoader(dataset, batch_size=100, shuffle=shuffle, collate_fn=put_together)
    assert found(tersenet.diagnose(network(), batches(digits[0]), loader), "augmentation")
    loader = DataLoader(dataset, batch_size=100, shuffle=shuffle)
    assert not found(tersenet.diagnose(network(), batches(digits[0]), loader), "augmentation")


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_test_batches_of_any_kind_are_compared(digits, noise, mixed):
    loader = Reiterable(digits[1], noise, mixed)
    findings = found(tersenet.diagnose(network(), batches(digits[0]), loader), "augmentation")
    assert bool(findings) == bool(noise)


@pytest.mark.parametrize(
    ("notation", "pictures", "drop", "severity"),
    [
        (CNN, 640, False, None),
        (CNN, 641, False, "warning"),
        (CNN, 641, True, None),
        ("32Nb BN R 10Nb", 641, False, "fault"),
        ("32Nb BN R 10Nb", 641, True, None),
    ],
)
def test_a_last_batch_of_one_picture_under_batch_normalisation_is_found(digits, notation, pictures, drop, severity):
    subset = TensorDataset(digits[0][0][:pictures], digits[0][1][:pictures])
    loader = DataLoader(subset, batch_size=64, shuffle=True, drop_last=drop)
    findings = found(tersenet.diagnose(network(notation), loader), "last batch")
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


class Stream(IterableDataset):
    """Pictures without numbers."""

    def __init__(self, pair):
        self.pair = pair

    def __iter__(self):
        return zip(*self.pair, strict=True)


@pytest.mark.parametrize(("pictures", "fault"), [(640, False), (641, True)])
def test_the_end_of_a_stream_is_looked_for(digits, pictures, fault):
    loader = DataLoader(Stream((digits[0][0][:pictures], digits[0][1][:pictures])), batch_size=64)
    assert bool(found(tersenet.diagnose(network(), loader), "last batch")) == fault


def test_without_batch_normalisation_a_last_picture_does_no_harm(digits):
    pairs = [*batches(digits[0]), (digits[0][0][:1], digits[0][1][:1])]
    assert tersenet.diagnose(network("8C5s2 R 10Nb"), pairs).check("last batch").status == "not checked"
    assert found(tersenet.diagnose(network(), pairs), "last batch")[0].rule == "last batch"
    assert found(
        tersenet.diagnose(network(), Reiterable((digits[0][0][:601], digits[0][1][:601]), 0, True)), "last batch"
    )
