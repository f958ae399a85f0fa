"""What a report says of an experiment: target, budget, network, recipe, data, environment."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tersenet._look import one_line
from tersenet._table import Column, Table
from tersenet.data import Dataset
from tersenet.networks import BudgetLine, Summary, budget_rows, budget_table, layer_table
from tersenet.pages.blocks import Block, Code, Heading, Item, Items, Notice, PageFigure, Paragraph, Tile
from tersenet.pages.recipe_table import recipe_rows
from tersenet.runs import Environment, Experiment

CLASSES_NAMED = 20
FOLDED_FROM = 16  # layers; a longer table opens on a click


def missed_budget(lines: Sequence[BudgetLine], of: str = "") -> list[Notice]:
    """The notice that comes first; none where the budget was met. `of` says which figure missed it."""
    missed = [row for line, row in zip(lines, budget_rows(lines), strict=True) if line.met is False]
    said = "; ".join(f"{name} {value} (limit {limit})" for name, limit, value, _ in missed)
    return [Notice(text=f"Budget missed{of}: {said}.", kind="missed")] if missed else []


def budget_tiles(lines: Sequence[BudgetLine]) -> dict[str, Tile]:
    """The budget's verdicts as tiles, by what they are about: accuracy, parameters, epochs, layers."""
    tiles, layers = {}, []
    for line, (name, limit, value, _) in zip(lines, budget_rows(lines), strict=True):
        if line.limit == "required":
            layers.append(line)
        elif name.startswith("accuracy"):
            where = "" if isinstance(line.value, float) else f" {name.removeprefix('accuracy ')}"
            tiles["accuracy"] = Tile(value, "", limit + where, line.met)
        else:
            tiles[name] = Tile(value, name, limit, line.met)
    if layers:
        there = sum(line.met is True for line in layers)
        tiles["layers"] = Tile(f"{there} of {len(layers)}", "required layers", "all", there == len(layers))
    return tiles


def target_section(experiment: Experiment) -> list[Block]:
    """The stated target, and where the recipe comes from."""
    said = experiment.target or "No target was stated."
    source = [Paragraph(f"Source: {experiment.source}.")] if experiment.source else []
    return [Heading("Target"), Paragraph(said), *source]


def budget_blocks(lines: Sequence[BudgetLine], of: str = "") -> list[Block]:
    """Whether the budget was met, in a sentence, and each of its lines with the verdict."""
    if not lines:
        return [Paragraph("No budget was given.")]
    missed, still_open = (sum(line.met is verdict for line in lines) for verdict in (False, None))
    said = (
        f"Budget missed{of}: {missed} of {len(lines)} lines."
        if missed
        else f"Budget met{of}: all {len(lines)} lines."
    )
    if still_open and not missed:
        met = len(lines) - still_open
        said = f"Budget open{of}: {met} of {len(lines)} lines are met, {still_open} cannot be judged here."
    return [Paragraph(said), budget_table(lines)]


def facts_table(what: str, rows: Sequence[tuple[str, str]]) -> Table:
    """Facts by name: `what` they are, and their values."""
    return Table(columns=(Column(title=what, right=False), Column(title="value", right=False, wraps=20)), rows=rows)


def data_section(experiment: Experiment, dataset: Dataset, environment: Environment) -> list[Block]:
    """How many images of what, and where they were read from."""
    held_out = experiment.validation
    learned = len(dataset.train) - held_out
    said = f"`{dataset.name}`: {learned:,} training images"
    said += f", {held_out:,} held out for validation" if held_out else ""
    said += f", {len(dataset.test):,} test images; {len(dataset.classes)} classes: {_names(dataset.classes)}."
    source = environment.data_source or dataset.source
    return [Heading("Data"), Paragraph(said), Paragraph(f"Read from: `{source}`.")]


def _names(classes: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, 40) for name in classes[:CLASSES_NAMED])
    more = len(classes) - CLASSES_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def network_section(experiment: Experiment, summary: Summary, drawn: PageFigure | None = None) -> list[Block]:
    """The network's line, its drawing, its layers and its cost."""
    line = experiment.notation or experiment.network
    sizes = summary.torchsummary_mb
    named = [] if line == experiment.network else [Paragraph(f"The named network `{experiment.network}`:")]
    layers = len(summary.layers)
    folded = f"All {layers} layers" if layers >= FOLDED_FROM else None
    return [
        Heading("Network"),
        *named,
        Code(line),
        *([drawn] if drawn else []),
        replace(layer_table(summary), folded=folded),
        Paragraph(
            f"{summary.parameters:,} parameters ({summary.trainable_parameters:,} trainable), "
            f"{summary.macs_in_words} multiply-adds per image. Size in MB, as torchsummary counts: input "
            f"{sizes.input:.2f}, forward and backward {sizes.forward_backward:.2f}, parameters "
            f"{sizes.parameters:.2f}, total {sizes.total:.2f}."
        ),
    ]


def recipe_section(experiment: Experiment) -> list[Block]:
    """How it was trained, and what was chosen where the source is silent."""
    rows = recipe_rows(experiment.training)
    blocks: list[Block] = [Heading("Recipe"), facts_table("setting", rows)]
    if experiment.choices:
        blocks.append(Paragraph("Not specified by the source, and chosen here:"))
        blocks.append(Items([Item(text) for text in experiment.choices]))
    return blocks


def environment_section(
    experiment: Experiment, environment: Environment, rows: Sequence[tuple[str, str]], speed: float
) -> list[Block]:
    """Where and with what it ran; `rows` come first, `speed` is in training images per second."""
    machine = environment.machine
    facts = [
        *rows,
        ("started", environment.started),
        ("device", f"{environment.device}, {experiment.arithmetic}"),
        (
            "machine",
            f"{machine.processor or '–'}, {machine.cores or '–'} cores, {machine.system or '–'}",
        ),
        ("speed", f"{speed:,.0f} training images per second"),
        ("versions", ", ".join(f"{name} {version}" for name, version in environment.versions.items())),
        ("commit", environment.git_commit or "–"),
        ("command", f"`{_command(environment.command_line)}`"),
    ]
    return [Heading("Environment"), facts_table("what", facts)]


def _command(words: Sequence[str]) -> str:
    """A command line to copy; `python -m tersenet` calls itself by the name of a file.

    >>> _command(["/venv/tersenet/__main__.py", "train", "8C3 GAP 10N"])
    "tersenet train '8C3 GAP 10N'"
    """
    first, *rest = map(str, words or ["–"])
    return shlex.join(["tersenet" if Path(first).name in ("__main__.py", "tersenet") else first, *rest])
