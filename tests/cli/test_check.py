"""`tersenet check`: each limit met or missed, status 3 where one is missed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tersenet.cli.main import main
from tersenet.export import c_source, constant_bytes, device_sizes, facts_of, quantise
from tersenet.networks import build
from tersenet.runs import packaged_run

NET = "8C3 BN R MP2 16C3 BN R GAP 10Nb"
ROOT = Path(__file__).parents[2]


def document(capsys, *words):
    capsys.readouterr()
    status = main(["check", *words, "--json"])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if captured.out else captured.err


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--parameters", "1443"], 0),
        (["--parameters", "1442"], 3),  # fewer than, as in the budget of the course
        (["--macs", "188224"], 0),
        (["--macs", "188223"], 3),
        (["--macs", "0.2M", "--parameters", "2k"], 0),
        (["--flash", "2k"], 0),
        (["--flash", "1k"], 3),
        (["--ram", "2168", "--flash", "2k"], 0),
        (["--ram", "2167"], 3),
        (["--needs", "bn,gap"], 0),
        (["--needs", "bn,dropout"], 3),
        (["--needs", "dropout/dense"], 0),
    ],
)
def test_the_status_is_3_where_a_line_is_missed(capsys, words, status):
    found, said = document(capsys, NET, *words)
    assert found == status
    assert said["met"] == (status == 0)
    assert [line["met"] for line in said["budget"]].count(False) == (status == 3)


def test_the_bytes_are_those_of_the_exported_code():
    """Of a trained network, counted in its C code; and the untrained one has as many."""
    run = packaged_run("stem-17150")
    from tersenet.data import draw_synthetic

    model = quantise(run.model(), draw_synthetic(train=20, test=0)[0].images)
    code = c_source(model, facts_of(run))
    widths = {"int8_t": 1, "uint8_t": 1, "uint16_t": 2, "int32_t": 4}
    written = sum(widths[each.kind] * each.values.size for each in code.constants.values())
    assert constant_bytes(model) == written
    sizes = device_sizes(build(run.notation))
    assert (sizes.constants, sizes.arena) == (written, code.arena.size)


def test_any_module_has_parameters_and_macs_but_no_bytes(capsys, tmp_path):
    (tmp_path / "model.py").write_text(
        "from torch import nn\nclass Net(nn.Sequential):\n"
        "    def __init__(self):\n        super().__init__(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    net = f"{tmp_path}/model.py:Net"
    assert document(capsys, net, "--parameters", "8k", "--macs", "8k")[0] == 0
    assert document(capsys, net, "--parameters", "7k")[0] == 3
    status, said = document(capsys, net, "--flash", "8k")
    assert status == 1
    assert "networks of notation alone" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to check"),
        (["--parameters", "few"], "a number such as 20000"),
        (["--ram", "0"], "a size such as 8k"),
        (["--needs", "bn,dropuot"], "did you mean dropout?"),
    ],
)
def test_bad_input_is_one_error(capsys, words, said):
    status, error = document(capsys, NET, *words)
    assert status == 1
    assert said in error


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_table_fits_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    main(["check", NET, "--parameters", "1k", "--flash", "8k", "--ram", "4k", "--needs", "bn,gap/dense"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "1 of 5 missed" in out


def test_the_action_fails_where_the_budget_is_missed(tmp_path):
    """Its last step, run as GitHub does: a bash script with the inputs in its environment."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    step = action["runs"]["steps"][-1]
    assert set(step["env"].values()) == {"${{ inputs.network }}", "${{ inputs.options }}"}
    tersenet = tmp_path / "tersenet"
    tersenet.write_text(f'#!/bin/bash\nexec {sys.executable} -m tersenet "$@"\n')
    tersenet.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    for options, status in (("--parameters 2000 --needs bn,gap", 0), ("--parameters 1000", 3)):
        environment = os.environ | {"PATH": path, "NETWORK": NET, "OPTIONS": options}
        script = ["bash", "-eo", "pipefail", "-c", step["run"]]
        assert subprocess.run(script, env=environment, capture_output=True, check=False).returncode == status
