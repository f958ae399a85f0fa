"""Muon against its authors' formulas, written anew in numpy, and against torch's SGD where it is SGD."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tersenet.data import Augmentation, load_data
from tersenet.networks import build
from tersenet.runs import Experiment, Listeners, Run, Settings, resume_run, start_run
from tersenet.training import Recipe, make_optimizer, train
from tersenet.training.optimizers.kinds.muon import REST_FACTOR, orthogonalised

RATE, MOMENTUM, DECAY = 0.02, 0.9, 0.1


@pytest.mark.parametrize("shape", [(8, 9), (9, 8), (4, 72), (72, 4), (16, 16), (1, 9), (10, 1)])
def test_singular_values_come_near_one_and_their_vectors_stay(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrix))
    assert values.min() > 0.6
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(matrix.double(), full_matrices=False)
    turned = u.T @ orthogonalised(matrix).double() @ v.T  # diagonal in the same vectors
    assert (turned - torch.diag(torch.diag(turned))).abs().max() < 0.02


def newton_schulz(gradient):
    """`zeropower_via_newtonschulz5` of github.com/KellerJordan/Muon, in float64."""
    x = gradient.T if gradient.shape[0] > gradient.shape[1] else gradient
    x = x / (np.sqrt((x**2).sum()) + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if gradient.shape[0] > gradient.shape[1] else x


def authors_step(weight, gradient, momentum):
    """`muon_update` and the step of `Muon`, with the moving average that the authors write."""
    momentum[:] = momentum + (1 - MOMENTUM) * (gradient - momentum)
    update = gradient + MOMENTUM * (momentum - gradient)
    matrix = update.reshape(len(update), -1)
    update = newton_schulz(matrix) * max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5
    return weight * (1 - RATE * DECAY) - RATE * update.reshape(weight.shape)


def a_model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12), nn.Conv2d(12, 4, 1), nn.Flatten(), nn.Linear(16, 3)
    ).double()


def test_kernels_step_as_the_authors_code_and_the_rest_as_torchs_sgd():
    model, twin = a_model(), a_model()
    recipe = Recipe(optimizer="muon", learning_rate=RATE, momentum=MOMENTUM, weight_decay=DECAY)
    optimizer = make_optimizer(model, recipe)
    kernels = ("0.weight", "2.weight")
    rest = {name: weight for name, weight in twin.named_parameters() if name not in kernels}
    sgd = torch.optim.SGD(
        [
            {"params": [w for w in rest.values() if w.ndim > 1], "weight_decay": DECAY},
            {"params": [w for w in rest.values() if w.ndim == 1], "weight_decay": 0.0},
        ],
        lr=RATE * REST_FACTOR, momentum=MOMENTUM, nesterov=True,
    )  # fmt: skip
    for group in optimizer.param_groups:  # as a schedule does
        group["lr"] = RATE * group.get("rate_factor", 1.0)
    momenta = {name: np.zeros(twin.get_parameter(name).shape) for name in kernels}
    images = torch.randn(8, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for _ in range(4):
        for module in (model, twin):
            module.zero_grad()
            module(images).square().mean().backward()
        optimizer.step()
        sgd.step()
        for name in kernels:
            weight = twin.get_parameter(name)
            stepped = authors_step(weight.detach().numpy(), weight.grad.numpy(), momenta[name])
            weight.data = torch.from_numpy(stepped)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight, twin.get_parameter(name), rtol=1e-4, atol=1e-6)


def test_the_output_layer_is_not_orthogonalised():
    model = build("8C3 BN R 8C3 BN R GAP 10Nb")
    groups = make_optimizer(model, Recipe(optimizer="muon")).param_groups
    orthogonal = {id(weight) for group in groups if group["orthogonal"] for weight in group["params"]}
    assert [name for name, weight in model.named_parameters() if id(weight) in orthogonal] == [
        name for name, weight in model.named_parameters() if weight.ndim == 4
    ]
    (dense,) = make_optimizer(build("10N"), Recipe(optimizer="muon")).param_groups
    assert not dense["orthogonal"]


@pytest.mark.parametrize("engine", ["layers", "compiled"])
def test_it_trains(engine):
    data = load_data("synthetic")
    small = replace(data, train=data.train.take(torch.arange(1500)), test=data.test.take(torch.arange(500)))
    recipe = Recipe(
        optimizer="muon", learning_rate=0.05, epochs=3, batch_size=25, averaging=0.0, augmentation=Augmentation()
    )
    torch.manual_seed(0)
    reached = train(build("6C5s2 BN R 10C3s2 BN R GAP 10Nb"), small, recipe, engine=engine).test.accuracy
    assert reached > 50  # chance is 10


def test_a_run_that_was_interrupted_ends_with_the_same_bits(picture_folder, tmp_path):
    experiment = Experiment(
        network="4C5s3 BN R 4C3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(optimizer="muon", epochs=3, batch_size=16, learning_rate=0.02),
        settings=Settings(device="cpu", threads=1, workers=1),
    )

    def interrupt(metrics):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_run(experiment, runs_dir=tmp_path / "cut", listeners=Listeners(on_epoch=interrupt))
    (path,) = (tmp_path / "cut").iterdir()
    resumed, whole = resume_run(Run(path)), start_run(experiment, runs_dir=tmp_path / "whole")
    assert (resumed.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()
