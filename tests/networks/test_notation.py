"""The notation: what each form means, that a tree prints itself back, and that a mistake is pointed at."""

import re
import time

import pytest
from hypothesis import assume, given, settings, strategies as st

from tersenet._errors import TersenetError
from tersenet.networks import LAYER_KINDS, Notation, parse
from tersenet.networks.layers.activations.gelu import GELU
from tersenet.networks.layers.activations.leaky_relu import LeakyReLU
from tersenet.networks.layers.activations.relu import ReLU
from tersenet.networks.layers.activations.silu import SiLU
from tersenet.networks.layers.activations.tanh import Tanh
from tersenet.networks.layers.convolution import Convolution
from tersenet.networks.layers.dense import Dense
from tersenet.networks.layers.depthwise import Depthwise
from tersenet.networks.layers.drop import MapDropout, ValueDropout
from tersenet.networks.layers.global_pooling import GlobalAverage, GlobalMaximum
from tersenet.networks.layers.normalisations.batch import BatchNorm
from tersenet.networks.layers.pooling import AveragePooling, MaxPooling
from tersenet.networks.tree import MAX_DEPTH, Branch, BranchJoin, BranchSum, Repeat, Residual, Shared


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("16C3", Convolution(channels=16, kernel=3)),
        ("16C3p1s2d2g4b", Convolution(channels=16, kernel=3, padding=1, stride=2, dilation=2, groups=4, bias=True)),
        ("16C3bg4d2s2p1", Convolution(channels=16, kernel=3, padding=1, stride=2, dilation=2, groups=4, bias=True)),
        ("DW3", Depthwise(kernel=3)),
        ("dw5bp2s2d3", Depthwise(kernel=5, padding=2, stride=2, dilation=3, bias=True)),
        ("BN", BatchNorm()),
        ("R", ReLU()),
        ("silu", SiLU()),
        ("GELU", GELU()),
        ("t", Tanh()),
        ("LR.1", LeakyReLU(0.1)),
        ("lr0.01", LeakyReLU(0.01)),
        ("D.05", ValueDropout(0.05)),
        ("D0", ValueDropout(0.0)),
        ("dd.25", MapDropout(0.25)),
        ("MP2", MaxPooling(kernel=2, stride=2)),
        ("AP3s2p1", AveragePooling(kernel=3, stride=2, padding=1)),
        ("GAP", GlobalAverage()),
        ("gmp", GlobalMaximum()),
        ("10N", Dense(10)),
        ("10NB", Dense(10, bias=True)),
        ("(R BN)x3", Repeat((ReLU(), BatchNorm()), 3)),
        ("(R)*3", Shared((ReLU(),), 3)),
        ("[ R ]", Residual((ReLU(),))),
        ("[R + T BN]", BranchSum((Branch((ReLU(),)), Branch((Tanh(), BatchNorm()))))),
        ("[R&T-&-BN]", BranchJoin((Branch((ReLU(),)), Branch((Tanh(),)), Branch((BatchNorm(),))))),
        ("[R +]", BranchSum((Branch((ReLU(),)), Branch(())))),
        ("[& R & T]", BranchJoin((Branch(()), Branch((ReLU(),)), Branch((Tanh(),))))),
        (
            "[[R + T] & R]",
            BranchJoin((Branch((BranchSum((Branch((ReLU(),)), Branch((Tanh(),)))),)), Branch((ReLU(),)))),
        ),
    ],
)
def test_each_form_is_its_layer(text, layer):
    assert parse(text) == Notation((layer,))


@pytest.mark.parametrize("text", ["8C3 BN R", "8c3-bn-r", "8C3|BN|R", " 8C3 - bn |\n R\t", "--8C3||BN R-"])
def test_blanks_dashes_and_bars_separate_and_case_is_free(text):
    assert str(parse(text)) == "8C3 BN R"


def test_the_notation_of_papers_is_read():
    assert str(parse("20C4-MP2-40C5-MP3-150N-10N")) == "20C4 MP2 40C5 MP3 150N 10N"


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("16C3 MB2", "MB2", "did you mean MP2?"),
        ("16C3 16K3 R", "16K3", "did you mean 16C3?"),
        ("8C3 BM", "BM", "did you mean BN"),
        ("8C3 ReLU", "ReLU", "did you mean R?"),
        ("C3 R", "C3", "need the number of channels in front"),
        ("16C R", "16C", "need the kernel after them"),
        ("8C3q1", "q1", "no such option"),
        ("8C3p", "p", "An option is one letter and its number"),
        ("8C3p1s2p2", "p2", "twice"),
        ("10Ns2", "s2", "no such option"),
        ("BN2", "BN2", "take no number after"),
        ("2BN", "2BN", "take no number in front"),
        ("8C3 D R", "D", "need a number after"),
        ("8C3 D1 R", "D1", "[0, 1)"),
        ("8C3 D1.5 R", "D1.5", "[0, 1)"),
        ("8C3 LR R", "LR", "need a number after"),
        ("0C3", "0C3", "out of range"),
        ("8C3 MP2p2", "MP2p2", "half its kernel"),
        ("(8C3", "(", "never closed"),
        ("8C3)", ")", "closes nothing"),
        ("(8C3]x2", "]", "closes nothing"),
        ("(8C3) R", ")", "needs a count"),
        ("(8C3)y2 R", "y2", "needs a count"),
        ("(8C3)x0", "(8C3)x0", "out of range"),
        ("()x2", "()x2", "no layer"),
        ("R(8C3)x2", "(", "separator is missing"),
        ("[8C3]x2", "x", "separator is missing"),
        ("8C3 + 8C3", "+", "square brackets around the branches"),
        ("(8C3 & 8C3)x2", "&", "square brackets around the branches"),
        ("[R + R & R]", "&", "either added or joined"),
        ("R [ + ] R", "[ + ]", "More than one branch has no layers"),
        ("[R & & ] R", "[R & & ]", "More than one branch has no layers"),
        ("[8C3 + 8Q3] R", "8Q3", "no such layer"),
        ("R [R + R", "[", "never closed"),
    ],
)
def test_a_mistake_is_pointed_at_and_said(text, place, says):
    with pytest.raises(TersenetError) as caught:
        parse(text)
    line, carets = caught.value.where.split("\n")
    start, end = carets.index("^"), len(carets)
    assert line[start:end] == place
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "   ", "-|-"])
def test_an_empty_notation_is_an_error(text):
    with pytest.raises(TersenetError, match="no layer"):
        parse(text)


def test_the_caret_of_a_long_notation_stays_within_a_screen():
    with pytest.raises(TersenetError) as caught:
        parse("16C3 BN R " * 40 + "17Q3 " + "16C3 BN R " * 40)
    line, carets = caught.value.where.split("\n")
    assert max(len(line), len(carets)) <= 70
    assert line[carets.index("^") : len(carets)] == "17Q3"


@pytest.mark.parametrize(
    "text",
    [
        "(R)x1000000000",
        "((R)x999)x999",
        "(" * 100_000,
        "[" * MAX_DEPTH + "R" + "]" * MAX_DEPTH,
        "[R + " * 100_000,
        "[" + "R + " * 60_000 + "R]",
        "[" + "&" * 90_000 + "]",
        "9" * 90_000 + "C3",
        "16C" + "9" * 90_000,
        "D." + "1" * 90_000,
        "A" * 90_000 + "!",
        "16C3" + "p1" * 40_000,
        "R " * 60_000,
        "1000001C3",
        "8C1001",
        "8C3p9999999999",
    ],
)
def test_the_gigantic_is_an_error_in_bounded_time(text):
    start = time.perf_counter()
    with pytest.raises(TersenetError) as caught:
        parse(text)
    assert time.perf_counter() - start < 2
    assert len(caught.value.where) < 200 if caught.value.where else True


sizes = st.integers(1, 9)


def layers_of(kind):
    """Any layer of a kind whose numbers fit together, made from what the kind says of its fields."""

    def values(how):
        if how.switch:
            return st.booleans()
        if how.decimal:
            few = st.sampled_from([0.0, 0.05, 0.1, 1e-7, 5e-324])
            return few | st.floats(how.low, how.high, exclude_max=how.below)
        return st.integers(how.low, 9) | st.integers(how.low, how.high)

    def made(fields):
        try:
            return kind(**fields)
        except TersenetError:
            return None

    return st.fixed_dictionaries({name: values(how) for name, how in kind.written().items()}).map(made).filter(bool)


simple = st.one_of([layers_of(kind) for kind in LAYER_KINDS.values()])


def within_bounds(kind):
    """Makes a block, or tells hypothesis that this one would have too many layers."""

    def made(*given):
        try:
            return kind(*given)
        except TersenetError as error:
            assume("too many layers" not in str(error))
            raise

    return made


def block_of(layers):
    inside = st.lists(layers, min_size=1, max_size=4).map(tuple)
    residual, repeat, shared, added, joined = map(within_bounds, (Residual, Repeat, Shared, BranchSum, BranchJoin))
    branch = inside.map(within_bounds(Branch))
    branches = st.lists(branch, min_size=2, max_size=3) | st.lists(branch, min_size=1, max_size=2).flatmap(
        lambda some: st.permutations([Branch(()), *some])
    )
    return st.one_of(
        st.builds(residual, inside),
        st.builds(repeat, inside, st.integers(1, 4)),
        st.builds(shared, inside, sizes),
        st.builds(added, branches.map(tuple)),
        st.builds(joined, branches.map(tuple)),
    )


chains = st.lists(st.recursive(simple, block_of, max_leaves=12), min_size=1, max_size=8).map(tuple)
trees = chains.map(within_bounds(Notation))


@given(trees)
@settings(max_examples=100, deadline=None)
def test_whatever_tree_prints_itself_back(tree):
    assert parse(str(tree)) == tree


@given(trees, st.data())
@settings(max_examples=30, deadline=None)
def test_case_and_separators_change_nothing(tree, data):
    text = str(tree)
    changed = "".join(data.draw(st.sampled_from([" ", "-", "|", " - "])) if sign == " " else sign for sign in text)
    assert parse(changed.swapcase()) == tree


@given(st.text(alphabet="0123456789ABCDEGHILMNPRSTUWpsdgbx*()[]+&-|. \n€", max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_tree_or_an_error_with_its_place(text):
    try:
        tree = parse(text)
    except TersenetError as error:
        tree, place = None, error.where
    assert parse(str(tree)) == tree if tree else re.search(r"\n *\^+$", place)
