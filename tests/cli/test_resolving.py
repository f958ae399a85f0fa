"""Every command that takes a network, an experiment or a run takes the same words for it."""

import json
from pathlib import Path

import pytest

from tersenet.cli.main import main

NET = "4C5s3 BN R GAP 2Nb"


@pytest.fixture(scope="module")
def place(picture_folder, tmp_path_factory):
    """A folder with an experiment file, a run and a group of it, and a folder that is called like the run."""
    folder = tmp_path_factory.mktemp("words")
    text = f'name = "assignment"\nnetwork = "{NET}"\ndata = "folder:{picture_folder}"\n'
    (folder / "assignment.toml").write_text(f"{text}[training]\nepochs = 1\n", encoding="utf-8")
    words = [str(folder / "assignment.toml"), "--no-report", "--runs-dir", str(folder / "runs")]
    assert main(["train", *words]) == 0
    assert main(["train", *words, "--seeds", "2", "--name", "both"]) == 0
    for hiding in ("assignment-1", "assignment", "both-1"):
        (folder / hiding).mkdir()
        (folder / hiding / "notes.txt").write_text("not a run", encoding="utf-8")
    return folder


def one(place, monkeypatch, capsys, *words):
    """The JSON document of a command that ends well."""
    monkeypatch.chdir(place)
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


RUN_WORDS = ["assignment.toml", "assignment", "assignment-1", "runs/assignment-1", "both-1/seed-1", NET]


@pytest.mark.parametrize("word", RUN_WORDS)
def test_evaluate_takes_it(place, monkeypatch, capsys, word):
    found = one(place, monkeypatch, capsys, "evaluate", word)
    assert found["run"] == {"both-1/seed-1": "both-1/seed-1", NET: "both-1"}.get(word, "assignment-1")


@pytest.mark.parametrize("word", [*RUN_WORDS, "both-1"])
def test_summary_takes_it(place, monkeypatch, capsys, word):
    more = ["--classes", "2"] if word == NET else []
    assert one(place, monkeypatch, capsys, "summary", word, *more)["parameters"] == 118


@pytest.mark.parametrize("word", ["assignment.toml", "assignment-1", "both-1/seed-0"])
def test_doctor_takes_it(place, monkeypatch, capsys, word):
    kind = one(place, monkeypatch, capsys, "doctor", word)["kind"]
    assert kind == ("network" if word == "assignment.toml" else "run")
    assert one(place, monkeypatch, capsys, "doctor", word, "--network")["kind"] == "network"


@pytest.mark.parametrize("word", ["assignment.toml", "assignment-1", "both-1"])
def test_compare_and_report_and_claim_take_it(place, monkeypatch, capsys, word):
    one(place, monkeypatch, capsys, "compare", word, "both-1/seed-1")
    one(place, monkeypatch, capsys, "report", word)
    assert main(["claim", word]) == 1
    assert "could not be verified by others" in capsys.readouterr().err  # the pictures are nobody else's


@pytest.mark.parametrize("word", ["assignment.toml", "assignment-1", "both-1/seed-0"])
def test_train_and_new_take_it(place, monkeypatch, capsys, tmp_path, word):
    where = ["--runs-dir", "runs"]
    one(place, monkeypatch, capsys, "new", str(tmp_path / "copy"), "--from", word, *where)
    words = [NET, "--data", f"folder:{pictures(place)}", "--init", word, "--epochs", "1", "--no-report"]
    found = one(place, monkeypatch, capsys, "train", *words, "--name", "warm", *where)
    assert found["epochs"] == 1
    again = one(place, monkeypatch, capsys, "train", word, "--name", "again", "--no-report", *where)
    assert again["parameters"] == 118


def pictures(place):
    text = Path(place, "assignment.toml").read_text(encoding="utf-8")
    return text.split("folder:")[1].split('"')[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", ""], "The name is empty"),
        (["train", "--resume", ""], "The name is empty"),
        (["train", "--init", ""], "The name is empty"),
        (["evaluate", " "], "The name is empty"),
        (["summary", "missing/model"], "no such file or folder"),
        (["summary", "assignment-77"], "There is no such run"),
        (["explain", "both-1", "--index", "0"], "both-1/seed-0"),
        (["train", "--resume", "assignment-1", "--lr", "1"], "resumed run keeps its settings"),
        (["train", "sprint", "--lr-find", "--seeds", "3"], "no effect"),
        (["train", "sprint", "--lr-find", "--open"], "no effect"),
        (["train", "sprint", "--open", "--no-report"], "no report to open"),
        (["train", "sprint", "--lr", "0.1", "--set", "learning_rate=0.2"], "given twice"),
        (["train", "sprint", "--set", "epochs=3"], "budget.epochs or training.epochs"),
        (["train", "sprint", "--set", "learning_rat=3"], "did you mean learning_rate"),
        (["summary", "assignment-1", "--classes", "3"], "has its own pictures and classes"),
    ],
)
def test_what_cannot_be_is_one_error(place, monkeypatch, capsys, words, said):
    monkeypatch.chdir(place)
    assert main(words) == 1
    assert said in capsys.readouterr().err


def test_options_that_a_resume_does_not_take_cannot_be_forgotten():
    """Whatever is not known to go with --resume is refused: a new option too."""
    from dataclasses import fields

    from tersenet.cli.commands.training.train import WITH_RESUME, Arguments

    assert {field.name for field in fields(Arguments)} >= WITH_RESUME


def test_after_a_training_stand_the_budget_the_report_and_three_commands(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    file = place / "budgeted.toml"
    file.write_text((place / "assignment.toml").read_text() + "[budget]\nparameters = 100\n", encoding="utf-8")
    assert main(["train", str(file), "--name", "two words", "--open"]) == 3
    out = capsys.readouterr().out
    assert "parameters  < 100    118  missed" in out
    assert "budget MISSED: parameters" in out
    assert "report: runs/two words-1/report.html" in out
    assert "tersenet evaluate 'two words-1'\n" in out
    assert "tersenet explain 'two words-1' --index 0\n" in out
    assert "tersenet predict 'two words-1' picture.png\n" in out
    assert opened == [(place / "runs" / "two words-1" / "report.html").resolve().as_uri()]


def test_another_optimiser_with_the_old_rate_is_said(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    words = ["assignment.toml", "--no-report", "--name", "adam", "--optimizer", "adam"]
    assert main(["train", *words]) == 0
    assert "still 0.2, which was chosen for sgd" in capsys.readouterr().out
    assert main(["train", *words, "--lr", "0.002", "--batch-size", "16"]) == 0
    assert "still" not in capsys.readouterr().out


def test_the_command_that_a_report_shows_can_be_copied(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.argv", ["/somewhere/tersenet/__main__.py", "train", NET, "--name", "two words"])
    assert main(["train", "assignment.toml", "--name", "shown"]) == 0
    page = (place / "runs" / "shown-1" / "report.md").read_text(encoding="utf-8")
    assert f"tersenet train '{NET}' --name 'two words'" in page


def test_an_experiment_file_that_runs_a_python_file_says_so_in_every_command(tmp_path, picture_folder, capsys):
    code = "from torch import nn\n\n\nclass Net(nn.Sequential):\n    def __init__(self):\n"
    (tmp_path / "net.py").write_text(f"{code}        super().__init__(nn.Flatten(), nn.Linear(784, 2))\n")
    for command in ("summary", "doctor"):
        file = tmp_path / f"{command}.toml"
        file.write_text(f'network = "{tmp_path}/net.py:Net"\ndata = "folder:{picture_folder}"\n', encoding="utf-8")
        assert main([command, str(file), "--runs-dir", str(tmp_path / "runs")]) == 0
        assert f"{command}.toml has its network in a Python file, which is run: " in capsys.readouterr().err
