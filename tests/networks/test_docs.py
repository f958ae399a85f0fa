"""What the page on networks shows is true: its lines are the named networks'."""

import re
from pathlib import Path

import pytest

from tersenet.networks import NETWORKS

DOCS = Path(__file__).parents[2] / "docs"


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
