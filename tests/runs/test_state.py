"""A training says what it does, and two processes never train one run."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from tersenet import TersenetError
from tersenet._files import sweep, write_whole, written_whole
from tersenet.runs.state import LOCK, STATUS, at_work, is_locked, locked, read_status, state_of, sweep_all


def hold(folder, taken, release):
    with locked(folder):
        taken.set()
        release.wait(30)


@pytest.fixture
def held(tmp_path):
    """A folder whose lock another process holds; calling it kills that process."""
    context = multiprocessing.get_context("spawn")
    taken, release = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, taken, release), daemon=True)
    process.start()
    assert taken.wait(60)
    yield process.kill
    process.kill()
    process.join()


def test_a_lock_that_another_process_holds_is_one_error(tmp_path, held, monkeypatch):
    monkeypatch.setattr("tersenet.runs.state.PATIENCE", 0.1)
    assert is_locked(tmp_path)
    assert state_of(tmp_path, finished=False) == "running"
    with pytest.raises(TersenetError, match="Another process is training this run"), locked(tmp_path):
        pass


def test_a_dead_process_does_not_keep_its_lock(tmp_path, held):
    held()
    with locked(tmp_path):  # waits until the system has taken the lock back
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    assert state_of(tmp_path, finished=False) == "interrupted"


def test_looking_whether_a_run_is_locked_does_not_take_its_lock(tmp_path):
    with locked(tmp_path):
        pass
    with (tmp_path / LOCK).open("rb"):
        assert not is_locked(tmp_path)
        with locked(tmp_path):
            assert is_locked(tmp_path)


def test_the_status_tells_where_a_training_is_and_how_it_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("tersenet.runs.state.INTERVAL", 0.01)
    with at_work(tmp_path) as watch:
        assert read_status(tmp_path).state == state_of(tmp_path, finished=False) == "preparing"
        watch.at(3, 17, 60)
        until = time.monotonic() + 10
        while read_status(tmp_path).batch != 17 and time.monotonic() < until:
            time.sleep(0.01)
        status = read_status(tmp_path)
        assert (status.state, status.epoch, status.batch, status.batches) == ("running", 3, 17, 60)
        assert (status.process, status.alive >= status.started) == (os.getpid(), True)
    assert read_status(tmp_path).state == "finished"


@pytest.mark.parametrize(
    ("error", "state"),
    [(KeyboardInterrupt(), "interrupted"), (TersenetError("No."), "failed"), (SystemExit(0), "failed")],
)
def test_the_last_word_of_a_training_is_how_it_ended(tmp_path, error, state):
    with pytest.raises(type(error)), at_work(tmp_path):
        raise error
    assert read_status(tmp_path).state == state_of(tmp_path, finished=False) == state


def test_a_file_system_without_locks_is_decided_by_the_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr("tersenet.runs.state._take", lambda file, exclusive: None)
    with at_work(tmp_path):
        status = json.loads((tmp_path / STATUS).read_text())
    elsewhere = status | {"state": "running", "machine": "another", "process": 1}
    (tmp_path / STATUS).write_text(json.dumps(elsewhere))
    assert is_locked(tmp_path)
    with pytest.raises(TersenetError, match="Another process"), locked(tmp_path):
        pass
    (tmp_path / STATUS).write_text(json.dumps(elsewhere | {"alive": "2020-01-01T00:00:00+00:00"}))
    with locked(tmp_path):
        assert not is_locked(tmp_path)


def test_half_written_files_of_dead_processes_are_swept_and_those_of_living_ones_stay(tmp_path):
    run = tmp_path / "small-1"
    (run / "checkpoint").mkdir(parents=True)
    code = (
        "import sys, os\nfrom tersenet._files import written_whole\n"
        "with written_whole(sys.argv[1]) as half:\n    half.write_text('half'); os.kill(os.getpid(), 9)"
    )
    for name in ("metrics.csv", "checkpoint/state.safetensors"):
        done = subprocess.run([sys.executable, "-c", code, run / name], check=False)
        assert done.returncode == -signal.SIGKILL
    kept = run / ".metrics.csv.of-mine.csv"
    kept.write_text("mine")
    with written_whole(run / "result.json") as living:
        assert len(list(run.iterdir())) == 4
        sweep_all(tmp_path)
        assert {path.name for path in run.iterdir()} == {"checkpoint", kept.name, living.name}
        assert list((run / "checkpoint").iterdir()) == []


def test_a_half_written_file_of_another_machine_is_swept_after_a_day(tmp_path):
    file = write_whole(tmp_path / ".metrics.csv.00000000-1-abcdefgh.csv", "half")
    assert sweep(tmp_path) == []
    os.utime(file, (0, 0))
    assert sweep(tmp_path) == [file]


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(TersenetError, match="cannot be written to"), locked(tmp_path):
        pass
