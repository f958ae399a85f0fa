"""What a run's report says: the result first, then what it rests on."""

from __future__ import annotations

from tersenet.pages.blocks import Block, Heading, Notice, Tile, Tiles, Title
from tersenet.pages.experiment_sections import (
    budget_tiles,
    data_section,
    environment_section,
    missed_budget,
    network_section,
    recipe_section,
    target_section,
)
from tersenet.pages.run_facts import RunFacts
from tersenet.pages.run_figures import draw
from tersenet.pages.run_sections import analysis, answers, epochs, headline, result


def compose(material: RunFacts) -> list[Block]:
    """The blocks of the report. A missed budget comes before everything else."""
    pictures = draw(material)
    experiment = material.run.experiment
    return [
        *missed_budget(material.budget),
        Title(f"{material.run.name} on {material.data}"),
        *_notices(material),
        _tiles(material),
        *pictures.first,
        *target_section(experiment),
        *result(material),
        *analysis(material, pictures.by_key),
        *(answers(material, material.measures, pictures.classes) if material.measures else []),
        Heading("Training"),
        *pictures.training,
        *epochs(material),
        *network_section(experiment, material.summary, pictures.network),
        *recipe_section(experiment),
        *data_section(experiment, material.dataset, material.run.environment),
        *_environment(material),
    ]


def _notices(material: RunFacts) -> list[Block]:
    run = material.run
    blocks: list[Block] = []
    said = run.environment.data_notice or material.dataset.notice
    if said:
        blocks.append(Notice(text=f"Measured on {material.data}. {said}", kind="warning"))
    if not material.finished:
        done, planned = len(material.history.epochs), run.experiment.training.epochs
        said = f"This run is not finished: {done} of {planned} epochs are done."
        hint = f"Continue it with `tersenet train --resume {run.name}`."
        blocks.append(Notice(text=f"{said} {hint}", kind="warning"))
    return blocks


def _tiles(material: RunFacts) -> Tiles:
    """The headline and what it cost, each with the budget's verdict where the budget has a line for it."""
    verdicts = budget_tiles(material.budget)
    limits = {name: (tile.limit, tile.met) for name, tile in verdicts.items()}
    seconds = sum(row.seconds for row in material.run.metrics)
    history, measures = material.history, material.measures
    tiles = []
    if measures is not None:
        what = f"test accuracy on {material.data}, last epoch"
        tiles.append(Tile(f"{headline(material):.2f} %", what, *limits.get("accuracy", ())))
    elif history.held_out_accuracy:
        what = f"{history.held_out} accuracy on {material.data}, last epoch"
        tiles.append(Tile(f"{history.held_out_accuracy[-1]:.2f} %", what))
    tiles += [
        Tile(f"{material.summary.parameters:,}", "parameters", *limits.get("parameters", ())),
        Tile(str(len(history.epochs)), "epochs", *limits.get("epochs", ())),
    ]
    if "layers" in verdicts:
        tiles.append(verdicts["layers"])
    if measures is not None:
        mistakes = measures.images - measures.correct
        tiles.append(Tile(f"{mistakes:,}", f"mistakes in {measures.images:,} test images"))
    return Tiles([*tiles, Tile(f"{seconds:,.0f} s", "training time")])


def _environment(material: RunFacts) -> list[Block]:
    run = material.run
    rates = [row.images_per_second for row in run.metrics]
    seed = [("seed", str(run.experiment.seed))]
    return environment_section(run.experiment, run.environment, seed, sum(rates) / len(rates))
