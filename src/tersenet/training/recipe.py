"""How to train: one frozen dataclass, every default with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

from torch import nn, optim

from tersenet._errors import TersenetError, check_setting
from tersenet.data.augment import Augmentation
from tersenet.training.schedules import Schedule

Optimizer = Literal["sgd", "adam", "adamw"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained.

    The defaults are Tersenet's own recipe for compact networks with batch normalisation; each of the write-ups'
    recipes is spelled out in its experiment.

    >>> Recipe(epochs=3).batch_size
    128
    >>> Recipe(learning_rate=-1)
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This setting cannot be used.
      got:      learning_rate = -1
      expected: above 0 and finite
      where:    training.learning_rate
    """

    epochs: int = 10  # a compact network is within 0.1 points of its best by then
    batch_size: int = 128  # small enough for many steps an epoch, large enough for batch statistics
    optimizer: Optimizer = "sgd"  # with a falling rate it ends above Adam on networks this small
    learning_rate: float = 0.2  # batch normalisation bears it, and few epochs need it
    momentum: float = 0.9  # SGD's usual; Adam's first moment as well
    nesterov: bool = True  # costs nothing, steadier at a high rate
    weight_decay: float = 5e-4  # on kernels only: not on batch normalisation, not on biases
    schedule: Schedule = field(default_factory=Schedule)
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(rotation=8.0, scale=0.08, shift=0.06, shear=0.08)
    )
    dropout: float | None = None  # the rate of all dropout layers; None leaves each its own
    label_smoothing: float = 0.0  # off: calibration suffers, accuracy does not gain here
    averaging: float = 0.999  # decay of the weights' moving average; 0 measures the weights themselves
    early_stopping: int = 0  # epochs without a lower watched loss before training ends; 0: never

    def __post_init__(self) -> None:
        kinds = get_args(Optimizer)
        check_setting(self.optimizer in kinds, "training.optimizer", self.optimizer, ", ".join(kinds), names=kinds)
        steady = self.momentum > 0 or not self.nesterov or self.optimizer != "sgd"
        for fits, name, expected in (
            (self.epochs >= 1, "epochs", "one or more"),
            (self.batch_size >= 1, "batch_size", "one or more"),
            (0 < self.learning_rate < math.inf, "learning_rate", "above 0 and finite"),
            (0 <= self.momentum < 1, "momentum", "from 0 to below 1"),
            (steady, "nesterov", "false where momentum is 0"),
            (0 <= self.weight_decay < math.inf, "weight_decay", "0 or above and finite"),
            (self.dropout is None or 0 <= self.dropout < 1, "dropout", "from 0 to below 1"),
            (0 <= self.label_smoothing < 1, "label_smoothing", "from 0 to below 1"),
            (0 <= self.averaging < 1, "averaging", "from 0 to below 1"),
            (self.early_stopping >= 0, "early_stopping", "0 or more epochs"),
        ):
            check_setting(fits, f"training.{name}", getattr(self, name), expected)


def make_optimizer(model: nn.Module, recipe: Recipe) -> optim.Optimizer:
    """The recipe's optimiser over a network's weights, decaying kernels only.

    >>> optimizer = make_optimizer(nn.Linear(2, 2), Recipe(weight_decay=0.1))
    >>> [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups]
    [(1, 0.1), (1, 0.0)]
    """
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not weights:
        raise TersenetError(
            "This network has nothing to train.",
            got="no weights that take a gradient",
            expected="a convolution, a dense layer or batch normalisation",
        )
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "sgd":
        return optim.SGD(
            groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=recipe.nesterov, foreach=True
        )
    make = optim.Adam if recipe.optimizer == "adam" else optim.AdamW
    return make(groups, lr=recipe.learning_rate, betas=(recipe.momentum, 0.999), foreach=True)
