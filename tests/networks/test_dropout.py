"""Our dropout is torch's: same expectation, same gradient rule, same behaviour out of training."""

import pytest
import torch

from tersenet.networks.dropout import Dropout


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.5, 0.9])
def test_the_rate_of_dropped_elements_is_the_one_asked_for(rate):
    torch.manual_seed(0)
    zeros = (Dropout(rate)(torch.ones(1_000_000)) == 0).float().mean().item()
    assert zeros == pytest.approx(rate, abs=5 * (rate * (1 - rate) / 1_000_000) ** 0.5)


def test_kept_elements_are_scaled_so_that_the_expectation_stays():
    torch.manual_seed(0)
    output = Dropout(0.25)(torch.ones(1001))
    assert sorted(set(output.tolist())) == [0.0, pytest.approx(1 / 0.75)]


def test_the_gradient_passes_where_the_element_was_kept():
    torch.manual_seed(0)
    x = torch.randn(4, 3, 5, 5, dtype=torch.float64, requires_grad=True)
    output = Dropout(0.5)(x)
    output.sum().backward()
    assert torch.equal(x.grad, torch.where(output == 0, 0.0, 2.0))


def test_the_order_of_axes_in_memory_is_kept():
    x = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    assert Dropout(0.1)(x).is_contiguous(memory_format=torch.channels_last)


def test_a_view_with_gaps_is_handled():
    torch.manual_seed(0)
    x = torch.ones(6, 8)[:, ::2]
    assert set(Dropout(0.5)(x).flatten().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("rate", [0.0, 1e-9, 1.0])
def test_rates_at_the_ends_drop_nothing_or_everything(rate):
    output = Dropout(rate)(torch.ones(100))
    assert torch.equal(output, torch.ones(100) * (rate != 1.0))


def test_nothing_is_dropped_out_of_training():
    x = torch.randn(10)
    assert Dropout(0.5).eval()(x) is x


def test_the_same_seed_drops_the_same_elements():
    outputs = []
    for _ in range(2):
        torch.manual_seed(7)
        outputs.append(Dropout(0.3)(torch.ones(1000)))
    assert torch.equal(*outputs)


def test_neighbouring_elements_are_dropped_independently():
    torch.manual_seed(0)
    kept = Dropout(0.5)(torch.ones(400_000)).view(-1, 4) != 0
    correlation = torch.corrcoef(kept.double().T)
    assert (correlation - torch.eye(4)).abs().max() < 0.02
