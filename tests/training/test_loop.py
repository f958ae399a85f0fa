"""One epoch is what the plain loop of a textbook does."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet import TersenetError
from tersenet.training import train_one_epoch


def a_network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 3))


def some_batches(count=5):
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.randn(4, 1, 3, 3, generator=generator), torch.randint(0, 3, (4,), generator=generator))
        for _ in range(count)
    ]


def test_weights_after_an_epoch_are_those_of_the_textbook_loop():
    ours, theirs = a_network(), a_network()
    optimizer = torch.optim.SGD(ours.parameters(), lr=0.1, momentum=0.9)
    train_one_epoch(ours, some_batches(), optimizer)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    for images, labels in some_batches():
        optimizer.zero_grad()
        F.cross_entropy(theirs(images), labels).backward()
        optimizer.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_loss_is_the_mean_over_pictures_of_batches_of_any_size():
    model = a_network()
    batches = [(torch.ones(3, 1, 3, 3), torch.tensor([0, 0, 0])), (torch.zeros(1, 1, 3, 3), torch.tensor([1]))]
    result = train_one_epoch(model, batches, torch.optim.SGD(model.parameters(), lr=0.0))
    logits = model(torch.cat([images for images, _ in batches]))
    labels = torch.tensor([0, 0, 0, 1])
    assert result.loss == pytest.approx(F.cross_entropy(logits, labels).item())
    assert result.correct == (logits.argmax(1) == labels).sum()


def test_a_loader_of_anybodys_will_do():
    dataset = torch.utils.data.TensorDataset(torch.randn(10, 1, 3, 3), torch.randint(0, 3, (10,)))
    model = a_network()
    loader = torch.utils.data.DataLoader(dataset, batch_size=4)
    assert train_one_epoch(model, loader, torch.optim.Adam(model.parameters())).images == 10


def test_the_log_probabilities_of_the_write_ups_train_with_their_own_criterion():
    model = nn.Sequential(a_network(), nn.LogSoftmax(dim=1))
    result = train_one_epoch(model, some_batches(), torch.optim.SGD(model.parameters(), lr=0.1), F.nll_loss)
    assert result.images == 20


def test_a_loss_that_is_no_number_stops_with_step_and_learning_rate():
    model = a_network()
    batches = some_batches(2)
    batches[1][0][0] = float("nan")
    with pytest.raises(TersenetError, match="no longer finite numbers") as error:
        train_one_epoch(model, batches, torch.optim.SGD(model.parameters(), lr=0.25))
    assert "step 2" in error.value.got
    assert "0.25" in error.value.got
    assert all(torch.isfinite(weights).all() for weights in model.parameters())


def test_an_empty_loader_is_an_error():
    model = a_network()
    with pytest.raises(TersenetError, match="nothing to train on"):
        train_one_epoch(model, [], torch.optim.SGD(model.parameters(), lr=0.1))


def test_progress_counts_pictures():
    seen = []
    model = a_network()
    train_one_epoch(model, some_batches(3), torch.optim.SGD(model.parameters(), lr=0.1), on_batch=seen.append)
    assert [(progress.batch, progress.images) for progress in seen] == [(0, 4), (1, 8), (2, 12)]
