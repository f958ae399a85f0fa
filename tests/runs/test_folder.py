"""The run folder: what stands in it, what a broken one says, and that two runs never share one."""

import csv
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open

from tersenet import TersenetError
from tersenet.runs import Experiment, Listeners, Run, find_run, list_runs, resume_run, start_run, with_settings
from tersenet.runs.folder import take_folder
from tersenet.training import Recipe

SMALL = Experiment(
    name="small",
    network="4C5s3 BN R D.1 GAP 10Nb",
    data="synthetic",
    training=Recipe(epochs=2, batch_size=64),
)


@pytest.fixture(scope="module")
def few_digits(request):
    """A small data set in place of the named ones: a run needs no more to be looked at."""
    from tersenet.data import Dataset, Split
    from tersenet.data.drawn.synthetic import draw_synthetic

    train, test = draw_synthetic(seed=0, train=300, test=100)
    assert isinstance(train, Split)
    digits = tuple("0123456789")
    return Dataset(name="synthetic", train=train, test=test, classes=digits, source="drawn", notice="Drawn digits!")


@pytest.fixture(autouse=True)
def use_few_digits(monkeypatch, few_digits):
    for module in ("tersenet.runs.start", "tersenet.runs.folder"):
        monkeypatch.setattr(f"{module}.load_data", lambda name, **_: few_digits)


@pytest.fixture
def run(tmp_path):
    return start_run(SMALL, runs_dir=tmp_path)


def test_a_run_folder_holds_what_the_design_lists(run):
    names = {path.name for path in run.path.iterdir()}
    assert names >= {
        "experiment.toml",
        "environment.json",
        "metrics.csv",
        "model.safetensors",
        "checkpoint",
        "summary.txt",
    }
    assert not [name for name in names if name.startswith(".")]


def test_the_experiment_is_resolved_and_complete(run):
    experiment = run.experiment
    assert experiment.notation == "4C5s3 BN R D.1 GAP 10Nb"
    assert experiment.settings.device in ("cpu", "cuda", "mps")
    assert experiment.settings.threads >= 1
    assert experiment.settings.precision in ("float32", "bfloat16")
    assert experiment.settings.engine in ("compiled", "layers")
    assert experiment.settings.workers >= 1


def test_the_environment_says_where_it_happened(run):
    environment = json.loads((run.path / "environment.json").read_text(encoding="utf-8"))
    assert environment["schema"] == 1
    assert environment["versions"]["torch"] == torch.__version__
    assert environment["data_notice"] == "Drawn digits!"
    assert {"machine", "device", "git_commit", "command_line"} <= set(environment)


def test_metrics_read_back_to_the_last_digit(run):
    with (run.path / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "epoch",
        "learning_rate",
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "seconds",
        "images_per_second",
    ]
    assert [float(row["train_loss"]) for row in rows] == [row.train_loss for row in run.metrics]


def test_held_out_images_take_the_place_of_the_test_pair(tmp_path):
    run = start_run(SMALL.changed(validation=50), runs_dir=tmp_path)
    header = (run.path / "metrics.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "validation_accuracy" in header
    assert "test_accuracy" not in header
    assert run.result.best_validation_accuracy == max(row.validation_accuracy for row in run.metrics)
    assert run.result.test_images == 100


def test_the_weights_carry_their_notation_and_give_the_runs_accuracy(run, few_digits):
    from tersenet.evaluation import evaluate
    from tersenet.training import EvaluationBatches

    with safe_open(run.path / "model.safetensors", framework="pt") as file:
        assert file.metadata()["notation"] == run.notation
    accuracy = evaluate(run.model(), EvaluationBatches(few_digits.test)).accuracy
    assert accuracy == run.result.test_accuracy == run.metrics[-1].test_accuracy


def test_numbers_go_up_and_the_latest_run_is_meant(tmp_path):
    first, second = (start_run(SMALL, runs_dir=tmp_path) for _ in range(2))
    assert (first.name, second.name) == ("small-1", "small-2")
    assert find_run("small", tmp_path).path == second.path
    assert find_run("small-1", tmp_path).path == first.path
    assert find_run(first.path).path == first.path
    assert [run.name for run in list_runs(tmp_path)] == ["small-1", "small-2"]


def test_many_takers_at_once_get_a_folder_each(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        folders = list(pool.map(lambda _: take_folder(tmp_path, "same"), range(64)))
    assert len(set(folders)) == 64


def test_a_finished_run_is_not_trained_again(run):
    before = (run.path / "model.safetensors").read_bytes()
    assert resume_run(run).path == run.path
    assert (run.path / "model.safetensors").read_bytes() == before


def test_a_run_interrupted_in_an_epoch_goes_on_after_its_last_whole_one(tmp_path):
    def interrupt(epoch, batches, progress):
        if epoch == 2:
            raise KeyboardInterrupt

    whole = start_run(SMALL, runs_dir=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        start_run(SMALL, runs_dir=tmp_path, listeners=Listeners(on_batch=interrupt))
    broken = find_run("small-2", tmp_path)
    assert broken.result is None
    assert len(broken.metrics) == 1
    resumed = resume_run(broken)
    assert (resumed.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()
    timeless = [[replace(row, seconds=0, images_per_second=0) for row in each.metrics] for each in (whole, resumed)]
    assert timeless[0] == timeless[1]


def test_a_run_killed_while_its_first_checkpoint_was_written_starts_anew(run, tmp_path):
    def killed(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_run(SMALL, runs_dir=tmp_path, listeners=Listeners(on_epoch=killed))
    broken = find_run("small-2", tmp_path)
    checkpoint = broken.path / "checkpoint"
    (checkpoint / "state.safetensors").rename(checkpoint / ".state.safetensors-half")
    assert len(broken.metrics) == 1  # the metrics are written before the checkpoint
    resumed = resume_run(broken)
    assert (resumed.path / "model.safetensors").read_bytes() == (run.path / "model.safetensors").read_bytes()


def test_mistakes_leave_no_folder(tmp_path):
    for wrong in ("nosuchnetwork", "8C31 GAP 10N", "8C3 GAP 9N"):
        with pytest.raises(TersenetError):
            start_run(SMALL.changed(network=wrong), runs_dir=tmp_path)
    with pytest.raises(TersenetError, match="no such device"):
        start_run(with_settings(SMALL, ["settings.device=gpu"]), runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_no_run(tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(TersenetError, match="not a run folder"):
        Run(tmp_path / "other")
    with pytest.raises(TersenetError, match="not a run folder"):
        find_run(tmp_path / "other")


def test_an_unknown_run_is_offered_the_nearest(run):
    with pytest.raises(TersenetError, match="did you mean small"):
        find_run("smal", run.path.parent)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("environment.json", "{", "not a JSON file"),
        ("environment.json", "[]", "does not hold a table"),
        ("metrics.csv", "epoch,train_loss\n1,x\n", "cannot be read"),
        ("model.safetensors", "short", "safetensors file is damaged"),
        ("experiment.toml", "name = 3", "has an invalid value"),
    ],
)
def test_a_broken_file_is_named(run, file, content, words):
    (run.path / file).write_text(content, encoding="utf-8")
    broken = Run(run.path)
    with pytest.raises(TersenetError, match=words) as error:
        _ = broken.environment, broken.experiment, broken.metrics, broken.model()
    assert file in str(error.value)


def test_a_missing_file_is_named(run):
    (run.path / "model.safetensors").unlink()
    with pytest.raises(TersenetError, match="does not exist"):
        Run(run.path).model()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="Permission"):
        start_run(SMALL, runs_dir=tmp_path / "runs")


def test_a_run_finds_its_data_where_it_was_found_also_from_another_shell(tmp_path, monkeypatch, few_digits):
    monkeypatch.setenv("TERSENET_DATA", str(tmp_path))
    run = start_run(SMALL, runs_dir=tmp_path / "runs")
    monkeypatch.delenv("TERSENET_DATA")
    asked = []
    monkeypatch.setattr(
        "tersenet.runs.folder.load_data",
        lambda name, *, data_dir, download, form: asked.append(data_dir) or few_digits,
    )
    run.data()
    run.data(tmp_path / "other")
    assert asked == [tmp_path, tmp_path / "other"]
