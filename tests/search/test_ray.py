"""A cluster of three nodes on this machine: the same figures as here, to the bit, whatever dies on the way."""

import os
import signal
import subprocess
import sys
import time
import warnings

import pytest

from tersenet import Experiment, Recipe, TersenetError
from tersenet.cli.main import main
from tersenet.runs import Settings, resume_group, start_group
from tersenet.runs.family.ray_pool import on_this_node, packed, unpack
from tersenet.search import SearchListeners, SearchPlan, find_search, resume_search, start_search

pytest.importorskip("optuna", reason="the extra `search` is not installed")
pytest.importorskip("ray", reason="the extra `cluster` is not installed")

SETTINGS = Settings(engine="layers", precision="float32", threads=1, workers=1)


def plan_of(folder):
    experiment = Experiment(
        network="{4..8}C5s3 BN R GAP 2Nb",
        data=f"folder:{folder}",
        training=Recipe(epochs=4, batch_size=16),
        settings=SETTINGS,
    )
    return SearchPlan(experiment=experiment, trials=4, seeds=1, processes=1, rungs=(2,))


def figures(search):
    """What every training reached, by the network, its epochs and its seed."""
    return {
        (trial.proposal.network, *key): training.losses
        for trial in search.trials
        for key, training in trial.trainings.items()
    }


@pytest.fixture(scope="module")
def cluster():
    """Three nodes of one core each; the first is the head."""
    asked_to_end = signal.getsignal(signal.SIGTERM)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        nodes.others = [nodes.add_node(num_cpus=1) for _ in range(2)]
    signal.signal(signal.SIGTERM, asked_to_end)  # the nodes took it
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_ADDRESS", nodes.address)
        yield nodes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes.shutdown()


def test_a_cluster_gives_what_this_machine_gives_though_a_node_and_the_driver_die(cluster, picture_folder, tmp_path):
    local = start_search(plan_of(picture_folder), runs_dir=tmp_path / "local")
    # The driver is a program of its own, which is killed in the middle.
    words = [
        "search",
        "{4..8}C5s3 BN R GAP 2Nb",
        "--data",
        f"folder:{picture_folder}",
        "--trials",
        "4",
        "--seeds",
        "1",
    ]
    words += ["--epochs", "4", "--processes", "1", "--on", "ray", "--runs-dir", str(tmp_path / "ray"), "--set"]
    words += ["batch_size=16", "engine=layers", "precision=float32", "threads=1", "workers=1"]
    driver = subprocess.Popen([sys.executable, "-m", "tersenet", *words], stdout=subprocess.DEVNULL)
    trials = tmp_path / "ray" / "search-1" / "trials"
    until = time.monotonic() + 240
    while len(list(trials.glob("*/*/training.json"))) < 2:
        assert time.monotonic() < until
        assert driver.poll() is None
        time.sleep(0.05)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    search = find_search("search-1", tmp_path / "ray")
    assert search.state == "interrupted"
    before = figures(search)
    told = []

    def progressed(progress):
        told.append(progress)
        if len(told) == 6:
            cluster.remove_node(cluster.others.pop(), allow_graceful=False)

    resumed = resume_search(search, on="ray", listeners=SearchListeners(on_progress=progressed))
    assert len(cluster.others) == 1
    found = figures(resumed)
    assert before.items() <= found.items()
    assert resumed.result.trials == 4
    assert resumed.result.failed == 0
    assert len({trial.proposal.key for trial in resumed.trials}) == 4
    shared = found.keys() & figures(local).keys()
    assert len(shared) >= 4
    assert {key: found[key] for key in shared} == {key: figures(local)[key] for key in shared}
    # The folder looks as after a local search.
    names = {path.name for path in resumed.path.iterdir()}
    assert names == {path.name for path in local.path.iterdir()}


def test_seeds_on_a_cluster_are_those_alone(cluster, picture_folder, tmp_path):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=2, batch_size=16),
        settings=SETTINGS,
    )
    here = start_group(experiment, 3, runs_dir=tmp_path / "here", processes=1)
    asked_to_end = signal.getsignal(signal.SIGTERM)
    there = start_group(experiment, 3, runs_dir=tmp_path / "there", on="ray")
    assert signal.getsignal(signal.SIGTERM) is asked_to_end  # Ray's own would end the process without a clean stop
    assert [run.metrics[-1].test_loss for run in there.runs] == [run.metrics[-1].test_loss for run in here.runs]
    for one, other in zip(here.runs, there.runs, strict=True):
        assert (one.path / "model.safetensors").read_bytes() == (other.path / "model.safetensors").read_bytes()
        assert {path.name for path in one.path.iterdir()} - {"lock"} == {path.name for path in other.path.iterdir()}
    assert resume_group(there, on="ray").result == there.result


def test_a_cluster_that_cannot_be_reached_is_one_error(monkeypatch, picture_folder, tmp_path, capsys):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(TersenetError, match="cannot be reached"):
        start_search(plan_of(picture_folder), runs_dir=tmp_path, on="ray")
    assert main(["train", "sprint", "--on", "ray"]) == 1
    assert "several seeds" in capsys.readouterr().err
    assert main(["search", "{4..8}C3 GAP 10N", "--trials", "1", "--on", "moon"]) == 1
    assert "here or ray" in capsys.readouterr().err


def test_a_folder_travels_whole_and_without_its_lock(tmp_path):
    (tmp_path / "a" / "checkpoint").mkdir(parents=True)
    (tmp_path / "a" / "checkpoint" / "state").write_bytes(b"1")
    (tmp_path / "a" / "lock").write_bytes(b"")
    (tmp_path / "a" / "metrics.csv").write_text("epoch\n1\n")
    unpack(packed(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "b" / "checkpoint" / "state").read_bytes() == b"1"
    assert not (tmp_path / "b" / "lock").exists()
    (tmp_path / "a" / "checkpoint" / "state").unlink()
    unpack(packed(tmp_path / "a"), tmp_path / "b")
    assert not (tmp_path / "b" / "checkpoint").exists()
    data = packed(tmp_path / "a")
    assert on_this_node(data) == on_this_node(data)
    assert (on_this_node(data) / "metrics.csv").is_file()
