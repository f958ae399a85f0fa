"""A comparison as a page: verdict, seeds, curves, evidence, and the images that changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tersenet._look import one_line
from tersenet.analysis import (
    Change,
    Comparison,
    PairComparison,
    measured_otherwise,
    p_in_words,
    pairs_table,
    sides_table,
    signed_points,
)
from tersenet.evaluation import KNOWN_WRONG_LABELS, NO_ANSWER
from tersenet.figures import (
    NAME,
    WIDTH,
    Drawing,
    data_title,
    plot_accuracy_by_parameters,
    plot_captioned,
    plot_means_by_epoch,
    plot_seeds,
)
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
from tersenet.pages.page import write_page

GALLERY = 15  # images of either kind


def write_comparison(comparison: Comparison, folder: Path) -> Path:
    """Write `comparison.md`, `comparison.html` and `figures/*.png` into a folder; return the HTML's path."""
    blocks = compose_comparison(comparison)
    return write_page(folder, "comparison", blocks, title=_title(comparison))


def compose_comparison(comparison: Comparison) -> list[Block]:
    """The blocks of the page; the caution comes first."""
    pictures = _pictures(comparison)
    two = comparison.pairs[0] if len(comparison.pairs) == 1 else None
    remark = measured_otherwise(comparison.sides)
    galleries = [pictures.pop(key) for key in ("repaired", "broken") if key in pictures]
    return [
        *_cautions(comparison),
        Title(_title(comparison)),
        *([Tiles(_tiles(two))] if two else []),
        *pictures.values(),
        *_verdicts(comparison),
        Heading("Sides"),
        sides_table(comparison),
        *([Paragraph(remark)] if remark else []),
        *(_changes(two, galleries) if two and not comparison.best else []),
    ]


def comparison_in_short(comparison: Comparison) -> list[Block]:
    """What a terminal shows of the page: the caution, the sides, the verdicts and what they rest on."""
    return [*_cautions(comparison), sides_table(comparison), *_verdicts(comparison)]


def _cautions(comparison: Comparison) -> list[Block]:
    return [Notice(text=" ".join(comparison.warnings), kind="warning")] if comparison.warnings else []


def _verdicts(comparison: Comparison) -> list[Block]:
    pairs = comparison.pairs
    rests_on = [Items([Item(text) for text in pairs[0].reasons])] if len(pairs) == 1 else _all_pairs(comparison)
    return [Heading("Verdict"), *(Paragraph(pair.verdict) for pair in pairs), *rests_on]


def _title(comparison: Comparison) -> str:
    names = [side.name for side in comparison.sides]
    data = data_title(comparison.dataset.name)
    if len(names) == 2:
        return f"{names[1]} against {names[0]} on {data}"
    return f"{len(names) - 1} against {names[0]} on {data}"


def _tiles(pair: PairComparison) -> list[Tile]:
    tiles = [Tile(f"{signed_points(pair.difference)} points", f"{pair.b.name} − {pair.a.name}")]
    if pair.interval:
        low, high = pair.interval
        tiles.append(Tile(f"{signed_points(low)} to {signed_points(high)}", "95 % interval"))
    if pair.p is not None:
        tiles.append(Tile(p_in_words(pair.p), "Welch's test" if pair.welch else "McNemar's test"))
    if pair.mcnemar:
        tiles.append(Tile(f"{pair.mcnemar.repaired:,} / {pair.mcnemar.broken:,}", "images repaired / broken"))
    return tiles


def _all_pairs(comparison: Comparison) -> list[Block]:
    return [
        pairs_table(comparison),
        Paragraph(
            f"Each is compared with {comparison.sides[0].name}. The p-values are adjusted for "
            f"{len(comparison.pairs)} comparisons (Holm); a difference is significant below 0.05."
        ),
    ]


def _pictures(comparison: Comparison) -> dict[str, PageFigure]:
    sides, data = comparison.sides, data_title(comparison.dataset.name)
    height = max(2.6, 1.0 + 0.62 * len(sides))
    what = "best" if comparison.best else "test"
    drawn: list[tuple[str, Drawing, str]] = [
        (
            "seeds",
            plot_seeds(sides, best=comparison.best, title=f"Every seed on {data}", height=height),
            f"The {what} accuracy of every seed on {data}; below the dots the mean"
            + ("." if comparison.best else " and its 95 % interval."),
        ),
        (
            "curves",
            plot_means_by_epoch(sides, title=f"By epoch on {data}", height=height),
            f"Mean accuracy on {data} by epoch; the range of the seeds is shaded.",
        ),
    ]
    if len(sides) > 2:
        drawn.append(
            (
                "parameters",
                plot_accuracy_by_parameters(sides, title=f"Accuracy and size on {data}", width=2 * WIDTH),
                f"Mean test accuracy on {data} against the number of parameters.",
            )
        )
    elif not comparison.best:
        drawn += _galleries(comparison)
    return {
        key: PageFigure.of(drawing, key, number, caption, wide=key == "parameters")
        for number, (key, drawing, caption) in enumerate(drawn, start=1)
    }


def _galleries(comparison: Comparison) -> list[tuple[str, Drawing, str]]:
    pair, dataset = comparison.pairs[0], comparison.dataset
    known = KNOWN_WRONG_LABELS.get(dataset.name, {})
    galleries = []
    for key, changes in (("repaired", pair.repaired), ("broken", pair.broken)):
        chosen = changes[:GALLERY]
        if not chosen:
            continue
        captions = [(change.index, _caption(change, pair, dataset.classes)) for change in chosen]
        if _several(pair):
            verb = "gets right more often" if key == "repaired" else "gets right less often"
        else:
            verb = "repairs" if key == "repaired" else "breaks"
        framed = any(change.index in known for change in chosen)
        galleries.append(
            (
                key,
                plot_captioned(dataset.test.images, captions, framed=known, title=f"B ({pair.b.name}) {verb}"),
                f"{len(chosen)} of {len(changes)} test images of {data_title(dataset.name)} "
                f"that {pair.b.name} (B) {verb}"
                + (f" than {pair.a.name} (A), the largest differences first." if _several(pair) else ".")
                + (" Framed: the label is known to be wrong." if framed else ""),
            )
        )
    return galleries


def _caption(change: Change, pair: PairComparison, classes: Sequence[str]) -> str:
    """True class and number, then each side's guess, or how many of its seeds are right."""
    first = f"true {one_line(classes[change.label], NAME)}, #{change.index}"
    if _several(pair):
        return f"{first}\nA {change.right_a} of {pair.a.seeds} right\nB {change.right_b} of {pair.b.seeds} right"
    guess_a, guess_b = (
        "none" if guess == NO_ANSWER else one_line(classes[guess], NAME) for guess in (change.guess_a, change.guess_b)
    )
    return f"{first}\nA: {guess_a}\nB: {guess_b}"


def _several(pair: PairComparison) -> bool:
    return max(pair.a.seeds, pair.b.seeds) > 1


def _changes(pair: PairComparison, galleries: list[PageFigure]) -> list[Block]:
    more, fewer = len(pair.repaired), len(pair.broken)
    if _several(pair):
        said = f"{pair.b.name} (B) gets {more} images right with a larger share of its seeds than {pair.a.name} (A), "
        said += f"and {fewer} with a smaller share."
    else:
        said = (
            f"{pair.b.name} (B) repairs {more} images that {pair.a.name} (A) gets wrong, and breaks {fewer} others."
        )
    return [Heading("Images that changed"), Paragraph(said), *galleries]
