"""Errors say what was got, what was expected, where, and how to fix it."""

import pytest

from tersenet._errors import TersenetError, did_you_mean, did_you_mean_file


def test_a_place_of_several_lines_keeps_its_caret_under_the_place():
    error = TersenetError("Unknown layer.", where="8C3 16Q3\n    ^^^^")
    first, second = str(error).splitlines()[1:]
    assert first.index("16Q3") == second.index("^^^^")


def test_only_what_is_known_is_said():
    assert str(TersenetError("Broken.", got=3)) == "Broken.\n  got:      3"


def test_a_far_word_has_no_neighbour():
    assert did_you_mean("zzzz", ["mnist", "kmnist"]) is None


def test_one_neighbour_is_offered_alone():
    assert did_you_mean("gap-14321", ["gap-14320", "funnel-18937"]) == "did you mean gap-14320?"


def test_a_missing_file_gets_the_nearest_of_its_kind(tmp_path):
    for name in ("seven.png", "seven.txt", "my scan.png"):
        (tmp_path / name).write_bytes(b"")
    assert did_you_mean_file(tmp_path / "sevn.png") == f"did you mean {tmp_path}/seven.png?"
    assert did_you_mean_file(tmp_path / "mi scan.png") == f"did you mean '{tmp_path}/my scan.png'?"
    assert did_you_mean_file(tmp_path / "seven.toml") is None
    assert did_you_mean_file(tmp_path / "no folder" / "seven.png") is None
    assert did_you_mean_file("a\0b.png") is None


def test_every_file_that_is_named_and_missing_gets_the_nearest(tmp_path):
    from tersenet.backprop import read_problem
    from tersenet.data import read_picture
    from tersenet.networks import find_network
    from tersenet.runs import load_experiment
    from tersenet.runs.claims.claim import read_claim

    for name in ("seven.png", "wider.toml", "model.py"):
        (tmp_path / name).write_text("x = 1\n")
    for read, name, near in (
        (read_picture, "sven.png", "seven.png"),
        (load_experiment, "wieder.toml", "wider.toml"),
        (read_problem, "wieder.toml", "wider.toml"),
        (read_claim, "wieder.toml", "wider.toml"),
        (lambda path: find_network(f"{path}:Net"), "modell.py", "model.py"),
    ):
        with pytest.raises(TersenetError, match="There is no such") as raised:
            read(tmp_path / name)
        assert raised.value.hint == f"did you mean {tmp_path / near}?"


def test_an_experiment_file_that_nothing_resembles_can_be_written(tmp_path):
    from tersenet.runs import load_experiment

    with pytest.raises(TersenetError) as raised:
        load_experiment(tmp_path / "wider.toml")
    assert raised.value.hint == "tersenet new wider writes one"
