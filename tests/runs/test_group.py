"""Several seeds of one experiment: each as it is alone, side by side or in turn, killed and gone on with."""

import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tersenet import TersenetError
from tersenet.networks import Budget
from tersenet.runs import (
    Experiment,
    Group,
    GroupListeners,
    Settings,
    find_run,
    find_run_or_group,
    list_groups,
    list_runs,
    resume_group,
    start_group,
    start_run,
)
from tersenet.runs.family.seeds import share_cores
from tersenet.training import STOP, Recipe

EPOCHS = 2


@pytest.fixture(scope="module")
def experiment(picture_folder):
    return Experiment(
        name="small",
        network="4C5s3 BN R D.1 GAP 2Nb",
        data=f"folder:{picture_folder}",
        budget=Budget(parameters=200),
        seed=3,
        training=Recipe(epochs=EPOCHS, batch_size=16),
        settings=Settings(device="cpu"),
    )


@pytest.fixture(scope="module")
def group(experiment, tmp_path_factory):
    """Three seeds, two at a time."""
    return start_group(experiment, 3, runs_dir=tmp_path_factory.mktemp("side-by-side"), processes=2)


@pytest.fixture
def begun(experiment, tmp_path):
    """A group of three seeds trained one by one, interrupted in the second."""

    def interrupt(run, metrics):
        if run.name.endswith("seed-4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_group(experiment, 3, runs_dir=tmp_path, processes=1, listeners=GroupListeners(on_epoch=interrupt))
    (group,) = list_groups(tmp_path)
    return group


def weights(run):
    return (run.path / "model.safetensors").read_bytes()


def test_a_seed_of_a_group_is_that_seed_alone_to_the_bit(group, tmp_path):
    for run in group.runs:
        alone = start_run(run.experiment, runs_dir=tmp_path)
        assert weights(run) == weights(alone)
        assert run.result.test_loss == alone.result.test_loss
    assert len({weights(run) for run in group.runs}) == 3


def test_side_by_side_and_in_turn_give_the_same(group, experiment, tmp_path):
    settled = experiment.changed(settings=group.experiment.settings)
    in_turn = start_group(settled, 3, runs_dir=tmp_path, processes=1)
    assert [weights(run) for run in in_turn.runs] == [weights(run) for run in group.runs]


def test_the_folder_holds_a_run_a_seed_and_the_whole(group):
    files = {"experiment.toml", "environment.json", "group.json", "result.json", "summary.txt", "status.json", "lock"}
    assert {path.name for path in group.path.iterdir()} == files | {"seed-3", "seed-4", "seed-5"}
    assert [run.name for run in group.runs] == ["small-1/seed-3", "small-1/seed-4", "small-1/seed-5"]
    assert [run.experiment.seed for run in group.runs] == list(group.seeds) == [3, 4, 5]
    assert group.experiment.notation == "4C5s3 BN R D.1 GAP 2Nb"


def test_settings_are_settled_once_and_written(group):
    settled = group.experiment.settings
    assert "auto" not in (settled.device, settled.engine, settled.precision)
    assert settled.threads >= 1
    assert settled.workers >= 1
    assert all(run.experiment.settings == settled for run in group.runs)
    assert json.loads((group.path / "group.json").read_text())["processes"] == 2


def test_the_result_is_reckoned_from_the_runs(group):
    result = group.result
    accuracies = [run.result.test_accuracy for run in group.runs]
    assert [each.test_accuracy for each in result.runs] == accuracies
    assert result.mean == pytest.approx(statistics.fmean(accuracies))
    assert result.deviation == pytest.approx(statistics.stdev(accuracies))
    assert (result.minimum, result.maximum) == (min(accuracies), max(accuracies))
    half = 4.302652729911275 * statistics.stdev(accuracies) / 3**0.5  # t of two degrees of freedom, printed tables
    bounds = (max(0.0, result.mean - half), min(100.0, result.mean + half))  # an accuracy lies between these
    assert result.interval == pytest.approx(bounds)
    assert result.indication
    assert result.seconds == pytest.approx(statistics.fmean(run.result.seconds for run in group.runs))
    assert result.wall_seconds > 0


def test_the_mean_decides_the_budget(experiment, tmp_path):
    name = experiment.data
    group = start_group(experiment, 2, runs_dir=tmp_path, processes=1)
    low, high = sorted(run.result.test_accuracy for run in group.runs)
    for limit, met in (((low + high) / 2, True), (min(100.0, (low + high) / 2 + 0.01), (low + high) / 2 == 100)):
        demanded = experiment.changed(budget=Budget(data=name, accuracy=limit))
        (line,) = start_group(demanded, 2, runs_dir=tmp_path, processes=1).result.budget
        assert (line.value, line.met) == (pytest.approx((low + high) / 2), met)


def test_an_interrupted_group_goes_on_with_what_is_missing(begun, group):
    assert begun.result is None
    assert [run.experiment.seed for run in begun.finished_runs] == [3]
    assert len(begun.runs) == 2
    kept = (begun.seed_path(3) / "result.json").stat().st_mtime_ns
    seen = []
    settled = resume_group(
        begun, listeners=GroupListeners(on_epoch=lambda run, row: seen.append((run.name, row.epoch)))
    )
    assert (begun.seed_path(3) / "result.json").stat().st_mtime_ns == kept
    # The first epoch of seed 4 was whole when the interrupt came.
    assert seen == [("small-1/seed-4", 2), ("small-1/seed-5", 1), ("small-1/seed-5", 2)]
    assert settled.result.wall_seconds is None
    if begun.experiment.settings == group.experiment.settings:
        assert [weights(run) for run in settled.runs] == [weights(run) for run in group.runs]


def test_a_seed_can_be_stopped_after_an_epoch(experiment, tmp_path):
    listeners = GroupListeners(on_epoch=lambda run, metrics: STOP if run.experiment.seed == 4 else None)
    group = start_group(experiment, 2, runs_dir=tmp_path, processes=1, listeners=listeners)
    assert [len(run.metrics) for run in group.runs] == [EPOCHS, 1]


def test_a_finished_group_is_not_trained_again(group):
    before = [weights(run) for run in group.runs]
    assert resume_group(group).result == group.result
    assert [weights(run) for run in group.runs] == before


def test_a_process_that_is_killed_ends_the_group_with_one_error(experiment, tmp_path):
    finished = []

    def kill(run):
        finished.append(run.name)
        victim = next(iter(multiprocessing.active_children()))
        os.kill(victim.pid, signal.SIGKILL)

    long = experiment.changed(training=Recipe(epochs=4, batch_size=16))
    with pytest.raises(TersenetError, match="died") as caught:
        start_group(long, 4, runs_dir=tmp_path, processes=2, listeners=GroupListeners(on_seed=kill))
    assert "SIGKILL" in str(caught.value)
    assert multiprocessing.active_children() == []
    (group,) = list_groups(tmp_path)
    assert finished[0] in [run.name for run in group.finished_runs]
    assert resume_group(group).result.runs[3].seed == 6


def test_a_seed_that_fails_is_named_and_what_was_finished_is_kept(experiment, tmp_path):
    explosive = experiment.changed(training=Recipe(epochs=2, batch_size=16, learning_rate=1e30))
    with pytest.raises(TersenetError) as caught:
        start_group(explosive, 2, runs_dir=tmp_path, processes=2)
    assert f"{tmp_path / 'small-1' / 'seed-'}" in str(caught.value)
    assert multiprocessing.active_children() == []


def alive(pid):
    """Whether a process runs; one that ended and was not yet fetched does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_its_parent(experiment, tmp_path, end):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import multiprocessing
        from pathlib import Path
        from tersenet.runs import Experiment, GroupListeners, Settings, start_group
        from tersenet.training import STOP, Recipe

        def say(run, metrics):
            print(*(child.pid for child in multiprocessing.active_children()), flush=True)

        if __name__ == "__main__":
            start_group(
                Experiment(name="long", network={experiment.network!r}, data={experiment.data!r},
                           settings=Settings(device="cpu"), training=Recipe(epochs=4000, batch_size=16)),
                2, runs_dir=Path({str(tmp_path)!r}), processes=2, listeners=GroupListeners(on_epoch=say),
            )
        """)
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        children = [int(pid) for pid in process.stdout.readline().split()]
        process.send_signal(end)
        _, errors = process.communicate(timeout=60)
    assert len(children) == 2
    assert errors.count("Traceback") == (1 if end == signal.SIGINT else 0), (
        errors
    )  # the script's own KeyboardInterrupt
    patience = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not any(map(alive, children))


def test_a_script_without_a_guard_is_told_so(experiment, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom tersenet.runs import Experiment, Settings, start_group\n"
        f"start_group(Experiment(name='bare', network={experiment.network!r}, data={experiment.data!r},\n"
        f"            settings=Settings(device='cpu')), 2, runs_dir=Path({str(tmp_path)!r}), processes=2)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert '__name__ == "__main__"' in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["bare-1"]


def test_groups_and_runs_are_told_apart(group, experiment):
    here = group.path.parent
    alone = start_run(experiment.changed(name="alone"), runs_dir=here)
    assert [run.name for run in list_runs(here)] == ["alone-1"]
    assert [each.name for each in list_groups(here)] == ["small-1"]
    assert find_run_or_group("small", here) == group
    assert find_run_or_group("alone", here).path == alone.path
    assert find_run("small-1/seed-4", here).path == group.seed_path(4)
    assert find_run(group.seed_path(4)).name == "small-1/seed-4"
    with pytest.raises(TersenetError, match="small-1/seed-3"):
        find_run("small-1", here)
    with pytest.raises(TersenetError, match="small-1/seed-3"):
        find_run("small", here)
    with pytest.raises(TersenetError, match="did you mean small"):
        find_run_or_group("smal", here)


def test_a_run_alone_is_no_group(group):
    with pytest.raises(TersenetError, match="not the folder of a group"):
        Group(group.seed_path(3))


def test_mistakes_leave_no_folder(experiment, tmp_path):
    for changed, seeds in ((experiment.changed(network="8C31 GAP 2N"), 2), (experiment, 1), (experiment, 10_000)):
        with pytest.raises(TersenetError):
            start_group(changed, seeds, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_each_seed_gets_its_share_of_the_cores(monkeypatch):
    monkeypatch.setattr("tersenet.runs.family.seeds.core_count", lambda: 8)
    on_cpu = Settings(device="cpu")
    assert share_cores(on_cpu, 20) == (Settings(device="cpu", threads=1, workers=1), 8)
    assert share_cores(on_cpu, 3, 3) == (Settings(device="cpu", threads=2, workers=2), 3)
    assert share_cores(on_cpu, 3, 1) == (on_cpu, 1)
    assert share_cores(Settings(device="cpu", workers=4), 20) == (Settings(device="cpu", threads=4, workers=4), 2)
    assert share_cores(Settings(device="cpu", threads=8), 20) == (Settings(device="cpu", threads=8), 1)
