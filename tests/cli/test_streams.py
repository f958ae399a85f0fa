"""Any text on any stream: other encodings, closed streams, terminals of no width, and nothing that steers them."""

import io
import json
import os
import subprocess
import sys

import pytest

from tersenet._readable import readable
from tersenet.cli.main import main
from tersenet.cli.output import Output
from tersenet.cli.streams import plain, ready_streams

NETWORK = "8C3 BN R GAP 10Nb"
SEVERAL = """\
import sys
from tersenet.cli.main import main

for words in (["--help"], ["summary", sys.argv[1]], ["backprop", "derive"], ["summary", "--help"]):
    assert main(words) == 0
"""


def tersenet(*words, redirect="", **environment):
    command = f'"{sys.executable}" -m tersenet "$@" {redirect}'
    return subprocess.run(
        ["sh", "-c", command, "sh", *words], capture_output=True, env={**os.environ, **environment}, check=False
    )


def status(words):
    try:
        return main(list(words))
    except SystemExit as leaving:  # help ends so
        return leaving.code


@pytest.fixture
def encoded(monkeypatch):
    """Standard output and error of an encoding, as PYTHONIOENCODING makes them; calling it gives both as bytes."""

    def run(encoding, *commands):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in "oe")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            assert [status(words) for words in commands] == [0] * len(commands)
            out.flush()
            err.flush()
        return out.buffer.getvalue(), err.buffer.getvalue()

    return run


def shows_everything(output, encoding):
    shown = output.decode(encoding)
    assert "?" not in shown
    assert "\\u" not in shown
    return all(
        text in shown
        for text in ("usage: tersenet COMMAND", "Conv2d", "E_total = E1 + E2", "usage: tersenet summary")
    )


def test_help_tables_and_formulas_are_printed_in_ascii():
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, NETWORK],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert shows_everything(done.stdout, "ascii")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_help_tables_and_formulas_are_printed_in_any_encoding(encoding, encoded):
    words = (["--help"], ["summary", NETWORK], ["backprop", "derive"], ["summary", "--help"])
    shown, complaints = encoded(encoding, *words)
    assert complaints == b""
    assert shows_everything(shown, encoding)


def test_json_holds_the_same_in_any_encoding(encoded):
    plain_ascii, utf8 = (
        encoded(encoding, ["networks", "--json"])[0].decode(encoding) for encoding in ("ascii", "utf-8")
    )
    assert json.loads(plain_ascii) == json.loads(utf8)


@pytest.mark.parametrize("columns", ["0", "1", "-5", "²", "many", "9" * 30])
def test_a_width_that_cannot_be_is_ignored(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["summary", NETWORK]) == 0
    shown = capsys.readouterr()
    assert ("Conv2d" in shown.out, shown.err) == (True, "")


def test_with_standard_error_closed_an_error_does_not_go_to_standard_output():
    done = tersenet("trian", redirect="2>&-")
    assert (done.returncode, done.stdout) == (1, b"")


def test_with_standard_output_closed_the_error_is_still_said():
    done = tersenet("trian", redirect=">&-")
    assert (done.returncode, b"no such command" in done.stderr) == (1, True)


def test_a_notebooks_backend_of_figures_is_not_the_command_lines(tmp_path):
    backend = "module://matplotlib_inline.backend_inline"
    out = tmp_path / "surface.png"
    done = tersenet("backprop", "surface", "--out", str(out), MPLBACKEND=backend)
    assert (done.returncode, done.stderr, out.is_file()) == (0, b"", True)


def test_a_pipe_whose_reader_went_away_ends_quietly():
    done = tersenet("backprop", "table", "--steps", "20000", redirect="| head -1")
    assert done.stderr == b""


def test_what_would_steer_a_terminal_is_shown_as_an_escape(capsys):
    with ready_streams():
        output = Output(json=False)
        output.say("a\x1b[31mb\x9b1mc\x00\u202ed")
        from rich.table import Table

        table = Table("name")
        table.add_row("x\x1b]0;title\x07y")
        output.say(table)
        output.say("caf\udce9 :cat: [bold]")
    shown = capsys.readouterr().out
    assert "\\x1b[31mb\\x9b1mc\\x00\\u202ed" in shown
    assert "x\\x1b]0;title\\x07y" in shown
    assert "caf\\xe9 :cat: [bold]" in shown


def test_an_error_escapes_what_it_quotes(capsys):
    assert main(["tr\x1b[31main\udce9"]) == 1
    assert "got:      tr\\x1b[31main\\xe9" in capsys.readouterr().err


def test_json_escapes_what_would_steer_a_terminal(capsys):
    output = Output(json=True)
    output.document({"name": "a\x1b\x9b\udce9\u2028é"})
    output.print_document()
    shown = capsys.readouterr().out
    assert shown == '{"name": "a\\u001b\\u009b\\udce9\\u2028é"}\n'


def test_a_command_that_fails_leaves_standard_output_empty_with_json(capsys):
    output = Output(json=True)
    output.document({"half": 1})
    assert capsys.readouterr().out == ""


def test_every_letter_of_ours_has_a_plain_form():
    for character in "×±–—…·→←↓★≤≥≠≈∞√∂σηαβ²₁½é│─█⣿":
        assert plain(character).isascii()
        assert "\\" not in plain(character)
    assert readable("plain\ttext\n") == "plain\ttext\n"
