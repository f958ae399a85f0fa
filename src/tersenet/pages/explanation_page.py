"""One figure and one HTML page that explain a network's answer for a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tersenet._files import write_whole
from tersenet._look import FAINT, INK, one_line
from tersenet._table import Column, Table
from tersenet.figures import (
    CLASSES_SHOWN,
    DOTS_PER_INCH,
    LETTERS,
    MAPS_SHOWN,
    WIDTH,
    Drawing,
    data_title,
    draw_answer,
    draw_class_activation,
    draw_excitation,
    draw_feature_maps,
    draw_kernels,
    draw_receptive_field,
)
from tersenet.inspection import EXACT, Explanation, ObservedLayer
from tersenet.pages.blocks import Block, Heading, Notice, PageFigure, Paragraph, Tile, Tiles, Title
from tersenet.pages.writers.html import to_html

FIGURE, PAGE = "explain.png", "explain.html"
COLOURS = "Orange is positive, blue is negative; the stronger the colour, the larger the value."


@dataclass(frozen=True, kw_only=True)
class WrittenExplanation:
    """Where the figure (PNG) and the page (HTML, pictures inside) are."""

    figure: Path
    page: Path


def write_explanation(found: Explanation, folder: Path | str) -> WrittenExplanation:
    """Write `explain.png` and `explain.html` into a folder, each whole or not at all; what was there is replaced.

    Raises TersenetError where they cannot be written.
    """
    pictures = _pictures(found)
    figure = write_whole(Path(folder) / FIGURE, one_figure(found, [picture.png for picture in pictures]))
    page = to_html(_blocks(found, pictures), title=_title(found))
    return WrittenExplanation(figure=figure, page=write_whole(Path(folder) / PAGE, page))


def one_figure(found: Explanation, panel_pngs: Sequence[bytes]) -> bytes:
    """The panels in two columns as one PNG, under a title; each goes where there is more room left."""
    shown = [Image.open(io.BytesIO(png)).convert("RGB") for png in panel_pngs]
    heading = Image.open(io.BytesIO(_heading(found).png())).convert("RGB")
    gap = DOTS_PER_INCH // 6
    lefts, tops, places = (0, heading.width - shown[0].width), [heading.height, heading.height], []
    for panel in shown:
        column = tops.index(min(tops))
        places.append((lefts[column], tops[column]))
        tops[column] += panel.height + gap
    sheet = Image.new("RGB", (heading.width, max(tops)), "white")
    sheet.paste(heading, (0, 0))
    for panel, place in zip(shown, places, strict=True):
        sheet.paste(panel, place)
    held = io.BytesIO()
    sheet.save(held, format="PNG")
    return held.getvalue()


def _heading(found: Explanation) -> Drawing:
    drawing = Drawing(height=0.85, width=2 * WIDTH + 0.3, layout=None)
    drawing.text(
        0.5, 0.62, _title(found), fontsize=LETTERS + 4, fontweight="bold", color=INK, ha="center", va="center"
    )
    below = f"Trained on {data_title(found.data)}. {COLOURS}"
    drawing.text(0.5, 0.2, below, fontsize=LETTERS, color=FAINT, ha="center", va="center")
    return drawing


def _title(found: Explanation) -> str:
    return f"What {one_line(found.network, 60)} sees in {one_line(Path(found.picture).name, 40)}"


def _pictures(found: Explanation) -> list[PageFigure]:
    """The panels, numbered in the order of the page."""
    drawn = [
        ("answer", draw_answer(found), _answer_words(found)),
        ("class-activation", draw_class_activation(found), _activation_words(found)),
        (
            "receptive-field",
            draw_receptive_field(found),
            "The pixels that one unit of each layer sees, around the place with the most evidence for the guess. "
            "Layers that see no more than the one before are left out; the dashed line is the side of the picture.",
        ),
    ]
    if found.kernels:
        words = f"The weights of the first layers; each layer has its own scale. {COLOURS}"
        drawn.append(("kernels", draw_kernels(found), words))
    drawn.append(
        (
            "feature-maps",
            draw_feature_maps(found),
            f"The picture after each stage, interpolated; each stage has its own scale. {COLOURS} Of more than "
            f"{MAPS_SHOWN} maps, those with the largest values are shown.",
        )
    )
    if found.units and found.tested is not None:
        count = len(found.tested)
        drawn.append(
            (
                "excitation",
                draw_excitation(found, found.tested.labels, found.tested.images),
                "Left: this picture with the unit's largest value. Then those of the "
                f"{count:,} test images of {data_title(found.data)} that excite it most, with class and number. "
                "Green frame: what the unit sees.",
            )
        )
    return [PageFigure.of(drawing, key, number, words) for number, (key, drawing, words) in enumerate(drawn, start=1)]


def _answer_words(found: Explanation) -> str:
    given = (
        "The picture as given, and as the network sees it" if found.original is not None else "The picture as the "
    )
    read = given if found.original is not None else f"{given}network sees it"
    part = f"; the {CLASSES_SHOWN} most likely classes" if len(found.classes) > CLASSES_SHOWN else ""
    return f"{read} ({'×'.join(map(str, found.image.shape[1:]))} pixels), and its answer{part}."


def _activation_words(found: Explanation) -> str:
    activation = found.activation
    positions = "×".join(map(str, activation.maps.shape[2:]))
    made = f"From {activation.layer.name}, {positions} positions, interpolated."
    if activation.method == EXACT:
        return (
            "Orange is evidence for the class, blue against it. Exact: the mean of each map plus a bias is the "
            f"class's logit (second line under each map). {made}"
        )
    flat = " A map without colour: nothing changes that logit." if not _all_alive(found) else ""
    return (
        "Orange is evidence for the class. Grad-CAM, an approximation: no map adds up to the logit. Maps have "
        f"the mean slope of the logit as weight, and only evidence for the class is kept. {made}{flat}"
    )


def _all_alive(found: Explanation) -> bool:
    return bool(found.activation.maps[0].flatten(1).any(dim=1).all())


def _blocks(found: Explanation, pictures: Sequence[PageFigure]) -> list[Block]:
    blocks: list[Block] = [Title(_title(found))]
    if found.notice:
        blocks.append(Notice(text=f"Trained on {data_title(found.data)}. {found.notice}", kind="warning"))
    blocks += [Tiles(_tiles(found)), *pictures]
    return [*blocks, Heading("Layers"), Paragraph(_LAYER_WORDS), _layer_table(found.layers)]


_LAYER_WORDS = (
    "The output of each layer for this picture: shape, pixels that one value sees, smallest, mean and largest value, "
    "and the share of values that are exactly zero."
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


def _layer_table(layers: Sequence[ObservedLayer]) -> Table:
    rows = []
    for layer in layers:
        values, square = layer.output[0].float(), layer.square(0, 0)
        rows.append(
            (
                layer.name,
                "×".join(map(str, values.shape)),
                "×".join(map(str, square.size)) if square else "–",
                *(f"{float(figure):.3f}".replace("-", "−") for figure in (values.min(), values.mean(), values.max())),
                f"{100 * float((values == 0).float().mean()):.0f} %",
            )
        )
    head = ("output", "sees", "smallest", "mean", "largest", "zero")
    columns = [Column(title="layer", right=False), *(Column(title=title) for title in head)]
    return Table(columns=columns, rows=rows, folded=f"All {len(rows)} layers")
