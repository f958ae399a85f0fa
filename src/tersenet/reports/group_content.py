"""What a group's report says: Target, Result with every seed, Analysis of the spread, and what they rest on."""

from __future__ import annotations

from collections import Counter
from statistics import fmean

from tersenet.data import Dataset
from tersenet.evaluation import (
    ENOUGH_SEEDS,
    KNOWN_WRONG_LABELS,
    NO_ANSWER,
    Spread,
    resolved_difference,
    sampling_error,
    seeds_needed,
)
from tersenet.networks import BudgetLine, summarize
from tersenet.reports.blocks import Block, Heading, Item, Items, Notice, Paragraph, Picture, Table, Tiles, Title
from tersenet.reports.gallery import plot_captioned
from tersenet.reports.sections import (
    budget_section,
    circumstances_section,
    data_section,
    missed_budget,
    network_section,
    recipe_section,
    target_section,
)
from tersenet.reports.side import Side
from tersenet.reports.side_figures import plot_means_by_epoch, plot_seeds
from tersenet.reports.style import data_title
from tersenet.runs import Group, budget_lines

GALLERY = 20  # pictures shown
RESOLUTION = 0.05  # points that seeds are reckoned for


def compose_group(group: Group, side: Side, dataset: Dataset) -> list[Block]:
    """The blocks of a group's report. A budget that the mean missed comes before everything else."""
    lines = _budget(group, side)
    pictures = _pictures(group, side, dataset)
    summary = summarize(side.runs[0].empty_model(), tuple(group.environment["input_size"]))
    rates = [row.images_per_second for run in side.runs for row in run.metrics]
    seeds = ", ".join(str(run.experiment.seed) for run in side.runs)
    at_a_time = "one after the other" if group.processes == 1 else f"{group.processes} at a time"
    return [
        *missed_budget(lines, " by the mean"),
        Title(f"{group.name} on {data_title(dataset.name)}: {side.seeds} seeds"),
        *_notices(group, side, dataset),
        _tiles(side, dataset, lines),
        *target_section(group.experiment),
        *data_section(group.experiment, dataset, group.environment),
        *network_section(group.experiment, summary),
        *recipe_section(group.experiment),
        *budget_section(lines),
        Heading("Result"),
        Paragraph(_sentence(side.spread)),
        seeds_table(side),
        *pictures[:2],
        Heading("Mistakes"),
        *_mistakes(side, pictures),
        Heading("Analysis"),
        Paragraph("By stated rules, from the figures; how to read them is told in the page on statistics."),
        Items([Item(text) for text in findings(side)]),
        *circumstances_section(
            group.experiment, group.environment, [("seeds", f"{seeds}; {at_a_time}")], fmean(rates)
        ),
    ]


def _budget(group: Group, side: Side) -> tuple[BudgetLine, ...]:
    result = group.result
    if result is not None:
        return tuple(BudgetLine(**line) for line in result["budget"])
    return budget_lines(side.runs[0], None, side.epochs)


def _notices(group: Group, side: Side, dataset: Dataset) -> list[Block]:
    said = []
    notice = dataset.notice or group.environment.get("data_notice")
    if notice:
        said.append(f"Measured on {data_title(dataset.name)}. {notice}")
    if side.missing:
        hint = f"Go on with `tersenet train --resume {group.name}`."
        said.append(f"This group is not finished: {side.seeds} of {len(group.seeds)} seeds are done. {hint}")
    if side.spread.is_indication:
        said.append(f"Fewer than {ENOUGH_SEEDS} seeds: an indication, not a claim.")
    return [Notice(text=text, kind="warning") for text in said]


def _tiles(side: Side, dataset: Dataset, lines: tuple[BudgetLine, ...]) -> Tiles:
    found = side.spread
    tiles = [(f"{found.mean:.2f} %", f"test accuracy on {data_title(dataset.name)}, mean of last epochs")]
    if found.deviation is not None and found.interval is not None:
        tiles.append((f"± {found.deviation:.3f}", "points, standard deviation between seeds"))
        tiles.append((f"{found.interval[0]:.2f} to {found.interval[1]:.2f}", "percent, 95 % interval of the mean"))
    tiles += [
        (f"{side.parameters:,}", "parameters"),
        (str(side.epochs), "epochs"),
        (f"{side.seconds:,.1f} s", "of training a seed"),
    ]
    if lines:
        tiles.append((f"{sum(line.met is True for line in lines)} of {len(lines)}", "budget lines met"))
    return Tiles(tiles)


def _sentence(found: Spread) -> str:
    if found.deviation is None or found.interval is None:
        return f"One seed is done: {found.mean:.2f} %."
    low, high = found.interval
    return (
        f"After the last epoch, over {found.count} seeds: mean {found.mean:.3f} %, standard deviation "
        f"{found.deviation:.3f} points, from {found.minimum:.2f} to {found.maximum:.2f} %; 95 % interval of the mean "
        f"{low:.3f} to {high:.3f} % (Student's t)."
    )


def seeds_table(side: Side) -> Table:
    """A row a seed, and the means below."""
    validated = side.validation_accuracies
    head = ["seed", "test %", "test loss", "training %", "best epoch %, picked", "epochs", "seconds"]
    if validated is not None:
        head.insert(3, "validation %")
    rows = []
    for place, (run, accuracy, best) in enumerate(zip(side.runs, side.accuracies, side.best_accuracies, strict=True)):
        result = side.results[place]
        row = [
            str(run.experiment.seed),
            f"{accuracy:.2f}",
            f"{result['test_loss']:.4f}",
            f"{result['train_accuracy']:.2f}",
            f"{best:.2f} ({result['best_epoch']})",
            str(result["epochs"]),
            f"{result['seconds']:.1f}",
        ]
        if validated is not None:
            row.insert(3, f"{validated[place]:.2f}")
        rows.append(row)
    mean = [
        "mean",
        f"{side.spread.mean:.3f}",
        f"{fmean(result['test_loss'] for result in side.results):.4f}",
        f"{fmean(result['train_accuracy'] for result in side.results):.2f}",
        f"{fmean(side.best_accuracies):.3f}",
        "",
        f"{side.seconds:.1f}",
    ]
    if validated is not None:
        mean.insert(3, f"{fmean(validated):.3f}")
    return Table(head=head, rows=[*rows, mean], right=head)


def findings(side: Side) -> list[str]:
    """What the spread says: against chance among pictures, what picking the best would add, what seeds resolve."""
    found, images = side.spread, len(side.labels)
    said = []
    if found.deviation is not None:
        error = sampling_error(found.mean, images)
        said.append(
            f"Spread. The deviation between seeds is {found.deviation:.3f} points. Another {images:,} pictures would "
            f"move the mean by about {error:.3f} points (one standard error), which is not in the interval above: "
            "that is about other seeds on these pictures."
        )
        smallest = resolved_difference(max(2, found.count), found.deviation)
        wanted = seeds_needed(RESOLUTION, found.deviation) if found.deviation < 100 * RESOLUTION else None
        needed = "" if wanted is None else f" {RESOLUTION:g} points would take {wanted}."
        said.append(
            f"Resolution. Against another group as large and as spread, a true difference of {smallest:.3f} points "
            f"would be found in 80 of 100 comparisons.{needed}"
        )
    extra = fmean(side.best_accuracies) - found.mean
    if side.kind == "test":
        said.append(
            f"Best epochs. Each seed's best epoch, picked on the test set, would show "
            f"{fmean(side.best_accuracies):.3f} %, {extra:+.3f} points: that is chance picked, and claims nothing."
        )
    always, ever = int((~side.right).all(axis=0).sum()), int((~side.right).any(axis=0).sum())
    if side.seeds > 1:
        said.append(
            f"Mistakes. {always} pictures are read wrongly by all {side.seeds} seeds, {ever} by one or more; a seed "
            f"has {fmean((~side.right).sum(axis=1).tolist()):.1f} on average."
        )
    return said


def _pictures(group: Group, side: Side, dataset: Dataset) -> list[Picture]:
    """Seeds, curves, and the pictures misread most often where there are any."""
    name, data = group.name, data_title(dataset.name)
    budget = group.experiment.budget
    target = budget.accuracy if budget is not None and budget.data == dataset.name else None
    drawn = [
        (
            "seeds",
            plot_seeds([side], target=target, title=f"Seeds: {name} on {data}"),
            f"The test accuracy of every seed on {data}; below the dots their mean and its 95 % interval.",
        ),
        (
            "curves",
            plot_means_by_epoch([side], target=target, title=f"{name} on {data}"),
            f"Mean {side.kind} accuracy on {data} by epoch; the span of the seeds is shaded.",
        ),
    ]
    wrong = (~side.right).sum(axis=0)
    chosen = [index for index in (-wrong).argsort(kind="stable").tolist() if wrong[index]][:GALLERY]
    if chosen:
        known = KNOWN_WRONG_LABELS.get(dataset.name, {})
        framed = any(index in known for index in chosen)
        captions = [(index, _caption(side, dataset, index, int(wrong[index]))) for index in chosen]
        drawn.append(
            (
                "mistakes",
                plot_captioned(
                    dataset.test.images, captions, framed=known, title=f"Misread most often: {name} on {data}"
                ),
                f"{len(chosen)} of the {int((wrong > 0).sum())} test pictures of {data} that one seed or more reads "
                "wrongly, those misread most often first: true label and number, and the most frequent wrong guess."
                + (" Framed: the label is known to be wrong." if framed else ""),
            )
        )
    return [
        Picture(key=key, number=number, caption=caption, png=drawing.png())
        for number, (key, drawing, caption) in enumerate(drawn, start=1)
    ]


def _caption(side: Side, dataset: Dataset, index: int, wrong: int) -> str:
    guesses = Counter(guess for guess in side.guess[:, index].tolist() if guess != side.labels[index])
    guess = guesses.most_common(1)[0][0]
    read = "none" if guess == NO_ANSWER else dataset.classes[guess]
    return f"true {dataset.classes[int(side.labels[index])]}, #{index}\nguess {read}\n{wrong} of {side.seeds} wrong"


def _mistakes(side: Side, pictures: list[Picture]) -> list[Block]:
    if len(pictures) > 2:
        return [pictures[2]]
    return [Paragraph(f"There is none: every seed read all {len(side.labels):,} test pictures rightly.")]
