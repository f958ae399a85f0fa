"""`tersenet backprop …`: what is printed, the JSON documents, the files, the errors."""

import csv
import json
import resource
import subprocess
import sys

import pytest

from tersenet.cli.main import main

COMMANDS = ["derive", "table", "study", "surface", "workbook", "conv", "batchnorm", "exercise", "errata"]


def run(capsys, *words):
    """The status, standard output and standard error of `tersenet backprop …`."""
    try:
        status = main(["backprop", *words])
    except SystemExit as leaving:
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def document(capsys, *words):
    status, out, _ = run(capsys, *words, "--json")
    assert status == 0
    assert out.count("\n") == 1
    return json.loads(out)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_fewer_than_twenty_flags(capsys, command):
    status, out, _ = run(capsys, command, "--help")
    assert status == 0
    assert f"tersenet backprop {command}" in out
    assert "examples:" in out
    flags = [line for line in out.splitlines() if line.startswith("│ --")]
    assert len(flags) < 20


def test_the_tables_document_has_the_columns_and_row_0_before_the_first_step(capsys):
    found = document(capsys, "table", "--steps", "68", "--lr", "1")
    assert len(found["columns"]) == 31
    assert len(found["rows"]) == 69
    losses = [row[found["columns"].index("E_total")] for row in found["rows"]]
    assert round(losses[0], 9) == 0.014181378
    assert round(losses[68], 9) == 0.000184344


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "words",
    [
        ["table"],
        ["table", "--all", "--steps", "3"],
        ["table", "--step", "2"],
        ["study"],
        ["derive", "--weight", "w3"],
        ["conv"],
        ["batchnorm"],
        ["errata"],
    ],
)
def test_everything_printed_fits_the_terminal(capsys, monkeypatch, words, width):
    monkeypatch.setenv("COLUMNS", str(width))
    status, out, _ = run(capsys, *words)
    assert status == 0
    assert max(len(line.rstrip()) for line in out.splitlines()) <= width


def test_a_steps_factors_are_all_printed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run(capsys, "table", "--step", "0")
    for factor, value in [("∂E1/∂a_o1", "0.106477732"), ("∂a_o2/∂o2", "0.232974752"), ("∂h1/∂w2", "0.100000000")]:
        assert any(factor in line and value in line for line in out.splitlines())
    chains = document(capsys, "table", "--step", "5", "--steps", "2")["chains"]
    assert [one["parameter"] for one in chains] == [f"w{place}" for place in range(1, 9)]
    assert len(chains[0]["samples"][0]["paths"]) == 2


def test_the_csv_has_every_digit_of_every_step(capsys, tmp_path):
    path = tmp_path / "table.csv"
    found = document(capsys, "table", "--csv", str(path))
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["step", *found["columns"]]
    assert [[float(cell) for cell in row[1:]] for row in rows[1:]] == found["rows"]


def test_a_study_as_long_as_its_verdicts_has_one_column_of_them(capsys):
    assert main(["backprop", "study", "--lr", "1000", "--steps", "1000"]) == 0
    said = capsys.readouterr().out
    assert said.count("verdict after") == 1


def test_the_study_names_what_is_seen_at_68_and_at_1000_steps_and_writes_its_figures(capsys, tmp_path):
    found = document(capsys, "study", "--lr", "1", "1000", "--figures", str(tmp_path / "figures"))
    assert [one["verdict"] for one in found["rates"]] == ["converging fast", "saturated"]
    assert found["rates"][1]["verdict_after_long"]["verdict"] == "escaped from saturation"
    assert len(found["rates"][0]["losses"]) == 69
    assert len(list((tmp_path / "figures").glob("*.png"))) == len(found["figures"]) == 8


def test_derive_gives_text_markdown_or_html(capsys, tmp_path):
    assert "∂E_total/∂w5 = (a_o1 − t1)·a_o1·(1 − a_o1)·a_h1" in run(capsys, "derive", "--weight", "w5")[1]
    assert "$$" in run(capsys, "derive", "--weight", "w5", "--format", "markdown")[1]
    page = tmp_path / "w5.html"
    assert run(capsys, "derive", "--weight", "w5", "--format", "html", "--out", str(page))[0] == 0
    assert page.read_text().startswith("<!doctype html>")
    found = document(capsys, "derive")
    assert [one["parameter"] for one in found["derivations"]] == [f"w{place}" for place in range(1, 9)]


def test_the_other_documents_hold_their_numbers(capsys, tmp_path):
    conv = document(capsys, "conv", "--figure", str(tmp_path / "conv.png"))
    assert len(conv["touches"]["0,0"]) == 16
    assert sum(touch["contribution"] for touch in conv["touches"]["1,1"]) == pytest.approx(conv["d_kernel"][1][1])
    norm = document(capsys, "batchnorm", "--batch", "1", "2", "4", "--targets", "0", "0", "1")
    paths = zip(norm["direct"], norm["through_mean"], norm["through_variance"], strict=True)
    assert [sum(one) for one in paths] == pytest.approx(norm["d_x"])
    assert set(document(capsys, "exercise")) == {"sheet", "solution", "blanks"}
    assert len(document(capsys, "errata")["errata"]) == 23
    surface = document(capsys, "surface", "--out", str(tmp_path / "surface.png"))
    assert len(surface["path"]) == 69
    book = document(capsys, "workbook", str(tmp_path / "lab.xlsx"), "--steps", "2", "--rates", "1")
    assert book["sheets"][0] == "Network"
    assert {path.name for path in tmp_path.iterdir()} == {"conv.png", "surface.png", "lab.xlsx"}


def test_numbers_of_ones_own_come_from_flags_or_a_file(capsys, tmp_path):
    flags = [
        "--sizes",
        "2-1",
        "--weights",
        "0.5",
        "-0.25",
        "--inputs",
        "1",
        "2",
        "--targets",
        "0",
        "--activation",
        "tanh",
    ]
    by_flags = document(capsys, "table", "--steps", "2", *flags)
    path = tmp_path / "own.toml"
    path.write_text('sizes = [2, 1]\nweights = [0.5, -0.25]\ninputs = [1, 2]\ntargets = [0]\nactivation = "tanh"\n')
    assert document(capsys, "table", "--steps", "2", "--problem", str(path)) == by_flags
    one = document(capsys, "table", "--steps", "0", "--weights", "w5=0.9", "--biases", "on")
    assert one["problem"]["weights"]["w5"] == 0.9
    assert list(one["problem"]["biases"]) == ["b1", "b2", "b3", "b4"]


def test_the_exercise_goes_into_two_files(capsys, tmp_path):
    assert run(capsys, "exercise", "--seed", "7", "--out", str(tmp_path / "class"))[0] == 0
    assert {path.name for path in (tmp_path / "class").iterdir()} == {"sheet.md", "solution.md"}


def test_the_exercise_makes_no_folder_that_is_named_like_a_page(capsys, tmp_path):
    words = ("exercise", "--variants", "3", "--format", "html", "--out", str(tmp_path / "class.html"))
    status, _, said = run(capsys, *words)
    assert status == 1
    assert "--out class" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["table", "--weights", "0.1", "0.2"], "w3, w4, w5, w6, w7, w8 missing"),
        (["table", "--sizes", "2-0-2"], "at least one unit"),
        (["table", "--weights", "w1=one"], "This is not a number"),
        (["table", "--lr", "one"], "expected: a number"),
        (["table", "--lr", "-1"], "learning rate cannot be used"),
        (["study", "--lr", "1", "inf"], "learning rate cannot be used"),
        (["workbook", "lab.xlsx", "--lr", "nan"], "learning rate cannot be used"),
        (["workbook", "missing/lab.xlsx"], "cannot be written"),
        (["derive", "--weight", "w9"], "no such weight"),
        (["derive", "--weight", "w1", "--out", "missing/w1.html"], "cannot be written"),
        (["conv", "--kernel", "1 2 / 3"], "rows of different lengths"),
        (["batchnorm", "--batch", "1"], "at least two"),
        (["study", "--figures", "file"], "is a file"),
        (["table", "--every", "0"], "1 or more"),
    ],
)
def test_bad_input_is_one_clear_error_and_nothing_is_written(capsys, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("precious")
    status, out, err = run(capsys, *words, "--json")
    assert status == 1
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "precious"


def processor_seconds(code):
    """Of a Python of its own, and what it wrote on standard error."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stderr


def test_the_table_starts_fast_beside_the_libraries_it_needs_and_loads_no_torch():
    """Processors differ, so the bound is a multiple of loading numpy, tyro (with typeguard) and rich alone."""
    code = "import sys; from tersenet.cli import main; main(['backprop', 'table', '--json']);"
    code += "print(*sys.modules, file=sys.stderr)"
    libraries = "import numpy, tyro, typeguard, rich.console"
    turns = [(processor_seconds(libraries), processor_seconds(code)) for _ in range(4)]
    alone, ours = (min(seconds for seconds, _ in one) for one in zip(*turns, strict=True))
    assert ours < 1.8 * alone
    loaded = set(turns[0][1][1].splitlines()[-1].split())
    assert not loaded & {"torch", "sympy", "matplotlib", "xlsxwriter"}
    assert not any(name.startswith("tersenet.backprop.") for name in loaded if ".numbers" not in name)


def test_numbers_below_zero_are_refused_where_they_count_something(capsys):
    for words in (["exercise", "--seed", "-1"], ["table", "--steps", "-1"]):
        assert main(["backprop", *words]) == 1
        assert capsys.readouterr().err.startswith("error: ")


TABLE = """\
Network 2-2-2, sigmoid, half squared error, without biases, one sample (numbers
of the course spreadsheet).
Learning rate 1; step 0 is the start.

step         a_o1         a_o2           E1           E2      E_total
   0  0.606477732  0.630480835  0.005668754  0.008512624  0.014181378
   1  0.603329670  0.626802249  0.005338510  0.008039405  0.013377916
   2  0.600258473  0.623199235  0.005025881  0.007589026  0.012614906

26 more columns: --all or --columns NAME …; all rows: --every 1; the factors of
one step: --step K; a file: --csv FILE.
"""


def test_the_table_at_80_columns_is_the_known_one(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run(capsys, "table", "--steps", "2")
    assert "\n".join(line.rstrip() for line in out.splitlines()) + "\n" == TABLE


def test_a_descent_that_diverges_is_shown_to_the_step_where_it_does(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run(capsys, "table", "--activation", "identity", "--lr", "1000")
    assert "The descent diverges: from step 5 on" in out
    assert "nan" not in out
    assert "inf" not in out.replace("infinity", "")
    assert max(map(len, out.splitlines())) <= 80
    found = document(capsys, "table", "--activation", "identity", "--lr", "1000")
    assert found["rows"][68][-1] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "(numbers of the course spreadsheet)"),
        (["--example", "mazur"], "(numbers of Matt Mazur's page)"),
        (
            ["--sizes", "2-3-1", "--seed", "4"],
            "(weights and targets drawn with seed 4; inputs of",
        ),
        (["--targets", "0", "1"], "(your targets; weights and inputs of the course spreadsheet)"),
        (["--weights", "w5=0.9"], "(your w5; other weights, inputs and targets of the course spreadsheet)"),
        (
            ["--sizes", "1-1", "--weights", "2", "--inputs", "1", "--targets", "0"],
            "(your weights, inputs and targets)",
        ),
    ],
)
def test_the_output_says_where_its_numbers_come_from(capsys, monkeypatch, words, said):
    monkeypatch.setenv("COLUMNS", "400")
    assert said in run(capsys, "table", "--steps", "1", *words)[1]


def test_the_earlier_name_of_the_course_example_still_works(capsys):
    assert document(capsys, "table", "--example", "write-up") == document(capsys, "table", "--example", "course")
