"""What a run's report says, section by section: Target, Result, Analysis, and what they rest on."""

from __future__ import annotations

from tersenet.networks import BudgetLine
from tersenet.reports.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Items,
    Notice,
    Paragraph,
    Table,
    Tiles,
    Title,
)
from tersenet.reports.finding import CURVES, LEARNING_RATE, REGULARISATION
from tersenet.reports.material import Material
from tersenet.reports.pictures import draw
from tersenet.reports.recipe_table import recipe_rows
from tersenet.reports.result import analysis, answers, epochs, headline, result


def compose(material: Material) -> list[Block]:
    """The blocks of the report. A missed budget comes before everything else."""
    pictures = {picture.key: picture for picture in draw(material)}
    return [
        *_notices(material),
        *_target(material),
        *_data(material),
        *_network(material),
        Heading("Recipe"),
        Table(head=("decision", "value"), rows=recipe_rows(material.run.experiment.training)),
        *([Paragraph("Left open by the source, and chosen here:")] if material.run.experiment.choices else []),
        *(
            [Items([Item(text) for text in material.run.experiment.choices])]
            if material.run.experiment.choices
            else []
        ),
        *_budget(material),
        *result(material),
        Heading("Training"),
        *(pictures[key] for key in (CURVES, LEARNING_RATE, REGULARISATION)),
        *epochs(material),
        *(answers(material, material.measures, pictures) if material.measures else []),
        *analysis(material, pictures),
        *_circumstances(material),
    ]


def _notices(material: Material) -> list[Block]:
    run = material.run
    blocks: list[Block] = []
    missed = [line for line in material.budget if line.met is False]
    if missed:
        said = "; ".join(f"{line.line} {_value(line)} (limit {line.limit})" for line in missed)
        blocks.append(Notice(text=f"Budget missed: {said}.", kind="missed"))
    blocks.append(Title(f"{run.name} on {material.data}"))
    if material.dataset.notice or run.environment.get("data_notice"):
        said = run.environment.get("data_notice") or str(material.dataset.notice)
        blocks.append(Notice(text=f"Measured on {material.data}. {said}", kind="warning"))
    if not material.finished:
        done, planned = len(material.history.epochs), run.experiment.training.epochs
        said = f"This run is not finished: {done} of {planned} epochs are done."
        mend = f"Go on with `tersenet train --resume {run.name}`."
        blocks.append(Notice(text=f"{said} {mend}", kind="warning"))
    seconds = sum(row.seconds for row in run.metrics)
    tiles = [
        (f"{material.summary.parameters:,}", "parameters"),
        (str(len(material.history.epochs)), "epochs"),
        (f"{seconds:,.0f} s", "of training"),
    ]
    if material.measures is not None:
        tiles.insert(0, (f"{headline(material):.2f} %", f"test accuracy on {material.data}, last epoch"))
    if material.budget:
        met = sum(line.met is True for line in material.budget)
        tiles.append((f"{met} of {len(material.budget)}", "budget lines met"))
    return [*blocks, Tiles(tiles)]


def _target(material: Material) -> list[Block]:
    experiment = material.run.experiment
    said = experiment.target or "No target was stated."
    source = [Paragraph(f"Source: write-up {experiment.source}.")] if experiment.source else []
    return [Heading("Target"), Paragraph(said), *source]


def _data(material: Material) -> list[Block]:
    dataset, held_out = material.dataset, material.run.experiment.validation
    learned = len(dataset.train) - held_out
    said = f"`{dataset.name}`: {learned:,} training images"
    said += f", {held_out:,} held out for validation" if held_out else ""
    said += f", {len(dataset.test):,} test images; {len(dataset.classes)} classes: {', '.join(dataset.classes)}."
    source = material.run.environment.get("data_source", dataset.source)
    return [Heading("Data"), Paragraph(said), Paragraph(f"Read from: `{source}`.")]


def _network(material: Material) -> list[Block]:
    experiment, summary = material.run.experiment, material.summary
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


def _budget(material: Material) -> list[Block]:
    if not material.budget:
        return [Heading("Budget"), Paragraph("No budget was given.")]
    rows = [(line.line, line.limit, _value(line), _verdict(line)) for line in material.budget]
    return [Heading("Budget"), Table(head=("line", "limit", "value", "verdict"), rows=rows, right=("value",))]


def _circumstances(material: Material) -> list[Block]:
    run, facts = material.run, material.run.environment
    settings, machine = run.experiment.settings, facts.get("machine", {})
    rates = [row.images_per_second for row in run.metrics]
    rows = [
        ("seed", str(run.experiment.seed)),
        ("started", str(facts.get("started", "–"))),
        ("device", f"{facts.get('device', '–')}, {settings.description}"),
        (
            "machine",
            f"{machine.get('processor', '–')}, {machine.get('cores', '–')} cores, {machine.get('system', '–')}",
        ),
        ("speed", f"{sum(rates) / len(rates):,.0f} training images per second"),
        ("versions", ", ".join(f"{name} {version}" for name, version in facts.get("versions", {}).items())),
        ("commit", str(facts.get("git_commit") or "–")),
        ("command", f"`{' '.join(facts.get('command_line', []))}`"),
    ]
    return [Heading("Circumstances"), Table(head=("what", "value"), rows=rows)]


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
