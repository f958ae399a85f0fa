"""What the pages on notation and networks show is true: their examples run, their lines are the named networks'."""

import doctest
import re
from pathlib import Path

import pytest

from tersenet.cli import main
from tersenet.networks import NETWORKS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_examples_of_the_notation_run():
    text = (DOCS / "notation.md").read_text(encoding="utf-8")
    examples = "\n\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(examples, {}, "notation.md", None, 0)
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
    assert result.attempted > 8


def test_the_commands_of_the_notation_run(capsys):
    commands = re.findall(
        r'^tersenet summary "(.*)"$', (DOCS / "notation.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [main(["summary", command]) for command in commands] == [0]
    assert "GAP" in commands[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_line_of_each_named_network_is_shown(name):
    page = (DOCS / "networks.md").read_text(encoding="utf-8")
    section = next(part for part in page.split("\n## ")[1:] if name in part.split("\n")[0])
    line = " ".join(re.search(r"```\n(.*?)```", section, re.DOTALL)[1].split())
    assert line == NETWORKS[name].notation


def test_reported_accuracies_stand_in_the_page():
    page = (DOCS / "networks.md").read_text(encoding="utf-8")
    for network in NETWORKS.values():
        if network.reported and network.reported.best_accuracy:
            assert f"{network.reported.best_accuracy:.2f} best (epoch {network.reported.best_epoch}" in page
