"""`tersenet summary`: the table, the totals, the budget, and one JSON document."""

import json
from dataclasses import asdict

import pytest

from tersenet.cli.main import main
from tersenet.networks import Budget
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


def run(capsys, *words):
    status = main(["summary", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table_the_totals_and_the_budget_fit_the_screen(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    status, out, err = run(capsys, "gap-14320")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= int(width)
    assert "AdaptiveAvgPool2d" in out
    assert "parameters            14,320" in out
    assert "forward/backward 0.96" in out
    assert "global average pooling or dense layer  required       present  met" in out
    assert "≥ 99.4 %  not measured  open" in out


def test_json_is_one_document_with_the_keys_that_others_lean_on(capsys):
    status, out, _ = run(capsys, "network-19972", "--json")
    document = json.loads(out)
    assert status == 0
    assert list(document) == [
        *("network", "parameters", "trainable_parameters", "macs", "torchsummary_mb", "layers", "budget"),
        *("known_macs", "pruned_parameters", "unregistered_parameters"),
    ]
    assert document["network"] == "network-19972"
    assert list(document["torchsummary_mb"]) == ["input", "forward_backward", "parameters", "total"]
    assert {tuple(layer) for layer in document["layers"]} == {
        ("type", "output_shape", "parameters", "macs", "receptive_field", "jump")
    }
    assert document["layers"][-1] == {
        "type": "AvgPool2d",
        "output_shape": [10, 1, 1],
        "parameters": 0,
        "macs": 0,
        "receptive_field": 28,
        "jump": 4,
    }
    assert {tuple(line) for line in document["budget"]} == {("line", "limit", "value", "met")}
    assert document["budget"][0] == {"line": "parameters", "limit": "< 20,000", "value": 19972, "met": True}


def test_a_typed_network_has_no_budget_unless_given_one(capsys):
    assert json.loads(run(capsys, "8C3 R GAP 10Nb", "--json")[1])["budget"] == []
    status, out, _ = run(capsys, "8C3 R GAP 10Nb", "--json", "--parameters-below", "162")
    assert status == 0
    assert json.loads(out)["budget"] == [{"line": "parameters", "limit": "< 162", "value": 162, "met": False}]


def test_a_typed_network_is_shown_by_its_notation(capsys):
    assert json.loads(run(capsys, "8c3-r-gap-10nb", "--json")[1])["network"] == "8C3 R GAP 10Nb"


def test_input_and_classes_are_heeded(capsys):
    out = run(capsys, "8C3 GAP 26N", "--input", "3x32x48", "--classes", "26", "--json")[1]
    assert json.loads(out)["layers"][0]["output_shape"] == [8, 30, 46]


def test_what_a_users_file_prints_stays_out_of_the_document(capsys, tmp_path):
    path = tmp_path / "chatty.py"
    path.write_text("from torch import nn\nprint('hello')\nnet = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n")
    status, out, err = run(capsys, f"{path}:net", "--json")
    document = json.loads(out)
    assert (status, "hello" in err) == (0, True)
    assert [layer["type"] for layer in document["layers"]] == ["Flatten", "Linear"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["16C3 MB2"], "     ^^^"),
        (["gap-14321"], "did you mean gap-14320"),
        (["gap-14320", "--input", "28x28"], "--input"),
        (["gap-14320", "--input", "1x0x28"], "--input"),
        (["gap-14320", "--input", "1x999999x999999"], "--input"),
        (["gap-14320", "--input", "1x8x8"], "kernel 3×3, input 1×1"),
        (["8C3 R"], "larger than 1×1"),
    ],
)
def test_an_error_leaves_standard_output_empty(capsys, words, says):
    status, out, err = run(capsys, *words, "--json")
    assert (status, out) == (1, "")
    assert says in err
    assert "Traceback" not in err


def test_a_number_of_classes_that_cannot_be_is_blamed_and_not_the_notation(capsys):
    assert main(["summary", "8C3 GAP 10N", "--classes", "0"]) == 1
    err = capsys.readouterr().err
    assert "--classes" in err
    assert "^" not in err


@pytest.mark.parametrize(("name", "start"), [("net.png", b"\x89PNG"), ("net.svg", b"<?xml")])
def test_the_network_is_drawn_into_a_file(capsys, tmp_path, name, start):
    status, out, _ = run(capsys, "8C3 R GAP 10N", "--figure", str(tmp_path / name))
    assert status == 0
    assert str(tmp_path / name) in out
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_figure_of_another_kind_is_refused_before_anything_is_printed(capsys, tmp_path):
    status, out, err = run(capsys, "8C3 R GAP 10N", "--figure", str(tmp_path / "net.jpg"))
    assert (status, out) == (1, "")
    assert "FILE.png or FILE.svg" in err


def test_the_summary_of_a_finished_run_shows_what_the_run_reached(capsys, picture_folder, tmp_path):
    data = f"folder:{picture_folder}"
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2Nb",
        data=data,
        budget=Budget(data=data, epochs=2, accuracy=1.0),
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    trained = start_run(experiment, runs_dir=tmp_path)
    document = json.loads(run(capsys, "tiny", "--runs-dir", str(tmp_path), "--json")[1])
    assert document["budget"] == [asdict(line) for line in trained.result.budget]
    assert [line["value"] for line in document["budget"]] == [1, trained.result.test_accuracy]
