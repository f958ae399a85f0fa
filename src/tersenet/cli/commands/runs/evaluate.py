"""Measure a run: accuracy, loss, each class, confused pairs, calibration, mistakes.

RUN is a run or a group of seeds: its folder, its name, or an experiment (its latest run). All seeds of a group are
measured; one of them is `sprint-3/seed-0`.

examples:
  tersenet evaluate gap-14320
  tersenet evaluate sprint-3 --data qmnist
  tersenet evaluate sprint-3 --figures figures --pictures mistakes
  tersenet evaluate runs/sprint-3 --json
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.arguments import RUNS_DIR, DataDir, Device, Flag, RunsDir
from tersenet.cli.commands.runs.evaluate_group import evaluate_group
from tersenet.cli.output import Output, TrustArguments, option, say_notices

if TYPE_CHECKING:
    from tersenet.data import Dataset
    from tersenet.runs import Group, MeasuredRun, Run


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet evaluate` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A run or a group: its folder, its name, or an experiment (its latest run)."""
    data: Annotated[str | None, option("NAME")] = None
    """Measure on the test set of this data instead of the run's own."""
    skip_bad: Flag = False
    """Leave out the damaged pictures of the folder given with --data."""
    data_dir: DataDir = None
    classes_by_position: Flag = False
    """Match the classes of the data to the run's by position where their names differ."""
    runs_dir: RunsDir = RUNS_DIR
    device: Device = "auto"
    pictures: Annotated[Path | None, option("FOLDER")] = None
    """Write the misclassified pictures into this folder, with a page that shows them."""
    figures: Annotated[Path | None, option("FOLDER")] = None
    """Draw the confusion matrix, the calibration and the mistakes into this folder."""


def run(arguments: Arguments, output: Output) -> int:
    """Measure, print the tables, draw the figures that were asked for."""
    from tersenet.data import load_data, match_classes, with_skip_bad
    from tersenet.runs import Group, choose_device, find_run_or_group, measure_run

    if arguments.data is None:
        _refuse_without_data(arguments)
    run = find_run_or_group(arguments.run, arguments.runs_dir)
    device = choose_device(arguments.device)
    if arguments.data is None:
        dataset = run.data(arguments.data_dir)
    else:
        data = with_skip_bad(arguments.data) if arguments.skip_bad else arguments.data
        dataset = load_data(data, data_dir=arguments.data_dir, form=run.form)
        dataset = match_classes(run.environment.classes, dataset, by_position=arguments.classes_by_position)
    _require_fit(run, dataset)
    say_notices(dataset, output)
    if isinstance(run, Group):
        _refuse_figures(arguments.figures or arguments.pictures, run)
        return evaluate_group(run, dataset, device, output)
    found = measure_run(run, dataset, device=device)
    _say(run, found, output)
    figures = _draw(arguments.figures, run, found) if arguments.figures else []
    for path in figures:
        output.say(f"figure: {path}")
    pictures = None
    if arguments.pictures is not None:
        from tersenet.pages import write_mistakes

        pictures = write_mistakes(found.mistakes, dataset, arguments.pictures, network=run.name)
        output.say(f"mistakes: {pictures}")
    output.document(_document(run, found, figures) | {"pictures": None if pictures is None else str(pictures)})
    return 0


def _refuse_without_data(arguments: Arguments) -> None:
    for flag, is_given in (
        ("--skip-bad", arguments.skip_bad),
        ("--classes-by-position", arguments.classes_by_position),
    ):
        if is_given:
            raise TersenetError(f"{flag} needs --data: the run's own data is read as it was in training.", got=flag)


def _refuse_figures(figures: Path | None, group: Group) -> None:
    if figures is not None:
        raise TersenetError(
            "Figures and pictures need a single run, not a group.",
            got=group.name,
            hint=f"tersenet evaluate {group.name}/seed-{group.seeds[0]}, or tersenet report {group.name}",
        )


def _require_fit(run: Run | Group, dataset: Dataset) -> None:
    """Raise where the network was made for other pictures or another number of classes."""
    classes, size = len(run.environment.classes), run.environment.input_size
    found = dataset.form.size
    if len(dataset.classes) != classes or found != size:
        raise TersenetError(
            "The run's network does not fit this data.",
            got=f"{dataset.name}: {len(dataset.classes)} classes, pictures of {'×'.join(map(str, found))}",
            expected=f"{classes} classes, pictures of {'×'.join(map(str, size))}, as in {run.experiment.data}",
            where=run.path,
        )


def _say(run: Run, found: MeasuredRun, output: Output) -> None:
    from tersenet.evaluation import class_table, confused_table, mistake_table

    dataset, measures, mistakes, corrected = found.dataset, found.measures, found.mistakes, found.corrected
    trained = "" if dataset.name == run.experiment.data else f" (trained on {run.experiment.data})"
    output.say(f"{run.name}{trained}, measured on the test set of {dataset.name}")
    say_unfinished(run, output)
    output.say(
        f"accuracy {measures.correct}/{measures.images} ({measures.accuracy:.2f} %), loss {measures.loss:.4f}",
        style="bold",
    )
    output.say(f"expected calibration error {100 * measures.calibration.expected_calibration_error:.2f} points")
    if corrected is not None:
        output.say(
            f"with known wrong labels corrected: {corrected}/{measures.images} "
            f"({100 * corrected / measures.images:.2f} %)"
        )
    if measures.unanswered:
        output.say(f"Outputs that are NaN: {measures.unanswered}; they count as mistakes.", style="bold red")
    output.say()
    output.say(class_table(measures))
    if measures.confused_pairs:
        pairs = confused_table(measures)
        output.say(f"\nThe most confused pairs, {len(pairs.rows)} of {len(measures.confused_pairs)}:")
        output.say(pairs)
    if mistakes:
        table = mistake_table(dataset, mistakes)
        output.say(f"\nThe most confident mistakes, {len(table.rows)} of {len(mistakes)}:")
        output.say(table)


def say_unfinished(run: Run, output: Output) -> None:
    """How far the training of an interrupted run has come: its weights are those of its last whole epoch."""
    if run.result is None:
        done, planned = len(run.metrics), run.experiment.training.epochs
        said = f"This run is not finished: {done} of {planned} epochs are done; these are the weights so far."
        output.say(said, style="bold yellow")


def _draw(folder: Path, run: Run, found: MeasuredRun) -> list[Path]:
    from tersenet.evaluation import KNOWN_WRONG_LABELS
    from tersenet.figures import data_title, plot_calibration, plot_confusion, plot_mistakes

    dataset, measures, mistakes = found.dataset, found.measures, found.mistakes
    name = f"{run.name} on {data_title(dataset.name)}"
    known = KNOWN_WRONG_LABELS.get(dataset.name)
    drawings = {
        "confusion": plot_confusion(measures.confusion, measures.classes, title=f"Confusions: {name}"),
        "calibration": plot_calibration(measures.calibration, title=f"Calibration: {name}"),
    }
    if mistakes:
        drawings["mistakes"] = plot_mistakes(
            dataset.test.images, mistakes, dataset.classes, wrong_labels=known, title=f"Mistakes: {name}"
        )
    return [drawing.save(folder / f"{key}.png") for key, drawing in drawings.items()]


def _document(run: Run, found: MeasuredRun, figures: list[Path]) -> dict[str, Any]:
    dataset, measures, mistakes, corrected = found.dataset, found.measures, found.mistakes, found.corrected
    rows = [asdict(row) for row in measures.per_class]
    return {
        "run": run.name,
        "data": dataset.name,
        "notice": dataset.notice,
        "finished": run.result is not None,
        "epochs": len(run.metrics),
        "images": measures.images,
        "correct": measures.correct,
        "unanswered": measures.unanswered,
        "accuracy": measures.accuracy,
        "corrected_accuracy": None if corrected is None else 100 * corrected / measures.images,
        "loss": measures.loss,
        "per_class": [{"class": row.pop("name"), **row} for row in rows],
        "confusion": measures.confusion.tolist(),
        "confused_pairs": [asdict(pair) for pair in measures.confused_pairs],
        "calibration": asdict(measures.calibration),
        "mistakes": [asdict(mistake) for mistake in mistakes],
        "figures": [str(path) for path in figures],
    }
