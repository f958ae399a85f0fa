"""The doctor on plain PyTorch: every fault planted in a loop is found at its place, its sound twin is left alone."""

import copy
import math
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import tersenet
from tersenet import TersenetError
from tersenet.data import draw_synthetic
from tersenet.networks import build

CNN = "8C5s2 BN R 16C3 BN R MP2 16C3 BN R GAP 10Nb"


@pytest.fixture(scope="module")
def digits():
    """Normalised pictures `[1000, 1, 28, 28]` and labels, of training and of test."""
    train, test = draw_synthetic(train=1000, test=1000)
    return [(((part.images / 255) - 0.1307) / 0.3081, part.labels) for part in (train, test)]


def batches(pair, size=64):
    """A list of batches; a last one of a single picture is left out."""
    images, labels = pair
    return [batch for batch in zip(images.split(size), labels.split(size), strict=True) if len(batch[1]) > 1]


def network(notation=CNN):
    torch.manual_seed(0)
    return build(notation)


def found(diagnosis, rule):
    return list(diagnosis.check(rule).findings)


class Answering(nn.Module):
    """A sound network with something done to its answer."""

    def __init__(self, change):
        super().__init__()
        self.body = network()
        self.change = change

    def forward(self, x):
        return self.change(self.body(x))


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


# What stands on the logits.


@pytest.mark.parametrize(
    ("notation", "where"),
    [
        ("8C3 BN R GAP 10Nb", []),
        ("8C3 BN R 10C3 GAP", []),
        ("8C3 BN R D.1 10C3 AP24", []),
        ("8C3 BN R GAP 10Nb R", [("fault", "layer 6, ReLU (layers.5)")]),
        ("8C3 BN R GAP 10Nb D.2", [("fault", "layer 6, Dropout (layers.5)")]),
        ("8C3 BN R 10C3 R GAP", [("fault", "layer 5, ReLU (layers.4)")]),
        ("8C3 BN R 10C3 D.2 GAP", [("warning", "layer 5, Dropout (layers.4)")]),
        ("8C3 BN R 10C3 DD.2 GAP", [("warning", "layer 5, Dropout2d (layers.4)")]),
        ("8C3 BN R 10C3 R BN GAP", []),
        ("8C3 BN R 10C3 D0 GAP", []),
        ("8C3 BN R GAP 10Nb LR.1", []),
        ("8C3 BN R GAP 10Nb T", [("fault", "layer 6, Tanh (layers.5)")]),
        (
            "8C3 BN R GAP 10C1 BN R D.1",
            [("fault", "layer 7, ReLU (layers.6)"), ("fault", "layer 8, Dropout (layers.7)")],
        ),
    ],
)
def test_dropout_and_activations_on_the_logits_are_named(digits, notation, where):
    findings = found(tersenet.diagnose(network(notation), batches(digits[0])), "logits")
    assert [(finding.severity, finding.where) for finding in findings] == where


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (F.relu, "ReLU"),
        (lambda x: F.dropout(x, 0.3), "Dropout"),
        (torch.sigmoid, "Sigmoid"),
        (lambda x: F.log_softmax(F.relu(x), dim=1), "ReLU"),
    ],
)
def test_functions_on_the_logits_are_named(digits, change, what):
    finding = found(tersenet.diagnose(Answering(change), batches(digits[0])), "logits")[0]
    assert finding.where.endswith(f", {what}")


def test_a_sigmoid_belongs_to_other_losses(digits):
    def binary(answer, labels):
        return F.binary_cross_entropy(answer, F.one_hot(labels, 10).float())

    diagnosis = tersenet.diagnose(Answering(torch.sigmoid), batches(digits[0]), criterion=binary)
    assert found(diagnosis, "logits") == []


# The softmax.


def over_batch_by_hand(x):
    return (x.exp() / x.exp().sum(dim=0)).log()


def by_hand(x):
    return (x.exp() / x.exp().sum(dim=1, keepdim=True)).log()


@pytest.mark.parametrize(
    ("change", "criterion", "says"),
    [
        (lambda x: x, F.cross_entropy, None),
        (lambda x: F.log_softmax(x, dim=1), F.nll_loss, None),
        (lambda x: F.log_softmax(x, dim=-1), nn.NLLLoss(), None),
        (nn.LogSoftmax(dim=1), nn.NLLLoss(), None),
        (by_hand, F.nll_loss, None),
        (lambda x: F.log_softmax(x, dim=0), F.nll_loss, "axis 0"),
        (lambda x: x.log_softmax(0), F.nll_loss, "axis 0"),
        (nn.LogSoftmax(dim=0), nn.NLLLoss(), "axis 0"),
        (nn.Softmax(dim=0), lambda p, y: F.nll_loss(p.log(), y), "axis 0"),
        (lambda x: F.log_softmax(x[..., None, None], dim=0), F.nll_loss, "axis 0"),
        (lambda x: F.log_softmax(x[..., None, None], dim=-1), F.nll_loss, "axis -1"),
        (over_batch_by_hand, F.nll_loss, "over the batch"),
        (lambda x: x, lambda x, y: F.nll_loss(F.log_softmax(x, dim=0), y), "axis 0"),
        (lambda x: x, lambda x, y: F.nll_loss(F.log_softmax(x, dim=1), y), None),
        (nn.Softmax(dim=1), F.cross_entropy, "cannot fall below 1.46"),
        (lambda x: x, F.nll_loss, "nll_loss on answers"),
    ],
)
def test_the_softmax_is_over_the_classes_once_and_before_the_loss(digits, change, criterion, says):
    diagnosis = tersenet.diagnose(Answering(change), batches(digits[0]), criterion=criterion)
    findings = found(diagnosis, "softmax")
    assert [says in finding.figure for finding in findings] == ([True] if says else [])


def test_the_softmax_of_an_attention_is_nobodys_business(digits):
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Conv2d(1, 16, 7, stride=7)
            self.head = nn.Linear(16, 10)

        def forward(self, x):
            x = self.embed(x).flatten(2).transpose(1, 2)
            weights = F.softmax(x @ x.transpose(1, 2), dim=-1)
            return self.head((weights @ x).mean(dim=1))

    assert found(tersenet.diagnose(Attending(), batches(digits[0])), "softmax") == []


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


# The batches.


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


class Noisy(Dataset):
    """A map-style data set; `rate` of its pictures come out differently every time."""

    def __init__(self, pair, rate, draw=torch.rand):
        self.pair, self.rate, self.draw = pair, rate, draw

    def __len__(self):
        return len(self.pair[1])

    def __getitem__(self, index):
        picture, label = self.pair[0][index], self.pair[1][index]
        return picture + (float(self.draw(1)) if float(self.draw(1)) < self.rate else 0.0), label


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
