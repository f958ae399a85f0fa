"""A file to start an experiment from: every field with a sentence that says what it does."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

import tomli_w

from tersenet.networks import Budget
from tersenet.runs.experiment import Experiment, to_tables
from tersenet.training import OPTIMIZERS

WIDTH = 100  # letters in a line of comment

_TOP = {
    "network": "The network: a line of notation, a name (`tersenet networks`), or file.py:Name.",
    "name": "Name of its runs: runs/NAME-1, runs/NAME-2, …",
    "target": "What you want to reach. Write it down before you train; the report shows it first.",
    "source": "Where the experiment comes from.",
    "choices": "What the source leaves open, and what you chose.",
    "chosen_on": "What the recipe was chosen on, as in: held-out images, seeds 0 to 2. A claim repeats it.",
    "data": "mnist, fashion-mnist, kmnist, qmnist, synthetic, a folder of pictures, or auto (mnist if available).",
    "seed": "Seed for initial weights, data order, augmentation and dropout. One seed is an indication; a "
    "claim needs five (--seeds 5).",
    "init": "Run whose trained weights are the starting point.",
    "validation": "Number of training images held out. Epochs are then measured on them, and the test set is read "
    "once, at the end: choose between recipes this way. With 0 every epoch is measured on the test set.",
}
_BUDGET = {
    "data": "Data set on which the accuracy is required; on others the line is not applicable.",
    "parameters": "Fewer parameters than this.",
    "epochs": "Fewer epochs than this.",
    "accuracy": "At least this test accuracy, in percent, after the last epoch.",
    "layers": "Required layers: batch normalisation, dropout, global average pooling, dense layer.",
}
_TRAINING = {
    "epochs": "Number of passes over the training set.",
    "batch_size": "Training images per step. Smaller batches give more steps per epoch, and noisier ones.",
    "optimizer": "; ".join(f"{name}: {kind.about}" for name, kind in OPTIMIZERS.items()) + ".",
    "learning_rate": "The highest rate of the schedule. `tersenet train FILE --lr-find` suggests one.",
    "momentum": "Share of the last step that goes into the next; beta1 of Adam.",
    "nesterov": "Nesterov momentum: SGD takes the gradient one step ahead.",
    "weight_decay": "Weight decay, on kernels only: not on batch normalisation, not on biases.",
    "label_smoothing": "Share of the target probability spread evenly over all classes.",
    "averaging": "Decay of the moving average of the weights; the averaged weights are measured and saved. 0: none.",
    "dropout": "Rate of all dropout layers, instead of their own.",
    "early_stopping": "Epochs without a lower loss before training ends; 0: never. It watches the loss of the "
    "held-out images if there are any, else the training loss.",
}
_SCHEDULE = {
    "kind": "constant, StepLR, MultiStepLR, ReduceLROnPlateau, OneCycleLR, CosineAnnealingLR or linear.",
    "step": "StepLR: epochs between two drops.",
    "milestones": "MultiStepLR: epochs after which the rate drops.",
    "factor": "StepLR, MultiStepLR, ReduceLROnPlateau: what a drop multiplies the rate by.",
    "patience": "ReduceLROnPlateau: epochs without a lower loss before a drop.",
    "threshold": "ReduceLROnPlateau: relative decrease of the loss that counts as lower.",
    "warmup": "linear, CosineAnnealingLR, OneCycleLR: epochs of rising rate at the start. Without a "
    "number: one epoch, at most a fifth of the training.",
    "final": "linear, CosineAnnealingLR: the rate of the last step, as a fraction of the highest.",
}
_AUGMENTATION = {
    "crop_probability": "Probability that the middle of a picture is cropped and enlarged.",
    "crop_size": "Side of that crop, in pixels.",
    "rotation": "Random rotation, up to ± this many degrees.",
    "scale": "Random scaling, up to ± this fraction.",
    "shift": "Random shift in x and y, up to ± this fraction of the side.",
    "shear": "Random shear, up to ± this fraction.",
    "elastic": "Elastic distortion: no point moves further than this many pixels.",
    "elastic_smoothness": "Pixels between the points that are moved: more makes it smoother.",
    "erase_probability": "Probability that a rectangle is erased.",
    "erase_size": "Its longest side, in pixels.",
    "interpolation": "Resampling: bilinear or nearest.",
    "exact": "Crop and rotation exactly as torchvision computes them, one picture at a time (slow).",
}
_SETTINGS = {
    "device": "auto, cpu, cuda or mps.",
    "engine": "auto, compiled (for the processor) or layers (torch, layer by layer).",
    "precision": "auto, float32 or bfloat16.",
    "threads": "Threads for torch's arithmetic; 0: all cores.",
    "workers": "Threads for the compiled engine; 0: all cores.",
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
    "budget": "What must hold, checked after the training. A line that is left out is not checked.",
    "training": "The recipe.",
    "training.schedule": "How the learning rate moves. A field that the kind does not use is ignored.",
    "training.augmentation": "Random changes to each training picture, drawn anew every epoch. 0 is off.",
    "settings": "Device, precision and threads.",
}
# Values for fields that have none by default.
EXAMPLES = {"training": {"dropout": 0.05}, "training.schedule": {"warmup": 1.0}}
EXAMPLE_BUDGET = Budget(parameters=20_000, epochs=20, accuracy=99.4)


def new_experiment_file(base: Experiment, name: str, *, started_from: str, notation: str | None = None) -> str:
    """The text of a TOML file for a new experiment, a copy of `base`.

    It loads as `base` called `name`; source and choices, which are those of `base`, are left out. `notation` replaces
    a network's name, so that its layers can be changed in the file. A base without a budget gets one as a comment.

    >>> text = new_experiment_file(Experiment(network="8C3 GAP 10N"), "mine", started_from="a line of notation")
    >>> print(text.splitlines()[0])
    # mine: a copy of a line of notation. Change a line or two, then:
    """
    started_from, shown = " ".join(started_from.split()), " ".join(name.split())
    began = base.changed(
        name=name, network=notation or base.network, notation=None, source="", choices=(), chosen_on=""
    )
    tables = to_tables(began)
    lines = [
        f"# {shown}: a copy of {started_from}. Change a line or two, then:",
        f"#     tersenet train {shlex.quote(f'{shown}.toml')}",
        "# Change one thing at a time, or you will not know which change helped.",
        "",
    ]
    if notation is not None and notation != base.network:
        lines += _comment(
            f"The notation of {base.network}: change its layers here. `tersenet summary {name}.toml` shows the cost."
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
    return "\n".join(_allowed(line) for line in lines) + "\n"


def _allowed(line: str) -> str:
    """A line that TOML allows: a comment may hold no control character, and the file none that is not UTF-8."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "?", line) if line.startswith("#") else line


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
