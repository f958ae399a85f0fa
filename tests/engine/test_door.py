"""Whatever reaches the engine is checked at its door: a clear error, or torch, never memory that is not there."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet import Recipe, TersenetError, build, evaluate
from tersenet.data import Split
from tersenet.engine import compile_network, library, warp_and_normalize
from tersenet.training import TrainingBatches, WeightAverage, make_optimizer, train_one_epoch
from tersenet.training.fused_step import fused_step

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler here")

NET = "4C5s3 BN R GAP 10Nb"


def a_step(model=None, recipe=None, *, averaging=0.0):
    torch.manual_seed(0)
    model = model or build(NET)
    optimizer = make_optimizer(model, recipe or Recipe())
    average = WeightAverage(model, decay=averaging) if averaging else None
    step = fused_step(compile_network(model), optimizer, average, 0.0)
    return model, optimizer, step


def some_pictures(count=12):
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(1))


LABELS = torch.arange(12) % 10


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        (LABELS + 5, "labels from 5 to 14"),
        (LABELS - 1, "labels from -1 to 8"),
        (LABELS + 10**12, "labels from 1000000000000"),
        (LABELS.float(), "not whole numbers"),
        (LABELS > 5, "not whole numbers"),
        (LABELS[:5], "one label per picture"),
        (LABELS[:, None], "one label per picture"),
    ],
)
def test_labels_that_do_not_fit_are_an_error_and_change_nothing(labels, problem):
    model, _, step = a_step()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(TersenetError, match=problem):
        step(some_pictures(), labels)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("kind", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_whole_numbers_of_any_size_are_labels(kind):
    (ours, _, mine), (theirs, _, reference) = a_step(), a_step()
    assert mine(some_pictures(), LABELS.to(kind)) == reference(some_pictures(), LABELS)
    assert torch.equal(ours.layers[0].weight, theirs.layers[0].weight)


@pytest.mark.parametrize(
    "momentum",
    [
        torch.zeros(1),
        torch.zeros(0),
        torch.zeros(4, 1, 5, 4),
        torch.zeros(4, 1, 5, 5, dtype=torch.float64),
        torch.zeros(4, 1, 5, 5, dtype=torch.bfloat16),
    ],
)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_momentum_that_does_not_fit_its_weight_is_an_error(momentum, when):
    model, optimizer, step = a_step()
    if when == "meanwhile":
        step(some_pictures(), LABELS)
    optimizer.state[model.layers[0].weight]["momentum_buffer"] = momentum
    if when == "before":
        with pytest.raises(TersenetError, match="momentum does not fit"):
            fused_step(compile_network(model), optimizer, None, 0.0)
    with pytest.raises(TersenetError, match="momentum does not fit"):
        step(some_pictures(), LABELS)


def test_momentum_in_another_order_or_place_is_found():
    (ours, mine, step), (theirs, other, reference) = a_step(), a_step()
    for model, optimizer, advance in ((ours, mine, step), (theirs, other, reference)):
        advance(some_pictures(), LABELS)
        buffer = optimizer.state[model.layers[0].weight]["momentum_buffer"]
        moved = torch.randn(4, 1, 5, 5, generator=torch.Generator().manual_seed(2))
        if optimizer is mine:
            optimizer.state[model.layers[0].weight]["momentum_buffer"] = (
                moved.transpose(2, 3).contiguous().transpose(2, 3)
            )
        else:
            buffer.copy_(moved)
        advance(some_pictures(), LABELS)
    assert torch.equal(ours.layers[0].weight, theirs.layers[0].weight)


def by_torch(model, optimizer, average, count=12):
    loss = F.cross_entropy(model(some_pictures(count)), LABELS[:count])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if average:
        average.update()
    return loss.item()


def frozen(model, optimizer):
    model.layers[0].weight.requires_grad_(False)


def listened(model, optimizer):
    model.layers[0].weight.register_hook(lambda gradient: 2 * gradient)


def two_rates(model, optimizer):
    optimizer.param_groups[1]["lr"] *= 3


def another_momentum(model, optimizer):
    for group in optimizer.param_groups:
        group["momentum"] = 0.5


def dampened(model, optimizer):
    for group in optimizer.param_groups:
        group.update(nesterov=False, dampening=0.3)


def upwards(model, optimizer):
    for group in optimizer.param_groups:
        group["maximize"] = True


def more_decay(model, optimizer):
    optimizer.param_groups[0]["weight_decay"] = 0.1


def a_layer_replaced(model, optimizer):
    model.layers[2] = nn.Tanh()


def frozen_normalisation(model, optimizer):
    model.layers[1].eval()


@pytest.mark.parametrize(
    "change",
    [
        frozen, listened, two_rates, another_momentum, dampened, upwards, more_decay, a_layer_replaced,
        frozen_normalisation,
    ],
)  # fmt: skip
def test_a_step_after_a_change_is_the_step_that_torch_makes(change):
    torch.manual_seed(0)
    theirs = build(NET)
    ours = copy.deepcopy(theirs)
    optimizers = [make_optimizer(model, Recipe()) for model in (theirs, ours)]
    averages = [WeightAverage(model, decay=0.9) for model in (theirs, ours)]
    step = fused_step(compile_network(ours), optimizers[1], averages[1], 0.0)
    for number in range(4):
        if number == 2:
            change(theirs, optimizers[0])
            change(ours, optimizers[1])
        expected = by_torch(theirs, optimizers[0], averages[0])
        loss, _ = step(some_pictures(), LABELS)
        assert loss == pytest.approx(expected, rel=1e-4)
    for mine, reference in ((ours, theirs), (averages[1].model, averages[0].model)):
        for found, wanted in zip(mine.state_dict().values(), reference.state_dict().values(), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def test_pictures_of_another_size_learn_as_torch_has_it():
    model, _, step = a_step()
    twin = copy.deepcopy(model)
    pictures = torch.randn(12, 1, 20, 20)
    loss, _ = step(pictures, LABELS)
    assert loss == pytest.approx(F.cross_entropy(twin(pictures), LABELS).item(), rel=1e-4)
    with pytest.raises(RuntimeError):
        a_step(build("4C5s3 10N"))[2](pictures, LABELS)


@pytest.mark.parametrize("workers", [0, -1, 10**6, 2.0, True, None])
def test_a_number_of_workers_out_of_range_is_an_error(workers):
    with pytest.raises(TersenetError, match=r"workers = .*\n.*a whole number from 1 to 256"):
        compile_network(build(NET), workers=workers)
    with pytest.raises(TersenetError, match="a whole number from 1 to 256"):
        warp_and_normalize(
            torch.zeros(1, 1, 9, 9, dtype=torch.uint8), torch.zeros(1, 2, 3), mean=[0], deviation=[1], workers=workers
        )
    if workers is not None:
        with pytest.raises(TersenetError, match="a whole number from 1 to 256"):
            evaluate(build(NET), [(some_pictures(), LABELS)], workers=workers)


def test_as_many_workers_as_may_be_give_the_same_result():
    model = build(NET).eval()
    with torch.no_grad():
        torch.testing.assert_close(
            compile_network(model, workers=64)(some_pictures()), model(some_pictures()), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("precision", ["float64", "Float32", "", "float16"])
def test_an_unknown_precision_is_an_error_wherever_it_is_taken(precision):
    for attempt in (
        lambda: compile_network(build(NET), precision=precision),
        lambda: train_one_epoch(nn.Flatten(), [], None, precision=precision),
    ):
        with pytest.raises(TersenetError, match=r"precision = .*\n.*float32, bfloat16"):
            attempt()


def test_maps_that_do_not_fit_the_pictures_are_an_error():
    images = torch.zeros(4, 1, 9, 9, dtype=torch.uint8)
    for pictures, maps in (
        (images, torch.zeros(3, 2, 3)),
        (images.float(), torch.zeros(4, 2, 3)),
        (images[0], images),
    ):
        with pytest.raises(TersenetError, match="do not fit"):
            warp_and_normalize(pictures, maps, mean=[0], deviation=[1])
    with pytest.raises(TersenetError, match="one per channel"):
        warp_and_normalize(images, torch.zeros(4, 2, 3), mean=[0, 0, 0], deviation=[1, 1, 1])


def test_batches_of_no_pictures_are_an_error():
    split = Split(images=torch.zeros(3, 28, 28, dtype=torch.uint8), labels=torch.arange(3))
    with pytest.raises(TersenetError, match="one or more"):
        TrainingBatches(split, batch_size=0)
    with pytest.raises(TersenetError, match="1 to 256"):
        TrainingBatches(split, batch_size=2, workers=-1)
