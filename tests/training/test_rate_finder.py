"""The learning rate range test: on a loss whose breaking point is known, and that nothing outside is touched."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet.data import Augmentation, Split
from tersenet.training import Recipe
from tersenet.training.rate_finder import find_learning_rate, lowest_place, smooth

PLAIN = Recipe(
    optimizer="sgd", momentum=0.0, nesterov=False, weight_decay=0.0, augmentation=Augmentation(), batch_size=32
)


@pytest.fixture(scope="module")
def bars():
    """Pictures with a bright left or right half: any rate that does not break learns them."""
    numbers = torch.Generator().manual_seed(0)
    labels = torch.randint(2, (256,), generator=numbers)
    images = torch.randint(100, (256, 28, 28), generator=numbers, dtype=torch.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 14 * int(label) : 14 * int(label) + 14] += 100
    return Split(images=images, labels=labels)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 5, stride=3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(256, 2))


def test_the_rates_rise_by_the_same_factor_from_the_lowest_to_the_highest(network, bars):
    test = find_learning_rate(network, bars, PLAIN, lowest=1e-4, highest=1e-2, steps=21)
    assert test.rates[0] == pytest.approx(1e-4)
    assert test.rates[-1] == pytest.approx(1e-2)
    assert test.rates[11] / test.rates[10] == pytest.approx(100 ** (1 / 20))
    assert len(test.losses) == len(test.smoothed) == 21


def test_the_first_loss_is_that_of_the_untrained_network(network, bars):
    from tersenet.training import TrainingBatches

    images, labels = next(iter(TrainingBatches(bars, batch_size=32, seed=5).epoch(1)))
    before = nn.functional.cross_entropy(copy.deepcopy(network).train()(images), labels).item()
    assert find_learning_rate(network, bars, PLAIN, seed=5, steps=10).losses[0] == pytest.approx(before, rel=1e-5)


def test_the_suggestion_is_a_tenth_of_the_rate_of_the_lowest_smoothed_loss(network, bars):
    test = find_learning_rate(network, bars, PLAIN, steps=100)
    first = len(test.smoothed) // 10
    best = min(test.smoothed[first:])
    assert test.smoothed[test.lowest] == best
    assert test.suggestion == pytest.approx(test.rates[test.lowest] / 10)


def test_a_recipe_at_the_suggested_rate_learns(network, bars):
    from tersenet.training import TrainingBatches, train_one_epoch

    rate = find_learning_rate(network, bars, PLAIN, steps=100).suggestion
    batches = TrainingBatches(bars, batch_size=32)
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    first, *_, last = (train_one_epoch(network, batches.epoch(epoch), optimizer) for epoch in range(1, 6))
    assert last.loss < 0.5 * first.loss


def test_the_test_ends_where_the_loss_breaks_and_says_that_it_rose(bars):
    # Smoothed labels put the lowest loss at finite weights, so that a step that is too long goes past it: the loss of
    # a linear network then grows with the rate.
    torch.manual_seed(0)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(784, 2))
    test = find_learning_rate(linear, bars, replace(PLAIN, label_smoothing=0.2), highest=1e4, steps=100)
    assert test.rose
    assert len(test.losses) < 100
    assert all(map(math.isfinite, test.losses))


def test_a_loss_that_only_falls_has_not_risen(network, bars):
    assert not find_learning_rate(network, bars, PLAIN, lowest=1e-4, highest=1e-2, steps=60).rose


def test_weights_modes_and_random_numbers_are_left_alone(network, bars):
    network[1].eval()
    before, state = copy.deepcopy(network.state_dict()), torch.get_rng_state()
    find_learning_rate(network, bars, PLAIN, steps=20)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in network] == [True, False, True, True, True]
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_same_seed_gives_the_same_test_with_dropout_and_augmentation_too(bars):
    torch.manual_seed(0)
    dropping = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(784, 2))
    recipe = Recipe(batch_size=32)
    once, twice, other = (find_learning_rate(dropping, bars, recipe, seed=seed, steps=15) for seed in (1, 1, 2))
    assert once == twice
    assert once.losses != other.losses


def test_the_moving_mean_is_the_weighted_mean_of_what_came_before():
    losses = [3.0, 1.0, 2.0]
    weights = [0.95**2, 0.95, 1.0]
    expected = sum(w * loss for w, loss in zip(weights, losses, strict=True)) / sum(weights)
    assert smooth(losses)[-1] == pytest.approx(expected)
    assert lowest_place([9.0, 1.0, *[5.0] * 17, 4.0]) == 19  # the first tenth, 9 and 1, does not count


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "below the highest rate"),
        ({"lowest": 0.0}, "above 0"),
        ({"steps": 3}, "10 or more"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(network, bars, bounds, said):
    with pytest.raises(TersenetError) as error:
        find_learning_rate(network, bars, PLAIN, **bounds)
    assert said in str(error.value)


def test_a_loss_that_is_no_number_from_the_start_is_one_clear_error(network, bars):
    with torch.no_grad():
        network[0].weight.fill_(math.nan)
    with pytest.raises(TersenetError, match="not a finite number from the start"):
        find_learning_rate(network, bars, PLAIN)
