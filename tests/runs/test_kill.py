"""A training killed with SIGKILL at random moments and resumed ends as the uninterrupted one."""

import csv
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tersenet._files import is_alive
from tersenet.runs import list_groups
from tersenet.runs.state import read_status

COMMAND = [sys.executable, "-m", "tersenet", "train"]
EPOCHS = 12


def train(*words):
    """Start a training in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *words, "--no-report"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )


def finish(process):
    output, _ = process.communicate(timeout=120)
    assert process.returncode in (0, 3), output


def rows_without_times(run):
    with (run / "metrics.csv").open(encoding="utf-8") as file:
        return [
            {name: value for name, value in row.items() if name not in ("seconds", "images_per_second")}
            for row in csv.DictReader(file)
        ]


def test_killed_at_random_moments_and_resumed_it_ends_as_the_uninterrupted_one(picture_folder, tmp_path):
    common = ["--runs-dir", str(tmp_path), "--threads", "1"]
    words = [
        "6C5s2 BN R D.2 8C3s2 BN R GAP 2Nb",
        "--data",
        f"folder:{picture_folder}",
        "--epochs",
        str(EPOCHS),
        *common,
    ]
    words += ["--set", "training.batch_size=8"]
    finish(train(*words, "--name", "whole"))

    run, moments = tmp_path / "killed-1", random.Random()
    process, kills = train(*words, "--name", "killed"), 0
    while kills < 4 and process.poll() is None:
        done = len(rows_without_times(run)) if (run / "metrics.csv").is_file() else 0
        if done >= 1 + 2 * kills:
            time.sleep(moments.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            assert not (run / "result.json").is_file() or kills > 1
            process = train("--resume", "killed-1", "--runs-dir", str(tmp_path))
        else:
            time.sleep(0.002)
    finish(process)

    assert kills >= 2, "the training was too quick to be killed"
    whole = tmp_path / "whole-1"
    assert (run / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert rows_without_times(run) == rows_without_times(whole)
    assert len(rows_without_times(run)) == EPOCHS
    assert not list(run.rglob(".*")), "a resume sweeps what killed processes left half-written"


def started(tmp_path, picture_folder, *words):
    """A long training whose first epoch is done."""
    common = ["--runs-dir", str(tmp_path), "--threads", "1", "--epochs", "400", "--name", "long", *words]
    process = train("6C5s2 BN R GAP 2Nb", "--data", f"folder:{picture_folder}", *common)
    while not list(tmp_path.rglob("metrics.csv")) and process.poll() is None:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(("asked", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_training_that_is_asked_to_end_does_so_cleanly_and_can_go_on(asked, status, picture_folder, tmp_path):
    process = started(tmp_path, picture_folder)
    process.send_signal(getattr(signal, asked))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == status, output
    assert "Traceback" not in output
    assert "tersenet train --resume long-1" in output
    assert read_status(tmp_path / "long-1").state == "interrupted"
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize(("asked", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_group_that_is_asked_to_end_leaves_no_process_behind(asked, status, picture_folder, tmp_path):
    process = started(tmp_path, picture_folder, "--seeds", "2")
    seeds = [read_status(path.parent) for path in sorted(tmp_path.rglob("seed-*/status.json"))]
    assert seeds
    process.send_signal(getattr(signal, asked))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == status, output
    assert "Traceback" not in output
    assert not any(is_alive(seed.process) for seed in seeds if seed.process != process.pid)
    (group,) = list_groups(tmp_path)
    assert group.state == "interrupted"
    assert {run.state for run in group.runs} == {"interrupted"}


def test_two_resumes_of_one_run_are_one_training_and_one_error(picture_folder, tmp_path):
    process = started(tmp_path, picture_folder)
    second = train("--resume", "long-1", "--runs-dir", str(tmp_path))
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "Another process is training this run." in output
    assert f"process {process.pid} on" in output
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
