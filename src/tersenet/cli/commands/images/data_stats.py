"""`tersenet data stats`: counts, means and deviations of a data set, and a sheet of each class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet._table import Column, Table
from tersenet.cli.arguments import Flag
from tersenet.cli.output import CommonArguments, Output, option, say_notices
from tersenet.cli.progress import download_progress

_COLUMNS = 8  # pictures of a class on the sheet
_MOST = 1_000  # pictures of the sheet

CLASSES = (
    Column(title="class", right=False, least=8, keeps="start"),
    Column(title="training"),
    Column(title="test"),
    Column(title="mean", leaves=1),
    Column(title="deviation", leaves=2),
)


@dataclass(frozen=True, kw_only=True)
class StatsArguments(CommonArguments):
    """Count the pictures of each class, measure mean and deviation, and write a sheet of each class."""

    name: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NAME")]] = "auto"
    """A data set's name, or the path of pictures."""
    data_dir: Annotated[Path | None, option("FOLDER")] = None
    """Data folder (default: $TERSENET_DATA, then the user cache)."""
    skip_bad: Flag = False
    """Leave out the damaged pictures of a folder."""
    seed: int = 0
    """Seed for the choice of pictures on the sheet."""
    out: Annotated[Path | None, option("FILE")] = None
    """The sheet to write (default: classes-NAME.png here)."""


def show_stats(arguments: StatsArguments, output: Output, file_name: Callable[[str], str]) -> None:
    """Say what a data set holds, and draw some pictures of each class; `file_name` makes a file's name of a set's."""
    from tersenet.data import count_classes, load_data, some_of_each, with_skip_bad
    from tersenet.figures import plot_samples

    with download_progress(output) as progress:
        name = with_skip_bad(arguments.name) if arguments.skip_bad else arguments.name
        dataset = load_data(name, data_dir=arguments.data_dir, progress=progress)
    say_notices(dataset, output)
    form, classes, split = dataset.form, count_classes(dataset), dataset.train
    measured = form.measured(split.images)
    output.say(f"data       {dataset.name}: {len(split):,} training and {len(dataset.test):,} test pictures")
    output.say(f"source     {dataset.source}")
    output.say(f"form       {form.spelled}, read as {form.reading}")
    output.say(f"mean       {_figures(measured.mean)} of the training pictures; used: {_figures(form.mean)}")
    output.say(f"deviation  {_figures(measured.deviation)}; used: {_figures(form.deviation)}")
    counts = [row.train for row in classes]
    output.say(f"classes    {len(classes)}, of {min(counts):,} to {max(counts):,} training pictures\n")
    rows = [
        (row.name, f"{row.train:,}", f"{row.test:,}", _figures(row.mean), _figures(row.deviation)) for row in classes
    ]
    output.say(Table(columns=CLASSES, rows=rows))
    columns = max(1, min(_COLUMNS, _MOST // len(classes)))
    chosen = split.take(some_of_each(split, len(classes), columns, seed=arguments.seed)[:_MOST])
    title = f"{dataset.name}: training pictures of each class"
    sheet = plot_samples(chosen.images, chosen.labels, dataset.classes, columns=_COLUMNS, limit=_MOST, title=title)
    out = arguments.out or Path(f"classes-{file_name(dataset.name)}.png")
    sheet.save(out)
    output.say(f"\nsheet      {out}")
    output.document(
        {
            "data": dataset.name,
            "source": dataset.source,
            "notice": dataset.notice,
            "train": len(split),
            "test": len(dataset.test),
            "form": asdict(form),
            "mean": measured.mean,
            "deviation": measured.deviation,
            "classes": [asdict(row) for row in classes],
            "sheet": str(out),
        }
    )


def _figures(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.4f}" for value in values)
