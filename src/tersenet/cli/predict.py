"""Read digits in pictures: the class and its probability.

Any picture of one digit will do: dark on light or light on dark, any size, colours or transparency. It is brought
into MNIST's form (20×20 box, centred by mass, light on dark) as the network expects it.

examples:
  tersenet predict sprint seven.png
  tersenet predict gap-14320-2 scans/*.png --show forms
  tersenet predict sprint seven.png --json
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.output import Output, TrustArguments

if TYPE_CHECKING:
    from tersenet.evaluation import Prediction


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet predict` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A run's folder, its name, or an experiment's name (its latest run)."""
    pictures: tyro.conf.Positional[Annotated[tuple[Path, ...], tyro.conf.arg(metavar="PICTURE …")]]
    """The picture files."""
    runs_dir: Path = Path("runs")
    """The folder that holds the runs."""
    show: Path | None = None
    """Write what the network sees, 28×28, into this folder, as NAME-28x28.png."""


def run(arguments: Arguments, output: Output) -> int:
    """Read every picture and print a row each."""
    from rich.table import Table

    from tersenet.cli.evaluate import say_unfinished
    from tersenet.evaluation import predict
    from tersenet.runs import find_run

    if not arguments.pictures:
        raise TersenetError("There is no picture to read.", expected="RUN picture.png …")
    run = find_run(arguments.run, arguments.runs_dir)
    classes = run.environment["classes"]
    _require_readable(arguments.pictures)
    predictions = predict(run, arguments.pictures)
    shown = _write_forms(arguments.pictures, arguments.show) if arguments.show else []
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("picture", "class", "probability", "next likely"):
        table.add_column(heading, justify="right" if heading == "probability" else "left", overflow="fold")
    for prediction in predictions:
        table.add_row(
            prediction.picture,
            classes[prediction.guess],
            f"{100 * prediction.probability:.2f} %",
            _runner_up(prediction, classes),
        )
    output.say(table)
    output.say(f"\nread by {run.name}, trained on {run.experiment.data}")
    if run.environment.get("data_notice"):
        output.say(run.environment["data_notice"], style="bold yellow")
    say_unfinished(run, output)
    for path in shown:
        output.say(f"seen as: {path}")
    output.document(
        {
            "run": run.name,
            "data": run.experiment.data,
            "finished": run.result is not None,
            "epochs": len(run.metrics),
            "predictions": [
                {
                    "picture": prediction.picture,
                    "class": prediction.guess,
                    "name": classes[prediction.guess],
                    "probability": prediction.probability,
                    "probabilities": prediction.probabilities,
                }
                for prediction in predictions
            ],
            "shown": [str(path) for path in shown],
        }
    )
    return 0


def _require_readable(pictures: tuple[Path, ...]) -> None:
    """Raise before anything is read or written, with the name of every picture that cannot be."""
    from tersenet.data import read_picture

    problems = []
    for picture in dict.fromkeys(pictures):
        try:
            read_picture(picture)
        except TersenetError as error:
            problems.append((picture, error))
    if len(problems) == 1:
        raise problems[0][1]
    if problems:
        raise TersenetError(
            f"{len(problems)} of {len(pictures)} pictures cannot be read.",
            where="\n".join(f"{picture}: {error.problem}" for picture, error in problems),
            hint="leave them out, or repair them",
        )


def _runner_up(prediction: Prediction, classes: list[str]) -> str:
    order = sorted(range(len(classes)), key=lambda place: -prediction.probabilities[place])
    return f"{classes[order[1]]} ({100 * prediction.probabilities[order[1]]:.2f} %)"


def _write_forms(pictures: tuple[Path, ...], folder: Path) -> list[Path]:
    """Each picture's 28×28 form as a PNG; two pictures of one name do not take each other's place."""
    import io

    from PIL import Image

    from tersenet._files import write_whole
    from tersenet.data import read_picture

    written: list[Path] = []
    for picture in pictures:
        path = folder / f"{picture.stem}-28x28.png"
        number = 2
        while path in written:
            path = folder / f"{picture.stem}-{number}-28x28.png"
            number += 1
        held = io.BytesIO()
        Image.fromarray(read_picture(picture)).save(held, format="PNG")
        written.append(write_whole(path, held.getvalue()))
    return written
