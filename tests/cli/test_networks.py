"""`tersenet networks`: the named networks in a table, one of them whole, and one JSON document."""

import json

import pytest

from tersenet.cli import main

NAMES = ["funnel-18937", "gap-14320", "optimized-18594", "model1-4312", "model2-7524", "model3-7524", "network-19972"]


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table_names_all_networks_and_fits_the_screen(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    assert main(["networks"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= int(width)
    assert [name for name in NAMES if f"\n{name} " not in out] == []
    assert "99.60 (17)  99.58" in out


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
    assert "write-up 003, class Model1" in out
    assert "dropout_value is not given" in out
    assert "stand on the logits" in out


def test_an_unknown_name_offers_the_nearest(capsys):
    assert main(["networks", "model-4312", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean model1-4312" in captured.err
