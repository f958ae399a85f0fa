"""A table that fits: columns give way in their order and are named, words and figures stay whole."""

import io

from hypothesis import given, strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tersenet._table import Column, Table

COLUMNS = (
    Column(title="run", right=False, least=14),
    Column(title="state", right=False, leaves=1),
    Column(title="test %", means="test %: after the last epoch."),
    Column(title="best %", leaves=2, means="best %: picked."),
)
ROWS = [["a-name-of-20-letters", "finished", "99.41", "99.50"], ["short", "running", "98.00", "–"]]


def printed(table, width):
    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(table, crop=False)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_with_room_enough_every_column_is_shown_and_none_is_said_to_be_missing():
    assert printed(Table(columns=COLUMNS, rows=ROWS), 80) == [
        "run                   state     test %  best %",
        "a-name-of-20-letters  finished   99.41   99.50",
        "short                 running    98.00       –",
        "test %: after the last epoch. best %: picked.",
    ]


def test_the_least_important_column_goes_first_with_its_meaning_and_is_named():
    assert printed(Table(columns=COLUMNS, rows=ROWS), 38) == [
        "run                   state     test %",
        "a-name-of-20-letters  finished   99.41",
        "short                 running    98.00",
        "test %: after the last epoch.",
        "Not shown at width 38: best %. A wider",
        "terminal or --json has it.",
    ]


def test_names_are_shortened_to_their_ends_before_a_column_goes():
    assert printed(Table(columns=COLUMNS, rows=ROWS), 41)[:3] == [
        "run              state     test %  best %",
        "…-of-20-letters  finished   99.41   99.50",
        "short            running    98.00       –",
    ]


def test_sentences_are_broken_between_words_and_keep_them_whole():
    columns = (Column(title="set", right=False), Column(title="about", right=False, wraps=12))
    table = Table(columns=columns, rows=[["kmnist", "cursive Japanese characters"]])
    assert printed(table, 24) == [
        "set     about",
        "kmnist  cursive Japanese",
        "        characters",
    ]


def test_a_table_that_cannot_fit_is_wider_than_the_terminal_and_whole():
    columns = (Column(title="network", right=False), Column(title="parameters"))
    assert (
        printed(Table(columns=columns, rows=[["optimized-18594", "18,594"]]), 20)[1] == "optimized-18594      18,594"
    )


def test_totals_and_titles_of_two_lines_are_measured_too():
    columns = (
        Column(title="layer", right=False, total="sum"),
        Column(title="receptive\nfield", total="1,234,567,890"),
    )
    assert printed(Table(columns=columns, rows=[["Conv2d", "3"]]), 40) == [
        "            receptive",
        "layer           field",
        "Conv2d              3",
        "sum     1,234,567,890",
    ]


def test_text_of_others_is_escaped_before_it_is_measured_and_stays_on_its_line():
    columns = (Column(title="class", right=False), Column(title="recall"))
    rows = [["a\x1b[31m\nb", "1"], [Text("猫", style="bold"), "2"]]
    assert printed(Table(columns=columns, rows=rows), 40) == [
        "class" + 9 * " " + "recall",
        r"a\x1b[31m\nb" + 7 * " " + "1",
        "猫" + 17 * " " + "2",
    ]


words = st.text(alphabet="abcdefgh", min_size=1, max_size=9)


@given(
    st.integers(40, 120),
    st.lists(st.tuples(words, words, words, st.lists(words, min_size=1, max_size=6)), min_size=1, max_size=4),
)
def test_at_any_width_rows_fit_words_are_whole_and_every_column_is_shown_or_named(width, content):
    columns = (
        Column(title="first", right=False),
        Column(title="second", leaves=2),
        Column(title="third", leaves=1),
        Column(title="fourth", right=False, wraps=12, leaves=3),
    )
    rows = [[*cells, " ".join(sentence)] for *cells, sentence in content]
    lines = printed(Table(columns=columns, rows=rows), width)
    assert max(map(cell_len, lines)) <= width
    table, _, note = "\n".join(lines).partition("Not shown at")
    known = {word for row in rows for cell in row for word in cell.split()} | {column.title for column in columns}
    assert set(table.split()) <= known
    for column in columns:
        assert (column.title in lines[0]) != (column.title in note)
