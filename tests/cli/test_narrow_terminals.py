"""The tables of every command on a narrow terminal: no word or figure is cut, and what is left out is named."""

import io

import pytest
from rich.console import Console

from tersenet._table import Table
from tersenet.cli import main
from tersenet.cli.output import Output
from tersenet.runs import Experiment, start_group, start_run
from tersenet.training import Recipe

COMMANDS = {
    "summary gap-14320": 2,  # layers and budget
    "networks": 1,
    "experiments": 1,
    "data list": 1,
    "runs": 2,  # runs and groups
    "runs best": 1,
    "evaluate a-run-with-a-long-name": 3,  # classes, pairs, mistakes
    "evaluate pair": 1,
    "compare a-run-with-a-long-name pair": 1,
    "compare pair a-run-with-a-long-name-1 a-run-with-a-long-name-2": 2,  # runs and pairs
    "predict a-run-with-a-long-name --index 0 1": 1,
    "doctor a-run-with-a-long-name --layers": 2,  # rules and layers
    "backprop study": 2,  # losses and verdicts
    "backprop table --steps 1 --step 1": 8,  # one for each weight
}


@pytest.fixture(scope="module")
def runs(picture_folder, tmp_path_factory):
    """Two runs, and a group of two seeds, of two classes."""
    folder = tmp_path_factory.mktemp("runs")
    experiment = Experiment(
        name="a-run-with-a-long-name",
        network="4C5s3 BN R GAP 2N",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    for seed in (0, 1):
        start_run(experiment.changed(seed=seed), runs_dir=folder)
    start_group(experiment.changed(name="pair"), 2, runs_dir=folder)
    return folder


@pytest.fixture
def tables_of(runs, picture_folder, monkeypatch):
    """The tables that a command prints."""
    said, say = [], Output.say

    def listen(output, *things, **how):
        said.extend(thing for thing in things if isinstance(thing, Table))
        say(output, *things, **how)

    monkeypatch.setattr(Output, "say", listen)

    def tables(command):
        words = command.split()
        words += ["--data", f"folder:{picture_folder.resolve()}"] * (command == "runs best")
        with_runs = words[0] in ("runs", "evaluate", "compare", "predict", "doctor", "experiments")
        assert main([*words, *["--runs-dir", str(runs)] * with_runs]) == 0
        return said

    return tables


def printed(table, width):
    text = io.StringIO()
    Console(file=text, width=width, color_system=None).print(table, crop=False)
    return [line.rstrip() for line in text.getvalue().splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_word_is_cut_and_every_column_is_shown_or_named(tables_of, command):
    tables = tables_of(command)
    assert len(tables) == COMMANDS[command]
    for table in tables:
        whole = {word for row in table.rows for cell in row for word in str(cell).split()}
        whole |= {word for column in table.columns for text in (column.title, column.total) for word in text.split()}
        for width in (40, 60, 80, 120):
            lines = printed(table, width)
            assert max(map(len, lines)) <= width
            text, _, note = " ".join(" ".join(lines).split()).partition("Not shown at ")
            left_out = note.partition(": ")[2].partition(". A wider")[0].split(", ") if note else []
            shown = [column for column in table.columns if " ".join(column.title.split()) not in left_out]
            for column in shown:
                text = text.replace(column.means, "")
                assert not table.header or column.least or set(column.title.split()) <= set(text.split())
            assert len(shown) + len(left_out) == len(table.columns)
            cut = {word for word in text.split() if word not in whole}
            assert all(word.startswith("…") or word.endswith("…") for word in cut)
