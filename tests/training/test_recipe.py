"""Recipes: which weights decay, and which recipes cannot be."""

import math

import pytest
import torch
from torch import nn

from tersenet import TersenetError
from tersenet.training import Recipe, make_optimizer


def test_weight_decay_touches_kernels_only():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    optimizer = make_optimizer(model, Recipe(weight_decay=0.5, learning_rate=0.1, momentum=0, nesterov=False))
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    for weights in model.parameters():
        weights.grad = torch.zeros_like(weights)
    optimizer.step()
    for name, weights in model.named_parameters():
        factor = 0.95 if name in ("0.weight", "3.weight") else 1.0
        torch.testing.assert_close(weights.detach(), before[name] * factor)


@pytest.mark.parametrize(("name", "kind"), [("sgd", "SGD"), ("adam", "Adam"), ("adamw", "AdamW")])
def test_each_optimiser_is_torchs_to_the_bit_and_leaves_the_compiler_out(name, kind):
    recipe = Recipe(optimizer=name, weight_decay=0.1)
    model, twin = (nn.Linear(5, 3) for _ in range(2))
    twin.load_state_dict(model.state_dict())
    optimizer = make_optimizer(model, recipe)
    torchs = getattr(torch.optim, kind)
    assert isinstance(optimizer, torchs)
    own = {id(weights): other for weights, other in zip(model.parameters(), twin.parameters(), strict=True)}
    options = ("lr", "momentum", "nesterov", "betas", "weight_decay", "foreach")
    original = torchs(
        [
            {key: group[key] for key in options if key in group} | {"params": [own[id(w)] for w in group["params"]]}
            for group in optimizer.param_groups
        ]
    )
    pictures = torch.rand(4, 5)
    for _ in range(3):
        for module, steps in ((model, optimizer), (twin, original)):
            steps.zero_grad()
            module(pictures).square().sum().backward()
            steps.step()
    assert all(torch.equal(weights, own[id(weights)]) for weights in model.parameters())
    optimizer.load_state_dict(original.state_dict())
    assert str(optimizer.state_dict()) == str(original.state_dict())


def test_a_network_without_weights_cannot_be_trained():
    with pytest.raises(TersenetError, match="nothing to train"):
        make_optimizer(nn.Flatten(), Recipe())


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"momentum": 1.0},
        {"weight_decay": -1},
        {"label_smoothing": 1.0},
        {"averaging": 1.0},
        {"early_stopping": -1},
        {"optimizer": "sdg"},
        {"nesterov": True, "momentum": 0.0},
    ],
)
def test_a_recipe_that_cannot_be_says_which_setting(wrong):
    with pytest.raises(TersenetError) as error:
        Recipe(**wrong)
    assert error.value.where == f"training.{next(iter(wrong))}"


def test_a_misspelt_optimiser_is_offered_the_nearest():
    with pytest.raises(TersenetError, match="did you mean sgd"):
        Recipe(optimizer="sdg")


def test_an_optimiser_that_is_not_known_is_never_trained_as_another(monkeypatch):
    recipe = Recipe()
    object.__setattr__(recipe, "optimizer", "lion")
    with pytest.raises(KeyError):
        make_optimizer(nn.Linear(1, 1), recipe)


@pytest.mark.parametrize("number", [10**31, math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize(
    "name",
    [
        *("epochs", "batch_size", "learning_rate", "momentum", "weight_decay", "dropout", "label_smoothing"),
        *("averaging", "early_stopping"),
    ],
)
def test_no_number_of_a_recipe_is_without_a_bound(name, number):
    with pytest.raises(TersenetError) as error:
        Recipe(**{name: number})
    assert error.value.where == f"training.{name}"


@pytest.mark.parametrize("name", ["epochs", "batch_size", "early_stopping"])
def test_a_thousand_million_of_anything_is_a_slip_of_the_finger(name):
    with pytest.raises(TersenetError, match=name):
        Recipe(**{name: 10**9})
