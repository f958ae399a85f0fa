"""One figure and one HTML page of what a network makes of a picture."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tersenet._files import write_whole
from tersenet.inspection import Explanation, Layer
from tersenet.inspection.class_activation import EXACT
from tersenet.reports import inside_panels as panels
from tersenet.reports.blocks import Block, Heading, Notice, Paragraph, Picture, Table, Tile, Tiles, Title
from tersenet.reports.html import to_html
from tersenet.reports.style import DOTS_PER_INCH, FAINT, INK, LETTERS, WIDTH, Drawing, data_title

FIGURE, PAGE = "explain.png", "explain.html"
COLOURS = "Orange is positive, blue is negative, white is zero."


@dataclass(frozen=True, kw_only=True)
class Written:
    """Where the figure (PNG) and the page (HTML, pictures inside) are."""

    figure: Path
    page: Path


def write_explanation(found: Explanation, folder: Path | str) -> Written:
    """Write `explain.png` and `explain.html` into a folder, each whole or not at all; what was there is replaced.

    Raises TersenetError where they cannot be written.
    """
    pictures = _pictures(found)
    figure = write_whole(Path(folder) / FIGURE, one_figure(found, [picture.png for picture in pictures]))
    page = to_html(_blocks(found, pictures), title=_title(found))
    return Written(figure=figure, page=write_whole(Path(folder) / PAGE, page))


def one_figure(found: Explanation, panel_pngs: Sequence[bytes]) -> bytes:
    """The panels side by side in two columns as one PNG, under a title."""
    shown = [Image.open(io.BytesIO(png)).convert("RGB") for png in panel_pngs]
    left, right = _columns([image.height for image in shown])
    heading = Image.open(io.BytesIO(_heading(found).png())).convert("RGB")
    gap = DOTS_PER_INCH // 6
    tall = max(sum(shown[place].height + gap for place in column) for column in (left, right))
    sheet = Image.new("RGB", (heading.width, heading.height + tall), "white")
    sheet.paste(heading, (0, 0))
    for column, x in ((left, 0), (right, heading.width - shown[0].width)):
        y = heading.height
        for place in column:
            sheet.paste(shown[place], (x, y))
            y += shown[place].height + gap
    held = io.BytesIO()
    sheet.save(held, format="PNG")
    return held.getvalue()


def _columns(heights: Sequence[int]) -> tuple[list[int], list[int]]:
    """Which panels stand left and which right, in their order, so that the taller column is as short as can be.

    >>> _columns([2, 3, 3, 5])
    ([0, 3], [1, 2])
    """
    places = range(len(heights))
    choices = itertools.chain.from_iterable(
        itertools.combinations(places, size) for size in range(1, len(heights) + 1)
    )
    fitting = (set(chosen) for chosen in choices if 0 in chosen)
    best = min(
        fitting,
        key=lambda chosen: max(
            sum(heights[at] for at in chosen), sum(heights[at] for at in places if at not in chosen)
        ),
    )
    return sorted(best), [place for place in places if place not in best]


def _heading(found: Explanation) -> Drawing:
    drawing = Drawing(height=0.85, width=2 * WIDTH + 0.3, layout=None)
    drawing.text(
        0.5, 0.62, _title(found), fontsize=LETTERS + 4, fontweight="bold", color=INK, ha="center", va="center"
    )
    below = f"trained on {data_title(found.data)}. {COLOURS}"
    drawing.text(0.5, 0.2, below, fontsize=LETTERS, color=FAINT, ha="center", va="center")
    return drawing


def _title(found: Explanation) -> str:
    picture = Path(found.picture).name
    kept = picture if len(picture) <= 40 else f"{picture[:37]}…"
    return f"What {found.network} sees in {kept}"


def _pictures(found: Explanation) -> list[Picture]:
    """The panels, numbered in the order of the page."""
    drawn = [
        ("answer", panels.draw_answer(found), _answer_words(found)),
        ("class-activation", panels.draw_class_activation(found), _activation_words(found)),
        (
            "receptive-field",
            panels.draw_receptive_field(found),
            "The pixels that one unit of each layer sees, around the place that speaks most for the guess. Layers "
            "that see no more than the one before are left out; the dashed line is the picture's side.",
        ),
    ]
    if found.kernels:
        words = f"The weights as the network holds them, each layer on a scale of its own. {COLOURS}"
        drawn.append(("kernels", panels.draw_kernels(found), words))
    drawn.append(
        (
            "feature-maps",
            panels.draw_feature_maps(found),
            f"What is left of the picture after each stage; each stage has a scale of its own. {COLOURS} Where a "
            f"stage has more than {panels.MAPS_SHOWN} maps, those with the largest values are shown.",
        )
    )
    if found.units and found.tested is not None:
        count = len(found.tested)
        drawn.append(
            (
                "excitation",
                panels.draw_excitation(found, found.tested.labels, found.tested.images),
                "Left the explained picture with the unit's largest value, then those of the "
                f"{count:,} test pictures of {data_title(found.data)} that excite the unit most, with label and "
                "number. The frame is what the unit sees there; its colour is that of the label.",
            )
        )
    return [
        Picture(key=key, number=number, caption=words, png=drawing.png())
        for number, (key, drawing, words) in enumerate(drawn, start=1)
    ]


def _answer_words(found: Explanation) -> str:
    read = f"The picture as the network sees it, {'×'.join(map(str, found.image.shape))}, and its answer"
    part = len(found.classes) > panels.CLASSES_SHOWN
    return read + (f": the {panels.CLASSES_SHOWN} most likely classes." if part else ".")


def _activation_words(found: Explanation) -> str:
    activation = found.activation
    made = f"Made from {activation.layer.name}, {'×'.join(map(str, activation.maps.shape[2:]))} positions."
    if activation.method == EXACT:
        return (
            "Exact: after this layer the network only adds and multiplies by constants, so that the mean of each map "
            "plus a bias is the class's logit, as the second line under each map says. Orange speaks for the class, "
            f"blue against it. {made}"
        )
    flat = " A map without colour: nothing changes that logit." if not _all_alive(found) else ""
    return (
        "Grad-CAM, an approximation: after this layer the network is not affine, so that no map adds up to the "
        f"logit. Maps are weighted by the mean slope of the logit, and only what speaks for the class is kept. "
        f"{made}{flat}"
    )


def _all_alive(found: Explanation) -> bool:
    return bool(found.activation.maps[0].flatten(1).any(dim=1).all())


def _blocks(found: Explanation, pictures: Sequence[Picture]) -> list[Block]:
    by_key = {picture.key: picture for picture in pictures}
    sections = (
        ("What it reads, and where each class looks", ("answer", "class-activation")),
        ("How far it sees, and what it looks for", ("receptive-field", "kernels")),
        ("What becomes of the picture, and what excites a unit", ("feature-maps", "excitation")),
    )
    blocks: list[Block] = [Title(_title(found))]
    if found.notice:
        blocks.append(Notice(text=f"Trained on {data_title(found.data)}. {found.notice}", kind="warning"))
    blocks.append(Tiles(_tiles(found)))
    for heading, keys in sections:
        shown = [by_key[key] for key in keys if key in by_key]
        blocks += [Heading(heading), *shown]
    return [*blocks, Heading("Every layer"), Paragraph(_LAYER_WORDS), _layer_table(found.layers)]


_LAYER_WORDS = (
    "What each layer gives for this picture: the shape, what one position sees, the smallest, mean and largest "
    "value, and how many values are exactly zero."
)


def _tiles(found: Explanation) -> list[Tile]:
    guess = found.guess
    tiles = [
        Tile(found.classes[guess], "classified as"),
        Tile(f"{100 * found.probabilities[guess]:.2f} %", "its probability"),
        Tile(f"{found.logits[guess]:.2f}", "its logit"),
        Tile(found.activation.method, "class activation maps"),
    ]
    if found.label is not None:
        wrong = found.read_by_people
        said = "its label" if wrong is None else f"its label, known to be wrong: people see {found.classes[wrong]}"
        tiles.insert(1, Tile(found.classes[found.label], said))
    return tiles


def _layer_table(layers: Sequence[Layer]) -> Table:
    rows = []
    for layer in layers:
        values, square = layer.output[0].float(), layer.square(0, 0)
        rows.append(
            (
                layer.name,
                "×".join(map(str, values.shape)),
                "×".join(map(str, square.size)) if square else "–",
                *(f"{float(figure):.3f}" for figure in (values.min(), values.mean(), values.max())),
                f"{100 * float((values == 0).float().mean()):.0f} %",
            )
        )
    head = ("layer", "output", "sees", "smallest", "mean", "largest", "zero")
    return Table(head=head, rows=rows, right=head[1:], folded=f"All {len(rows)} layers")
