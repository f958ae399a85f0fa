"""The running average of the weights."""

import torch
from torch import nn

from tersenet.training import WeightAverage


def test_the_average_follows_its_formula():
    model = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(0.0)
    average = WeightAverage(model, decay=0.5)
    expected = 0.0
    for update, value in enumerate([1.0, 2.0, 4.0, 8.0, 16.0] * 3):
        with torch.no_grad():
            model.weight.fill_(value)
        average.update()
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * value
        torch.testing.assert_close(average.model.weight.item(), expected)


def test_running_statistics_are_averaged_and_counters_copied():
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, decay=0.9)
    model(torch.randn(8, 2) + 100)
    average.update()
    assert average.model.num_batches_tracked == 1
    assert 0 < average.model.running_mean[0] <= model.running_mean[0]


def test_the_network_itself_is_left_alone():
    model = nn.Linear(2, 2)
    before = model.weight.clone()
    WeightAverage(model, decay=0.9).update()
    assert torch.equal(model.weight, before)
    assert model.weight.requires_grad
