"""Numbers in the engine: batch normalisation as near to float64 as torch's own, and NaN that is never swallowed."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet import build
from tersenet.engine import compile_network, library

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler here")


def a_network(notation, offset=0.0):
    """A network whose first convolution adds `offset`, where it has a bias."""
    torch.manual_seed(0)
    model = build(notation)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    first = model.layers[0]
    if isinstance(first, nn.Conv2d) and first.bias is not None:
        nn.init.constant_(first.bias, offset)
    return model


def away(found, truth):
    """How far tensors are from the truth, as a part of its length, all together."""
    found, truth = (torch.cat([t.detach().double().flatten() for t in each]) for each in (found, truth))
    return ((found - truth).norm() / truth.norm()).item()


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("offset", [0.0, 100.0, -100.0, 1e4])
@pytest.mark.parametrize(
    "notation",
    [
        "BN 10Nb",
        "BN R 6C5s3 BN 10Nb",
        "6C5s2b BN R GAP 10Nb",
        "6C3s2b R GAP BN 10Nb",
        "6C3s2b R BN LR.1 MP2 GAP 10Nb",
        "6C5s3b LR.5 BN GAP 12N BN R 10Nb",
    ],
)
def test_batch_normalisation_is_as_near_to_float64_as_torchs_own(notation, offset, workers):
    """Logits, gradients and running statistics, where the mean is large beside the deviation too."""
    theirs = a_network(notation, offset)
    ours, exact = copy.deepcopy(theirs), copy.deepcopy(theirs).double()
    generator = torch.Generator().manual_seed(1)
    pictures = torch.randn(90, 1, 28, 28, generator=generator) + (offset if notation.startswith("BN") else 0)
    labels = torch.randint(0, 10, (90,), generator=generator)
    logits = [compile_network(ours, workers=workers)(pictures), theirs(pictures), exact(pictures.double())]
    for answer in logits:
        F.cross_entropy(answer, labels).backward()
    assert away([logits[0]], [logits[2]]) < 3 * away([logits[1]], [logits[2]]) + 1e-6

    gradients = [[weight.grad for weight in model.parameters()] for model in (ours, theirs, exact)]
    assert away(gradients[0], gradients[2]) < 3 * away(gradients[1], gradients[2]) + 1e-5

    variances = [
        [module.running_var for module in model.modules() if hasattr(module, "running_var")]
        for model in (ours, theirs, exact)
    ]
    assert away(variances[0], variances[2]) < 3 * away(variances[1], variances[2]) + 1e-6
    for (name, mine), truth in zip(ours.named_buffers(), exact.buffers(), strict=True):
        torch.testing.assert_close(mine.double(), truth.double(), rtol=1e-5, atol=1e-5, msg=name)


def test_a_batch_of_equal_pictures_has_no_variance():
    model = build("BN 4C5s3 BN R GAP 10Nb")
    twin = copy.deepcopy(model)
    pictures = torch.full((40, 1, 28, 28), 12345.678)
    torch.testing.assert_close(compile_network(model, workers=2)(pictures), twin(pictures), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model.layers[0].running_var, twin.layers[0].running_var)


NETS = (
    "6C3 R MP2 GMP 10N",
    "4C3 BN R MP3s1 AP2 5C3 R GMP 10Nb",
    "MP2 10N",
    "R 10N",
    "8C3 LR.1 MP2 8C3p1 BN LR.2 GAP 10N",
)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("notation", NETS)
def test_what_is_not_a_finite_number_reaches_the_logits_as_in_torch(notation, value):
    model = a_network(notation).eval()
    compiled = compile_network(model, workers=2)
    for place in (0, 5, 27, 400, 783):
        pictures = torch.randn(20, 1, 28, 28, generator=torch.Generator().manual_seed(place))
        pictures[3].view(-1)[place] = value
        pictures[17].view(-1)[783 - place] = value
        with torch.no_grad():
            torch.testing.assert_close(compiled(pictures), model(pictures), rtol=1e-4, atol=1e-4, equal_nan=True)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("notation", NETS)
def test_a_weight_that_is_nan_reaches_the_logits(notation, precision):
    pictures = torch.randn(20, 1, 28, 28)
    for number in range(len(list(a_network(notation).parameters()))):
        model = a_network(notation).eval()
        compiled = compile_network(model, precision=precision)
        if compiled is None:
            pytest.skip("this processor does not multiply bfloat16")
        with torch.no_grad():
            list(model.parameters())[number].view(-1)[0] = float("nan")
            broken = compiled(pictures).isnan()
            assert broken.any()
            assert torch.equal(broken, model(pictures).isnan())


@pytest.mark.parametrize("notation", NETS)
def test_in_training_a_nan_in_a_picture_is_a_loss_that_is_nan(notation):
    model = a_network(notation)
    pictures = torch.randn(20, 1, 28, 28)
    pictures[4, 0, 11, 12] = float("nan")
    loss = F.cross_entropy(compile_network(model, workers=2)(pictures), torch.arange(20) % 10)
    loss.backward()
    assert loss.isnan()
    assert all(weight.grad.isnan().any() for weight in model.parameters())


@pytest.mark.parametrize("notation", ["GAP BN 10N", "28C28 BN 10N", "4C3 GAP 8N BN R 10N"])
def test_normalisation_of_a_single_value_is_torchs_error(notation):
    model = build(notation)
    twin = copy.deepcopy(model)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        compile_network(model)(torch.randn(1, 1, 28, 28))
    for before, after in zip(twin.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(before, after) or not after.is_floating_point()
    compile_network(model)(torch.randn(2, 1, 28, 28))
