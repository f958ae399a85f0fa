"""`tersenet doctor`, from the words typed to the sentences and the one JSON document."""

import json
import shutil

import pytest

from tersenet.cli.main import main
from tersenet.inspection import Diagnosis
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe

FAULTY = "8C5s2 BN R 8C5 BN R GAP 2Nb D.3"


@pytest.fixture(scope="module")
def runs(picture_folder, tmp_path_factory):
    """A folder with one run of two classes, called as a named network is."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = Recipe(epochs=1, batch_size=16, averaging=0.0)
    data = f"folder:{picture_folder}"
    start_run(Experiment(name="gap-14320", network=FAULTY, data=data, training=recipe), runs_dir=folder)
    return folder


@pytest.fixture
def doctor(runs, capsys):
    def call(*words):
        status = main(["doctor", *words, "--runs-dir", str(runs)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.parametrize("width", ["80", "120"])
def test_findings_and_rules_fit_the_screen(doctor, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    status, out, err = doctor("model1-4312", "--data", "synthetic", "--layers")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= int(width)
    assert "model1-4312, untrained, on synthetic" in out
    assert "2 faults found: 12 rules were checked on 2,048 pictures." in out
    assert "fault: logits, layer 27, ReLU (layers.26)" in out
    assert "fault: logits, layer 28, Dropout (layers.27)" in out
    assert "  Hint: remove the dropout" in out
    assert "0 of 16" in out
    for rule in ("dead units", "signal", "gradients", "learning rate", "receptive field", "labels", "normalisation"):
        assert f"\n{rule}" in out


def test_json_is_one_document(doctor):
    status, out, err = doctor("funnel-18937", "--data", "synthetic", "--json")
    document = json.loads(out)
    assert status == 0
    assert list(document) == [
        *("patient", "kind", "data", "notice", "pictures", "healthy", "findings", "rules", "layers"),
    ]
    assert (document["kind"], document["data"], document["healthy"]) == ("network", "synthetic", False)
    finding = document["findings"][0]
    assert list(finding) == ["rule", "severity", "where", "figure", "value", "bound", "why", "hint"]
    assert (finding["rule"], finding["where"]) == ("logits", "layer 28, ReLU (layers.27)")
    assert {rule["status"] for rule in document["rules"]} == {"found", "clear"}
    assert "Hint:" in err


def test_a_sound_network_is_said_to_be_so(doctor):
    status, out, _ = doctor("stem-17150", "--data", "synthetic")
    assert status == 0
    assert "Nothing found: 12 rules were checked" in out


def test_a_run_comes_before_a_network_of_its_name(doctor):
    document = json.loads(doctor("gap-14320", "--json")[1])
    assert (document["kind"], document["patient"]) == ("run", "gap-14320-1")
    assert [finding["where"] for finding in document["findings"] if finding["rule"] == "logits"] == [
        "layer 9, Dropout (layers.8)"
    ]
    assert document["rules"][-1]["rule"] == "learning curve"
    document = json.loads(doctor("gap-14320", "--network", "--data", "synthetic", "--json")[1])
    assert (document["kind"], document["healthy"]) == ("network", True)


def test_another_learning_rate_can_be_tried(doctor):
    words = ("stem-17150", "--data", "synthetic", "--learning-rate", "30", "--json")
    findings = json.loads(doctor(*words)[1])["findings"]
    assert [finding["rule"] for finding in findings] == ["learning rate"]


def test_what_a_users_file_prints_stays_out_of_the_document(doctor, tmp_path):
    path = tmp_path / "chatty.py"
    path.write_text("from torch import nn\nprint('hello')\nnet = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n")
    status, out, err = doctor(f"{path}:net", "--data", "synthetic", "--json")
    assert (status, json.loads(out)["kind"], "hello" in err) == (0, "network", True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gap-14321"], "did you mean gap-14320"),
        (["16C3 MB2"], "     ^^^"),
        (["8C3 R " * 400], "kernel"),
        (["stem-17150", "--learning-rate", "-1"], "above 0"),
        (["stem-17150", "--data", "folder:nowhere"], "nowhere"),
        (["gap-14320", "--data", "synthetic"], "has its own data"),
        (["."], "not a run folder"),
    ],
)
def test_a_mistake_is_one_error_and_leaves_standard_output_empty(doctor, words, says):
    status, out, err = doctor(*words, "--json")
    assert (status, out) == (1, "")
    assert says in err
    assert "Traceback" not in err


def test_damaged_pictures_stop_or_are_left_out_with_skip_bad(doctor, picture_folder, tmp_path):
    other = tmp_path / "signs"
    shutil.copytree(picture_folder, other)
    (other / "bar" / "3.png").write_text("damaged")
    words = ("4C5s3 BN R GAP 2Nb", "--data", str(other))
    status, _, err = doctor(*words)
    assert (status, "bar/3.png" in err, "--skip-bad" in err) == (1, True, True)
    status, out, _ = doctor(*words, "--skip-bad")
    assert (status, "1 file that cannot be read was skipped: bar/3.png." in " ".join(out.split())) == (0, True)
    status, _, err = doctor(words[0], "--skip-bad")
    assert (status, "--data FOLDER --skip-bad" in err) == (1, True)
    status, _, err = doctor("gap-14320", "--skip-bad")
    assert (status, "beside the run" in err) == (1, True)


def test_a_trained_network_of_the_package_comes_before_its_fresh_weights(doctor, monkeypatch):
    asked = []

    def look(run, **options):
        asked.append(run.name)
        return Diagnosis(checks=(), layers=(), pictures=0, of=run.name, data="mnist")

    monkeypatch.setattr("tersenet.inspection.diagnose_run", look)
    status, out, _ = doctor("stem-17150")
    assert (status, asked) == (0, ["stem-17150"])
    assert out.startswith("stem-17150, trained, from the package, on mnist")
    status, out, _ = doctor("stem-17150", "--network", "--data", "synthetic")
    assert out.startswith("stem-17150, untrained, on synthetic")
    assert asked == ["stem-17150"]


def test_a_network_for_fewer_classes_gets_the_option_that_names_its_data(doctor, tmp_path):
    file = tmp_path / "six.py"
    file.write_text("from torch import nn\nnet = nn.Sequential(nn.Flatten(), nn.Linear(784, 6))\n", encoding="utf-8")
    status, _, err = doctor(f"{file}:net")
    assert (status, "--data FOLDER" in err) == (1, True)
