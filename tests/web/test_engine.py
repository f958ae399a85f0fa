"""The browser's engine against torch: logits, gradients by autograd, and 200 steps of training."""

import numpy as np
import pytest
import torch
from torch import nn

from tersenet.data import MNIST_FORM, draw_synthetic
from tersenet.networks import LAYER_KINDS, build
from tersenet.runs import packaged_names, packaged_run
from tersenet.training import Recipe
from tersenet.training.recipe import make_optimizer
from tersenet.web import network_json

from .conftest import packed, unpacked

KINDS = sorted({line for kind in LAYER_KINDS.values() for line in (kind.example, *kind.alike)})
BLOCKS = [
    "[8C3p1 R]",
    "[8C3p1 BN + 8C1 R + ]",
    "[4C3p1 & 6C1 & ]",
    "(8C3p1 BN R)x2",
    "(8C3p1 BN R)*3",
    "(8C3 R)*3",
    "(8C3p1 [DW3p1 LN T] MP2)*2",
    "MP3p1s2 AP3p1s1 8C3s2p1d2 8C5p2g4 [[8C1 + ] & (4C3p1)x2]",
    "20N BN PR LN 12Nb SiLU",
]
CASES = [*KINDS, *BLOCKS]
SHAPE = (8, 12, 12)


def made(line):
    """A network of the line with weights that are nowhere 0 or 1, for 8 maps of 12×12."""
    torch.manual_seed(0)
    model = build(line, SHAPE, classes=None)
    for values in model.state_dict().values():
        if values.is_floating_point():
            values.copy_(torch.rand(values.shape) + 0.3 if values.ndim == 1 else torch.randn(values.shape) * 0.3)
    return model


def json_of(model):
    """The network for the engine; the number of classes is whatever the last layer gives."""
    with torch.no_grad():
        width = model.eval()(torch.randn(2, *model.input_size)).shape[1]
    return network_json(model, [str(place) for place in range(width)])


def ending(line):
    """The line with a dense layer at its end, so that it has classes."""
    return f"{line} 10Nb"


@pytest.fixture(scope="module")
def pictures():
    return torch.randn(6, *SHAPE, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def answers(engine, pictures):
    """Logits and gradients of every case: one call of node."""
    jobs = []
    for line in CASES:
        network = json_of(made(ending(line)))
        dy = torch.randn(6, 10, generator=torch.Generator().manual_seed(4))
        jobs.append({"task": "logits", "network": network, "x": packed(pictures)})
        jobs.append({"task": "gradients", "network": network, "x": packed(pictures), "dy": packed(dy)})
    found = iter(engine(*jobs))
    return {line: (next(found), next(found)) for line in CASES}


@pytest.mark.parametrize("line", CASES)
def test_logits_are_those_of_torch(answers, pictures, line):
    with torch.no_grad():
        expected = made(ending(line)).eval()(pictures).numpy()
    found = unpacked(answers[line][0], (6, 10))
    assert np.abs(found - expected).max() < 1e-4 * max(1.0, np.abs(expected).max())


DROPOUT = [line for line in CASES if line.startswith("D") and not line.startswith("DW")]


@pytest.mark.parametrize("line", [line for line in CASES if line not in DROPOUT])
def test_gradients_are_those_of_autograd(answers, pictures, line):
    model = made(ending(line)).train()
    x = pictures.clone().requires_grad_()
    y = model(x)
    y.backward(torch.randn(6, 10, generator=torch.Generator().manual_seed(4)))
    found = answers[line][1]
    pairs = [(found["y"], y), (found["dx"], x.grad)]
    pairs += [(found["weights"][name], weight.grad) for name, weight in model.named_parameters()]
    pairs += [(found["buffers"][name], values) for name, values in model.named_buffers() if "num_" not in name]
    assert set(found["weights"]) == {name for name, _ in model.named_parameters()}
    for text, expected in pairs:
        wanted = expected.detach().numpy()
        assert np.abs(unpacked(text, wanted.shape) - wanted).max() < 1e-4 * max(1.0, np.abs(wanted).max())


@pytest.mark.parametrize(("line", "together"), [("D.25", 1), ("DD.25", 144)])
def test_dropout_drops_its_share_and_the_gradient_passes_where_the_value_passed(engine, line, together):
    model = build(line, (8, 12, 12), classes=None)
    x = torch.ones(50, 8, 12, 12)
    network = {**network_json(model, []), "classes": ["any"] * 1152, "input": [8, 12, 12]}
    network["notation"] = f"{line} 1152N"
    network["tensors"] = {"layers.1.weight": packed(torch.eye(1152))}
    dy = torch.full((50, 1152), 2.0)
    (found,) = engine({"task": "gradients", "network": network, "x": packed(x), "dy": packed(dy)})
    y, dx = unpacked(found["y"], (50, 1152)), unpacked(found["dx"], (50, 1152))
    assert set(np.unique(y)) == {0.0, np.float32(4 / 3)}
    np.testing.assert_allclose(dx, 2 * y)
    draws = 50 * 1152 // together
    assert abs((y == 0).mean() - 0.25) < 4 * (0.25 * 0.75 / draws) ** 0.5
    assert (y.reshape(-1, together) == y.reshape(-1, together)[:, :1]).all()


SETTINGS = [
    ("sgd", True, 0.05, 5e-4),
    ("sgd", False, 0.05, 0.0),
    ("adam", False, 0.002, 5e-4),
    ("adamw", False, 0.002, 0.1),
]


@pytest.mark.parametrize(("optimizer", "nesterov", "rate", "decay"), SETTINGS)
def test_200_steps_of_training_are_those_of_torch(engine, optimizer, nesterov, rate, decay):
    torch.manual_seed(1)
    model = build("4C5s2 BN R MP2 6C3 BN SiLU GAP 10Nb")
    generator = torch.Generator().manual_seed(2)
    labels = torch.randint(0, 10, (160,), generator=generator)
    pictures = (
        torch.randn(160, 1, 28, 28, generator=generator) + torch.linspace(-1, 1, 10)[labels][:, None, None, None]
    )
    rates = [rate * (1 - step / 200) for step in range(200)]
    (found,) = engine(
        {
            "task": "train",
            "network": network_json(model, list("0123456789")),
            "x": packed(pictures),
            "labels": labels.tolist(),
            "batch": 16,
            "rates": rates,
            "settings": {"optimizer": optimizer, "momentum": 0.9, "nesterov": nesterov, "decay": decay},
        }
    )
    model.double().train()
    made = make_optimizer(
        model,
        Recipe(optimizer=optimizer, learning_rate=rate, momentum=0.9, nesterov=nesterov, weight_decay=decay),
    )
    losses = []
    for step in range(200):
        part = slice(step * 16 % 160, step * 16 % 160 + 16)
        for group in made.param_groups:
            group["lr"] = rates[step]
        loss = nn.functional.cross_entropy(model(pictures[part].double()), labels[part])
        made.zero_grad()
        loss.backward()
        made.step()
        losses.append(loss.item())
    np.testing.assert_allclose(found["losses"], losses, atol=2e-4)
    for name, values in model.state_dict().items():
        if "num_" not in name:
            np.testing.assert_allclose(
                unpacked(found["tensors"][name], values.shape), values.numpy(), atol=2e-3, err_msg=name
            )
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("name", packaged_names())
def test_the_shipped_networks_give_torch_s_logits_for_1000_digits(engine, name):
    _, test = draw_synthetic(train=0, test=1000)
    x = MNIST_FORM.network_input(test.images)
    model = packaged_run(name).model().float().eval()
    with torch.no_grad():
        expected = model(x).numpy()
    (found,) = engine({"task": "logits", "network": network_json(model, list("0123456789")), "x": packed(x)})
    logits = unpacked(found, expected.shape)
    assert np.abs(logits - expected).max() < 1e-4 * max(1.0, np.abs(expected).max())
    assert (logits.argmax(1) == expected.argmax(1)).all()
