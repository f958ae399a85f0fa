"""Mistakes on the command line are one error of Tersenet's own, with the nearest option."""

import textwrap

import pytest

from tersenet.cli.arguments import gathered
from tersenet.cli.command_list import COMMANDS
from tersenet.cli.main import main
from tersenet.cli.usage import flags_of, subcommands_of


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--epcohs", "3"], ["There is no such option", "--epcohs", "did you mean --epochs?"]),
        (["train", "--zzz"], ["There is no such option", "tersenet train --help lists them"]),
        (["train", "8C3", "BN", "R"], ["one argument too many", "BN R", "quotes"]),
        (["train", "sprint", "--epochs", "x"], ["cannot be read", "x\n", "a whole number", "--epochs"]),
        (["train", "sprint", "--lr", "fast"], ["cannot be read", "fast\n", "a number"]),
        (["train", "sprint", "--epochs"], ["missing its value", "--epochs N"]),
        (["train", "sprint", "--threads"], ["missing its value", "--threads"]),
        (["evaluate"], ["An argument is missing", "RUN", "tersenet evaluate --help"]),
        (["evaluate", "--figurs", "x"], ["There is no such option", "did you mean --figures?"]),
        (["runs", "bets"], ["not one of the choices", "all, best", "did you mean best?"]),
        (["backprop"], ["A subcommand is missing", "derive, table", "tersenet backprop --help explains them"]),
        (["backprop", "tabel"], ["There is no such subcommand", "tabel\n", "did you mean table?"]),
        (
            ["backprop", "derive", "w5"],
            ["argument too many", "options begin with --; tersenet backprop derive --help"],
        ),
        (["backprop", "derive", "--steps", "3"], ["no such option", "tersenet backprop derive --help lists them"]),
        (["backprop", "workbook"], ["An argument is missing", "tersenet backprop workbook --help shows examples"]),
        (["backprop", "table", "--lr", "fast"], ["cannot be read", "got:      fast\n", "a number", "--lr"]),
        (["data", "lsit"], ["There is no such subcommand", "did you mean list?"]),
        (["runs", "bets"], ["where:    all or best\n"]),
        (["backprop", "table", "--stesp", "3"], ["There is no such option", "did you mean --step or --steps?"]),
    ],
)
def test_a_usage_error_is_one_error_with_status_1(capsys, words, said):
    assert main(words) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "╭" not in captured.err
    assert all(each in captured.err for each in said), captured.err


def doc(command):
    return COMMANDS[command].load().__doc__


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_fewer_than_twenty_options(command):
    shape = COMMANDS[command].load().Arguments
    for taken in (subcommands_of(shape) or {command: shape}).values():
        assert len(set(flags_of(taken)) - {"--json", "--learning-rate"}) < 20  # every command's, and an alias


def test_set_may_be_given_more_than_once(picture_folder, tmp_path):
    from tersenet.runs import find_run

    words = ["--set", "batch_size=16", "--lr", "0.05", "--set=weight_decay=0", "--set", "averaging=0.0"]
    run = ["train", "4C5s3 BN R GAP 2Nb", "--data", f"folder:{picture_folder}", "--epochs", "1", "--no-report"]
    assert main([*run, *words, "--runs-dir", str(tmp_path)]) == 0
    recipe = find_run("net-118", tmp_path).experiment.training
    assert (recipe.batch_size, recipe.learning_rate, recipe.weight_decay, recipe.averaging) == (16, 0.05, 0, 0)


def test_without_settings_the_words_are_as_they_were():
    assert gathered(["sprint", "--epochs", "3"], {}) == ["sprint", "--epochs", "3"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_values_in_words(capsys, command):
    with pytest.raises(SystemExit) as leaving:
        main([command, "--help"])
    assert leaving.value.code == 0
    shown = capsys.readouterr().out
    assert "{None}" not in shown
    assert "default: None" not in shown
    assert "default: False" not in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal_of_80_columns(capsys, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = capsys.readouterr().out
    usage = shown.index("usage:")
    assert [line for line in shown[:usage].splitlines() if len(line) > 80] == []
    assert shown.startswith(textwrap.shorten(doc(command), 40, placeholder=""))


@pytest.mark.parametrize("words", ["backprop derive", "backprop study", "backprop errata", "backprop exercise"])
def test_help_of_a_subcommand_fits_a_terminal_of_80_columns(capsys, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as leaving:
        main([*words.split(), "--help"])
    assert leaving.value.code == 0
    about, usage, _ = capsys.readouterr().out.partition(f"usage: tersenet {words} ")
    assert usage
    assert f"  tersenet {words}" in about
    assert [line for line in about.splitlines() if len(line) > 80] == []
