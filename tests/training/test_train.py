"""A whole training: reproducible, resumable, measured on the right pictures."""

from dataclasses import replace

import pytest
import torch

from tersenet import TersenetError
from tersenet.data import Dataset, Split
from tersenet.data.augment import Augmentation
from tersenet.networks import build
from tersenet.training import Recipe, Schedule, train
from tersenet.training.checkpoint import load_checkpoint, save_checkpoint

RECIPE = Recipe(epochs=4, batch_size=16, learning_rate=0.05, augmentation=Augmentation(rotation=10), averaging=0.9)


def bars(count, seed):
    """Pictures of a bar in one of three places: easy to learn, never twice the same."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (count,), generator=generator)
    images = torch.randint(0, 60, (count, 28, 28), dtype=torch.uint8, generator=generator)
    for image, label in zip(images, labels, strict=True):
        image[:, 6 + 6 * label : 9 + 6 * label] += 150
    return Split(images=images, labels=labels)


@pytest.fixture(scope="module")
def dataset():
    return Dataset(name="bars", train=bars(120, 0), test=bars(50, 1), classes=("a", "b", "c"), source="drawn")


def a_network(seed=0):
    torch.manual_seed(seed)
    return build("6C5s2 BN R D.2 4C3s2 BN R 3Nb", classes=3)


def weights_of(model):
    return torch.cat([tensor.double().flatten() for tensor in model.state_dict().values()])


def test_the_same_seed_gives_the_same_weights_to_the_bit(dataset):
    first, second = (train(a_network(), dataset, RECIPE, seed=3) for _ in range(2))
    assert torch.equal(weights_of(first.model), weights_of(second.model))
    assert first.test == second.test


def test_another_seed_gives_other_weights(dataset):
    first, second = (train(a_network(), dataset, RECIPE, seed=seed) for seed in (3, 4))
    assert not torch.equal(weights_of(first.model), weights_of(second.model))


def test_it_learns(dataset):
    training = train(a_network(), dataset, RECIPE)
    assert training.test.accuracy > 90
    assert training.metrics[-1].train_loss < training.metrics[0].train_loss


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd"},
        {"optimizer": "adam", "learning_rate": 0.01},
        {"averaging": 0.0, "schedule": Schedule(kind="ReduceLROnPlateau", patience=0, threshold=10.0)},
        {"momentum": 0.0, "nesterov": False},
    ],
)
@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_resumed_training_ends_with_the_weights_of_an_uninterrupted_one(dataset, tmp_path, changes, stop_after):
    recipe = Recipe(**{"epochs": 4, "batch_size": 16, "averaging": 0.9, "learning_rate": 0.05} | changes)
    whole = train(a_network(), dataset, recipe)

    class KilledError(Exception):
        pass

    def save_then_die(state):
        save_checkpoint(tmp_path, state)
        if len(state.metrics) == stop_after:
            raise KilledError

    with pytest.raises(KilledError):
        train(a_network(), dataset, recipe, on_epoch=save_then_die)
    torch.manual_seed(999)  # whatever the new process's random numbers are
    resumed = train(a_network(), dataset, recipe, resume=lambda state: load_checkpoint(tmp_path, state))
    assert torch.equal(weights_of(whole.model), weights_of(resumed.model))
    for before, after in zip(whole.metrics, resumed.metrics, strict=True):
        assert (before.train_loss, before.test_loss, before.learning_rate) == (
            after.train_loss,
            after.test_loss,
            after.learning_rate,
        )


def test_with_held_out_images_epochs_are_measured_on_them_and_the_test_set_at_the_end(dataset):
    training = train(a_network(), dataset, RECIPE, validation=20)
    assert all(row.test_accuracy is None and row.validation_accuracy is not None for row in training.metrics)
    assert training.test.images == 50


def test_early_stopping_watches_the_held_out_loss(dataset):
    recipe = Recipe(epochs=60, batch_size=16, learning_rate=1e-9, averaging=0.0, early_stopping=2)
    metrics = train(a_network(), dataset, recipe, validation=20).metrics
    losses = [row.validation_loss for row in metrics]
    lowest = losses.index(min(losses))
    assert len(metrics) == lowest + 3 or len(metrics) == 60
    assert len(metrics) < 60


def test_the_test_set_changes_nothing_about_the_weights(dataset):
    other = Dataset(name="bars", train=dataset.train, test=bars(30, 7), classes=dataset.classes, source="drawn")
    first, second = train(a_network(), dataset, RECIPE), train(a_network(), other, RECIPE)
    assert torch.equal(weights_of(first.model), weights_of(second.model))


def test_mixed_pictures_and_a_transform_train_and_repeat_to_the_bit(dataset):
    recipe = replace(RECIPE, augmentation=Augmentation(mixup=0.3, flip_probability=0.0), epochs=3)

    def noisy(batch):
        return (batch + 0.05 * torch.rand_like(batch)).clamp(0, 1)

    first, second = (train(a_network(), dataset, recipe, transform=noisy) for _ in range(2))
    other = train(a_network(), dataset, recipe)
    assert torch.equal(weights_of(first.model), weights_of(second.model))
    assert not torch.equal(weights_of(first.model), weights_of(other.model))
    assert other.test.accuracy > 70


def test_without_averaging_the_weights_themselves_are_measured(dataset):
    model = a_network()
    training = train(model, dataset, Recipe(epochs=1, batch_size=16, averaging=0.0))
    assert training.model is model


def test_the_callers_random_numbers_are_left_alone(dataset):
    model = a_network()
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    train(model, dataset, Recipe(epochs=1, batch_size=16))
    assert torch.equal(torch.rand(2), expected)


def test_bfloat16_trains_too(dataset):
    training = train(a_network(), dataset, RECIPE, precision="bfloat16")
    assert training.test.accuracy > 80
    assert next(training.model.parameters()).dtype == torch.float32


def test_a_rate_far_too_high_stops_with_its_cause(dataset):
    recipe = Recipe(epochs=3, batch_size=16, learning_rate=1e30, schedule=Schedule(kind="constant"), averaging=0.0)
    with pytest.raises(TersenetError, match="the learning rate is probably too high"):
        train(a_network(), dataset, recipe)


@pytest.mark.parametrize("wrong", [{"validation": 120}, {"validation": -1}, {"seed": -1}])
def test_what_cannot_be_held_out_or_seeded_is_an_error(dataset, wrong):
    with pytest.raises(TersenetError):
        train(a_network(), dataset, RECIPE, **wrong)


def test_a_checkpoint_of_another_network_is_refused(dataset, tmp_path):
    train(a_network(), dataset, RECIPE, on_epoch=lambda state: save_checkpoint(tmp_path, state))
    with pytest.raises(TersenetError, match="does not belong to this run"):
        train(
            build("4C5s3 GAP 3Nb", classes=3), dataset, RECIPE, resume=lambda state: load_checkpoint(tmp_path, state)
        )


def test_a_truncated_checkpoint_is_refused(dataset, tmp_path):
    train(a_network(), dataset, RECIPE, on_epoch=lambda state: save_checkpoint(tmp_path, state))
    file = tmp_path / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(TersenetError, match="safetensors file is damaged"):
        train(a_network(), dataset, RECIPE, resume=lambda state: load_checkpoint(tmp_path, state))
