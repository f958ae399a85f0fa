"""How to train: one frozen dataclass, every default with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import nn, optim

from tersenet._errors import TersenetError, check_setting
from tersenet.data import Augmentation
from tersenet.networks import unregistered_layers
from tersenet.training.optimizers.registry import OPTIMIZERS
from tersenet.training.schedules import MOST_EPOCHS, Schedule

MOST_IMAGES = 1_000_000  # far beyond what any step needs; a larger number is a slip of the finger
HIGHEST_RATE = 1e30  # steps beyond leave what float32 can hold; far lower ones already make the loss infinite


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained.

    The defaults are Tersenet's own recipe for compact networks with batch normalisation; the recipes of the course
    networks are written out in their experiments. Raises TersenetError, naming the field, where a value is out of
    bounds.

    >>> Recipe(epochs=3).batch_size
    128
    >>> Recipe(learning_rate=-1)
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This setting cannot be used.
      got:      learning_rate = -1
      expected: above 0, up to 1e+30
      where:    training.learning_rate
    """

    epochs: int = 10  # a compact network is within 0.1 points of its best by then
    """Number of passes over the training set."""
    batch_size: int = 128  # small enough for many steps per epoch, large enough for batch statistics
    """Training images per step. Smaller batches give more steps per epoch, and noisier ones."""
    optimizer: str = "sgd"  # with a falling rate it ends above Adam on networks this small
    """Optimiser: how a step follows from the gradients. `tersenet new` names them all."""
    learning_rate: float = 0.2  # high, because batch norm tolerates it and the schedule is short
    """The highest rate of the schedule. `tersenet train FILE --lr-find` suggests one."""
    momentum: float = 0.9  # SGD's usual
    """Share of the last step that goes into the next; beta1 of Adam."""
    nesterov: bool = True  # costs nothing, steadier at a high rate
    """Nesterov momentum: SGD and Muon take the gradient one step ahead."""
    weight_decay: float = 5e-4
    """Weight decay, on kernels only: not on batch normalisation, not on biases."""
    schedule: Schedule = field(default_factory=Schedule)
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(rotation=8.0, scale=0.08, shift=0.06, shear=0.08)
    )
    dropout: float | None = None  # each layer keeps its own
    """Rate of all dropout layers, instead of their own."""
    label_smoothing: float = 0.0  # off: calibration suffers, accuracy does not gain here
    """Share of the target probability spread evenly over all classes."""
    averaging: float = 0.999
    """Decay of the moving average of the weights; the averaged weights are measured and saved. 0: none."""
    early_stopping: int = 0
    """Epochs without a lower loss before training ends; 0: never. It watches the loss of the held-out images if there
    are any, else the training loss."""

    def __post_init__(self) -> None:
        known = self.optimizer in OPTIMIZERS
        check_setting(known, "training.optimizer", self.optimizer, ", ".join(OPTIMIZERS), names=OPTIMIZERS)
        steady = self.momentum > 0 or not self.nesterov or not OPTIMIZERS[self.optimizer].uses_nesterov
        for fits, name, expected in (
            (1 <= self.epochs <= MOST_EPOCHS, "epochs", f"1 to {MOST_EPOCHS:,}"),
            (1 <= self.batch_size <= MOST_IMAGES, "batch_size", f"1 to {MOST_IMAGES:,}"),
            (0 < self.learning_rate <= HIGHEST_RATE, "learning_rate", f"above 0, up to {HIGHEST_RATE:g}"),
            (0 <= self.momentum < 1, "momentum", "from 0 to below 1"),
            (steady, "nesterov", "false where momentum is 0"),
            (0 <= self.weight_decay <= HIGHEST_RATE, "weight_decay", f"0 to {HIGHEST_RATE:g}"),
            (self.dropout is None or 0 <= self.dropout < 1, "dropout", "from 0 to below 1"),
            (0 <= self.label_smoothing < 1, "label_smoothing", "from 0 to below 1"),
            (0 <= self.averaging < 1, "averaging", "from 0 to below 1"),
            (0 <= self.early_stopping <= MOST_EPOCHS, "early_stopping", f"0 to {MOST_EPOCHS:,} epochs"),
        ):
            check_setting(fits, f"training.{name}", getattr(self, name), expected)

    def settled(self) -> Recipe:
        """The same recipe with the warm-up in numbers, as a run's folder keeps it.

        >>> Recipe(epochs=3).schedule.warmup, Recipe(epochs=3).settled().schedule.warmup
        (None, 0.6)
        """
        return replace(self, schedule=self.schedule.settled(self.epochs))


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
            hint="layers in a plain Python list are unknown to torch: keep them in nn.ModuleList"
            if unregistered_layers(model)
            else None,
        )
    return OPTIMIZERS[recipe.optimizer].make(
        weights,
        rate=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
    )
