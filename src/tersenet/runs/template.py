"""An experiment's file to start from: every field with a sentence that says what it does."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import tomli_w

from tersenet.networks import Budget
from tersenet.runs.experiment import Experiment, to_tables

WIDTH = 100  # letters in a line of comment

_TOP = {
    "network": "The network: a line of notation, a name (`tersenet networks`), or file.py:Name.",
    "name": "What its runs are called: runs/NAME-1, runs/NAME-2, …",
    "target": "What you want to reach. Write it down before you train; the report repeats it first.",
    "source": "Where the experiment comes from.",
    "choices": "What the source leaves open, and what you chose.",
    "data": "mnist, fashion-mnist, kmnist, qmnist, synthetic, folder:PATH, or auto (mnist where it can be had).",
    "seed": "What all that is random depends on. One seed is an indication; a claim takes five (--seeds 5).",
    "init": "A run whose trained weights are started from.",
    "validation": "Training images held out. With some, epochs are measured on them and the test set is read once, "
    "at the end: choose between recipes this way. 0 measures every epoch on the test set.",
}
_BUDGET = {
    "data": "The data set that the accuracy is demanded on; on others the line is not applicable.",
    "parameters": "Fewer than so many parameters.",
    "epochs": "Fewer than so many epochs.",
    "accuracy": "At least so many percent on the test set after the last epoch.",
    "layers": "Layers that must be there: batch normalisation, dropout, global average pooling, dense layer.",
}
_TRAINING = {
    "epochs": "How often every training image is seen.",
    "batch_size": "Images a step. Smaller batches are more steps an epoch, and noisier ones.",
    "optimizer": "sgd, adam or adamw.",
    "learning_rate": "The highest rate of the schedule. `tersenet train FILE --lr-find` suggests one.",
    "momentum": "How much of the last step goes into the next; the first moment of Adam.",
    "nesterov": "SGD looks a step ahead along its momentum.",
    "weight_decay": "Pulls kernels towards 0; not batch normalisation, not biases.",
    "label_smoothing": "Takes this much of the target from the right class and spreads it over all.",
    "averaging": "Decay of the moving average of the weights, which is then what is measured; 0: none.",
    "dropout": "The rate of all dropout layers, in place of their own.",
    "early_stopping": "Epochs without a lower loss before training ends; 0: never. The loss watched is that of the "
    "held-out images where there are some, else of training.",
}
_SCHEDULE = {
    "kind": "constant, StepLR, MultiStepLR, ReduceLROnPlateau, OneCycleLR, CosineAnnealingLR or linear.",
    "step": "StepLR: epochs between two drops.",
    "milestones": "MultiStepLR: epochs after which the rate drops.",
    "factor": "StepLR, MultiStepLR, ReduceLROnPlateau: what a drop multiplies the rate by.",
    "patience": "ReduceLROnPlateau: epochs without a lower loss before a drop.",
    "threshold": "ReduceLROnPlateau: how much lower a loss must be to count as lower.",
    "warmup": "linear, CosineAnnealingLR, OneCycleLR: epochs of rising rate at the start. Without a "
    "number it is one epoch, at most a fifth of the training.",
    "final": "linear, CosineAnnealingLR: the rate of the last step, as a part of the highest.",
}
_AUGMENTATION = {
    "crop_probability": "How often the middle of a picture is cut out and enlarged.",
    "crop_size": "Side of that crop, in pixels.",
    "rotation": "Turned by an angle of up to ± this many degrees.",
    "scale": "Enlarged or shrunk by up to ± this fraction.",
    "shift": "Moved by up to ± this fraction of the side, both ways.",
    "shear": "Slanted by up to ± this fraction.",
    "elastic": "Bent: no point moves further than this many pixels.",
    "elastic_smoothness": "Pixels between the points that are moved: more bends more softly.",
    "erase_probability": "How often a rectangle is blanked.",
    "erase_size": "Its longest side, in pixels.",
    "interpolation": "How a moved picture is drawn: bilinear or nearest.",
    "exact": "Crop and rotation byte for byte as torchvision makes them, on one picture at a time.",
}
_SETTINGS = {
    "device": "auto, cpu, cuda or mps.",
    "engine": "auto, compiled (for the processor) or layers (torch, layer by layer).",
    "precision": "auto, float32 or bfloat16.",
    "threads": "Threads of torch's arithmetic; 0: all cores.",
    "workers": "Threads of the compiled engine; 0: all cores.",
}
ABOUT = {
    "": _TOP,
    "budget": _BUDGET,
    "training": _TRAINING,
    "training.schedule": _SCHEDULE,
    "training.augmentation": _AUGMENTATION,
    "settings": _SETTINGS,
}
"""What each field does, by table and field."""

_HEADS = {
    "budget": "What must hold, checked when the training is done. A line left out demands nothing.",
    "training": "The recipe.",
    "training.schedule": "How the learning rate moves. A field that the kind does not use is ignored.",
    "training.augmentation": "What may happen to a training picture, drawn anew each time. 0 is off.",
    "settings": "Where and how the arithmetic runs.",
}
# Values for fields that have none by default.
EXAMPLES = {"training": {"dropout": 0.05}, "training.schedule": {"warmup": 1.0}}
EXAMPLE_BUDGET = Budget(parameters=20_000, epochs=20, accuracy=99.4)


def new_experiment_file(base: Experiment, name: str, *, started_from: str, notation: str | None = None) -> str:
    """The text of a TOML file for an experiment of one's own that begins as `base` does.

    It loads as `base` called `name`; source and choices, which are those of `base`, are left out. `notation` stands
    in place of a network's name, so that layers can be changed where they stand. A base without a budget gets one as
    a comment.

    >>> text = new_experiment_file(Experiment(network="8C3 GAP 10N"), "mine", started_from="a line of notation")
    >>> print(text.splitlines()[0])
    # mine: an experiment that begins as a line of notation does. Change a line or two, then:
    """
    started_from = " ".join(started_from.split())
    began = base.changed(name=name, network=notation or base.network, notation=None, source="", choices=())
    tables = to_tables(began)
    lines = [
        f"# {name}: an experiment that begins as {started_from} does. Change a line or two, then:",
        f"#     tersenet train {name}.toml",
        "# Change one thing at a time, or you will not know which of them helped.",
        "",
    ]
    if notation is not None and notation != base.network:
        lines += _comment(
            f"The line of {base.network}: change its layers here. `tersenet summary` shows what they cost."
        )
    for field in ("network", "name", "target", "data", "seed", "validation"):
        lines += _field("", field, tables[field])
    if began.init is not None:
        lines += _field("", "init", began.init)
    lines += _table("budget", tables.get("budget"), example=to_tables(base.changed(budget=EXAMPLE_BUDGET))["budget"])
    for table in ("training", "training.schedule", "training.augmentation", "settings"):
        content: Any = tables
        for part in table.split("."):
            content = content[part]
        lines += _table(table, content)
    return "\n".join(lines) + "\n"


def _table(table: str, content: dict[str, Any] | None, *, example: dict[str, Any] | None = None) -> Iterator[str]:
    """A table's head and its fields; as a comment where only an example is there."""
    shown = content if content is not None else example or {}
    off = "" if content is not None else "# "
    yield ""
    yield from _comment(_HEADS[table])
    yield f"{off}[{table}]"
    for field, value in shown.items():
        if not isinstance(value, dict):
            yield from (f"{off}{line}" for line in _field(table, field, value))
    for field, value in EXAMPLES.get(table, {}).items():
        if field not in shown:
            yield from (line if line.startswith("#") else f"# {line}" for line in _field(table, field, value))


def _field(table: str, field: str, value: Any) -> list[str]:
    """The sentence, and the line that it is about."""
    written = tomli_w.dumps({field: value}, multiline_strings=False).rstrip("\n")
    return [*_comment(ABOUT[table][field]), *written.split("\n")]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False)]
