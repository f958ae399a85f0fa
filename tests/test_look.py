"""The one look: contrast on light and dark pages, and figures that follow the page."""

import itertools
import re

import pytest

from tersenet._look import PALETTE, SERIES, css_variables, inline_svg


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """From 1 (the same) to 21 (black on white)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", ["ink", "faint", "good", "bad", "careful"])
def test_text_has_a_contrast_of_four_and_a_half_with_paper_and_cards(name, place):
    papers = ["paper", "card"] if name in ("ink", "faint") else ["paper", f"{name}-paper"]
    for paper in papers:
        assert contrast(PALETTE[name][place], PALETTE[paper][place]) >= 4.5


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", ["blue", "orange", "green", "vermilion", "purple", "sky"])
def test_lines_have_a_contrast_of_three_with_the_page(name, place):
    assert contrast(PALETTE[name][place], PALETTE["paper"][place]) >= 3


# How eyes without red, without green and without blue receptors see (Viénot, Brettel & Mollon 1999; Brettel 1997).
LACKING = {
    "red": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "green": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
}


@pytest.mark.parametrize("lacking", LACKING)
def test_the_first_three_colours_differ_for_colour_blind_eyes(lacking):
    def seen(colour):
        linear = [(int(colour[at : at + 2], 16) / 255) ** 2.2 for at in (1, 3, 5)]
        mixed = [sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in LACKING[lacking]]
        return [max(0.0, part) ** (1 / 2.2) for part in mixed]

    for one, other in itertools.combinations(SERIES[:3], 2):
        assert max(abs(a - b) for a, b in zip(seen(one), seen(other), strict=True)) > 0.15


def test_every_colour_has_a_variable_for_light_and_for_dark_pages():
    light, dark = css_variables().split("@media screen and (prefers-color-scheme: dark)")
    for name, (on_light, on_dark) in PALETTE.items():
        assert f"--{name}: {on_light};" in light
        assert f"--{name}: {on_dark}" in dark


def test_no_two_names_share_a_colour_so_that_a_figure_can_follow_the_page():
    assert len({shades[0] for shades in PALETTE.values()}) == len(PALETTE)


def test_the_names_inside_two_figures_do_not_meet():
    svg = (
        '<svg viewBox="0 0 9 9"><defs><path id="glyph"/><clipPath id="cut"/></defs><g id="axes_1">'
        '<g clip-path="url(#cut)"><use xlink:href="#glyph"/></g></g></svg>'
    )
    one, other = (inline_svg(svg, key=key, label="x") for key in ("one", "other"))
    assert {"one-glyph", "one-cut"} == set(re.findall(r'id="([^"]*)"', one))
    assert 'url(#other-cut)"><use xlink:href="#other-glyph"/></g></svg>' in other
