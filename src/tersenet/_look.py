"""One look for reports, lab, documentation and notebooks: palette, type, CSS variables, figure style. No torch here.

The colours of lines and marks are those of M. Okabe and K. Ito, "Color Universal Design" (2008), which colour-blind
eyes tell apart, made a little darker for a light page and lighter for a dark one: each has a contrast of 3 : 1 or
more with its page, text one of 4.5 : 1 or more (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any, Final

from tersenet._errors import TersenetError
from tersenet._files import written_whole

PALETTE: Final[dict[str, tuple[str, str]]] = {
    "paper": ("#ffffff", "#15181b"),
    "ink": ("#1d2125", "#e6e8ea"),
    "faint": ("#5a6169", "#a2a9b0"),
    "line": ("#dcdfe2", "#3a4047"),
    "card": ("#f3f4f2", "#1f2429"),
    "blue": ("#0072b2", "#4aa8e0"),
    "orange": ("#c47f00", "#f0b23a"),
    "green": ("#008f68", "#2cc295"),
    "vermilion": ("#b93a00", "#f87040"),
    "purple": ("#b5568c", "#e29ac4"),
    "sky": ("#2f8fc4", "#7cc8f2"),
    "good": ("#00694c", "#4fd6a9"),
    "bad": ("#a83a00", "#ffab7d"),
    "careful": ("#7a5600", "#ffd877"),
    "good-paper": ("#e3f4ee", "#10302a"),
    "bad-paper": ("#fdeee6", "#3a1d0f"),
    "careful-paper": ("#fff3d1", "#362b0d"),
}
"""Name: colour on a light page, colour on a dark one. The names are those of the CSS variables."""

PAPER, INK, FAINT, LINE, CARD = (PALETTE[name][0] for name in ("paper", "ink", "faint", "line", "card"))
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = SERIES = tuple(
    PALETTE[name][0] for name in ("blue", "orange", "green", "vermilion", "purple", "sky")
)
"""Colours of series, in the order of use. Where two lines meet, their dashes or markers differ as well."""

KINDS: Final = (".png", ".svg", ".pdf")
"""Kinds of figure files."""

TYPE: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
MONOSPACE: Final = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'

FIGURE_STYLE: Final[Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that a figure looks the same everywhere
    "font.size": 10.0,
    "text.color": INK,
    "text.parse_math": False,  # a class called `$x$` is written so
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,  # never "+1e2" in a corner
    "axes.formatter.use_mathtext": False,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "svg.fonttype": "path",
}
"""Settings for `matplotlib.rc_context`."""


def printable(text: str) -> str:
    r"""A text that anything can show: control characters, lone surrogates and marks that turn the line are replaced.

    Names come from folders and files, which may hold any bytes. Line breaks and tabs stay.

    >>> printable("two\nlines"), printable("bell \x07, not UTF-8 \udcff")
    ('two\nlines', 'bell \ufffd, not UTF-8 \ufffd')
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str, most: int) -> str:
    """A text on one line of at most `most` letters; what is too long loses its middle.

    >>> one_line("a very\\nlong name", 9), one_line("short", 9)
    ('a ve…name', 'short')
    """
    line = " ".join(printable(text).split())
    if len(line) <= most:
        return line
    end = (most - 1) // 2
    return f"{line[: most - 1 - end]}…{line[len(line) - end :]}"


def css_variables() -> str:
    """The palette as CSS variables that follow the reader's light or dark page; print is always light.

    >>> "--blue: #0072b2" in css_variables()
    True
    """
    light, dark = ("; ".join(f"--{name}: {shades[place]}" for name, shades in PALETTE.items()) for place in (0, 1))
    return (
        f":root {{ color-scheme: light dark; {light}; --type: {TYPE}; --monospace: {MONOSPACE} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def save_figure(figure: Any, path: Path | str, *, dpi: int = 150) -> Path:
    """Write a matplotlib figure whole; the ending of the name (.png, .svg or .pdf) gives its kind.

    Raises `TersenetError` for another ending, or where the path cannot be written.
    """
    from matplotlib import rc_context

    if Path(path).suffix.lower() not in KINDS:
        raise TersenetError("The figure's name does not say what kind it is.", got=path, expected=" or ".join(KINDS))
    with rc_context(FIGURE_STYLE), written_whole(path) as temporary:
        figure.savefig(temporary, dpi=dpi, facecolor=PAPER)
    return Path(path)


def inline_svg(svg: str, *, key: str, label: str) -> str:
    """A figure's SVG for an HTML page that has `css_variables`: its colours follow the page, its size the column.

    Its own width is the variable `--width`, which a style sheet may bound it by. `key` is unique in the page, so that
    the names inside one figure cannot meet those of another; `label` is what a screen reader says.

    >>> page = inline_svg('<?xml version="1.0"?><svg width="72pt" height="36pt" viewBox="0 0 72 36"><g id="a">'
    ...                   '<path style="fill: #0072b2"/></g></svg>', key="curves", label="Loss by epoch")
    >>> page.partition('style="stroke')[0]
    '<svg viewBox="0 0 72 36" role="img" aria-label="Loss by epoch" '
    >>> page.partition("butt")[2]
    '; --width: 96px"><path style="fill: var(--blue)"/></svg>'
    """
    body = svg[svg.index("<svg") :]
    # The style sheet of a file would hold for the whole page.
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r">\s+<", "><", body).replace("<defs></defs>", "")
    head, _, inside = body.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    inside = re.sub(r'(?:\bid="|url\(#|href="#)', lambda found: f"{found[0]}{key}-", inside)
    inside = re.sub(r'<g id="[^"]*">', "<g>", inside)
    inside = _without_idle_groups(inside)
    inside = re.sub(r"#[0-9a-f]{6}\b", lambda found: _VARIABLES.get(found[0], found[0]), inside)
    namespace = ' xmlns:xlink="http://www.w3.org/1999/xlink"' if "xlink:" in inside else ""
    lines = "stroke-linejoin: round; stroke-linecap: butt"
    if box:
        lines += f"; --width: {float(box[0].split()[2]) * 96 / 72:.0f}px"
    return f'<svg {box[0] if box else ""}{namespace} role="img" aria-label="{escape(label)}" style="{lines}">{inside}'


_VARIABLES = {shades[0]: f"var(--{name})" for name, shades in PALETTE.items()}


def _without_idle_groups(inside: str) -> str:
    """Groups that say nothing are left out, with the ends that belong to them."""
    parts, open_groups = [], []
    for part in re.split(r"(<g\b[^>]*>|</g>)", inside):
        if part.startswith("<g") and part.endswith("/>"):
            continue
        if part.startswith("<g"):
            open_groups.append(part != "<g>")
        keep = open_groups.pop() if part == "</g>" else part != "<g>"
        if keep:
            parts.append(part)
    return "".join(parts)
