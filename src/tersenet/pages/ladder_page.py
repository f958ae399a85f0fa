"""The ladder as a page: the table, the curves, the front, and what each step shows."""

from __future__ import annotations

from pathlib import Path

from tersenet._table import Column, Table
from tersenet.analysis import (
    PUBLIC_RECORDS,
    SEEDS,
    Ladder,
    analyse_step,
    caution,
    difference_in_words,
    ladder_table,
    result_of,
    warnings_of,
)
from tersenet.figures import data_title, plot_ladder_curves, plot_ladder_front
from tersenet.pages.blocks import Block, Code, Heading, Item, Items, Notice, PageFigure, Paragraph, Title
from tersenet.pages.page import write_page


def write_ladder(ladder: Ladder, folder: Path) -> Path:
    """Write `ladder.md`, `ladder.html` and `figures/*.png` into a folder; return the HTML's path."""
    return write_page(folder, "ladder", compose_ladder(ladder), title=_title(ladder))


def compose_ladder(ladder: Ladder) -> list[Block]:
    """The blocks of the page; what is missing comes before everything else."""
    steps = ladder.steps
    return [
        *(Notice(text=text, kind="warning") for text in warnings_of(ladder)),
        Title(_title(ladder)),
        ladder_table(ladder),
        Paragraph(caution(ladder)),
        *ladder_pictures(ladder),
        *(
            block
            for step, before in zip(steps, [None, *steps], strict=False)
            for block in (
                Heading(step.label),
                Paragraph(step.experiment.target),
                Paragraph(result_of(step)),
                Items([Item(text) for text in analyse_step(step, before)]),
            )
        ),
        Heading("Public records"),
        records_table(),
    ]


def ladder_in_short(ladder: Ladder) -> list[Block]:
    """What a terminal shows of the page: a row for each step, what it changed, and what is still to be trained."""
    commands = "\n".join(command for each in ladder.missing for command in each.commands)
    still = f"Not yet trained with {SEEDS} seeds. What is missing:"
    to_train: list[Block] = [Notice(text=still, kind="warning"), Code(commands)]
    steps = zip(ladder.steps, [None, *ladder.steps], strict=False)
    changes = (f"{step.label}: {said}" for step, before in steps for said in difference_in_words(step, before))
    return [
        ladder_table(ladder),
        Items([Item(text) for text in changes]),
        Paragraph(caution(ladder)),
        *(to_train if commands else []),
        *(Notice(text=text, kind="warning") for text in ladder.otherwise),
    ]


def ladder_pictures(ladder: Ladder) -> list[PageFigure]:
    """The curves and the front. The public records are for MNIST: on other data only the steps are drawn."""
    data = data_title(ladder.data)
    target = ladder.steps[-1].target
    others = ladder.data == "mnist"
    curves = plot_ladder_curves(ladder.steps, target=target, title=f"The ladder by epoch on {data}")
    front = plot_ladder_front(
        ladder.steps, target=target, others=others, title=f"The ladder: accuracy and size on {data}"
    )
    beside = (
        " Also shown are the course networks and the best public results, as reported. Most of these are best test "
        "epochs, picked on the images they were measured on; the ladder's are last epochs."
        if others
        else ""
    )
    return [
        PageFigure.of(
            curves, "ladder-curves", 1, f"Test accuracy on {data} by epoch, the mean of each step's seeds."
        ),
        PageFigure.of(
            front,
            "ladder-front",
            2,
            f"Test accuracy on {data} after the last epoch against the number of parameters; the line leads "
            f"from step to step.{beside}",
        ),
    ]


def records_table() -> Table:
    """The public records in the figure, and how they were measured."""
    columns = (
        Column(title="accuracy %"),
        Column(title="parameters"),
        *(Column(title=title, right=False, wraps=12) for title in ("what", "how", "where")),
    )
    rows = [
        [f"{record.accuracy:.2f}", f"{record.parameters:,}", record.name, record.how, record.where]
        for record in PUBLIC_RECORDS
    ]
    return Table(columns=columns, rows=rows)


def _title(ladder: Ladder) -> str:
    return f"The ladder on {data_title(ladder.data)}"
