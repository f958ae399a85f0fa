"""What a run's report says, section by section: Target, Result, Analysis, and what they rest on."""

from __future__ import annotations

from tersenet.reports.blocks import Block, Heading, Notice, Tiles, Title
from tersenet.reports.finding import CURVES, LEARNING_RATE, REGULARISATION
from tersenet.reports.material import Material
from tersenet.reports.pictures import draw
from tersenet.reports.result import analysis, answers, epochs, headline, result
from tersenet.reports.sections import (
    budget_section,
    circumstances_section,
    data_section,
    missed_budget,
    network_section,
    recipe_section,
    target_section,
)


def compose(material: Material) -> list[Block]:
    """The blocks of the report. A missed budget comes before everything else."""
    pictures = {picture.key: picture for picture in draw(material)}
    experiment = material.run.experiment
    return [
        *_notices(material),
        *target_section(experiment),
        *data_section(experiment, material.dataset, material.run.environment),
        *network_section(experiment, material.summary),
        *recipe_section(experiment),
        *budget_section(material.budget),
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
    blocks: list[Block] = [*missed_budget(material.budget)]
    blocks.append(Title(f"{run.name} on {material.data}"))
    if material.dataset.notice or run.environment.get("data_notice"):
        said = run.environment.get("data_notice") or str(material.dataset.notice)
        blocks.append(Notice(text=f"Measured on {material.data}. {said}", kind="warning"))
    if not material.finished:
        done, planned = len(material.history.epochs), run.experiment.training.epochs
        said = f"This run is not finished: {done} of {planned} epochs are done."
        hint = f"Go on with `tersenet train --resume {run.name}`."
        blocks.append(Notice(text=f"{said} {hint}", kind="warning"))
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


def _circumstances(material: Material) -> list[Block]:
    run = material.run
    rates = [row.images_per_second for row in run.metrics]
    seed = [("seed", str(run.experiment.seed))]
    return circumstances_section(run.experiment, run.environment, seed, sum(rates) / len(rates))
