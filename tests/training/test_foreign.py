"""Anybody's module trains, or is refused in one error before the first epoch."""

import dataclasses
import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from tersenet import TersenetError, build
from tersenet.data import Dataset, Split
from tersenet.data.augment import Augmentation
from tersenet.engine import library
from tersenet.networks import copy_network
from tersenet.training import Recipe, Schedule, WeightAverage, train, train_one_epoch
from tersenet.training.checkpoint import load_checkpoint, save_checkpoint
from tersenet.training.rate_finder import find_learning_rate

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.05, averaging=0.9, augmentation=Augmentation())
ENGINES = [
    "layers",
    pytest.param("compiled", marks=pytest.mark.skipif(library() is None, reason="no C++ compiler here")),
]


def bars(count, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (count,), generator=generator)
    images = torch.randint(0, 60, (count, 28, 28), dtype=torch.uint8, generator=generator)
    for image, label in zip(images, labels, strict=True):
        image[:, 6 + 6 * label : 9 + 6 * label] += 150
    return Split(images=images, labels=labels)


DATA = Dataset(name="bars", train=bars(80, 0), test=bars(30, 1), classes=("a", "b", "c"), source="drawn")


def with_labels(change):
    splits = [dataclasses.replace(split, labels=change(split.labels)) for split in (DATA.train, DATA.test)]
    return dataclasses.replace(DATA, train=splits[0], test=splits[1])


class Answering(nn.Module):
    def __init__(self, answer=lambda z: z, outputs=3):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(256, outputs))
        self.answer = answer

    def forward(self, x):
        return self.answer(self.body(x))


def plain():
    torch.manual_seed(0)
    return Answering()


def pruned():
    model = plain()
    prune.l1_unstructured(model.body[0], "weight", amount=0.5)
    prune.random_structured(model.body[3], "weight", amount=0.3, dim=1)
    return model


def weight_normed():
    model = plain()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nn.utils.weight_norm(model.body[0])
    return model


def parametrized():
    model = plain()
    nn.utils.parametrizations.weight_norm(model.body[0])
    nn.utils.parametrizations.weight_norm(model.body[3], dim=1)
    return model


def spectral():
    model = plain()
    nn.utils.spectral_norm(model.body[0])
    return model


def tied():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(784, 784), nn.Linear(784, 784)
            self.second.weight = self.first.weight
            self.last = nn.Linear(784, 3)

        def forward(self, x):
            return self.last(self.second(self.first(x.flatten(1)).relu()))

    torch.manual_seed(0)
    return Tied()


def double():
    return plain().double()


KINDS = [plain, pruned, weight_normed, parametrized, spectral, tied, double]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch's older weight norm
def test_it_trains_and_a_resumed_training_ends_with_the_same_weights(make, tmp_path):
    whole = train(make(), DATA, RECIPE)
    assert whole.test.accuracy > 50
    assert whole.metrics[1].train_loss < whole.metrics[0].train_loss

    class KilledError(Exception):
        pass

    def save_then_die(state):
        save_checkpoint(tmp_path, state)
        raise KilledError

    with pytest.raises(KilledError):
        train(make(), DATA, RECIPE, on_epoch=save_then_die)
    resumed = train(make(), DATA, RECIPE, resume=lambda state: load_checkpoint(tmp_path, state))
    for mine, theirs in zip(resumed.model.state_dict().values(), whole.model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # likewise
def test_its_learning_rate_is_found_and_it_is_left_alone(make):
    model = make()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert len(find_learning_rate(model, DATA.train, RECIPE, steps=12, highest=0.1).rates) == 12
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_pruned_weights_stay_zero():
    model = pruned()
    dropped = model.body[0].weight == 0
    training = train(model, DATA, RECIPE)
    training.model(torch.zeros(1, 1, 28, 28))
    assert dropped.any()
    assert (training.model.body[0].weight[dropped] == 0).all()


def test_a_copy_of_a_network_after_a_measurement_is_a_copy_too():
    model = pruned()
    with torch.inference_mode():
        expected = model(torch.ones(1, 1, 28, 28))
    torch.testing.assert_close(copy_network(model)(torch.ones(1, 1, 28, 28)), expected.clone())


def test_tied_weights_are_averaged_once():
    model = tied()
    average = WeightAverage(model, decay=0.5)
    with torch.no_grad():
        model.first.weight.add_(1)
    before = average.model.first.weight.clone()
    weight = average.next_weight()
    average.updates = 0
    average.update()
    torch.testing.assert_close(average.model.first.weight, torch.lerp(before, model.first.weight.detach(), weight))


def test_a_network_in_float64_trains_in_float64():
    training = train(double(), DATA, RECIPE, precision="bfloat16")
    assert {tensor.dtype for tensor in training.model.parameters()} == {torch.float64}


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_a_network_in_half_precision_becomes_float32_with_a_word(kind):
    with pytest.warns(UserWarning, match=f"weights are {str(kind)[6:]}; they are converted to float32"):
        training = train(plain().to(kind), DATA, RECIPE)
    assert {tensor.dtype for tensor in training.model.parameters()} == {torch.float32}
    assert training.test.accuracy > 50


UNFIT = {
    "a dictionary": (lambda z: {"logits": z}, "got: *a dict"),
    "a tuple": (lambda z: (z, z), "got: *a tuple"),
    "too few outputs": (lambda z: z[:, :2], "got: *2 outputs"),
    "class maps": (lambda z: z[:, :, None, None].expand(-1, -1, 7, 7), r"an output of shape \[2, 3, 7, 7\]"),
    "an error of its own": (lambda z: z @ z, "fails on these pictures in training mode"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_answers_that_do_not_fit_are_one_error_before_the_first_epoch(name):
    answer, problem = UNFIT[name]
    epochs = []
    with pytest.raises(TersenetError, match=problem):
        train(Answering(answer), DATA, RECIPE, on_batch=lambda *state: epochs.append(state))
    assert not epochs
    with pytest.raises(TersenetError, match=problem):
        find_learning_rate(Answering(answer), DATA.train, RECIPE)


def test_maps_of_one_pixel_are_logits():
    assert train(Answering(lambda z: z[:, :, None, None]), DATA, RECIPE).test.accuracy > 50


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", [torch.uint8, torch.int8, torch.int32])
def test_labels_of_any_whole_number_type_train(engine, kind):
    torch.manual_seed(0)
    training = train(build("4C5s3 BN R 3Nb", classes=3), with_labels(lambda x: x.to(kind)), RECIPE, engine=engine)
    torch.manual_seed(0)
    expected = train(build("4C5s3 BN R 3Nb", classes=3), DATA, RECIPE, engine=engine)
    assert training.test == expected.test


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda labels: labels + 5, "labels from 5 to 7"),
        (lambda labels: labels - 1, "labels from -1 to 1"),
        (lambda labels: labels + 10**12, "labels from 1000000000000"),
        (lambda labels: labels.float(), "torch.float32"),
        (lambda labels: labels > 1, "torch.bool"),
    ],
)
def test_labels_that_do_not_fit_are_one_error(engine, change, problem):
    with pytest.raises(TersenetError, match=problem):
        train(build("4C5s3 BN R 3Nb", classes=3), with_labels(change), RECIPE, engine=engine)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"engine": "Compiled"}, "did you mean compiled"),
        ({"engine": "auto"}, "layers or compiled"),
        ({"precision": "float64"}, "float32, bfloat16"),
        ({"workers": 0}, "from 1 to 256"),
        ({"workers": 10**6}, "from 1 to 256"),
    ],
)
def test_an_unknown_setting_is_an_error(settings, problem):
    with pytest.raises(TersenetError, match=problem):
        train(plain(), DATA, RECIPE, **settings)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_engine_cannot_run_is_told_with_its_reason(engine):
    model = build("4C5s3 BN R 3Nb", classes=3)
    model.layers[2] = nn.Softplus()
    if engine == "layers":
        assert train(model, DATA, RECIPE).test.images == 30
        return
    with pytest.raises(TersenetError, match=r"layers.2 \(Softplus\): an unsupported kind of layer"):
        train(model, DATA, RECIPE, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_that_was_trained_layer_by_layer_trains_on_in_the_engine(engine):
    model = build("4C5s3 BN R 6C3 R 3Nb", classes=3)
    train(model, DATA, RECIPE)
    assert train(model, DATA, RECIPE, engine=engine).test.accuracy > 80


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("notation", ["GAP BN 3N", "28C28 BN 3N", "4C3 GAP 8N BN R 3N"])
def test_batches_of_one_picture_that_leave_a_single_value_are_refused_before_training(engine, notation):
    recipe = dataclasses.replace(RECIPE, batch_size=1)
    with pytest.raises(TersenetError, match="more than one value per channel"):
        train(build(notation, classes=3), DATA, recipe, engine=engine)
    larger = dataclasses.replace(recipe, batch_size=79)  # the last batch of one is left out
    assert train(build(notation, classes=3), DATA, larger, engine=engine).test.images == 30


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_of_one_picture_train_where_maps_are_larger(engine):
    recipe = dataclasses.replace(RECIPE, batch_size=1, epochs=1, learning_rate=0.01)
    training = train(build("4C5s3 BN R 3Nb", classes=3), DATA, recipe, engine=engine)
    assert math.isfinite(training.test.loss)


def test_a_last_batch_of_one_picture_in_a_loop_of_ones_own_is_one_error():
    model = build("GAP BN 3N", classes=3)
    pair = (torch.rand(1, 1, 28, 28), torch.tensor([1]))
    with pytest.raises(TersenetError, match="more than one value per channel"):
        train_one_epoch(model, [pair], torch.optim.SGD(model.parameters(), lr=0.1))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_a_last_step_that_breaks_the_weights_stops_the_training(engine, averaging):
    """The loss is finite in every step: only the weights show what the last of them did."""
    steep = {"learning_rate": 1e30, "weight_decay": 1e12, "schedule": Schedule(kind="constant")}
    recipe = dataclasses.replace(RECIPE, epochs=1, batch_size=80, averaging=averaging, **steep)
    with pytest.raises(
        TersenetError, match=r"weight is not finite at step 1, the last of epoch 1, learning rate 1e\+30"
    ):
        train(build("4C5s3b R 3Nb", classes=3), DATA, recipe, engine=engine)


def test_finite_weights_that_give_no_finite_answers_stop_the_training():
    recipe = dataclasses.replace(
        RECIPE, epochs=1, batch_size=80, learning_rate=1e30, averaging=0.0, schedule=Schedule(kind="constant")
    )
    saved = []
    with pytest.raises(TersenetError, match="no longer finite numbers"):
        train(build("4C5s3b R 8C3 R 3Nb", classes=3), DATA, recipe, on_epoch=saved.append)
    assert not saved, "no checkpoint of broken weights"


def test_a_checkpoint_whose_momentum_has_another_shape_is_refused(tmp_path):
    train(plain(), DATA, RECIPE, on_epoch=lambda state: save_checkpoint(tmp_path, state))

    def resume(state):
        load_checkpoint(tmp_path, state)
        state.metrics.pop()
        weight = next(iter(state.optimizer.state))
        state.optimizer.state[weight]["momentum_buffer"] = torch.zeros(1)

    with pytest.raises(TersenetError, match=r"does not belong to this run[\s\S]*momentum_buffer of shape \[1\]"):
        train(plain(), DATA, RECIPE, resume=resume)
