"""What a report says of an experiment beside its figures: target, data, network, recipe, budget, machine."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from tersenet.data import Dataset
from tersenet.networks import BudgetLine, Summary
from tersenet.reports.blocks import Block, Code, Heading, Item, Items, Notice, Paragraph, Table
from tersenet.reports.recipe_table import recipe_rows
from tersenet.runs import Experiment


def missed_budget(lines: Sequence[BudgetLine], of: str = "") -> list[Notice]:
    """The notice that comes before all else; none where the budget was met. `of` says which figure missed it."""
    missed = [line for line in lines if line.met is False]
    said = "; ".join(f"{line.line} {_value(line)} (limit {line.limit})" for line in missed)
    return [Notice(text=f"Budget missed{of}: {said}.", kind="missed")] if missed else []


def target_section(experiment: Experiment) -> list[Block]:
    """What was to be reached, and whose recipe it is."""
    said = experiment.target or "No target was stated."
    source = [Paragraph(f"Source: write-up {experiment.source}.")] if experiment.source else []
    return [Heading("Target"), Paragraph(said), *source]


def data_section(experiment: Experiment, dataset: Dataset, environment: dict[str, Any]) -> list[Block]:
    """How many pictures of what, and where they were read from."""
    held_out = experiment.validation
    learned = len(dataset.train) - held_out
    said = f"`{dataset.name}`: {learned:,} training images"
    said += f", {held_out:,} held out for validation" if held_out else ""
    said += f", {len(dataset.test):,} test images; {len(dataset.classes)} classes: {', '.join(dataset.classes)}."
    source = environment.get("data_source", dataset.source)
    return [Heading("Data"), Paragraph(said), Paragraph(f"Read from: `{source}`.")]


def network_section(experiment: Experiment, summary: Summary) -> list[Block]:
    """The network's line, its layers and what it costs."""
    line = experiment.notation or experiment.network
    sizes = summary.torchsummary_mb
    named = [] if line == experiment.network else [Paragraph(f"The named network `{experiment.network}`:")]
    rows = [
        (
            str(number),
            row.type,
            "×".join(map(str, row.output_shape)),
            "shared" if row.shared else f"{row.parameters:,}",
            _or_dash(row.macs),
            _or_dash(row.receptive_field),
            _or_dash(row.jump),
        )
        for number, row in enumerate(summary.layers, start=1)
    ]
    head = ("#", "layer", "output", "parameters", "MACs", "receptive field", "jump")
    return [
        Heading("Network"),
        *named,
        Code(line),
        Table(head=head, rows=rows, right=("#", "parameters", "MACs", "receptive field", "jump")),
        Paragraph(
            f"{summary.parameters:,} parameters ({summary.trainable_parameters:,} trainable), "
            f"{_or_dash(summary.macs)} "
            f"multiply-adds a picture. In MB, as torchsummary counts: input {sizes.input:.2f}, forward and backward "
            f"{sizes.forward_backward:.2f}, parameters {sizes.parameters:.2f}, total {sizes.total:.2f}."
        ),
    ]


def recipe_section(experiment: Experiment) -> list[Block]:
    """How it was trained, and what was chosen where the source is silent."""
    rows = recipe_rows(experiment.training)
    blocks: list[Block] = [Heading("Recipe"), Table(head=("decision", "value"), rows=rows)]
    if experiment.choices:
        blocks.append(Paragraph("Left open by the source, and chosen here:"))
        blocks.append(Items([Item(text) for text in experiment.choices]))
    return blocks


def budget_section(lines: Sequence[BudgetLine]) -> list[Block]:
    """Each line of the budget with its verdict."""
    if not lines:
        return [Heading("Budget"), Paragraph("No budget was given.")]
    rows = [(line.line, line.limit, _value(line), _verdict(line)) for line in lines]
    return [Heading("Budget"), Table(head=("line", "limit", "value", "verdict"), rows=rows, right=("value",))]


def circumstances_section(
    experiment: Experiment, environment: dict[str, Any], rows: Sequence[tuple[str, str]], speed: float
) -> list[Block]:
    """Where and with what it ran; `rows` come first, `speed` is in training images a second."""
    machine = environment.get("machine", {})
    versions = environment.get("versions", {})
    facts = [
        *rows,
        ("started", str(environment.get("started", "–"))),
        ("device", f"{environment.get('device', '–')}, {experiment.settings.description}"),
        (
            "machine",
            f"{machine.get('processor', '–')}, {machine.get('cores', '–')} cores, {machine.get('system', '–')}",
        ),
        ("speed", f"{speed:,.0f} training images per second"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("commit", str(environment.get("git_commit") or "–")),
        ("command", f"`{shlex.join(environment.get('command_line', []))}`"),
    ]
    return [Heading("Circumstances"), Table(head=("what", "value"), rows=facts)]


def _value(line: BudgetLine) -> str:
    if isinstance(line.value, float):
        return f"{line.value:.2f} %"
    return f"{line.value:,}" if isinstance(line.value, int) else line.value


def _verdict(line: BudgetLine) -> str:
    if line.met is None:
        return str(line.value)
    return "met" if line.met else "MISSED"


def _or_dash(value: float | tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    return "×".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}"
