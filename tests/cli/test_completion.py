"""`tersenet completion`: what fits a word, by the rules and in real shells."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tersenet.cli.command_list import COMMANDS
from tersenet.cli.commands.shell.completion import DATA, SCRIPTS, candidates, experiment_names, network_names
from tersenet.cli.main import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with two runs, a group of one seed, and an experiment file."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine-1", "my run-2", "both-1", "both-1/seed-0"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "experiment.toml").touch()
    Path("elsewhere", "far-1").mkdir(parents=True)
    Path("elsewhere", "far-1", "experiment.toml").touch()
    Path("assignment.toml").touch()
    program = tmp_path / "bin" / "tersenet"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tersenet "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "fitting"),
    [
        (["tr"], ["train"]),
        (["comp"], ["compare", "completion"]),
        (["nosuch", ""], []),
        (["train", "--ep"], ["--epochs"]),
        (["train", "--optimizer", "ad"], ["adam", "adamw"]),
        (["train", "--resume", "mi"], ["mine-1"]),
        (["train", "--epochs", "3", "sprint-"], ["sprint-99"]),
        (["train", "ass"], ["assignment.toml"]),
        (["evaluate", "both"], ["both-1", "both-1/seed-0"]),
        (["evaluate", "--runs-dir", "elsewhere", "fa"], ["far-1"]),
        (["compare", "mine-1", "my"], ["my run-2"]),
        (["predict", "mine-1", ""], []),
        (["networks", "stem"], ["stem-17150"]),
        (["networks", "stem-17150", ""], []),
        (["runs", ""], ["all", "best"]),
        (["backprop", "der"], ["derive"]),
        (["backprop", "derive", "--wei"], ["--weights", "--weight"]),
        (["train", "--name", ""], []),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_what_fits_a_word(here, line, fitting):
    assert sorted(candidates(line)) == sorted(fitting)


def test_every_command_has_its_options_completed():
    for command in COMMANDS:
        assert "--help" in candidates([command, "--h"]) or "--help" in candidates([command, ""])


def test_the_names_are_those_that_the_package_knows():
    from tersenet import runs
    from tersenet.data import KNOWN_SETS, is_named
    from tersenet.networks import NETWORKS

    assert network_names() == list(NETWORKS)
    assert tuple(experiment_names()) == runs.experiment_names()
    assert set(DATA) == {*KNOWN_SETS, "auto"}
    assert all(is_named(name) for name in DATA)


def test_completion_loads_no_torch(here):
    code = "from tersenet.cli.commands.shell.completion import candidates\n"
    code += "candidates(['train', '']); candidates(['evaluate', '--f'])"
    code += "\nimport sys; assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def script(shell, tmp_path, capsys):
    assert main(["completion", shell]) == 0
    file = tmp_path / f"completion.{shell}"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


def test_bash_completes_and_quotes(here, capsys):
    file = script("bash", here, capsys)
    lines = [
        f"source {file}",
        "show() { _tersenet; printf '%s\\n' \"${COMPREPLY[@]}\"; }",
        "COMP_WORDS=(tersenet evaluate m); COMP_CWORD=2; show; echo --",
        "COMP_WORDS=(tersenet evaluate 'my\\ r'); COMP_CWORD=2; show; echo --",
        "COMP_WORDS=(tersenet ''); COMP_CWORD=1; show; complete -p tersenet",
    ]
    done = subprocess.run(["bash", "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    runs, quoted, commands = done.stdout.split("--\n", 2)
    assert runs.split("\n")[:2] == ["mine-1", "'my run-2'"]
    assert quoted == "'my run-2'\n"
    assert set(COMMANDS) <= set(commands.split())
    assert "complete -o default -F _tersenet tersenet" in commands


@pytest.mark.skipif(shutil.which("zsh", path="/usr/bin:/bin") is None, reason="needs zsh")
def test_zsh_completes(here, capsys):
    file = script("zsh", here, capsys)
    lines = [
        "compdef() { }; compadd() { shift; print -l -- $@ }; _files() { print files }",
        f"source {file}",
        "words=(tersenet evaluate m); CURRENT=3; _tersenet",
        "words=(tersenet predict mine-1 ''); CURRENT=4; _tersenet",
    ]
    done = subprocess.run(["zsh", "-f", "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["mine-1", "my run-2"]
    assert done.stdout.endswith("files\n")


@pytest.mark.skipif(shutil.which("fish", path="/usr/bin:/bin") is None, reason="needs fish")
def test_fish_completes(here, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    file = script("fish", here, capsys)
    command = f"source {file}; complete -C 'tersenet evaluate mi'; complete -C 'tersenet exp'"
    done = subprocess.run(["fish", "-c", command], capture_output=True, text=True, check=True)

    assert {"mine-1", "experiments", "explain"} <= set(done.stdout.split("\n"))


def test_the_scripts_are_those_of_three_shells():
    assert set(SCRIPTS) == {"bash", "zsh", "fish"}
