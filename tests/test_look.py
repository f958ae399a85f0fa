"""The one look: contrast on light and dark pages, and figures that follow the page."""

import itertools
import math
import re

import pytest

from tersenet._look import PALETTE, css_variables, inline_svg


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


# How eyes without red, green or blue receptors see, in linear RGB: Machado, Oliveira & Fernandes, "A
# physiologically-based model for simulation of color vision deficiency" (2009), severity 1.
LACKING = {
    "red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LINES = ("blue", "orange", "green", "vermilion", "purple", "sky")


def seen(colour, lacking):
    """CIE L*a*b* (D65) of a colour as such eyes see it: differences below about 3 are not noticed."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True))))
        for row in LACKING[lacking]
    )
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    u, v, w = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * v - 16, 500 * (u - v), 200 * (v - w)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("lacking", LACKING)
def test_all_lines_differ_for_colour_blind_eyes_on_light_and_dark_pages(lacking, place):
    for one, other in itertools.combinations(LINES, 2):
        apart = math.dist(seen(PALETTE[one][place], lacking), seen(PALETTE[other][place], lacking))
        assert apart > (15 if {one, other} == {"orange", "vermilion"} else 10), (one, other)


def test_the_simulation_knows_the_pair_that_eyes_without_green_confuse():
    assert math.dist(seen("#c47f00", "green"), seen("#d55e00", "green")) < 4
    assert math.dist(seen("#c47f00", "blue"), seen("#d55e00", "blue")) > 20


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
