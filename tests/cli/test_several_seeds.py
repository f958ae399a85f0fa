"""`tersenet train --seeds`: what is printed, the JSON keys, the status, and how other commands take a group."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from made_runs import made_record
from tersenet.cli.commands.training.several_seeds import _conclude
from tersenet.cli.main import main
from tersenet.cli.output import Output
from tersenet.networks import BudgetLine
from tersenet.runs import Environment, Group, GroupRecord

NET = "4C5s3 BN R GAP 2Nb"


@pytest.fixture(scope="module")
def runs(picture_folder, tmp_path_factory):
    """A folder with one group in it: two seeds, one after the other (all cores each)."""
    folder = tmp_path_factory.mktemp("runs")
    words = [NET, "--data", f"folder:{picture_folder}", "--epochs", "1", "--name", "mine", "--seeds", "2"]
    assert main(["train", *words, "--threads", "1024", "--seed", "5", "--runs-dir", str(folder)]) == 0
    return folder


def test_the_group_has_its_report_and_its_seeds(runs):
    group = Group(runs / "mine-1")
    assert group.seeds == (5, 6)
    assert group.processes == 1
    assert (group.path / "report.html").is_file()
    assert all(run.result for run in group.runs)


def test_json_has_the_keys_that_others_lean_on(picture_folder, tmp_path, capsys):
    words = ["--data", f"folder:{picture_folder}", "--epochs", "1", "--seeds", "2", "--runs-dir", str(tmp_path)]
    assert main(["train", NET, *words, "--threads", "1024", "--no-report", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= {"runs", "mean", "deviation", "minimum", "maximum", "interval", "seeds", "seconds"}
    assert [run["seed"] for run in document["runs"]] == [0, 1]
    assert [run["run"] for run in document["runs"]] == ["net-118-1/seed-0", "net-118-1/seed-1"]


SEEDS = tuple(range(10))
RESULT = GroupRecord(
    run="sprint-1",
    data="mnist",
    network="stem-17150",
    device="cpu",
    parameters=17_150,
    epochs=3,
    seeds=SEEDS,
    processes=2,
    runs=tuple(made_record(99.43, parameters=17_150) for _ in SEEDS),
    mean=99.4312,
    deviation=0.0412,
    minimum=99.37,
    maximum=99.49,
    interval=(99.4017, 99.4607),
    indication=False,
    best_test_mean=99.4513,
    train_mean=99.1,
    test_images=10_000,
    seconds=9.51,
    wall_seconds=52.31,
    budget=(
        BudgetLine("accuracy on mnist", "≥ 99.4 %", 99.4312, True),
        BudgetLine("epochs", "< 3", 3, False),
    ),
)
CONCLUSION = """\

sprint-1: 99.43 ± 0.04 % on the test set of mnist
  10 seeds after epoch 3, from 99.37 to 99.49 %
  95 % interval of the mean 99.40 to 99.46 %
  17,150 parameters, 9.5 s of training per seed, 52.3 s in all (2 at a time)
  mean of the best epochs, picked on the test set: 99.45 %

budget             limit        value  verdict
accuracy on mnist  ≥ 99.4 %  99.431 %  met
epochs             < 3              3  missed
budget MISSED: epochs

group:  runs/sprint-1

next:
  measure  tersenet evaluate sprint-1
  explain  tersenet explain sprint-1/seed-0 --index 0
  claim    tersenet claim sprint-1
  look     tersenet serve
"""


@pytest.mark.parametrize(("met", "status"), [(False, 3), (True, 0)])
def test_the_conclusion_is_printed_and_a_missed_budget_is_status_3(met, status):
    output = Output(json=False)
    output.console = Console(width=80, force_terminal=False, highlight=False, record=True)
    budget = tuple(replace(line, met=line.met or met) for line in RESULT.budget)
    group = SimpleNamespace(
        name="sprint-1",
        path=Path("runs/sprint-1"),
        seeds=SEEDS,
        result=replace(RESULT, budget=budget),
        environment=Environment(),
    )
    assert _conclude(group, None, output) == status
    expected = CONCLUSION.replace("missed\nbudget MISSED: epochs", "met") if met else CONCLUSION
    text = output.console.export_text()
    assert "\n".join(line.rstrip() for line in text.splitlines()) + "\n" == expected


def test_runs_lists_groups_below(runs, capsys):
    assert main(["runs", "--runs-dir", str(runs), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["runs"] == []
    (group,) = document["groups"]
    assert (group["run"], group["finished"], group["seeds"]) == ("mine-1", 2, [5, 6])
    assert group["mean"] == pytest.approx(Group(runs / "mine-1").result.mean)
    assert main(["runs", "--runs-dir", str(runs)]) == 0
    assert "2/2" in capsys.readouterr().out


def test_evaluate_measures_every_seed_or_one(runs, capsys):
    assert main(["evaluate", "mine", "--runs-dir", str(runs), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["mean"] == pytest.approx(Group(runs / "mine-1").result.mean)
    assert [row["seed"] for row in document["runs"]] == [5, 6]
    assert main(["evaluate", "mine-1/seed-6", "--runs-dir", str(runs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == document["runs"][1]["accuracy"]
    assert main(["evaluate", "mine", "--runs-dir", str(runs), "--figures", "x"]) == 1
    assert "mine-1/seed-5" in capsys.readouterr().err


def test_reports_are_written_of_a_group_and_of_a_seed(runs, capsys):
    assert main(["report", "mine", "--runs-dir", str(runs)]) == 0
    assert main(["report", "mine-1/seed-5", "--runs-dir", str(runs)]) == 0
    assert (runs / "mine-1" / "seed-5" / "report.html").is_file()


def test_what_takes_one_run_asks_for_a_seed(runs, capsys):
    assert main(["predict", "mine", "digit.png", "--runs-dir", str(runs)]) == 1
    assert "mine-1/seed-5" in capsys.readouterr().err


def test_a_group_goes_on_as_it_began(runs, capsys):
    assert main(["train", "--resume", "mine-1", "--no-report", "--runs-dir", str(runs)]) == 0
    assert "mine-1" in capsys.readouterr().out
    assert main(["train", "--resume", "mine-1", "--seeds", "9", "--runs-dir", str(runs)]) == 1
    assert "--seeds" in capsys.readouterr().err


@pytest.mark.parametrize("seeds", ["0", "-1", "5000"])
def test_a_number_of_seeds_that_cannot_be_leaves_nothing(seeds, tmp_path, capsys):
    assert main(["train", NET, "--data", "synthetic", "--seeds", seeds, "--runs-dir", str(tmp_path)]) == 1
    assert "seeds" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_one_seed_is_a_run(picture_folder, tmp_path, capsys):
    words = ["--data", f"folder:{picture_folder}", "--epochs", "1", "--seeds", "1", "--runs-dir", str(tmp_path)]
    assert main(["train", NET, *words, "--no-report", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == "net-118-1"


def test_ctrl_c_is_status_130_and_the_group_can_go_on(picture_folder, tmp_path):
    words = [NET, "--data", f"folder:{picture_folder}", "--epochs", "3000", "--name", "long", "--seeds", "2"]
    command = [sys.executable, "-m", "tersenet", "train", *words, "--threads", "1", "--runs-dir", str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    metrics = tmp_path / "long-1" / "seed-0" / "metrics.csv"
    while not metrics.is_file() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: parent and children get it
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert f"tersenet train --resume long-1 --runs-dir {tmp_path}" in output
