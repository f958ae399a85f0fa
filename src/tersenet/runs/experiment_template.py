"""A file to start an experiment from: every field with a sentence that says what it does."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

import tomli_w

from tersenet._meaning import entries, meanings
from tersenet.networks import Budget
from tersenet.runs.experiment import Experiment, to_tables
from tersenet.training import OPTIMIZERS, SCHEDULES

WIDTH = 100  # letters in a line of comment


def _said(module: str, owner: str, **lists: str) -> dict[str, str]:
    """The meaning of each field; a list of what it may be is added to its sentence."""
    return {
        name: f"{meaning.text} {lists[name]}" if name in lists else meaning.text
        for name, meaning in meanings(module, owner).items()
    }


ABOUT = {
    "": _said(
        "runs.experiment",
        "Experiment",
        data="; ".join(f"{name}: {about}" for name, about in entries("data.named_sets").items()) + ".",
    ),
    "budget": _said("networks.budget", "Budget"),
    "training": _said(
        "training.recipe",
        "Recipe",
        optimizer="; ".join(f"{name}: {kind.about}" for name, kind in OPTIMIZERS.items()) + ".",
    ),
    "training.schedule": _said(
        "training.schedules",
        "Schedule",
        kind="; ".join(f"{name}: {kind.about}" for name, kind in SCHEDULES.items()) + ".",
    ),
    "training.augmentation": _said("data.augment", "Augmentation"),
    "settings": _said("runs.experiment", "Settings"),
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
