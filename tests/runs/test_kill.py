"""A training killed with SIGKILL at random moments and resumed ends as the uninterrupted one."""

import csv
import os
import random
import signal
import subprocess
import sys
import time

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
    leftovers = [
        path.name for path in run.iterdir() if path.name.startswith(".") and not path.name.startswith(".model")
    ]
    assert all(name.split(".")[1] in ("metrics", "state", "environment") for name in leftovers)


def test_ctrl_c_is_status_130_and_the_run_can_go_on(picture_folder, tmp_path):
    common = ["--runs-dir", str(tmp_path), "--threads", "1"]
    process = train(
        "6C5s2 BN R GAP 2Nb", "--data", f"folder:{picture_folder}", "--epochs", "400", "--name", "long", *common
    )
    metrics = tmp_path / "long-1" / "metrics.csv"
    while not metrics.is_file() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert "tersenet train --resume long-1" in output
