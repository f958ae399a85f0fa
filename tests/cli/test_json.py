"""With --json every command prints one valid JSON document on standard output, and nothing else."""

import json

import pytest
from PIL import Image

from tersenet.cli.command_list import COMMANDS
from tersenet.cli.main import main

NET = "4C5s3 BN R GAP 2Nb"


@pytest.fixture(scope="module")
def place(picture_folder, tmp_path_factory):
    """A folder with one run in it, and a picture."""
    folder = tmp_path_factory.mktemp("json")
    words = [NET, "--data", f"folder:{picture_folder}", "--epochs", "1", "--runs-dir", str(folder / "runs")]
    assert main(["train", *words, "--name", "mine"]) == 0
    assert main(["train", *words, "--name", "other", "--seed", "1", "--no-report"]) == 0
    Image.new("L", (40, 40), 255).save(folder / "blank.png")
    return folder


CALLS = {
    "train": [f"{NET} --data folder:PICTURES --epochs 1 --runs-dir RUNS --no-report"],
    "search": ["4C5s3 --trials 1", "--resume nothing --runs-dir RUNS"],
    "evaluate": ["mine --runs-dir RUNS"],
    "predict": ["mine PICTURES/bar/0.png PICTURES/ring/1.png --runs-dir RUNS"],
    "explain": ["mine PICTURES/bar/0.png --runs-dir RUNS"],
    "doctor": ["mine --runs-dir RUNS"],
    "summary": ["gap-14320", "16C3", "file.py:Net"],
    "check": ["gap-14320 --parameters 20000"],
    "networks": ["", "funnel-18937"],
    "experiments": ["", "sprint", "--runs-dir RUNS"],
    "new": ["PLACE/idea --from sprint"],
    "data": ["list", "show folder:PICTURES --out PLACE/grid.png"],
    "compare": ["mine other --runs-dir RUNS"],
    "report": ["mine --runs-dir RUNS"],
    "runs": ["--runs-dir RUNS"],
    "claim": ["mine --runs-dir RUNS"],
    "verify": ["no-claim.toml"],
    "site": ["PLACE/site"],
    "serve": ["--port 70000 RUNS"],
    "export": ["mine --runs-dir RUNS --out PLACE/exported --to c,json", "verify PLACE/exported", "verify PLACE"],
    "completion": ["bash"],
    "backprop": [
        "derive",
        "derive --weight w5",
        "table --steps 3",
        "study",
        "conv",
        "batchnorm",
        "errata",
        "exercise",
        "workbook PLACE/out.xlsx",
        "surface --out PLACE/surface.png",
    ],
}


def test_every_command_is_called():
    assert set(CALLS) == set(COMMANDS)


@pytest.mark.parametrize(("command", "words"), [(name, words) for name, calls in CALLS.items() for words in calls])
def test_the_output_is_one_document_or_empty_on_an_error(command, words, place, picture_folder, capsys):
    capsys.readouterr()
    for name, path in (("PICTURES", picture_folder), ("RUNS", place / "runs"), ("PLACE", place)):
        words = words.replace(name, str(path))
    # A network in notation is one word, whatever blanks it has.
    parts = [NET, *words.removeprefix(NET).split()] if words.startswith(NET) else words.split()
    status = main([command, *parts, "--json"])
    captured = capsys.readouterr()
    if status == 0:
        assert isinstance(json.loads(captured.out), dict)
        assert "NaN" not in captured.out
    else:
        assert (status, captured.out) == (1, "")
        assert captured.err.startswith("error: ")
        # What is wrong: maps larger than 1×1, no such file, a folder of pictures that nobody else has, no such claim,
        # no such port, no space, no such search.
        assert (command, words.split()[0]) in (
            ("summary", "16C3"),
            ("summary", "file.py:Net"),
            ("claim", "mine"),
            ("verify", "no-claim.toml"),
            ("export", "verify"),
            ("serve", "--port"),
            ("search", "4C5s3"),
            ("search", "--resume"),
        )
