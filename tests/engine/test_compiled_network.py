"""The compiled engine gives what torch gives: logits, gradients, statistics, whole steps of training."""

import copy
import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet import TersenetError, build
from tersenet.data.augment import POLICY_A, Augmentation, affine_maps, augment
from tersenet.engine import compile_network, library, multiplies_bfloat16, plan, warp_and_normalize
from tersenet.networks import NETWORKS
from tersenet.networks.notation import parse
from tersenet.networks.tree import LayerBlock, Notation
from tersenet.training import Recipe, WeightAverage
from tersenet.training.fused_step import fused_step
from tersenet.training.recipe import make_optimizer

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler here")

ODD = (
    "6C3 BN R 7C1b R MP2 AP2 5C3p1s2b LR.1 BN 10N",  # strides, biases, numbers of channels that fill no vector
    "8C3p1 R BN MP3s2 10C5s3 BN GMP 12N BN R 10Nb",  # windows that overlap, a normalised dense layer
    "3C4s3p2 R 9C2 BN 10C3p2b LR.3 R MP3s1 10N",  # even kernels, padding as wide as the kernel allows
    "6C3d2 R BN 9C3p4d3b LR.2 AP2s1 7C2s2d3 BN R 10C3p2d2 GAP",  # dilation, with stride and with wide padding
    "10N",
)


def without_dropout(block):
    """Dropout draws other numbers in the engine: it has tests of its own."""
    kept = []
    for layer in block.layers:
        if isinstance(layer, LayerBlock):
            layer = dataclasses.replace(layer, layers=without_dropout(layer))
        if isinstance(layer, LayerBlock) or layer.family != "dropout":
            kept.append(layer)
    return tuple(kept)


def a_network(notation):
    torch.manual_seed(0)
    model = build(Notation(without_dropout(parse(notation))))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return model


def a_batch(count, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 1, 28, 28, generator=generator), torch.randint(0, 10, (count,), generator=generator)


def relative(found, expected, scale):
    return ((found - expected).norm() / (expected.norm() + 0.01 * scale)).item()


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [3, 16, 37, 128])
@pytest.mark.parametrize("notation", [*ODD, *sorted({each.notation for each in NETWORKS.values()})])
def test_in_float32_everything_agrees_with_torch_to_rounding(notation, count, workers):
    """Where the input of a ReLU is 0 to rounding, it may turn, and with it a gradient: on one batch, not on each."""
    errors = [gradient_errors(notation, count, workers, seed=1)]
    while max(errors[-1]) > 0 and len(errors) < 3:
        errors.append(gradient_errors(notation, count, workers, seed=1 + len(errors)))
    assert max(errors[-1]) <= 0, errors


def gradient_errors(notation, count, workers, *, seed):
    """By how much each gradient of a batch is further from float64 than rounding explains; all else must agree."""
    theirs = a_network(notation)
    ours, exact = copy.deepcopy(theirs), copy.deepcopy(theirs).double()
    compiled = compile_network(ours, workers=workers)
    assert compiled is not None
    images, labels = a_batch(count, seed)
    expected, found = theirs(images), compiled(images)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)

    F.cross_entropy(expected, labels).backward()
    F.cross_entropy(found, labels).backward()
    F.cross_entropy(exact(images.double()), labels).backward()
    scale = max(weight.grad.norm() for weight in exact.parameters())
    errors = []
    for mine, reference, truth in zip(ours.parameters(), theirs.parameters(), exact.parameters(), strict=True):
        rounding = relative(reference.grad, truth.grad, scale)
        errors.append(relative(mine.grad, truth.grad, scale) - (4 * rounding + 1e-3))

    for (name, mine), reference in zip(ours.named_buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(mine, reference, msg=name)
    torch.testing.assert_close(compiled.eval()(images), theirs.eval()(images), rtol=1e-4, atol=1e-4)
    return errors


@pytest.mark.skipif(not multiplies_bfloat16(), reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [3, 37, 128])
@pytest.mark.parametrize("notation", ODD)
def test_in_bfloat16_a_product_is_that_of_rounded_factors(notation, count, workers):
    """Forward, each layer's product is the exact one of factors rounded to bfloat16: torch does the same by hand."""
    model = a_network(notation).eval()
    compiled = compile_network(model, precision="bfloat16", workers=workers)
    images, _ = a_batch(count)
    rounded = copy.deepcopy(model)

    def round_input(module, inputs):
        return (inputs[0].bfloat16().float(),)

    for module in rounded.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data = module.weight.data.bfloat16().float()
            module.register_forward_pre_hook(round_input)
    with torch.no_grad():
        difference = (compiled(images) - rounded(images)).abs().max()
        exact = (compiled(images) - model(images)).abs().max()
    assert difference < 0.2 * exact or difference < 1e-5  # a sum in another order may round a later factor elsewhere


@pytest.mark.skipif(not multiplies_bfloat16(), reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("notation", ODD)
def test_in_bfloat16_gradients_are_as_near_to_those_of_float32_as_torchs_own(notation, workers):
    """On average over batches: a single rounding may turn the choice of a maximum, in torch as here."""
    away = {"ours": 0.0, "torch": 0.0}
    for seed in range(8):
        exact = a_network(notation)
        ours, rounded = copy.deepcopy(exact), copy.deepcopy(exact)
        images, labels = a_batch(20 + 13 * seed, seed)
        F.cross_entropy(exact(images), labels).backward()
        F.cross_entropy(compile_network(ours, precision="bfloat16", workers=workers)(images), labels).backward()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = rounded(images)
        F.cross_entropy(logits.float(), labels).backward()
        truth, *found = (
            torch.cat([weight.grad.flatten() for weight in model.parameters()]) for model in (exact, ours, rounded)
        )
        for name, gradient in zip(away, found, strict=True):
            away[name] += (1 - F.cosine_similarity(gradient, truth, dim=0)).item() / 8
    assert away["ours"] < 1.5 * away["torch"] + 0.001


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("count", [5, 60, 300])
def test_any_number_of_workers_gives_the_same_bits_every_time(precision, count):
    if precision == "bfloat16" and not multiplies_bfloat16():
        pytest.skip("this processor does not multiply bfloat16")

    def learned(workers):
        model = a_network(f"{ODD[0]}".replace("7C1b", "D.2 7C1b"))
        optimizer, average = make_optimizer(model, Recipe()), WeightAverage(model, decay=0.9)
        compiled = compile_network(model, precision=precision, workers=workers)
        step = fused_step(compiled, optimizer, average, 0.1)
        torch.manual_seed(0)
        for number in range(2):
            step(*a_batch(count, seed=number))
        F.cross_entropy(compiled(a_batch(count)[0]), a_batch(count)[1]).backward()
        tensors = [*model.state_dict().values(), *average.model.state_dict().values()]
        return [*tensors, *(weight.grad for weight in model.parameters())]

    first = learned(1)
    for workers in (2, 3, 3, 3, 7, 16):
        assert all(map(torch.equal, learned(workers), first)), workers


@pytest.mark.parametrize("notation", ["400N D.25 400N 10N", "8C3 DD.25 8C3 10N"])
def test_dropout_drops_its_rate_and_keeps_the_expectation(notation):
    model = build(notation)
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(1 / weight[0].numel())
    compiled = compile_network(model, workers=2)
    torch.manual_seed(0)
    with torch.no_grad():
        means = torch.stack([compiled(torch.ones(64, 1, 28, 28)).mean(dim=1) for _ in range(40)])
        assert abs(means.mean() - 1) < 0.01
        torch.testing.assert_close(compiled.eval()(torch.ones(2, 1, 28, 28)), torch.ones(2, 10), rtol=1e-4, atol=0)
    drops = 400 if notation.startswith("400N") else 8
    deviation = (0.25 / 0.75 / drops) ** 0.5  # of a mean of independent 0 (one in four) and 4/3
    assert 0.8 * deviation < means.std() < 1.2 * deviation
    between = means - means.mean()
    for neighbours in (between[:, 1:] * between[:, :-1], between[1:] * between[:-1]):  # pictures, passes
        assert abs(neighbours.mean()) < 0.1 * deviation**2, "each draws numbers of its own"


def test_dropout_is_the_same_forward_and_backward():
    """A linear network's output is its input times the gradient, if both passes drop the same values."""
    model = build("8C3 D.5 4C3 DD.5 10N")
    compiled = compile_network(model, workers=2)
    logits = compiled(a_batch(20)[0])
    logits.sum().backward()
    last = model.layers[-1].weight
    torch.testing.assert_close((last.grad * last).sum(), logits.sum(), rtol=1e-4, atol=1e-4)
    first = model.layers[0].weight
    torch.testing.assert_close((first.grad * first).sum(), logits.sum(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("averaging", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_fused_step_is_forward_backward_sgd_and_averaging(averaging, nesterov, smoothing):
    recipe = Recipe(nesterov=nesterov, label_smoothing=smoothing, averaging=averaging, weight_decay=0.01)
    theirs = a_network(ODD[0])
    ours = copy.deepcopy(theirs)
    compiled = compile_network(ours, workers=2)
    optimizers = [make_optimizer(model, recipe) for model in (theirs, ours)]
    averages = [WeightAverage(model, decay=averaging) if averaging else None for model in (theirs, ours)]
    step = fused_step(compiled, optimizers[1], averages[1], smoothing)
    assert step is not None
    for number in range(6):
        images, labels = a_batch(50, seed=number)
        logits = theirs(images)
        loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        optimizers[0].zero_grad()
        loss.backward()
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / (1 + number)
        optimizers[0].step()
        if averages[0]:
            averages[0].update()
        found = step(images, labels)
        assert found[0] == pytest.approx(loss.item(), rel=1e-4)
        assert found[1] == (logits.argmax(dim=1) == labels).sum()
    for mine, reference in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-3, atol=1e-4)
    if averaging:
        states = [average.model.state_dict().values() for average in averages]
        for mine, reference in zip(*reversed(states), strict=True):
            torch.testing.assert_close(mine, reference, rtol=1e-3, atol=1e-4)
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        buffers = [optimizers[1].state[mine]["momentum_buffer"], optimizers[0].state[reference]["momentum_buffer"]]
        torch.testing.assert_close(*buffers, rtol=1e-2, atol=1e-3)


def test_a_step_whose_loss_is_not_finite_changes_nothing():
    model = a_network("4C5s3 BN R GAP 10Nb")
    optimizer = make_optimizer(model, Recipe())
    step = fused_step(compile_network(model), optimizer, None, 0.0)
    images, labels = a_batch(20)
    step(images, labels)
    before = [weight.detach().clone() for weight in model.parameters()]
    images[3] = float("inf")
    loss, _ = step(images, labels)
    assert not torch.isfinite(torch.tensor(loss))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("policy", [POLICY_A, Recipe().augmentation, Augmentation(shift=0.9, scale=0.9)])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("beyond", ["zeros", "border"])
@pytest.mark.parametrize("size", [(1, 28, 28), (3, 32, 40), (3, 96, 96)])
def test_pictures_are_moved_as_torch_moves_them(policy, workers, size, beyond):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (70, *size), dtype=torch.uint8, generator=generator)
    maps = affine_maps(images, policy, torch.Generator().manual_seed(1))
    mean, deviation = torch.tensor([0.49, 0.48, 0.45])[: size[0]], torch.tensor([0.25, 0.24, 0.26])[: size[0]]
    found = warp_and_normalize(
        images, maps, mean=mean.tolist(), deviation=deviation.tolist(), workers=workers, beyond=beyond
    )
    moved = augment(images, policy, torch.Generator().manual_seed(1), beyond=beyond)
    expected = (moved - mean.view(-1, 1, 1)) / deviation.view(-1, 1, 1)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_other_policies_are_left_to_torch():
    images = torch.zeros(2, 28, 28, dtype=torch.uint8)
    for policy in (
        Augmentation(),
        Augmentation(rotation=5, elastic=1.0),
        Augmentation(rotation=5, interpolation="nearest"),
        Augmentation(rotation=5, exact=True),
        Augmentation(rotation=5, erase_probability=0.5),
    ):
        assert affine_maps(images, policy, torch.Generator()) is None


@pytest.mark.parametrize("layer", [nn.Softplus(), nn.ReLU6(), nn.InstanceNorm2d(8), nn.GELU(approximate="tanh")])
def test_what_the_engine_does_not_know_is_left_to_torch(layer):
    model = build("8C3 R GAP 10N")
    model.layers[1] = layer
    assert plan(model) is None
    assert compile_network(model) is None


def test_anybodys_module_is_left_to_torch():
    assert compile_network(nn.Sequential(nn.Flatten(), nn.Linear(784, 10))) is None


def test_only_the_latest_pass_goes_backward():
    compiled = compile_network(build("4C5s3 BN R GAP 10Nb"))
    first = compiled(a_batch(4)[0])
    compiled(a_batch(4)[0])
    with pytest.raises(TersenetError, match="latest"):
        first.sum().backward()


def test_weights_that_somebody_moved_are_found_again():
    model = a_network("4C5s3 BN R GAP 10Nb").eval()
    compiled = compile_network(model)
    images, _ = a_batch(4)
    with torch.no_grad():
        before = compiled(images)
        for weight in model.parameters():
            weight.data = 2 * weight.data
        torch.testing.assert_close(compiled(images), model(images), rtol=1e-4, atol=1e-4)
        assert not torch.allclose(compiled(images), before)
