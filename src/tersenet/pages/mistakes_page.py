"""The mistakes of a run as files: one PNG each, and a page that shows them all with what is known of each."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image
from torch import Tensor

from tersenet._files import write_whole
from tersenet._look import printable
from tersenet.data import Dataset
from tersenet.evaluation import NO_ANSWER, Mistake, known_wrong_label
from tersenet.figures import data_title
from tersenet.pages.writers.html import whole_page

MOST = 1000  # mistakes that are written, the most confident first; nobody looks at more

_STYLE = """
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 14px; padding: 0; }
.mistakes figure { background: var(--card); border-radius: 8px; padding: 8px; break-inside: avoid; }
.mistakes img { width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }
.mistakes figcaption { font-size: .86rem; }
.mistakes b { color: var(--ink); }
.mistakes .wrong-label { color: var(--careful); font-weight: 600; }
"""

_BODY = """\
<h1>{title}</h1>
<p>{summary}</p>
<div class="mistakes">
{figures}
</div>"""


def write_mistakes(mistakes: Sequence[Mistake], dataset: Dataset, folder: Path, *, network: str) -> Path:
    """Write each misclassified test picture as a PNG file, and a page that shows them; return the page's path.

    A file is named by its index in the test set, its label and the class it was given, `00947-label-8-as-9.png`. At
    most `MOST` are written, the most confident mistakes first; the page says how many there are. Raises TersenetError
    where they cannot be written.
    """
    shown = mistakes[:MOST]
    figures = []
    for mistake in shown:
        name = _file_name(mistake, dataset.classes)
        write_whole(folder / name, _png(dataset.test.images[mistake.index]))
        figures.append(_figure(mistake, dataset, name))
    title = printable(f"Mistakes of {network} on the test set of {data_title(dataset.name)}")
    summary = f"{len(mistakes):,} of {len(dataset.test):,} test pictures are misclassified"
    first = f"; the {len(shown):,} most confident mistakes are shown." if len(shown) < len(mistakes) else "."
    body = _BODY.format(
        title=escape(title),
        summary=escape(summary + first) + (" The most confident mistakes come first." if mistakes else ""),
        figures="\n".join(figures),
    )
    page = whole_page(body, title=title, style=_STYLE, images="'self' file:")
    return write_whole(folder / "index.html", page)


def _figure(mistake: Mistake, dataset: Dataset, name: str) -> str:
    label, guess = (escape(printable(_class(number, dataset.classes))) for number in (mistake.label, mistake.guess))
    sure = "no probability" if math.isnan(mistake.probability) else f"{100 * mistake.probability:.1f} %"
    wrong = known_wrong_label(dataset.name, mistake.index, mistake.label)
    known = f'<br><span class="wrong-label">label wrong: {dataset.classes[wrong.read]}</span>' if wrong else ""
    return (
        f'<figure><a href="{name}"><img src="{name}" alt="test picture {mistake.index}" loading="lazy"></a>'
        f"<figcaption><b>label {label}</b><br>classified as <b>{guess}</b><br>{sure}, no. {mistake.index}{known}"
        "</figcaption></figure>"
    )


def _class(number: int, classes: Sequence[str]) -> str:
    return "nothing" if number == NO_ANSWER else classes[number]


def _file_name(mistake: Mistake, classes: Sequence[str]) -> str:
    """A name of letters, digits and hyphens, whatever the classes are called.

    >>> _file_name(Mistake(index=947, label=0, guess=1, probability=0.9), ("T-shirt", "ankle boot"))
    '00947-label-T-shirt-as-ankle-boot.png'
    """
    label, guess = (
        re.sub(r"[^A-Za-z0-9]+", "-", _class(number, classes)).strip("-")[:40] or f"class-{number}"
        for number in (mistake.label, mistake.guess)
    )
    return f"{mistake.index:05}-label-{label}-as-{guess}.png"


def _png(image: Tensor) -> bytes:
    """A picture `[C, H, W]` as a PNG file."""
    held = io.BytesIO()
    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
    Image.fromarray(pixels.numpy()).save(held, format="PNG")
    return held.getvalue()
