"""`tersenet summary` of a line with braces."""

import json

import pytest

from tersenet import build
from tersenet.cli.main import main

SPACE = "{4..12/4}C3 BN R {MP2|AP2} GAP 10Nb"


def test_the_choices_and_the_range_of_costs_are_shown(capsys):
    assert main(["summary", SPACE, "--parameters-below", "150"]) == 0
    said = capsys.readouterr().out
    assert "6 networks" in said
    assert "4, 8, 12" in said
    assert "fewer than 150 parameters: 2 of all 6" in said
    assert "smallest  4C3 BN R MP2 GAP 10Nb" in said


def test_the_document_has_the_ends_of_each_cost(capsys):
    assert main(["summary", SPACE, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    for name in ("least", "most"):
        network = document["parameters"][f"{name}_network"]
        assert document["parameters"][name] == sum(weights.numel() for weights in build(network).parameters())
    assert (document["count"], document["exact"], document["fitting"]) == (6, True, 6)
    assert [choice["values"] for choice in document["choices"]] == [[4, 8, 12], ["MP2", "AP2"]]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([SPACE, "--figure", "space.png"], "cannot be drawn"),
        (["{4..8}C3 GAP 9N"], "wrong number of classes"),
        (["{8..4}C3"], "upside down"),
    ],
)
def test_a_mistake_is_one_error(words, says, capsys):
    assert main(["summary", *words]) == 1
    assert says in capsys.readouterr().err
