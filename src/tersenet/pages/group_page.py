"""What a group's report says: the mean and every seed first, then what they rest on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean

from tersenet._look import one_line
from tersenet.analysis import Contender, seeds_table
from tersenet.data import Dataset
from tersenet.evaluation import (
    ENOUGH_SEEDS,
    KNOWN_WRONG_LABELS,
    NO_ANSWER,
    RESOLUTION,
    Spread,
    resolved_difference,
    sampling_error,
    seeds_needed,
)
from tersenet.figures import (
    NAME,
    WIDTH,
    Drawing,
    data_title,
    plot_captioned,
    plot_means_by_epoch,
    plot_network,
    plot_seeds,
)
from tersenet.networks import BudgetLine, Summary, summarize
from tersenet.pages.blocks import (
    Block,
    Heading,
    Item,
    Items,
    Notice,
    PageFigure,
    Paragraph,
    Tile,
    Tiles,
    Title,
)
from tersenet.pages.experiment_sections import (
    budget_blocks,
    budget_tiles,
    data_section,
    environment_section,
    missed_budget,
    network_section,
    recipe_section,
    target_section,
)
from tersenet.pages.run_figures import HIGHEST, LOWEST
from tersenet.runs import Group, budget_lines

GALLERY = 15  # images shown


def compose_group(group: Group, side: Contender, dataset: Dataset) -> list[Block]:
    """The blocks of a group's report. A budget that the mean missed comes before everything else."""
    lines = _budget(group, side)
    summary = summarize(side.runs[0].empty_model(), group.environment.input_size)
    pictures = _draw(group, side, dataset, summary)
    rates = [row.images_per_second for run in side.runs for row in run.metrics]
    seeds = ", ".join(str(run.experiment.seed) for run in side.runs)
    at_a_time = "one after the other" if group.processes == 1 else f"{group.processes} at a time"
    return [
        *missed_budget(lines, " by the mean"),
        Title(f"{group.name} on {data_title(dataset.name)}: {side.seeds} {_seeds(side.seeds)}"),
        *_notices(group, side, dataset),
        _tiles(side, dataset, lines),
        *pictures.first,
        *target_section(group.experiment),
        Heading("Result"),
        *budget_blocks(lines, " by the mean"),
        Paragraph(_sentence(side.spread)),
        pictures.seeds,
        seeds_table(side),
        *_without_mistakes(side, pictures),
        Heading("Analysis"),
        Items([Item(text) for text in findings(side)]),
        *network_section(group.experiment, summary, pictures.network),
        *recipe_section(group.experiment),
        *data_section(group.experiment, dataset, group.environment),
        *environment_section(group.experiment, group.environment, [("seeds", f"{seeds}; {at_a_time}")], fmean(rates)),
    ]


def _seeds(count: int) -> str:
    return "seed" if count == 1 else "seeds"


def _budget(group: Group, side: Contender) -> tuple[BudgetLine, ...]:
    result = group.result
    return budget_lines(side.runs[0], None, side.epochs) if result is None else result.budget


def _notices(group: Group, side: Contender, dataset: Dataset) -> list[Block]:
    said = []
    notice = dataset.notice or group.environment.data_notice
    if notice:
        said.append(f"Measured on {data_title(dataset.name)}. {notice}")
    if side.missing:
        hint = f"Continue it with `tersenet train --resume {group.name}`."
        said.append(f"This group is not finished: {side.seeds} of {len(group.seeds)} seeds are done. {hint}")
    if side.spread.is_indication:
        said.append(f"Fewer than {ENOUGH_SEEDS} seeds: an indication, not a claim.")
    return [Notice(text=text, kind="warning") for text in said]


def _tiles(side: Contender, dataset: Dataset, lines: tuple[BudgetLine, ...]) -> Tiles:
    found, verdicts = side.spread, budget_tiles(lines)
    limits = {name: (tile.limit, tile.met) for name, tile in verdicts.items()}
    what = f"test accuracy on {data_title(dataset.name)}, mean of last epochs"
    tiles = [Tile(f"{found.mean:.2f} %", what, *limits.get("accuracy", ()))]
    if found.deviation is not None and found.interval is not None:
        tiles.append(Tile(f"{found.deviation:.3f} points", "standard deviation between seeds"))
        low, high = found.interval
        tiles.append(Tile(f"{low:.2f}–{high:.2f} %", "95 % interval of the mean"))
    tiles += [
        Tile(f"{side.parameters:,}", "parameters", *limits.get("parameters", ())),
        Tile(str(side.epochs), "epochs", *limits.get("epochs", ())),
    ]
    if "layers" in verdicts:
        tiles.append(verdicts["layers"])
    return Tiles([*tiles, Tile(f"{side.seconds:,.1f} s", "training time per seed")])


def _sentence(found: Spread) -> str:
    if found.deviation is None or found.interval is None:
        return f"One seed is done: {found.mean:.2f} %."
    low, high = found.interval
    return (
        f"After the last epoch, over {found.count} seeds: mean {found.mean:.3f} %, standard deviation "
        f"{found.deviation:.3f} points, from {found.minimum:.2f} to {found.maximum:.2f} %; 95 % interval of the mean "
        f"{low:.3f} to {high:.3f} % (Student's t)."
    )


def findings(side: Contender) -> list[str]:
    """What the spread says: against chance among pictures, what picking the best would add, what seeds resolve."""
    found, images = side.spread, len(side.labels)
    said = []
    if found.deviation is not None:
        error = sampling_error(found.mean, images)
        said.append(
            f"Spread. The standard deviation between seeds is {found.deviation:.3f} points. The interval above is "
            f"about other seeds on these images; another {images:,} images would move the mean by about {error:.3f} "
            "points (one standard error)."
        )
        smallest = resolved_difference(max(2, found.count), found.deviation)
        wanted = seeds_needed(RESOLUTION, found.deviation) if found.deviation < 100 * RESOLUTION else None
        needed = "" if wanted is None else f" To resolve {RESOLUTION:g} points, {wanted} seeds are needed."
        said.append(
            f"Resolution. Against another group of this size and spread, a true difference of {smallest:.3f} points "
            f"would be found in 80 of 100 comparisons.{needed}"
        )
    extra = fmean(side.best_accuracies) - found.mean
    if side.kind == "test":
        said.append(
            f"Best epochs. Each seed's best epoch, picked on the test set, gives "
            f"{fmean(side.best_accuracies):.3f} %, +{extra:.3f} points. The gain is chance and supports no claim."
        )
    always, ever = int((~side.right).all(axis=0).sum()), int((~side.right).any(axis=0).sum())
    if side.seeds > 1:
        said.append(
            f"Mistakes. {always:,} images are misclassified by all {side.seeds} seeds, {ever:,} by at least one; a "
            f"seed makes {fmean((~side.right).sum(axis=1).tolist()):,.1f} mistakes on average."
        )
    return said


@dataclass(frozen=True, kw_only=True)
class _Pictures:
    first: list[PageFigure]
    seeds: PageFigure
    network: PageFigure


def _draw(group: Group, side: Contender, dataset: Dataset, summary: Summary) -> _Pictures:
    """Curves and the images misclassified most often, every seed, and the network."""
    name, data = group.name, data_title(dataset.name)
    budget = group.experiment.budget
    target = budget.accuracy if budget is not None and budget.data == dataset.name else None
    gallery = _gallery(group, side, dataset)
    height = min(float(gallery[1].get_size_inches()[1]), HIGHEST) if gallery else LOWEST
    curves = (
        "curves",
        plot_means_by_epoch([side], target=target, title=f"{name} on {data}", height=height),
        f"Mean {side.kind} accuracy on {data} by epoch; the range of the seeds is shaded.",
    )
    first = [curves, *([gallery] if gallery else [])]
    seeds = (
        "seeds",
        plot_seeds([side], target=target, title=f"Seeds: {name} on {data}", width=2 * WIDTH),
        f"The test accuracy of every seed on {data}; below the dots their mean and its 95 % interval.",
    )
    network = (
        "network",
        plot_network(summary, group.experiment.notation, title=f"Network: {name}"),
        "The network, layer by layer. Slabs are scaled by the size of the map and its channels.",
    )
    numbered = [
        PageFigure.of(drawing, key, number, caption, wide=key in ("seeds", "network"))
        for number, (key, drawing, caption) in enumerate([*first, seeds, network], start=1)
    ]
    return _Pictures(first=numbered[:-2], seeds=numbered[-2], network=numbered[-1])


def _gallery(group: Group, side: Contender, dataset: Dataset) -> tuple[str, Drawing, str] | None:
    wrong = (~side.right).sum(axis=0)
    chosen = [index for index in (-wrong).argsort(kind="stable").tolist() if wrong[index]][:GALLERY]
    if not chosen:
        return None
    data = data_title(dataset.name)
    known = KNOWN_WRONG_LABELS.get(dataset.name, {})
    framed = any(index in known for index in chosen)
    captions = [(index, _caption(side, dataset, index, int(wrong[index]))) for index in chosen]
    title = f"Misclassified most often: {group.name} on {data}"
    return (
        "mistakes",
        plot_captioned(dataset.test.images, captions, framed=known, title=title),
        f"{len(chosen)} of the {int((wrong > 0).sum()):,} test images of {data} that at least one seed "
        "misclassifies, the most frequent first: true class and number, and the most frequent wrong guess."
        + (" Framed: the label is known to be wrong." if framed else ""),
    )


def _caption(side: Contender, dataset: Dataset, index: int, wrong: int) -> str:
    guesses = Counter(guess for guess in side.guess[:, index].tolist() if guess != side.labels[index])
    guess = guesses.most_common(1)[0][0]
    read = "none" if guess == NO_ANSWER else one_line(dataset.classes[guess], NAME)
    true = one_line(dataset.classes[int(side.labels[index])], NAME)
    return f"true {true}, #{index}\nguess {read}\n{wrong} of {side.seeds} wrong"


def _without_mistakes(side: Contender, pictures: _Pictures) -> list[Block]:
    if len(pictures.first) > 1:
        return []
    return [Paragraph(f"No mistakes: every seed classified all {len(side.labels):,} test images correctly.")]
