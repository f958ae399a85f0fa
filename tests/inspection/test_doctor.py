"""The doctor on plain PyTorch: every fault planted in a loop is found at its place, its sound twin is left alone."""

import copy
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import tersenet
from doctor_loops import CNN, Noisy, batches, found, network
from tersenet import TersenetError
from tersenet.networks import build


def test_a_sound_loop_has_no_finding_and_every_rule_is_looked_at(digits):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    diagnosis = tersenet.diagnose(model, batches(digits[0]), batches(digits[1]), optimizer=optimizer)
    assert diagnosis.findings == ()
    assert diagnosis.healthy
    assert {check.status for check in diagnosis.checks} == {"clear"}
    assert len(diagnosis.checks) == 12
    assert diagnosis.pictures == 1000


# Units, signals, gradients: by layer.


@pytest.mark.parametrize(("dead", "severity"), [(0, None), (1, None), (3, "warning"), (6, "fault"), (8, "fault")])
def test_units_that_never_fire_are_counted_layer_by_layer(digits, dead, severity):
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 26 * 26, 10))
    with torch.no_grad():
        model[0].bias.fill_(10.0)
        model[0].bias[:dead] = -100.0
    diagnosis = tersenet.diagnose(model, batches(digits[0]))
    reading = diagnosis.layers[1]
    assert (reading.dead, reading.units) == (dead, 8)
    findings = found(diagnosis, "dead units")
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    for finding in findings:
        assert finding.where == "layer 2, ReLU (1)"
        assert finding.value == dead / 8
        assert f"{dead} of 8 units ({100 * dead / 8:.0f} %)" in finding.figure


def test_a_unit_that_fires_for_one_late_picture_is_not_dead():
    images = torch.zeros(900, 1, 4, 4)
    images[700] = 1.0
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        model[1].weight.fill_(1.0)
        model[1].bias.fill_(-1.0)
    pairs = batches((images, torch.arange(900) % 2), 100)
    assert found(tersenet.diagnose(model, pairs), "dead units") == []
    images[700] = 0.0
    assert found(tersenet.diagnose(model, pairs), "dead units")[0].value == 1.0


def test_dead_units_of_functions_are_found_too(digits):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(784, 10)
            self.head = nn.Linear(10, 10)

        def forward(self, x):
            return self.head(F.relu(self.dense(x.flatten(1)) - 1e4))

    finding = found(tersenet.diagnose(Net(), batches(digits[0])), "dead units")[0]
    assert finding.where == "layer 2, ReLU"


def plain(depth, scale=1.0):
    """A plain stack of dense layers with ReLU, kernels drawn by He's rule times `scale`."""
    torch.manual_seed(0)
    layers = [nn.Flatten()]
    for width in [784] + [64] * (depth - 1):
        layers += [nn.Linear(width, 64), nn.ReLU()]
        nn.init.normal_(layers[-2].weight, std=scale * math.sqrt(2 / width))
    return nn.Sequential(*layers, nn.Linear(64, 10))


@pytest.mark.parametrize(("scale", "verdict"), [(1.0, None), (0.3, "vanish"), (5.0, "explode")])
def test_activations_that_vanish_or_explode_are_found_at_the_first_such_layer(digits, scale, verdict):
    model = plain(8, scale)
    diagnosis = tersenet.diagnose(model, batches(digits[0]))
    findings = found(diagnosis, "signal")
    if verdict is None:
        assert findings == []
        return
    assert verdict in findings[0].why
    # The oracle: the same figure, layer by layer, from plain calls.
    x = digits[0][0][:256]
    first = None
    for number, layer in enumerate(model, 1):
        x = layer(x)
        spread = float(x.detach().std(dim=0, correction=0).mean())
        assert diagnosis.layers[number - 1].signal == pytest.approx(spread, rel=1e-4)
        if first is None and isinstance(layer, nn.Linear) and not 1e-3 <= spread <= 1e3:
            first = number
    assert findings[0].where.startswith(f"layer {first}, Linear")


def sigmoid_stack(activation, depth=8):
    torch.manual_seed(0)
    layers = [nn.Flatten(), nn.Linear(784, 32), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(32, 32), activation()]
    return nn.Sequential(*layers, nn.Linear(32, 10))


def test_gradients_that_vanish_are_found_at_the_first_layer_and_are_autograds_own(digits):
    model = sigmoid_stack(nn.Sigmoid)
    diagnosis = tersenet.diagnose(model, batches(digits[0]))
    finding = found(diagnosis, "gradients")[0]
    assert finding.where == "layer 2, Linear (1)"
    assert "vanishes" in finding.why
    F.cross_entropy(model(digits[0][0][:256]), digits[0][1][:256]).backward()
    dense = [layer for layer in model if isinstance(layer, nn.Linear)]
    expected = [float(layer.weight.grad.norm() / layer.weight.detach().norm()) for layer in dense]
    assert [row.gradient for row in diagnosis.layers if row.gradient is not None] == pytest.approx(expected, rel=1e-3)
    assert found(tersenet.diagnose(network("32C5 T MP2 64Nb T 10Nb"), batches(digits[0])), "gradients") == []


def test_gradients_that_explode_are_found(digits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    with torch.no_grad():
        model[1].weight.mul_(1e-4)
    finding = found(tersenet.diagnose(model, batches(digits[0])), "gradients")[0]
    assert (finding.where, "explodes" in finding.why) == ("layer 2, Linear (1)", True)


def test_weights_that_no_gradient_comes_to_are_named(digits):
    model = network()
    model.forgotten = nn.Linear(3, 3)
    finding = found(tersenet.diagnose(model, batches(digits[0])), "gradients")[0]
    assert finding.where == "forgotten.weight"
    model.forgotten.requires_grad_(False)  # frozen on purpose
    assert found(tersenet.diagnose(model, batches(digits[0])), "gradients") == []


def test_pictures_that_are_not_finite_are_found(digits):
    images = digits[0][0].clone()
    images[3, 0, 0, 0] = float("nan")
    finding = found(tersenet.diagnose(network(), batches((images, digits[0][1]))), "signal")[0]
    assert finding.where == "training pictures"
    assert "1 of 256" in finding.figure


# The learning rate.


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9), None),
        (lambda weights: torch.optim.SGD(weights, lr=30.0, momentum=0.9), "too high"),
        (lambda weights: torch.optim.SGD(weights, lr=1e-5, momentum=0.9), "too low"),
        (lambda weights: torch.optim.Adam(weights, lr=1e-2), None),
        (lambda weights: torch.optim.Adam(weights, lr=10.0), "too high"),
        (lambda weights: torch.optim.Adam(weights, lr=1e-6), "too low"),
        (lambda weights: torch.optim.LBFGS(weights, lr=0.1, max_iter=2), None),
    ],
)
def test_a_rate_that_does_not_fit_is_told_from_one_that_does(digits, make, says):
    model = network()
    optimizer = make(model.parameters())
    findings = found(tersenet.diagnose(model, batches(digits[0]), optimizer=optimizer), "learning rate")
    assert [says in finding.figure for finding in findings] == ([True] if says else [])
    if says:
        # The rate that is recommended is found to fit.
        model = network()
        optimizer = make(model.parameters())
        optimizer.param_groups[0]["lr"] = findings[0].bound
        assert found(tersenet.diagnose(model, batches(digits[0]), optimizer=optimizer), "learning rate") == []


def test_an_optimiser_of_another_network_is_found(digits):
    optimizer = torch.optim.SGD(network().parameters(), lr=0.1)
    finding = found(tersenet.diagnose(network(), batches(digits[0]), optimizer=optimizer), "learning rate")[0]
    assert "none of its weights" in finding.figure


def test_a_trained_network_is_not_told_that_its_rate_is_too_low(digits):
    model = network()
    pairs = batches(digits[0])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(6):
        tersenet.train_one_epoch(model, pairs, optimizer)
    optimizer.param_groups[0]["lr"] = 1e-4
    assert tersenet.diagnose(model, pairs, batches(digits[1]), optimizer=optimizer).findings == ()


# The receptive field.


@pytest.mark.parametrize(
    ("notation", "pixels"),
    [
        ("8C3 R 8C3 R GAP 10Nb", 5),
        ("8C3 BN R MP2 16C3 BN R GAP 10Nb", 8),
        ("8C3 R 8C3 R GMP 10Nb", 5),
        ("8C3 R MP2 16C3 R 10Nb", None),  # a dense layer sees the whole map and where each part is
        ("10Nb", None),
        (CNN, None),
    ],
)
def test_a_field_smaller_than_the_digit_before_a_global_pooling_is_found(digits, notation, pixels):
    findings = found(tersenet.diagnose(network(notation), batches(digits[0])), "receptive field")
    assert [finding.value for finding in findings] == ([pixels] if pixels else [])


def test_a_global_pooling_inside_a_network_does_not_decide(digits):
    class Squeezing(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(1, 8, 3)
            self.gate = nn.Linear(8, 8)
            self.rest = network("8C3 BN R MP2 16C3 BN R 10Nb").layers
            self.rest[0] = nn.Conv2d(8, 8, 3)
            self.rest[-1] = nn.Linear(16 * 10 * 10, 10)

        def forward(self, x):
            x = self.first(x)
            x = x * self.gate(x.mean(dim=(2, 3))).sigmoid()[..., None, None]
            return self.rest(x)

    assert found(tersenet.diagnose(Squeezing(), batches(digits[0])), "receptive field") == []


# The caller's own things.


def test_nothing_of_the_callers_is_changed(digits):
    model = nn.Sequential(network(), nn.Dropout(0.5), nn.Linear(10, 10))
    model[0].layers[1].eval()  # frozen on purpose
    heard = []
    model[2].register_forward_hook(lambda *_: heard.append(1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    images, labels = digits[0][0][:32], digits[0][1][:32]
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
    schedule.step()
    heard.clear()
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(TensorDataset(*digits[0]), batch_size=64, shuffle=True, generator=generator)
    test_loader = DataLoader(Noisy(digits[1], 1.0), batch_size=100, shuffle=True)

    def state():
        return copy.deepcopy(
            (
                {name: tensor.tolist() for name, tensor in model.state_dict().items()},
                [weight.grad.tolist() for weight in model.parameters()],
                [module.training for module in model.modules()],
                [weight.requires_grad for weight in model.parameters()],
                str(optimizer.state_dict()),
                schedule.state_dict(),
                generator.get_state().tolist(),
                torch.get_rng_state().tolist(),
                random.getstate(),
                str(np.random.get_state()),  # noqa: NPY002
                torch.is_grad_enabled(),
                [len(module._forward_hooks) for module in model.modules()],
            )
        )

    before = state()
    with torch.no_grad():
        first = tersenet.diagnose(model, loader, test_loader, optimizer=optimizer)
    assert state() == before
    assert heard == []
    # And the same is said the second time.
    again = tersenet.diagnose(model, loader, test_loader, optimizer=optimizer)
    assert [check.reading for check in again.checks] == [check.reading for check in first.checks]


def test_a_training_goes_on_as_if_nobody_had_looked(digits):
    def trained(look):
        torch.manual_seed(3)
        model = build("8C5s2 BN R D.2 GAP 10Nb")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        loader = DataLoader(TensorDataset(digits[0][0][:300], digits[0][1][:300]), batch_size=50, shuffle=True)
        for _ in range(2):
            tersenet.train_one_epoch(model, loader, optimizer)
            if look:
                tersenet.diagnose(model, loader, optimizer=optimizer)
        return torch.cat([weight.flatten() for weight in model.parameters()])

    assert torch.equal(trained(False), trained(True))


def test_a_diagnosis_is_made_in_inference_mode_too(digits):
    with torch.inference_mode():
        assert tersenet.diagnose(network(), batches(digits[0])).check("gradients").looked


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda pairs: (network(), []), "too few pictures"),
        (lambda pairs: (network(), iter(pairs)), "only once"),
        (lambda pairs: (network(), [(pairs[0][0],)]), "not a pair"),
        (lambda pairs: (network(), [(pairs[0][0], pairs[0][1][:3])]), "not a pair"),
        (lambda pairs: (nn.Conv2d(1, 10, 3), pairs), "one value per class"),
        (lambda pairs: (nn.Linear(3, 3), pairs), "cannot learn from these batches"),
        (lambda pairs: (network(), [(images, labels + 90) for images, labels in pairs]), "labels do not fit"),
    ],
)
def test_what_does_not_go_together_is_one_clear_error(digits, make, says):
    with pytest.raises(TersenetError, match=says):
        tersenet.diagnose(*make(batches(digits[0])))
