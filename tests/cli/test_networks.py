"""`tersenet networks`: the named networks in a table, one of them whole, and one JSON document."""

import json
from pathlib import Path

import pytest

from tersenet.cli.main import main
from tersenet.networks import NETWORKS
from tersenet.runs import experiment_names

NAMES = ["funnel-18937", "gap-14320", "optimized-18594", "model1-4312", "model2-7524", "model3-7524", "network-19972"]


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table_names_all_networks_and_fits_the_screen(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    assert main(["networks"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= int(width)
    assert [name for name in NAMES if f"\n{name} " not in out] == []
    assert f"99.60 (17)  99.58   {NETWORKS['optimized-18594'].measured}" in out


def test_json_has_what_is_known_of_each(capsys):
    assert main(["networks", "--json"]) == 0
    networks = {network["name"]: network for network in json.loads(capsys.readouterr().out)["networks"]}
    assert [name for name in NAMES if name not in networks] == []
    assert all(name.endswith(f"-{network['parameters']}") for name, network in networks.items())
    assert networks["gap-14320"]["reported"]["best_accuracy"] == 99.45
    assert networks["stem-17150"]["reported"] is None


def test_one_network_is_shown_whole(capsys):
    assert main(["networks", "model1-4312"]) == 0
    out = capsys.readouterr().out
    assert "10C1 BN R D.1" in out
    assert "course network, class Model1" in out
    assert "dropout_value is not given" in out
    assert "are on the logits" in out


def test_an_unknown_name_offers_the_nearest(capsys):
    assert main(["networks", "model-4312", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean model1-4312" in captured.err


def fresh_seeds(experiment):
    """The cells of an experiment's row in the table of fresh seeds on the results page."""
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    table = page[page.index("<!-- fresh seeds -->") : page.index("<!-- end of fresh seeds -->")]
    (row,) = (line for line in table.splitlines() if line.startswith(f"| `{experiment}` |"))
    return [cell.strip(" *") for cell in row.split("|")[1:-1]]


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.measured])
def test_our_own_figures_are_those_of_fresh_seeds_on_the_results_page(name):
    measured = NETWORKS[name].measured
    assert measured.experiment in experiment_names()
    _, _, epochs, _, accuracy, *_ = fresh_seeds(measured.experiment)
    assert (measured.first_seed, measured.seeds) == (10, 5)
    assert (str(measured.epochs), str(measured)) == (epochs, accuracy)


def test_headers_are_not_broken_inside_a_word(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for command, words in (
        ("networks", {"parameters", "epochs"}),
        ("experiments", {"parameters", "epochs", "result"}),
    ):
        assert main([command]) == 0
        head = " ".join(capsys.readouterr().out.splitlines()[:2]).split()
        assert words <= set(head)
