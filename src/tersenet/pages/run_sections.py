"""The measured part of a report: result, epochs, classes, analysis and advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tersenet._table import Column, Table
from tersenet.analysis import Evidence, Finding, advise, analyse, two_decimals
from tersenet.evaluation import KNOWN_WRONG_LABELS, Measures, class_table, confused_table, wilson_interval
from tersenet.pages.blocks import Block, Heading, Item, Items, PageFigure, Paragraph
from tersenet.pages.experiment_sections import budget_blocks, facts_table
from tersenet.pages.run_facts import RunFacts
from tersenet.runs import Run, experiment_names, load_experiment


def result(material: RunFacts) -> list[Block]:
    """Whether the budget was met, then the accuracies, each with what it was measured on."""
    return [
        Heading("Result"),
        *budget_blocks(material.budget),
        Table(
            columns=(
                Column(title=f"on {material.data}", right=False),
                Column(title="accuracy"),
                Column(title="loss (nats)"),
            ),
            rows=[*_held_out_rows(material), *_training_rows(material)],
        ),
        facts_table("measure", _measured(material)),
        *_remarks(material),
    ]


Row = tuple[str, str, str]


def _held_out_rows(material: RunFacts) -> list[Row]:
    """The headline first; the best epoch marked as picked."""
    history, run, measures = material.history, material.run, material.measures
    accuracies, losses, best = history.held_out_accuracy, history.held_out_loss, history.best
    assert accuracies is not None
    assert losses is not None
    assert best is not None
    last, rows = history.epochs[-1], []
    if measures is not None:
        loss = measures.loss if run.result is None else run.result.loss
        read = ", measured once, at the end" if run.experiment.validation else ""
        counted = f"{_correct(material, measures)}/{measures.images} ({headline(material):.2f} %)"
        rows.append((f"last epoch ({last}), test{read}", counted, f"{loss:.4f}"))
    if history.held_out == "validation":
        rows.append((f"last epoch ({last}), validation", f"{accuracies[-1]:.2f} %", f"{losses[-1]:.4f}"))
    picked = f"best epoch ({history.epochs[best]}), picked on the {history.held_out} set"
    return [*rows, (picked, f"{accuracies[best]:.2f} %", f"{losses[best]:.4f}")]


def _training_rows(material: RunFacts) -> list[Row]:
    """Training accuracy during the epochs, last and best, and the same images measured again afterwards."""
    history, reading = material.history, material.reading
    rows = []
    if history.train_accuracy and history.train_loss:
        accuracies = history.train_accuracy
        best = max(range(len(accuracies)), key=accuracies.__getitem__)
        for name, place in (("last", len(accuracies) - 1), ("best", best)):
            which = f"{name} epoch ({history.epochs[place]}), training, during the epoch"
            rows.append((which, f"{accuracies[place]:.2f} %", f"{history.train_loss[place]:.4f}"))
    again = f"the {reading.images:,} training images, measured again without dropout and augmentation"
    return [*rows, (again, f"{reading.accuracy:.2f} %", f"{reading.loss:.4f}")]


def _measured(material: RunFacts) -> list[tuple[str, str]]:
    """The gap, when the budget's accuracy was reached and whether it held, and the corrected labels."""
    history, target, measures = material.history, material.target, material.measures
    assert history.held_out_accuracy is not None
    gap = material.reading.accuracy - history.held_out_accuracy[-1]
    rows = [
        ("parameters", f"{material.summary.parameters:,}"),
        (
            f"gap: training accuracy (measured again) − {history.held_out} accuracy",
            f"{two_decimals(gap)} points",
        ),
    ]
    if target is not None:
        first, lost = history.reached(target), history.lost(target)
        reached = "not in any epoch" if first is None else f"epoch {history.epochs[first]} of {history.epochs[-1]}"
        rows.append((f"{target:g} % first reached", reached))
        if first is not None:
            after = len(history.epochs) - 1 - first
            held = "yes, in every later epoch" if not lost else f"no: lost in {len(lost)} of {after} later epochs"
            rows.append((f"{target:g} % held afterwards", held if after else "unknown: it was the last epoch"))
    if measures is not None and material.corrected is not None:
        right = f"{material.corrected}/{measures.images} ({100 * material.corrected / measures.images:.2f} %)"
        changed = len(KNOWN_WRONG_LABELS[material.dataset.name])
        rows.append((f"test accuracy with {changed} known wrong labels corrected", right))
    return rows


def _remarks(material: RunFacts) -> list[Block]:
    measures = material.measures
    if measures is None:
        return []
    correct = _correct(material, measures)
    low, high = wilson_interval(correct, measures.images)
    remarks = [
        f"95 % interval for {measures.images:,} test images (Wilson): {100 * low:.2f} to {100 * high:.2f} %. The "
        "spread between seeds comes on top."
    ]
    if measures.correct != correct:
        remarks.append(
            f"Measured again for this page, on the CPU: {measures.correct}/{measures.images}. Other hardware rounds "
            "differently; the figures below are from this second measurement."
        )
    return [Paragraph(text) for text in remarks]


def epochs(material: RunFacts) -> list[Block]:
    """Every epoch, folded."""
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
    return [
        Table(columns=[Column(title=title) for title in head], rows=rows, folded=f"All {len(rows)} epochs"),
    ]


def answers(material: RunFacts, measures: Measures, pictures: Sequence[PageFigure]) -> list[Block]:
    """Per class, where the network is right on the test set and where it is wrong."""
    wrong = measures.images - measures.correct
    blocks: list[Block] = [Heading("Classes"), *pictures]
    if not wrong:
        blocks.append(Paragraph(f"No mistakes: all {measures.images:,} test images were classified correctly."))
    if measures.confused_pairs:
        listed = confused_table(measures)
        pairs = "pair" if len(listed.rows) == 1 else f"{len(listed.rows)} pairs"
        said = f"The most confused {pairs}, of {len(measures.confused_pairs)} that occur in {wrong} mistakes:"
        blocks += [Paragraph(said), listed]
    return [*blocks, replace(class_table(measures), folded=f"All {len(measures.per_class)} classes")]


def analysis(material: RunFacts, pictures: dict[str, PageFigure]) -> list[Block]:
    """What the figures say and what to try next, by fixed rules."""
    findings = analyse(
        material.history,
        images=material.judged,
        target=material.target,
        reading=material.reading,
        measures=material.measures,
        mistakes=material.mistakes,
        data=material.dataset.name,
    )
    experiment = material.run.experiment
    advice = advise(
        Evidence(
            history=material.history,
            images=material.judged,
            recipe=experiment.training,
            summary=material.summary,
            budget=material.budget,
            target=material.target,
            validation=experiment.validation,
            reading=material.reading,
            measures=material.measures,
            training_images=len(material.dataset.train),
            word=_trained_again(material.run),
        )
    )
    return [
        Heading("Analysis"),
        Items([_item(finding, pictures) for finding in findings]),
        Heading("What to try next"),
        Paragraph("Suggested by fixed rules (`tersenet.analysis.advice`): worth trying, not certain to help."),
        Items([_item(finding, pictures) for finding in advice]),
    ]


def _trained_again(run: Run) -> str:
    """What `tersenet train` is given to train a run again: a bundled experiment if it is that, unchanged, else it.

    A run named so is trained with its own network, data and recipe.
    """
    experiment = run.experiment
    if experiment.name in experiment_names():
        bundled = load_experiment(experiment.name)
        same_recipe = experiment.training == bundled.training.settled()
        if same_recipe and (experiment.data, experiment.validation) == (bundled.data, bundled.validation):
            return experiment.name
    return run.name


def _item(finding: Finding, pictures: dict[str, PageFigure]) -> Item:
    return Item(finding.text, pictures.get(finding.figure or ""))


def headline(material: RunFacts) -> float:
    """The headline: what the run measured at its end; for an unfinished run, what its weights measure now."""
    assert material.measures is not None
    result = material.run.result
    return material.measures.accuracy if result is None else result.test_accuracy


def _correct(material: RunFacts, measures: Measures) -> int:
    """How many test images the headline counts as correct."""
    result = material.run.result
    return measures.correct if result is None else result.correct_images
