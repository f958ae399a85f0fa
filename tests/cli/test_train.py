"""`tersenet train`, from the words typed to the folder, the report, the status and the one JSON document."""

import json
import shutil

import pytest

from tersenet.cli.main import main
from tersenet.runs import find_run, list_runs, load_experiment

NET = "4C5s3 BN R GAP 2Nb"


@pytest.fixture
def train(picture_folder, tmp_path):
    def run(*words):
        data = () if "--resume" in words else ("--data", f"folder:{picture_folder}", "--epochs", "2")
        return main(["train", *words, *data, "--runs-dir", str(tmp_path)])

    return run


def test_a_network_typed_on_the_spot_is_named_by_its_parameters(train, tmp_path, capsys):
    assert train(NET) == 0
    out = capsys.readouterr().out
    run = find_run("net-118", tmp_path)
    assert "epoch 2/2" in out
    assert str(run.path / "report.html") in out
    assert (run.path / "report.html").is_file()


def test_json_is_one_document_with_the_keys_that_others_lean_on(train, capsys):
    assert train(NET, "--json", "--no-report") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= {
        "run", "data", "network", "device", "parameters", "epochs", "seed", "test_accuracy", "test_loss",
        "train_accuracy", "best_test_accuracy", "best_epoch", "seconds", "budget",
    }  # fmt: skip
    assert document["parameters"] == 118
    assert 0 <= document["test_accuracy"] <= 100


def test_a_missed_budget_is_status_3(train, tmp_path, capsys):
    file = tmp_path / "mine.toml"
    file.write_text(f'name = "mine"\nnetwork = "{NET}"\n[budget]\nparameters = 118\n', encoding="utf-8")
    assert train(str(file), "--no-report") == 3
    assert "MISSED" in capsys.readouterr().out


def test_a_budget_on_other_data_is_not_applicable(train, tmp_path, capsys):
    file = tmp_path / "mine.toml"
    file.write_text(f'name = "mine"\nnetwork = "{NET}"\n[budget]\naccuracy = 99.9\n', encoding="utf-8")
    assert train(str(file), "--no-report", "--json") == 0
    (line,) = json.loads(capsys.readouterr().out)["budget"]
    assert (line["value"], line["met"]) == ("not applicable", None)


def test_flags_and_settings_reach_the_experiment(train, tmp_path):
    words = ["--seed", "3", "--validation", "8", "--precision", "bfloat16", "--threads", "1", "--name", "mine"]
    assert (
        train(
            NET, *words, "--set", "training.batch_size=16", "training.schedule.kind=CosineAnnealingLR", "--no-report"
        )
        == 0
    )
    experiment = find_run("mine", tmp_path).experiment
    assert (experiment.seed, experiment.validation, experiment.settings.precision) == (3, 8, "bfloat16")
    assert (experiment.training.batch_size, experiment.training.schedule.kind) == (16, "CosineAnnealingLR")


def test_a_module_of_ones_own_is_trained(train, tmp_path):
    file = tmp_path / "model.py"
    file.write_text(
        "from torch import nn\n\n\nclass Net(nn.Sequential):\n    def __init__(self):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(784, 2))\n",
        encoding="utf-8",
    )
    assert train(f"{file}:Net", "--no-report", "--name", "own") == 0
    assert find_run("own", tmp_path).model()


def test_a_run_goes_on_as_it_began(train, tmp_path, capsys):
    assert train(NET, "--no-report", "--name", "mine") == 0
    assert train("--resume", "mine-1", "--no-report") == 0
    assert main(["train", "--resume", "mine-1", "--epochs", "9", "--runs-dir", str(tmp_path)]) == 1
    assert "resumed run keeps its settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gap-14321"], "did you mean gap-14320"),
        (["8C3 16Q3"], "^^^^"),
        (["missing.toml"], "no such experiment file"),
        ([NET, "--device", "tpu"], "There is no such device"),
        ([NET, "--set", "training.epoch=2"], "did you mean epochs"),
        ([NET, "--set", "training.batch_size=x"], "training.batch_size"),
        (["8C99 GAP 2N"], "8C99"),
        (["--resume", "nothing"], "There is no such run"),
        ([NET, "--precision", "float16"], "float32, bfloat16"),
    ],
)
def test_a_mistake_is_one_clear_error_and_leaves_nothing(train, tmp_path, capsys, words, said):
    assert train(*words, "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_unknown_data_offers_the_nearest(capsys, tmp_path):
    assert main(["train", NET, "--data", "mnits", "--runs-dir", str(tmp_path)]) == 1
    assert "did you mean mnist" in capsys.readouterr().err


def test_an_unknown_flag_is_status_1(capsys):
    assert main(["train", "--epcohs", "3"]) == 1
    assert "did you mean --epochs" in capsys.readouterr().err


def test_runs_lists_what_was_trained(train, tmp_path, capsys):
    train(NET, "--no-report", "--name", "mine")
    capsys.readouterr()
    assert main(["runs", "--runs-dir", str(tmp_path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert (row["run"], row["epochs"], row["parameters"]) == ("mine-1", 2, 118)
    assert main(["runs", "--runs-dir", str(tmp_path)]) == 0
    assert "mine-1" in capsys.readouterr().out


def test_experiments_shows_a_file_that_can_be_changed_and_run(capsys, tmp_path):
    assert main(["experiments", "gap-14320"]) == 0
    file = tmp_path / "mine.toml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert load_experiment(file) == load_experiment("gap-14320")
    assert main(["experiments", "--json"]) == 0
    names = {experiment["name"] for experiment in json.loads(capsys.readouterr().out)["experiments"]}
    assert {"funnel-18937", "network-19972", "sprint"} <= names


def test_a_training_may_start_from_trained_weights(train, tmp_path):
    assert train(NET, "--no-report", "--name", "first") == 0
    still = ["--set", "training.learning_rate=1e-12", "training.averaging=0.0", "training.weight_decay=0.0"]
    assert train(NET, "--no-report", "--name", "second", "--init", "first", *still) == 0
    first, second = (dict(find_run(name, tmp_path).model().named_parameters()) for name in ("first", "second"))
    for name, weights in first.items():
        assert (weights - second[name]).abs().max() < 1e-6
    assert find_run("second", tmp_path).experiment.init == str(tmp_path / "first-1")


def test_weights_of_another_network_are_refused(train, tmp_path, capsys):
    assert train(NET, "--no-report", "--name", "first") == 0
    assert train("5C5s3 BN R GAP 2Nb", "--no-report", "--name", "second", "--init", "first") == 1
    assert "do not fit" in capsys.readouterr().err
    assert not (tmp_path / "second-1").exists()


def test_marks_tell_a_drop_of_the_rate_and_the_best_epoch(train, capsys):
    words = ["--set", "training.schedule.kind=StepLR", "training.schedule.step=1"]
    assert train(NET, "--no-report", *words) == 0
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch "))
    assert first.endswith("★")
    assert "↓" not in first
    assert "↓" in second


def test_images_that_cannot_be_held_out_leave_no_run_behind(train, tmp_path, capsys):
    assert train(NET, "--validation", "68") == 1
    assert "Too many images are held out" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_run_is_named_and_the_others_are_listed(train, tmp_path, capsys):
    train(NET, "--no-report", "--name", "mine")
    (tmp_path / "zz-1").mkdir()
    (tmp_path / "zz-1" / "experiment.toml").write_text("[x", encoding="utf-8")
    capsys.readouterr()
    assert main(["runs", "--runs-dir", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["run"] for row in document["runs"]] == ["mine-1"]
    assert [row["run"] for row in document["damaged"]] == ["zz-1"]


def test_a_folder_needs_its_path(capsys, tmp_path):
    assert main(["train", NET, "--data", "folder:", "--runs-dir", str(tmp_path)]) == 1
    assert "folder:PATH" in capsys.readouterr().err


def test_damaged_pictures_of_a_folder_are_left_out_with_skip_bad(picture_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(picture_folder, tmp_path / "signs")
    (tmp_path / "signs" / "bar" / "3.png").write_text("damaged")
    words = ["train", "4C5s3 BN R GAP 2N", "--data", "./signs", "--epochs", "1", "--no-report"]
    assert main(words) == 1
    assert "--skip-bad" in capsys.readouterr().err
    assert main([*words, "--skip-bad"]) in (0, 3)
    assert "1 file that cannot be read was skipped: bar/3.png" in capsys.readouterr().out
    assert main(["train", "sprint", "--skip-bad"]) == 1
    assert "--skip-bad without --data" in capsys.readouterr().err


def test_files_that_are_not_pictures_are_said_once_and_not_kept_as_a_caution(
    picture_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(picture_folder, tmp_path / "signs")
    (tmp_path / "signs" / "bar" / "Thumbs.db").write_text("strange")
    assert main(["train", NET, "--data", "./signs", "--epochs", "1"]) in (0, 3)
    assert capsys.readouterr().out.count("1 file that is not a picture was skipped: Thumbs.db.") == 1
    [run] = list_runs(tmp_path / "runs")
    assert run.environment.data_notice is None
