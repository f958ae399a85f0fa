"""Classify pictures: the class, its probability, and whether to believe it.

PICTURE is a picture file, or a folder of them, of any size, colours or transparency. It is brought into the form of
the pictures that the network was trained on: digits are cut out, fitted and centred as MNIST's were, other pictures
are taken as they are and fitted into the size. A note says when a prediction should not be believed: two marks in one
picture, a low probability, or a picture unlike the training pictures (docs/predict.md says how often the note is
right). RUN may be a network that comes with Tersenet: stem-17150, model2-7524, model1-4312.

examples:
  tersenet predict stem-17150 seven.png
  tersenet predict sprint scans/ --csv predictions.csv
  tersenet predict gap-14320-2 scans/*.png --show forms
  tersenet predict sprint --index 7 12                      pictures of the test set, with their labels
  tersenet predict sprint seven.png --json
"""

from __future__ import annotations

import csv
import io
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError
from tersenet._table import Column, Table
from tersenet.cli.arguments import RUNS_DIR, DataDir, RunsDir
from tersenet.cli.output import Output, TrustArguments, option

_NAME_WIDTH = 24  # a name of a picture up to this length is not broken

if TYPE_CHECKING:
    from tersenet.data import Form, Picture
    from tersenet.evaluation import Familiarity, Prediction
    from tersenet.runs import Run


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet predict` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A run's folder, its name, an experiment (its latest run), or a network that comes with Tersenet."""
    pictures: tyro.conf.Positional[Annotated[tuple[Path, ...], option("[PICTURE …]")]] = ()
    """Picture files, and folders of them."""
    index: Annotated[tuple[int, ...], option("N …")] = ()
    """Classify these pictures of the data's test set, counted from 0."""
    csv: Annotated[Path | None, option("FILE")] = None
    """Write the predictions into this file as well, one row per picture."""
    show: Annotated[Path | None, option("FOLDER")] = None
    """Write what the network sees into this folder, as NAME-HEIGHTxWIDTH.png."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


@dataclass(frozen=True, kw_only=True)
class PredictionRow:
    """One picture: its prediction, or why it cannot be read."""

    picture: str
    prediction: Prediction | None = None
    problem: str = ""
    label: int | None = None

    @property
    def note(self) -> str:
        """What to say beside the prediction."""
        return self.problem if self.prediction is None else self.prediction.note


def run(arguments: Arguments, output: Output) -> int:
    """Read every picture and print one row each; the status is 1 where one could not be read."""
    from tersenet.cli.commands.runs.evaluate import say_unfinished
    from tersenet.runs import find_run

    if not arguments.pictures and not arguments.index:
        is_picture = Path(arguments.run).is_file()
        raise TersenetError(
            "No run was given." if is_picture else "No picture was given.",
            got=arguments.run if is_picture else None,
            expected="RUN picture.png …, or RUN --index N",
            hint=shlex.join(("tersenet", "predict", "stem-17150", arguments.run)) if is_picture else None,
        )
    run = find_run(arguments.run, arguments.runs_dir)
    classes = run.environment.classes
    opened, passed_over = _open_all(arguments.pictures, run.form)
    tested = _of_the_test_set(run, arguments) if arguments.index else {}
    familiarity, unchecked = _familiarity(run, arguments.data_dir, output)
    rows = _predict_all(run, opened, tested, familiarity)
    pictures = [each for _, each in opened if not isinstance(each, str)]
    shown = [] if arguments.show is None else _write_forms(pictures, arguments.show)
    if arguments.csv is not None:
        _write_csv(rows, classes, arguments.csv)
    folder = _common_folder(rows)
    output.say(_table(rows, classes, folder))
    if folder is not None:
        output.say(f"\npictures in {folder}")
    for line, style in _remarks(rows, passed_over, unchecked):
        output.say(line, style=style)
    output.say(f"\nclassified by {run.name}, trained on {run.experiment.data}")
    if run.environment.data_notice:
        output.say(run.environment.data_notice, style="bold yellow")
    say_unfinished(run, output)
    for path in shown:
        output.say(f"seen as: {path}")
    if arguments.csv is not None:
        output.say(f"written: {arguments.csv}")
    output.document(_document(run, rows, classes, shown, passed_over, unchecked))
    return 1 if any(row.prediction is None for row in rows) else 0


Opened = list[tuple[str, "Picture | str"]]


def _open_all(paths: tuple[Path, ...], form: Form) -> tuple[Opened, int]:
    """Each picture with its path, or why it cannot be read; and how many files in folders are not pictures.

    Each is read once. Raises TersenetError where none can be read: the one problem, or all of them.
    """
    from tersenet.data import list_pictures, open_picture

    files: list[Path] = []
    passed_over = 0
    for path in paths:
        if path.is_dir():
            found, strange = list_pictures(path)
            if not found:
                raise TersenetError("There are no pictures in this folder.", got=path)
            files += found
            passed_over += strange
        else:
            files.append(path)
    opened: Opened = []
    errors: list[tuple[Path, TersenetError]] = []
    for file in files:
        try:
            opened.append((str(file), open_picture(file, form, keep_original=False)))
        except TersenetError as error:
            opened.append((str(file), error.problem))
            errors.append((file, error))
    if len(errors) == len(opened) == 1:
        raise errors[0][1]
    if errors and len(errors) == len(opened):
        raise TersenetError(
            f"None of the {len(errors)} pictures can be read.",
            where="\n".join(f"{file}: {error.problem}" for file, error in errors[:20]),
            hint="repair them, or choose other files",
        )
    return opened, passed_over


def _of_the_test_set(run: Run, arguments: Arguments) -> dict[str, tuple[Any, int]]:
    """The pictures of the test set that were asked for, bytes `[C, H, W]`, with their labels."""
    dataset = run.data(arguments.data_dir)
    found = {}
    for index in arguments.index:
        found[f"test picture {index}"] = dataset.test_picture(index)
    return found


def _familiarity(run: Run, data_dir: Path | None, output: Output) -> tuple[Familiarity | None, str]:
    """What the training pictures are like; where that cannot be known, why not."""
    from tersenet.runs import familiarity_of, kept_in

    if not kept_in(run).is_file():
        output.say("reading the training pictures, once for this run …", style="dim")
    try:
        return familiarity_of(run, data_dir=data_dir), ""
    except TersenetError as error:
        return None, error.problem


def _predict_all(
    run: Run,
    opened: Opened,
    tested: dict[str, tuple[Any, int]],
    familiarity: Familiarity | None,
) -> list[PredictionRow]:
    from tersenet.evaluation import predict

    pictures = [each for _, each in opened if not isinstance(each, str)]
    images = [image for image, _ in tested.values()]
    predictions = iter(predict(run, [*pictures, *images], familiarity=familiarity))
    rows = [
        PredictionRow(picture=name, problem=each)
        if isinstance(each, str)
        else PredictionRow(picture=name, prediction=next(predictions))
        for name, each in opened
    ]
    return rows + [
        PredictionRow(picture=name, prediction=next(predictions), label=label) for name, (_, label) in tested.items()
    ]


def _common_folder(rows: list[PredictionRow]) -> Path | None:
    """The folder that holds all the pictures, where naming it once makes every row shorter."""
    if len(rows) < 2 or any(row.label is not None for row in rows):
        return None
    try:
        folder = Path(os.path.commonpath([Path(row.picture).parent for row in rows]))
    except ValueError:  # some names begin at the root, others do not
        return None
    return folder if folder.parts else None


def _table(rows: list[PredictionRow], classes: Sequence[str], folder: Path | None = None) -> Any:

    from tersenet.data import printable

    with_labels, with_notes = any(row.label is not None for row in rows), any(row.note for row in rows)
    columns = (
        Column(title="picture", right=False, wraps=_NAME_WIDTH),
        *[Column(title="label", right=False, least=12, leaves=1)] * with_labels,
        Column(title="class", right=False, least=12),
        Column(title="probability"),
        Column(title="next likely", right=False, leaves=2),
        *[Column(title="note", right=False, wraps=16)] * with_notes,
    )
    names = [printable(row.picture if folder is None else str(Path(row.picture).relative_to(folder))) for row in rows]
    table_rows, styles = [], []
    for name, row in zip(names, rows, strict=True):
        found = row.prediction
        label = ["" if row.label is None else classes[row.label]] * with_labels
        said = (
            ["–", "–", "–"] if found is None else [classes[found.guess], _percent(found), _runner_up(found, classes)]
        )
        styles.append("" if not row.note else "red" if found is None else "yellow")
        table_rows.append((name, *label, *said, *[row.note] * with_notes))
    return Table(columns=columns, rows=table_rows, styles=styles)


def _remarks(rows: list[PredictionRow], passed_over: int, unchecked: str) -> list[tuple[str, str | None]]:
    """What is said below the table: counts, and what was not checked."""
    read = [row.prediction for row in rows if row.prediction is not None]
    doubted = sum(prediction.believable is False for prediction in read)
    said: list[tuple[str, str | None]] = []
    if doubted:
        several = "any of the" if doubted == len(read) else f"{doubted} of the"
        which = "this prediction" if len(read) == 1 else f"{several} {len(read)} predictions"
        said.append((f"\nDo not believe {which}: see the note.", "yellow"))
    if len(read) < len(rows):
        said.append((f"\n{len(rows) - len(read)} of {len(rows)} pictures could not be read.", "bold red"))
    if passed_over:
        which = (
            "1 file that is not a picture was"
            if passed_over == 1
            else f"{passed_over} files that are not pictures were"
        )
        said.append((f"\n{which} skipped.", None))
    if unchecked:
        said.append((f"\nWhether to believe them was not checked: {unchecked}", "yellow"))
    return said


def _percent(prediction: Prediction) -> str:
    return f"{100 * prediction.probability:.2f} %"


def _runner_up(prediction: Prediction, classes: Sequence[str]) -> str:
    order = sorted(range(len(classes)), key=lambda place: -prediction.probabilities[place])
    return f"{classes[order[1]]} ({100 * prediction.probabilities[order[1]]:.2f} %)"


def _document(
    run: Run, rows: list[PredictionRow], classes: Sequence[str], shown: list[Path], passed_over: int, unchecked: str
) -> dict[str, Any]:
    return {
        "run": run.name,
        "data": run.experiment.data,
        "finished": run.result is not None,
        "epochs": len(run.metrics),
        "checked": not unchecked,
        "passed_over": passed_over,
        "predictions": [
            {
                "picture": row.picture,
                "class": None if row.prediction is None else row.prediction.guess,
                "name": None if row.prediction is None else classes[row.prediction.guess],
                "probability": None if row.prediction is None else row.prediction.probability,
                "probabilities": None if row.prediction is None else row.prediction.probabilities,
                "label": row.label,
                "believable": None if row.prediction is None else row.prediction.believable,
                "note": row.note,
            }
            for row in rows
        ],
        "shown": [str(path) for path in shown],
    }


def _write_csv(rows: list[PredictionRow], classes: Sequence[str], path: Path) -> None:
    """One row per picture; names of classes, probabilities from 0 to 1, nothing where there is no figure."""
    from tersenet._files import write_whole
    from tersenet.data import printable

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["picture", "label", "class", "probability", "believable", "note", *classes])
    for row in rows:
        label = "" if row.label is None else classes[row.label]
        found = row.prediction
        if found is None:
            writer.writerow([printable(row.picture), label, "", "", "", row.note, *[""] * len(classes)])
        else:
            believable = "" if found.believable is None else "yes" if found.believable else "no"
            figures = [f"{value:.6f}" for value in found.probabilities]
            line = [
                printable(row.picture),
                label,
                classes[found.guess],
                f"{found.probability:.6f}",
                believable,
                row.note,
            ]
            writer.writerow([*line, *figures])
    write_whole(path, text.getvalue())


def _write_forms(pictures: list[Picture], folder: Path) -> list[Path]:
    """Each picture as the network sees it, as a PNG; two pictures of one name do not take each other's place."""
    from PIL import Image

    from tersenet._files import write_whole

    written: list[Path] = []
    for picture in pictures:
        size = "x".join(map(str, picture.image.shape[1:]))
        path = folder / f"{picture.path.stem}-{size}.png"
        number = 2
        while path in written:
            path = folder / f"{picture.path.stem}-{number}-{size}.png"
            number += 1
        held = io.BytesIO()
        pixels = picture.image[0] if len(picture.image) == 1 else picture.image.transpose(1, 2, 0)
        Image.fromarray(pixels).save(held, format="PNG")
        written.append(write_whole(path, held.getvalue()))
    return written
