"""Batches are a function of seed, epoch and batch, and of nothing else."""

from dataclasses import replace

import torch

from tersenet.data import MNIST_FORM, Split
from tersenet.data.augment import Augmentation
from tersenet.training import EvaluationBatches, TrainingBatches, hold_out


def a_split(count=100):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8, generator=generator)
    return Split(images=images, labels=torch.arange(count))


def test_an_epoch_holds_every_picture_once():
    labels = torch.cat([labels for _, labels in TrainingBatches(a_split(), batch_size=16).epoch(3)])
    assert sorted(labels.tolist()) == list(range(100))


def test_epochs_differ_and_return_the_same_when_asked_again():
    batches = TrainingBatches(a_split(), batch_size=16, augmentation=Augmentation(rotation=10), seed=5)
    first, second, again = list(batches.epoch(1)), list(batches.epoch(2)), list(batches.epoch(1))
    assert not torch.equal(first[0][1], second[0][1])
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    list(TrainingBatches(a_split(), batch_size=16, augmentation=Augmentation(rotation=10)).epoch(1))
    assert torch.equal(torch.rand(3), expected)


def test_pictures_are_normalised_as_in_the_write_ups():
    split = replace(a_split(4), form=MNIST_FORM)
    images, labels = next(iter(TrainingBatches(split, batch_size=4).epoch(1)))
    expected = (split.images[labels].float() / 255 - 0.1307) / 0.3081
    torch.testing.assert_close(images, expected)


def test_measuring_keeps_the_order_and_the_last_small_batch():
    split = a_split(10)
    batches = EvaluationBatches(split, batch_size=4)
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    assert len(batches) == 3
    torch.testing.assert_close(torch.cat([labels for _, labels in batches]), split.labels)


def test_a_last_batch_of_one_picture_is_left_out():
    assert [len(labels) for _, labels in TrainingBatches(a_split(9), batch_size=4).epoch(1)] == [4, 4]
    assert len(TrainingBatches(a_split(9), batch_size=4)) == 2


def test_held_out_pictures_are_other_pictures_and_depend_on_the_seed():
    learned, judged = hold_out(a_split(), 30, seed=0)
    assert sorted(learned.labels.tolist() + judged.labels.tolist()) == list(range(100))
    assert not torch.equal(judged.labels, hold_out(a_split(), 30, seed=1)[1].labels)
