"""What a run's report says, section by section: Target, Result, Analysis, and what they rest on."""

from __future__ import annotations

from tersenet.evaluation import Measures, wilson_interval
from tersenet.networks import BudgetLine
from tersenet.reports import analysis
from tersenet.reports.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Items,
    Notice,
    Paragraph,
    Picture,
    Table,
    Tiles,
    Title,
)
from tersenet.reports.material import Material
from tersenet.reports.pictures import draw
from tersenet.reports.recipe_table import recipe_rows

PAIRS = 10  # confused pairs listed


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
        *_result(material),
        Heading("Training"),
        *(pictures[key] for key in (analysis.CURVES, analysis.LEARNING_RATE)),
        *_epochs(material),
        *(_test(material, material.measures, pictures) if material.measures else []),
        *_analysis(material, pictures),
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
        headline = (f"{_accuracy(material):.2f} %", f"test accuracy on {material.data}, last epoch")
        tiles.insert(0, headline)
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


def _result(material: Material) -> list[Block]:
    history, run, measures = material.history, material.run, material.measures
    accuracies, losses = history.held_out_accuracy, history.held_out_loss
    assert accuracies is not None
    assert losses is not None
    last, best = history.epochs[-1], history.best
    assert best is not None
    rows = []
    paragraphs = []
    if measures is not None:
        correct = round(_accuracy(material) * measures.images / 100)
        loss = measures.loss if run.result is None else run.result["test_loss"]
        read = ", read once, at the end" if run.experiment.validation else ""
        which = f"last epoch ({last}), test{read}"
        rows.append((which, f"{correct}/{measures.images} ({_accuracy(material):.2f} %)", f"{loss:.4f}"))
        low, high = wilson_interval(correct, measures.images)
        paragraphs.append(
            f"Counting {measures.images:,} pictures leaves a 95 % interval (Wilson) from {100 * low:.2f} to "
            f"{100 * high:.2f} %; the spread between seeds is not in it."
        )
        if measures.correct != correct:
            paragraphs.append(
                f"Measured again for this page, on the CPU: {measures.correct}/{measures.images}. Other "
                "hardware rounds "
                "otherwise; the figures below are those of this second reading."
            )
    if history.held_out == "validation":
        rows.append((f"last epoch ({last}), validation", f"{accuracies[-1]:.2f} %", f"{losses[-1]:.4f}"))
    picked = f"best epoch ({history.epochs[best]}), picked on the {history.held_out} set"
    rows.append((picked, f"{accuracies[best]:.2f} %", f"{losses[best]:.4f}"))
    if history.train_accuracy and history.train_loss:
        rows.append(
            (
                f"last epoch ({last}), training, while the weights change",
                f"{history.train_accuracy[-1]:.2f} %",
                f"{history.train_loss[-1]:.4f}",
            )
        )
    return [
        Heading("Result"),
        Table(
            head=(f"on {material.data}", "accuracy", "loss (nats)"),
            rows=rows,
            right=("accuracy", "loss (nats)"),
        ),
        *map(Paragraph, paragraphs),
    ]


def _epochs(material: Material) -> list[Block]:
    name = material.history.held_out
    rows = [
        (
            str(row.epoch),
            f"{row.learning_rate:.4g}",
            f"{row.train_loss:.4f}",
            f"{row.train_accuracy:.2f}",
            f"{getattr(row, f'{name}_loss'):.4f}",
            f"{getattr(row, f'{name}_accuracy'):.2f}",
            f"{row.seconds:.1f}",
        )
        for row in material.run.metrics
    ]
    head = ("epoch", "learning rate", "training loss", "training %", f"{name} loss", f"{name} %", "seconds")
    return [Table(head=head, rows=rows, right=head, folded="Every epoch in figures")]


def _test(material: Material, measures: Measures, pictures: dict[str, Picture]) -> list[Block]:
    classes = material.dataset.classes
    wrong = measures.images - measures.correct
    blocks: list[Block] = [
        Heading("Where it is right, and where it is wrong"),
        *(pictures[key] for key in (analysis.CONFUSION, analysis.CALIBRATION)),
    ]
    if measures.confused_pairs:
        listed = measures.confused_pairs[:PAIRS]
        rows = [(classes[pair.label], classes[pair.guess], str(pair.count)) for pair in listed]
        head = ("true class", "read as", "pictures")
        said = f"The most confused pairs, of {len(measures.confused_pairs)} that occur in {wrong} mistakes:"
        blocks += [Paragraph(said), Table(head=head, rows=rows, right=("pictures",))]
    per_class = [
        (row.name, _percent(row.precision), _percent(row.recall), _percent(row.f1), f"{row.support:,}")
        for row in measures.per_class
    ]
    head_per_class = ("class", "precision %", "recall %", "F1 %", "pictures")
    blocks.append(
        Table(head=head_per_class, rows=per_class, right=head_per_class[1:], folded="Every class in figures")
    )
    blocks.append(Heading("Mistakes"))
    if analysis.MISTAKES in pictures:
        blocks.append(pictures[analysis.MISTAKES])
    else:
        blocks.append(Paragraph(f"There is none: all {measures.images:,} test pictures were read rightly."))
    return blocks


def _analysis(material: Material, pictures: dict[str, Picture]) -> list[Block]:
    findings = analysis.analyse(
        material.history,
        images=material.judged,
        target=material.target,
        measures=material.measures,
        mistakes=material.mistakes,
        data=material.dataset.name,
    )
    items = [Item(finding.text, pictures.get(finding.figure or "")) for finding in findings]
    return [
        Heading("Analysis"),
        Paragraph("By stated rules, from the figures; the rules are those of `tersenet.reports.analysis`."),
        Items(items),
    ]


def _circumstances(material: Material) -> list[Block]:
    run, facts = material.run, material.run.environment
    settings, machine = run.experiment.settings, facts.get("machine", {})
    rates = [row.images_per_second for row in run.metrics]
    rows = [
        ("seed", str(run.experiment.seed)),
        ("started", str(facts.get("started", "–"))),
        ("device", f"{facts.get('device', '–')}, {settings.precision}, {settings.threads} threads"),
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


def _accuracy(material: Material) -> float:
    """The headline: what the run measured at its end; for an unfinished run, what its weights measure now."""
    assert material.measures is not None
    result = material.run.result
    return material.measures.accuracy if result is None else float(result["test_accuracy"])


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


def _percent(fraction: float) -> str:
    return "–" if fraction != fraction else f"{100 * fraction:.2f}"
