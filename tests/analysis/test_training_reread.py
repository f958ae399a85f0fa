"""The training images measured again: against readings made by hand."""

import pytest
import torch
from torch import nn

from tersenet.analysis.training_reread import heaviest, read_again
from tersenet.data import Augmentation, Split


@pytest.fixture(scope="module")
def pictures():
    """Fifty pictures, bright above or below the middle, and a network that tells the two apart."""
    numbers = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (50,), generator=numbers)
    images = torch.randint(60, (50, 28, 28), generator=numbers, dtype=torch.uint8)
    for image, label in zip(images, labels, strict=True):
        image[14 * int(label) : 14 * int(label) + 14] += 150
    return Split(images=images, labels=labels)


def network(dropout):
    """Compares the two halves; dropout falls on the answers."""
    model = nn.Sequential(nn.AvgPool2d((14, 28)), nn.Flatten(), nn.BatchNorm1d(2), nn.Dropout(dropout))
    return model.train()


def test_the_images_are_read_in_evaluation_mode_as_they_stand_in_the_set(pictures):
    model = network(0.5)
    model[3].train(False)
    reading = read_again(model, pictures)
    answers = model.eval()(pictures.form.network_input(pictures.images))
    assert reading.images == 50
    assert reading.accuracy == reading.plain == 100 * (answers.argmax(1) == pictures.labels).float().mean()
    assert reading.loss == pytest.approx(nn.functional.cross_entropy(answers, pictures.labels).item(), rel=1e-5)


def test_dropout_alone_is_switched_on_while_batch_normalisation_stays(pictures):
    model = network(0.5)
    means = model[2].running_mean.clone()
    reading = read_again(model, pictures)
    assert reading.plain == 100
    # Of two answers each is dropped half of the time: a quarter keeps both, in the others chance decides.
    assert reading.with_dropout < 90
    assert reading.with_augmentation is None
    assert torch.equal(model[2].running_mean, means)
    name, points = heaviest(reading)
    assert (name, points) == ("dropout", 100 - reading.with_dropout)


def test_augmentation_alone_is_switched_on(pictures):
    reading = read_again(network(0.0), pictures, Augmentation(rotation=180))
    assert reading.with_dropout is None
    assert reading.with_augmentation < 80  # a picture upside down is of the other class
    assert heaviest(reading)[0] == "augmentation"


def test_only_a_sample_is_read_more_than_once(pictures):
    seen = []
    model = network(0.5)
    model.register_forward_hook(lambda module, given, answer: seen.append(len(answer)))
    reading = read_again(model, pictures, sample=10)
    assert (reading.images, reading.sample, seen) == (50, 10, [50, 10])


def test_modes_and_random_numbers_are_left_as_they_were(pictures):
    model = network(0.5)
    model[2].eval()
    before = torch.get_rng_state()
    read_again(model, pictures, Augmentation(rotation=10))
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in model] == [True, True, False, True]


def test_the_same_reading_comes_twice(pictures):
    once, twice = (read_again(network(0.5), pictures, Augmentation(rotation=90), seed=3) for _ in range(2))
    assert once == twice


def test_the_report_reads_with_the_recipes_rate_of_dropout(picture_folder, tmp_path):
    from tersenet.pages.run_facts import gather
    from tersenet.runs import Experiment, start_run
    from tersenet.training import Recipe

    readings = {}
    for rate in (None, 0.0, 0.9):
        recipe = Recipe(epochs=1, batch_size=16, averaging=0.0, dropout=rate)
        experiment = Experiment(
            name="mine", network="4C5s3 BN R D.5 GAP 2Nb", data=f"folder:{picture_folder}", training=recipe
        )
        readings[rate] = gather(start_run(experiment, runs_dir=tmp_path)).reading
    assert readings[None].with_dropout is not None
    assert readings[0.0].with_dropout is None
    assert readings[0.9].with_dropout is not None
