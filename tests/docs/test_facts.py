"""What the pages state is what the code and the committed results say."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from tersenet.networks import NETWORKS, build, summarize
from tersenet.runs import Settings
from tersenet.training import Recipe, Schedule

DOCS = Path(__file__).parents[2] / "docs"


def page(name):
    """A page's text."""
    return (DOCS / name).read_text(encoding="utf-8")


def rows(text):
    """The rows of a page's tables, as lists of cells, by their first cell without its backquotes."""
    lines = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]
    found = {}
    for cells in lines:
        found.setdefault(cells[0].strip("`"), []).append(cells)
    return found


@pytest.mark.parametrize("kind", [Recipe, Schedule, Settings])
def test_every_field_of_a_recipe_is_explained_with_its_default(kind):
    explained = rows(page("recipes.md"))
    plain = kind()
    for field in dataclasses.fields(kind):
        value = getattr(plain, field.name)
        if dataclasses.is_dataclass(value):
            continue
        shown = "none" if value is None else f"`{json.dumps(value)}`"  # TOML writes values as JSON does
        assert explained[field.name][0][1] == shown, field.name


@pytest.mark.parametrize("name", [name for name in NETWORKS if NETWORKS[name].reported])
def test_the_write_ups_figures_are_the_reported_and_the_measured_ones(name):
    _, _, parameters, epochs, best, last, our_best, our_last = rows(page("course-networks.md"))[name][0]
    reported = NETWORKS[name].reported
    assert int(epochs) == reported.epochs
    without_a_log = "–" if reported.claim is None else f'"{reported.claim}"'
    assert best == (f"{reported.best_accuracy:.2f}" if reported.best_accuracy else without_a_log)
    assert last == (f"{reported.last_accuracy:.2f}" if reported.last_accuracy else "–")
    measured = rows(page("results.md"))[name][0]
    assert parameters == measured[1]
    assert (our_best, our_last) == (measured[5].split()[0], measured[6])


def test_the_multiply_adds_are_those_of_the_summary():
    table = {name: found[-1] for name, found in rows(page("course-networks.md")).items() if name in NETWORKS}
    for name, cells in table.items():
        if len(cells) == 4:
            summary = summarize(build(NETWORKS[name].notation))
            assert cells[1:3] == [f"{summary.parameters:,}", f"{summary.macs:,}"]
            assert int(cells[3]) == round(summary.macs / summary.parameters)
    assert sum(len(cells) == 4 for cells in table.values()) == 7


def test_the_files_of_a_run_are_those_that_a_run_has():
    from tersenet.runs import folder

    named = set(re.findall(r"`([\w-]+\.(?:toml|json|csv|safetensors|txt))`", page("runs.md")))
    there = {folder.EXPERIMENT, folder.ENVIRONMENT, folder.METRICS, folder.MODEL, folder.RESULT, folder.SUMMARY}
    assert there <= named
