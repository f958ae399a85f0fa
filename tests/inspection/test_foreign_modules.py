"""Modules as people write them: pruned, normalised, of another precision, with answers of another form."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

from tersenet import TersenetError
from tersenet.evaluation import as_logits
from tersenet.inspection import class_activation_maps, diagnose, exciting_pictures, feature_maps, kernels
from tersenet.inspection.doctor.patient import Patient, sampled
from tersenet.networks import summarize
from tersenet.training import Recipe, make_optimizer

PICTURES = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(3))
BATCHES = [(torch.rand(40, 1, 28, 28), torch.arange(40) % 10)] * 4


class Net(nn.Module):
    """A small network that answers as `answer` says."""

    def __init__(self, answer=lambda logits, maps: logits, outputs=10):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 8, 3)
        self.dense = nn.Linear(8, outputs)
        self.answer = answer

    def forward(self, x):
        maps = F.relu(self.second(F.relu(self.first(x))))
        return self.answer(self.dense(maps.mean((2, 3))), maps)


def pruned(model):
    prune.l1_unstructured(model.first, "weight", amount=30)
    prune.random_structured(model.second, "weight", amount=2, dim=0)
    return model


def old_weight_norm(model):
    nn.utils.weight_norm(model.first)
    return model


def weight_norm(model):
    parametrizations.weight_norm(model.first)
    return model


def spectral_norm(model):
    parametrizations.spectral_norm(model.first)
    return model.eval()


CHANGED = [pruned, old_weight_norm, weight_norm, spectral_norm]
forewarned = pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")


@forewarned
@pytest.mark.parametrize("changed", CHANGED)
def test_kernels_are_what_the_convolution_multiplies_with(changed):
    model = changed(Net()).eval()
    first, second = kernels(model)
    assert (first.layer, second.layer) == ("Conv2d-1", "Conv2d-3")
    assert torch.equal(first.weights, model.first.weight.detach())
    expected = F.conv2d(PICTURES, first.weights, model.first.bias)
    torch.testing.assert_close(feature_maps(model, PICTURES, layers=["Conv2d-1"])["Conv2d-1"], expected)


def test_a_pruned_kernel_shows_its_zeros():
    first, second = kernels(pruned(Net()))
    assert int((first.weights == 0).sum()) == 30
    assert int((second.weights.flatten(1) == 0).all(dim=1).sum()) == 2


def test_the_kernel_of_a_masked_convolution_written_as_a_function_is_the_masked_one():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Parameter(torch.randn(4, 1, 3, 3))
            self.register_buffer("mask", (torch.arange(36).view(4, 1, 3, 3) % 2).float())

        def forward(self, x):
            return F.conv2d(F.conv2d(x, self.kernel * self.mask).sum(1, keepdim=True), self.kernel * self.mask)

    model = Masked()
    (found,) = kernels(model)
    assert torch.equal(found.weights, (model.kernel * model.mask).detach())


@forewarned
@pytest.mark.parametrize("changed", CHANGED)
def test_pruned_and_normalised_modules_are_looked_into_like_others(changed):
    model = changed(Net())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    diagnosis = diagnose(model, BATCHES, optimizer=optimizer)
    assert diagnosis.check("learning rate").looked
    found = class_activation_maps(model, PICTURES)
    torch.testing.assert_close(found.maps.mean((2, 3)) + found.bias, found.logits, rtol=1e-4, atol=1e-5)
    assert len(exciting_pictures(model, PICTURES, "Conv2d-1", [0])[0]) == 2
    assert summarize(model).parameters == sum(weights.numel() for weights in model.parameters())
    after = model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


WRONG = {
    "a dictionary": (lambda logits, maps: {"logits": logits}, "one tensor of logits"),
    "a tuple": (lambda logits, maps: (logits, maps), "one tensor of logits"),
    "nothing": (lambda logits, maps: None, "one tensor of logits"),
    "class numbers": (lambda logits, maps: logits.argmax(1), "one tensor of logits"),
    "maps": (lambda logits, maps: maps, "one value per class"),
    "one number": (lambda logits, maps: logits.sum(1), "one value per class"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_answer_of_another_form_is_one_clear_error(name):
    answer, problem = WRONG[name]
    model = Net(answer)
    with pytest.raises(TersenetError, match=problem):
        class_activation_maps(model, PICTURES)
    with pytest.raises(TersenetError, match=problem):
        diagnose(model, BATCHES)


def test_too_few_outputs_are_found_by_the_doctor_and_their_maps_are_shown():
    model = Net(outputs=5)
    assert class_activation_maps(model, PICTURES).maps.shape[:2] == (2, 5)
    with pytest.raises(TersenetError, match="labels do not fit"):
        diagnose(model, BATCHES)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_a_network_of_another_precision_is_looked_into_in_its_own(kind):
    model = Net().to(kind).eval()
    found = class_activation_maps(model, PICTURES)
    with torch.no_grad():
        expected = as_logits(model(PICTURES.to(kind)))
    torch.testing.assert_close(found.logits.float(), expected.float(), rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(
        (found.maps.float().mean((2, 3)) + found.bias).float(), expected.float(), rtol=0.05, atol=0.05
    )
    assert diagnose(model, BATCHES).pictures == 160


def test_an_answer_cut_off_from_its_weights_is_found_and_not_probed():
    model = Net(lambda logits, maps: logits.detach())
    diagnosis = diagnose(model, BATCHES, optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    assert diagnosis.check("learning rate").reading == "the loss has no gradient"
    assert "no gradient reaches these weights" in " ".join(finding.figure for finding in diagnosis.findings)


class PlainList(nn.Module):
    """Layers where torch does not look for them; `scale` alone is registered."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = [nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4), nn.ReLU()]
        self.head = nn.Linear(4, 10)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean((2, 3)))


def test_layers_in_a_plain_list_are_a_fault_with_the_way_out():
    model = PlainList()
    diagnosis = diagnose(model, BATCHES, optimizer=torch.optim.SGD(model.parameters(), lr=0.05))
    found = diagnosis.findings[0]
    assert (found.rule, found.severity, found.value) == ("registration", "fault", 104 + 8)
    assert found.where == "layer 1, Conv2d (layers[0])"
    assert "nn.ModuleList" in found.hint
    model.layers = nn.ModuleList(model.layers)
    assert not diagnose(model, BATCHES).check("registration").findings


def test_a_network_whose_layers_are_all_in_a_plain_list_cannot_be_trained_and_says_why():
    model = PlainList()
    model.head.requires_grad_(False)
    with pytest.raises(TersenetError, match="ModuleList"):
        make_optimizer(model, Recipe())


def test_a_wide_dense_layer_with_normalisation_behind_it_is_not_said_to_explode():
    torch.manual_seed(0)
    small = nn.Linear(784, 512)
    nn.init.normal_(small.weight, std=1e-4)  # short kernels: the gradient is many times as long
    normalised = nn.Sequential(nn.Flatten(), small, nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 10))
    optimizer = torch.optim.SGD(normalised.parameters(), lr=0.05)
    check = diagnose(normalised, BATCHES, optimizer=optimizer).check("gradients")
    assert not [finding for finding in check.findings if "times as long" in finding.figure]
    bare = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    nn.init.normal_(bare[1].weight, std=1e-4)
    nn.init.normal_(bare[3].weight, std=10.0)
    check = diagnose(bare, BATCHES).check("gradients")
    assert [finding for finding in check.findings if "times as long" in finding.figure]


def test_large_networks_are_looked_at_with_fewer_pictures():
    model = Patient(
        model=Net(),
        criterion=F.cross_entropy,
        train=sampled([(PICTURES.repeat(50, 1, 1, 1), torch.arange(100) % 10)], "x"),
    )
    assert model.room(256) == 256
    wide = nn.Sequential(
        nn.Conv2d(1, 2000, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2000, 10)
    )
    patient = Patient(model=wide, criterion=F.cross_entropy, train=model.train)
    assert 8 <= patient.room(256) < 30
