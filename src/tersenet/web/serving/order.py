"""What a page may ask to be trained: a line of notation, a named data set and a few settings, each within bounds."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import torch

from tersenet._errors import TersenetError, check_setting
from tersenet.data import KNOWN_SETS, NAMED_SETS, Augmentation, find_here
from tersenet.networks import build, parse
from tersenet.runs import Experiment
from tersenet.training import OPTIMIZERS, Recipe

DRAWN = "synthetic"
LONGEST = 2000  # characters of notation


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order as JSON; `augmentation` is the strength of the usual moves, 1 as usual, 0 none."""

    notation: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    data: Annotated[str, msgspec.Meta(max_length=40)]
    epochs: Annotated[int, msgspec.Meta(ge=1, le=100)]
    batch: Annotated[int, msgspec.Meta(ge=2, le=2000)]
    optimizer: Annotated[str, msgspec.Meta(max_length=40)]
    rate: Annotated[float, msgspec.Meta(gt=0, le=10)]
    augmentation: Annotated[float, msgspec.Meta(ge=0, le=2)]
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0


def read_order(body: bytes) -> Order:
    """The order in a request's body; raises TersenetError for anything that could not be trained.

    A network is a line of notation, never the name of a file or a run: nothing that a page says is looked for on the
    disk. Its notation comes back as Tersenet writes it.

    >>> read_order(b'{"notation": "8c3-gap-10nb", "data": "synthetic", "epochs": 2, "batch": 50, "optimizer": "sgd",'
    ...            b' "rate": 0.1, "augmentation": 1}').notation
    '8C3 GAP 10Nb'
    """
    try:
        order = msgspec.json.decode(body, type=Order)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TersenetError("The order cannot be read.", got=str(error)[:200]) from None
    check_setting(order.data in KNOWN_SETS, "data", order.data, ", ".join(KNOWN_SETS))
    check_setting(order.optimizer in OPTIMIZERS, "optimizer", order.optimizer, ", ".join(OPTIMIZERS))
    tree = parse(order.notation)
    with torch.device("meta"):  # its shapes and size are checked without room for its weights
        build(tree)
    return msgspec.structs.replace(order, notation=str(tree))


def experiment_of(order: Order) -> Experiment:
    """The experiment that is ordered: Tersenet's own recipe, with what the page sets.

    >>> order = read_order(b'{"notation": "GAP 10Nb", "data": "synthetic", "epochs": 2, "batch": 50, "seed": 3,'
    ...                    b' "optimizer": "adam", "rate": 0.01, "augmentation": 0}')
    >>> experiment_of(order).training.augmentation.rotation, experiment_of(order).seed
    (0.0, 3)
    """
    usual = Recipe().augmentation
    moves = Augmentation(**{name: getattr(usual, name) * order.augmentation for name in _moves()})
    recipe = Recipe(
        epochs=order.epochs,
        batch_size=order.batch,
        optimizer=order.optimizer,
        learning_rate=order.rate,
        augmentation=moves,
    )
    return Experiment(network=order.notation, data=order.data, seed=order.seed, training=recipe)


def command_of(order: Order) -> list[str]:
    """The same as a command: words after `tersenet`.

    >>> order = read_order(b'{"notation": "GAP 10Nb", "data": "synthetic", "epochs": 2, "batch": 50,'
    ...                    b' "optimizer": "adam", "rate": 0.01, "augmentation": 0}')
    >>> command_of(order)[:6]
    ['train', 'GAP 10Nb', '--data', 'synthetic', '--epochs', '2']
    """
    moves: dict[str, Any] = {}
    if order.augmentation != 1:
        moves = {name: getattr(experiment_of(order).training.augmentation, name) for name in _moves()}
    return [
        *("train", order.notation, "--data", order.data, "--epochs", str(order.epochs)),
        *("--batch-size", str(order.batch), "--optimizer", order.optimizer, "--lr", f"{order.rate:g}"),
        *("--seed", str(order.seed)),
        *(word for name, most in moves.items() for word in ("--set", f"{name}={most!r}")),
    ]


def sets_here() -> list[str]:
    """The data sets of 28×28 pictures in ten classes that are on this machine, the drawn one last.

    >>> sets_here()[-1]
    'synthetic'
    """
    found = []
    for name in NAMED_SETS:
        try:
            find_here(name)
        except TersenetError:
            continue
        found.append(name)
    return [*found, DRAWN]


def _moves() -> tuple[str, ...]:
    return ("rotation", "scale", "shift", "shear")
