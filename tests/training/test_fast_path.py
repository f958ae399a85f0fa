"""What `train` does by its fast ways is what a naive loop of one's own does."""

import copy

import pytest
import torch
import torch.nn.functional as F

from tersenet import Recipe, build, evaluate, load_data
from tersenet.data import Dataset
from tersenet.engine import library, multiplies_bfloat16
from tersenet.training import EvaluationBatches, Schedule, TrainingBatches, train

NET = "6C5 BN R MP2 12C3 BN R 14C3 BN R MP2 GAP 10Nb"
RECIPE = Recipe(epochs=2, learning_rate=0.1, batch_size=64, schedule=Schedule(warmup=0.5))
# At a high rate rounding grows by itself: after 124 steps two naive loops with other numbers of threads are 15 % of
# the weights' length apart. Where all must agree to rounding the rate is low.
GENTLE = Recipe(epochs=2, learning_rate=0.002, batch_size=64, schedule=Schedule(warmup=0.5))

needs_compiler = pytest.mark.skipif(library() is None, reason="no C++ compiler here")
needs_bfloat16 = pytest.mark.skipif(not multiplies_bfloat16(), reason="this processor does not multiply bfloat16")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture(scope="module")
def digits():
    """2,000 drawn digits to learn from, 1,000 to be measured on."""
    drawn = load_data("synthetic")
    return Dataset(
        name="drawn",
        train=drawn.train.take(torch.arange(2_000)),
        test=drawn.test.take(torch.arange(1_000)),
        classes=drawn.classes,
        source="drawn",
    )


@pytest.fixture(scope="module")
def start():
    torch.manual_seed(0)
    return build(NET)


def naive_training(start, digits, recipe, kind=torch.float32):
    """The recipe written out: forward, backward, Nesterov momentum, decay, warm-up and fall, averaging."""
    model = copy.deepcopy(start).to(kind)
    average = copy.deepcopy(model)
    batches = TrainingBatches(digits.train, batch_size=64, augmentation=recipe.augmentation, seed=3)
    steps, warm_up = 2 * len(batches), 0.5 * len(batches)
    velocity = [torch.zeros_like(weight) for weight in model.parameters()]
    done = 0
    for epoch in (1, 2):
        model.train()
        for images, labels in batches.epoch(epoch):
            rising, falling = (done + 1) / (warm_up + 1), 1 - (done - warm_up) / (steps - 1 - warm_up)
            rate = recipe.learning_rate * (rising if done < warm_up else falling)
            loss = F.cross_entropy(model(images.to(kind)), labels)
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            with torch.no_grad():
                for weight, gradient, v in zip(model.parameters(), gradients, velocity, strict=True):
                    decayed = gradient + (5e-4 * weight if weight.ndim > 1 else 0)
                    v.mul_(0.9).add_(decayed)
                    weight -= rate * (decayed + 0.9 * v)
                decay = min(0.999, (1 + done) / (10 + done))
                for mine, theirs in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
                    if mine.is_floating_point():
                        mine.mul_(decay).add_((1 - decay) * theirs)
            done += 1
    return average


@pytest.fixture(scope="module")
def reference(start, digits):
    """What a gentle training gives in float64, and how far float32 is from it."""
    exact = naive_training(start, digits, GENTLE, torch.float64)
    return exact, distance(naive_training(start, digits, GENTLE), exact)


def distance(model, reference):
    """How far apart two networks' weights are, as a part of their length."""
    mine, theirs = (
        torch.cat([weight.detach().double().cpu().flatten() for weight in each.parameters()])
        for each in (model, reference)
    )
    return ((mine - theirs).norm() / theirs.norm()).item()


def trained(start, digits, recipe, **settings):
    return train(copy.deepcopy(start), digits, recipe, seed=3, **settings)


def test_layer_by_layer_is_the_naive_loop_to_rounding(start, digits, reference):
    exact, rounding = reference
    assert distance(start, exact) > 0.01, "something was learned"
    assert distance(trained(start, digits, GENTLE, device="cpu").model, exact) < 5 * rounding


@needs_compiler
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_engine_in_float32_is_the_naive_loop_to_rounding(start, digits, reference, workers):
    exact, rounding = reference
    ours = trained(start, digits, GENTLE, device="cpu", engine="compiled", workers=workers)
    assert distance(ours.model, exact) < 5 * rounding + 1e-4  # the pictures are moved in float32 too, in other steps


BFLOAT16 = [
    pytest.param({"engine": "layers"}, id="layers"),
    pytest.param({"engine": "compiled", "workers": 2}, id="compiled", marks=[needs_compiler, needs_bfloat16]),
]


@pytest.mark.parametrize("settings", BFLOAT16)
def test_in_bfloat16_a_gentle_training_stays_near(start, digits, reference, settings):
    ours = trained(start, digits, GENTLE, precision="bfloat16", **settings)
    exact, _ = reference
    assert distance(ours.model, exact) < 0.1 * distance(start, exact)


@pytest.mark.parametrize("settings", BFLOAT16)
def test_in_bfloat16_a_whole_training_learns_as_much(start, digits, settings):
    naive = evaluate(naive_training(start, digits, RECIPE), EvaluationBatches(digits.test))
    ours = trained(start, digits, RECIPE, precision="bfloat16", **settings).test
    assert abs(ours.accuracy - naive.accuracy) < 4
    assert abs(ours.loss - naive.loss) < 0.15


@needs_gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_on_a_gpu_the_same_code_trains_from_its_memory(start, digits, reference, precision):
    ours = trained(start, digits, GENTLE, device="cuda", precision=precision)
    exact, _ = reference
    assert next(ours.model.parameters()).device.type == "cuda"
    assert distance(ours.model, exact) < 0.1 * distance(start, exact)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_batches_are_made_where_the_set_lies(digits, device):
    here = TrainingBatches(digits.train, batch_size=64, augmentation=RECIPE.augmentation, device=device)
    images, labels = next(iter(here.epoch(1)))
    assert images.device.type == labels.device.type == device
    at_home, _ = next(iter(TrainingBatches(digits.train, batch_size=64, augmentation=RECIPE.augmentation).epoch(1)))
    torch.testing.assert_close(images.cpu(), at_home, atol=1e-3, rtol=0)
