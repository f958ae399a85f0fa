"""What is too large, too small or not a number is one clear error, at once; a full disk leaves nothing behind."""

import contextlib
import io
import json
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tersenet._errors import TersenetError
from tersenet.backprop import (
    ACTIVATIONS,
    COURSE,
    Graph,
    Network,
    convolve,
    derive,
    descend,
    loss_surface,
    make_problem,
    normalize_batch,
    study,
    write_workbook,
)
from tersenet.backprop.symbols.chain_rule import check_formula
from tersenet.cli.main import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["table", "--sizes", "10000-10000"], "too large for the lab"),
        (["table", "--sizes", "2-" + "9" * 30], "too large for the lab"),
        (["table", "--sizes", "-".join("2" * 30)], "at most 20 layers"),
        (["table", "--sizes", "300-300", "--steps", "200"], "too large to be kept in memory"),
        (["table", "--steps", "1000000000"], "number of steps cannot be used"),
        (["table", "--lr", "1e300"], "learning rate cannot be used"),
        (["table", "--lr", "nan"], "learning rate cannot be used"),
        (["table", "--inputs", "1e308", "1"], "This number cannot be used"),
        (["table", "--weights", "w1=-inf"], "This number cannot be used"),
        (["derive", "--targets", "nan", "1", "--weight", "w1"], "This number cannot be used"),
        (["derive", "--sizes", "2-2-2-2-2-2-2-2-2-2", "--weight", "w1"], "too long to be written as one formula"),
        (["study", "--lr", *map(str, range(100))], "too many learning rates"),
        (["study", "--lr"], "needs a learning rate"),
        (["surface", "--span", "1e308"], "span cannot be used"),
        (["surface", "--span", "nan"], "span cannot be used"),
        (["surface", "--activation", "identity", "--lr", "1e9"], "cannot be used|too far|The numbers overflow"),
        (["conv", "--target", "1e308"], "This number cannot be used"),
        (["conv", "--bias", "inf"], "This number cannot be used"),
        (["conv", "--image", "1e308 1 / 1 1", "--kernel", "1", "--pool", "1"], "This number cannot be used"),
        (["batchnorm", "--batch", "1e308", "1", "--targets", "0", "1"], "This number cannot be used"),
        (["batchnorm", "--epsilon", "0"], "ε cannot be used"),
        (["exercise", "--inputs", "1e308", "1"], "This number cannot be used"),
        (["exercise", "--inputs", "1", "2", "3", "4", "--targets", "1", "0", "0", "1"], "one sample"),
        (["exercise", "--sizes", "9-9"], "too large for an exercise"),
        (["workbook", "lab.xlsx", "--rates"], "number of learning rates"),
        (["workbook", "lab.xlsx", "--sizes", "50-50"], "too large for a spreadsheet"),
        (["workbook", "lab.xlsx", "--sizes", "1-100-1"], "too large to open"),
        (["workbook", "lab.xlsx", "--steps", "5000"], "too large to open"),
        (["workbook", "lab.xlsx", "--activation", "identity", "--lr", "1e9"], "The numbers overflow"),
    ],
)
def test_what_is_out_of_bounds_is_one_clear_error_at_once(capsys, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert main(["backprop", *words, "--json"]) == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert any(part in printed.err for part in said.split("|")), printed.err
    assert not list(tmp_path.iterdir())


def test_a_workbook_on_a_full_disk_is_one_error_and_leaves_nothing(tmp_path):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
        "from tersenet.cli import main; sys.exit(main(['backprop', 'workbook', 'lab.xlsx']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: The output cannot be written.")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_bounds_leave_room_for_every_lesson(tmp_path):
    assert descend(COURSE, steps=10_000).rows.shape == (10_001, 31)
    assert np.isfinite(study(COURSE, [1e200], steps=3).rates[0].losses).all()
    assert write_workbook(tmp_path / "lab.xlsx", steps=20, rates=[1.0]).stat().st_size > 10_000
    assert len(make_problem(sizes="20-20-2").weights) == 440
    check_formula(Graph(Network(sizes=(2, 4, 4, 4, 2))), "w1")


@pytest.mark.parametrize(
    "wrong", [{"image": np.ones((40, 40))}, {"dense": [1e300] * 4}, {"kernel": [[float("inf")]]}]
)
def test_a_convolution_that_nobody_could_follow_is_an_error(wrong):
    with pytest.raises(TersenetError):
        convolve(**wrong)


def test_a_batch_that_nobody_could_follow_is_an_error():
    with pytest.raises(TersenetError, match="too large"):
        normalize_batch(np.arange(2000.0), np.zeros(2000))


def test_a_surface_is_only_as_large_as_a_figure():
    with pytest.raises(TersenetError, match="number of points"):
        loss_surface(COURSE, points=100_000)


def test_too_many_samples_are_an_error():
    with pytest.raises(TersenetError, match="too many samples"):
        derive(make_problem(sizes="1-1", inputs=[[0.1]] * 30, targets=[[0.0]] * 30), "w1")
    with pytest.raises(TersenetError, match="too many samples"):
        make_problem(sizes="1-1", inputs=[[0.1]] * 10_001, targets=[[0.0]] * 10_001)


NUMBERS = st.sampled_from(
    ["0", "0.5", "-1", "3", "1e-300", "1e5", "1e9", "-1e9", "1e10", "1e200", "1e308", "nan", "-inf", "x"]
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_any_numbers_give_a_result_or_one_error_and_never_a_traceback(data):
    command = data.draw(st.sampled_from(["table", "study", "exercise", "conv", "batchnorm"]))
    words = ["backprop", command, "--json"]
    if command in ("table", "study", "exercise"):
        words += [f"--lr={data.draw(NUMBERS)}", f"--sizes={data.draw(st.sampled_from(['2-2-2', '2-3-1', '2-1']))}"]
        words += [
            f"--seed={data.draw(st.integers(0, 9))}",
            "--activation",
            data.draw(st.sampled_from(sorted(ACTIVATIONS))),
        ]
        inputs = [word for word in data.draw(st.lists(NUMBERS, min_size=2, max_size=2)) if word[0] != "-"]
        words += ["--inputs", *inputs] if len(inputs) == 2 else []
    if command == "conv":
        words += [f"--{name}={data.draw(NUMBERS)}" for name in ("bias", "dense-bias", "target")]
    if command == "batchnorm":
        words += [f"--gamma={data.draw(NUMBERS)}", f"--epsilon={data.draw(NUMBERS)}"]
    said, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(told):
        try:
            status = main(words)
        except SystemExit as leaving:  # a word that is not a number is refused while the words are read
            status = leaving.code
    assert status in (0, 1)
    assert (status == 0) == bool(said.getvalue())
    if status == 0:
        json.loads(said.getvalue(), parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
