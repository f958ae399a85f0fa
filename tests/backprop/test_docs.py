"""The pages about the lab: their pictures are there, their Python runs, the errata are those that the code finds."""

import re
from pathlib import Path

import pytest

from tersenet.backprop import errata_page, make_problem, read_problem

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "backpropagation.md").read_text(encoding="utf-8")


def test_every_picture_and_page_that_is_named_is_there():
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert len(links) > 15
    assert all((DOCS / link).is_file() for link in links)


def test_the_page_of_errata_is_what_the_code_finds():
    assert (DOCS / "backprop-errata.md").read_text(encoding="utf-8") == errata_page()


def test_the_pages_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    [snippet] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(snippet, {})
    assert "0.000184343" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"rates.png", "lab.xlsx"}


def test_the_pages_toml_is_read(tmp_path):
    [text] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "own.toml"
    path.write_text(text)
    assert make_problem(**read_problem(path)).samples == 2


@pytest.mark.parametrize("command", re.findall(r"tersenet backprop (.*?)(?:`|\n|  +#)", PAGE))
def test_every_command_on_the_page_is_understood(command, tmp_path, monkeypatch):
    import tyro

    from tersenet.cli.commands.backprop.backprop import Arguments

    words = [word for word in command.split() if word not in ("FILE", "FOLDER", "K")]
    assert tyro.cli(Arguments, args=words) is not None
