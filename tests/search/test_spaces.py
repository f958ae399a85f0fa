"""Spaces: what a line with braces stands for, that it prints itself back, and that a mistake is pointed at."""

import itertools
import random
from contextlib import suppress

import pytest
from hypothesis import assume, given, settings, strategies as st

from tersenet import TersenetError
from tersenet.networks import parse
from tersenet.search import is_space, parse_space

WORDS = st.sampled_from(["8C3p1", "BN", "R", "MP2", "D.1", "[8C3p1 R]", "(R BN)x2", "GAP", "[R + T]"])


@st.composite
def ranges(draw):
    """A range, and the numbers in it."""
    low, step, many = draw(st.integers(1, 30)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    high = low + step * (many - 1)
    return f"{{{low}..{high}{f'/{step}' if step > 1 else ''}}}", [str(n) for n in range(low, high + 1, step)]


def sequences(inner):
    """Several elements one after another: the texts of each, in the order of a product."""
    return st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: (
            " ".join(text for text, _ in parts),
            [" ".join(each) for each in itertools.product(*(networks for _, networks in parts))],
        )
    )


def widths(found):
    return f"{found[0]}C3p1", [f"{number}C3p1" for number in found[1]]


@st.composite
def alternatives(draw, inner):
    options = draw(st.lists(sequences(inner), min_size=2, max_size=3, unique_by=lambda option: option[0]))
    return "{" + "|".join(text for text, _ in options) + "}", [each for _, networks in options for each in networks]


@st.composite
def counted(draw, inner):
    text, networks = draw(sequences(inner))
    low, many = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    found = []
    for times in range(low, low + many):
        found += [f"({each})x{times}" if each.strip() else "" for each in networks] if times else [""]
    return f"({text})x{{{low}..{low + many - 1}}}", found


ELEMENTS = st.recursive(
    WORDS.map(lambda word: (word, [word])) | ranges().map(widths),
    lambda inner: alternatives(inner) | counted(inner),
    max_leaves=6,
)


def same_network(text):
    """A line as it is printed; an empty one has no tree."""
    return str(parse(text)) if text.strip() else ""


@settings(max_examples=60, deadline=None)
@given(sequences(ELEMENTS), st.randoms(use_true_random=False))
def test_a_space_holds_the_networks_of_its_product_and_no_other(case, source):
    text, networks = case
    assume(len(networks) <= 500)
    assume(all(each.strip() for each in networks))  # a line without a layer is not a network
    space = parse_space(text)
    assert space.count == len(networks)
    assert parse_space(str(space)) == space
    assert str(parse_space(str(space))) == str(space)
    made = [space.network(point) for point in space.points()]
    # The order of the text: the first choice varies slowest.
    assert made == [same_network(each) for each in networks]
    drawn = space.draw(source)
    assert space.network(drawn) in made
    assert space.repaired(drawn) == drawn
    assert space.settle(lambda choice: drawn[choice.key]) == drawn


def test_the_space_of_the_documentation():
    text = "{4..12}C3p1 BN R {MP2|AP2|MP2s1} {w=8..24/4}C3 BN R ({w}C3p1 BN R)x{0..2} GAP 10Nb"
    space = parse_space(text)
    expected = [
        f"{first}C3p1 BN R {pool} {w}C3 BN R {f'({w}C3p1 BN R)x{times}' if times else ''} GAP 10Nb"
        for first, pool, w, times in itertools.product(
            range(4, 13), ("MP2", "AP2", "MP2s1"), range(8, 25, 4), range(3)
        )
    ]
    assert space.count == len(expected) == 405
    assert {space.network(point) for point in space.points()} == {str(parse(each)) for each in expected}
    assert str(space) == text


def test_every_network_is_reached_by_drawing():
    space = parse_space("{4..6}C3 {MP2|AP2|} (8C3p1)x{0..1}")
    source = random.Random(0)
    assert len({space.network(space.draw(source)) for _ in range(400)}) == space.count == 18


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("{4 .. 12 / 4}C3 - BN | R", "{4..12/4}C3 BN R"),
        ("8C3 { MP2 | AP2-R | }", "8C3 {MP2|AP2 R|}"),
        ("( 8C3 )x{ n = 1..3 } {n}C1", "( 8C3 )x{n=1..3} {n}C1"),
        ("{p=MP2|AP2} 8C3 {p}", "{p=MP2|AP2} 8C3 {p}"),
        ("{w=4..8}C3 {{w}C3p1|R}", "{w=4..8}C3 {{w}C3p1|R}"),
        ("MP{2|3} D{.05|.1}", "MP{2|3} D{.05|.1}"),
        ("8C3 BN", "8C3 BN"),
    ],
)
def test_a_space_is_printed_in_one_way(text, printed):
    assert str(parse_space(text)) == printed
    assert parse_space(printed) == parse_space(text)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("{12..4}C3 BN", "12..4", "upside down"),
        ("8C3 {4..}C3", "4..", "cannot be read"),
        ("{4..12/5}C3", "4..12/5", "does not lead"),
        ("{1..9999999999}C3", "1..9999999999", "too large"),
        ("8C3 {R", "{", "never closed"),
        ("8C3 R}", "}", "closes nothing"),
        ("(8C3", "(", "never closed"),
        ("8C3)", ")", "closes nothing"),
        ("{v}C3", "v", "No choice before this"),
        ("({w=4..8}C3)x{0..1} {w}C3", "w", "not known here"),
        ("{{w=4..8}C3|R} {w}C3", "w", "not known here"),
        ("{w=4..8}C3 {w=2..3}C3", "w", "Two choices have one name"),
        ("{MP2|MP2}", "MP2", "the same"),
        ("8C3 {MP2 R}", "{MP2 R}", "nothing to choose"),
        ("(8C3)x{R|BN}", "{R|BN}", "whole number"),
        ("8C3 {MP2|MB2} R", "MB2", "no such layer"),
        ("{4..8}C3q1 BN", "q1", "no such option"),
        ("{0..2}C3 BN", "{0..2}C3", "out of range"),
        ("{n=0..2} (8C3p1 {R|T})x{n}", "{n}", "needs a range"),
        ("{(R|BN) T|R}", "|", "opened before this"),
        ("{4..8}C3 [", "[", "never closed"),
    ],
)
def test_a_mistake_is_pointed_at(text, place, says):
    with pytest.raises(TersenetError) as raised:
        parse_space(text)
    error = raised.value
    assert says in str(error)
    line, carets, *_ = str(error.where).split("\n")
    start, end = carets.index("^"), len(carets)
    assert line[start:end] == place


def test_long_and_deep_spaces_are_refused():
    for text, says in (
        ("R " * 6_000 + "{R|T}", "too long"),
        ("{R|T} " * 201, "too many choices"),
        ("{R|" * 30 + "R" + "}" * 30, "nested too deeply"),
    ):
        with pytest.raises(TersenetError, match=says):
            parse_space(text)


@given(st.text("{}()[]|x*0..9/=wCR MP+&-", max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused_with_one_error(text):
    with suppress(TersenetError):
        space = parse_space(text)
        assert parse_space(str(space)) == space


def test_choices_have_names_that_people_know():
    space = parse_space("{4..12}C{3|5}p1 {w=8..9}C3 ({w}C3p1 BN R)x{0..2} {MP2|AP2}")
    words = ["{4..12}C{3|5}p1 (#1)", "{4..12}C{3|5}p1 (#2)", "w", "({w}C3p1 BN R)x{0..2}", "{MP2|AP2}"]
    assert list(space.labels.values()) == words


def test_braces_make_a_space():
    assert is_space("{4..12}C3")
    assert is_space("8C3 }")
    assert not is_space("8C3 [R + T] (R)x3")
