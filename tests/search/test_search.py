"""A search from its beginning to its end: what it trains, what it keeps, and that the test set stays closed."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tersenet import Experiment, Recipe, TersenetError, load_data
from tersenet.cli.main import main
from tersenet.data import Dataset, Split
from tersenet.runs import Settings, load_experiment
from tersenet.search import (
    CostLimits,
    Search,
    SearchListeners,
    SearchPlan,
    SettingRange,
    find_search,
    list_searches,
    made_plan,
    read_search,
    resume_search,
    start_search,
)
from tersenet.search.folder import training_folder
from tersenet.search.trial_training import SharedImages, TrialTask, train_trial

pytest.importorskip("optuna", reason="the extra `search` is not installed")

SPACE = "{4..8}C5s3 BN R {MP2|} GAP 2Nb"


def plan_of(folder, **changes):
    """A search that takes a second or two."""
    fields = {
        "experiment": Experiment(
            network=SPACE,
            data=f"folder:{folder}",
            training=Recipe(epochs=3, batch_size=16),
            settings=Settings(engine="layers", precision="float32"),
        ),
        "trials": 4,
        "seeds": 1,
        "processes": 1,
        "rungs": (1,),
    }
    return SearchPlan(**fields | changes)


@pytest.fixture(scope="module")
def finished(picture_folder, tmp_path_factory):
    """A search that ran to its end, with the progress that it told."""
    told = []
    plan = plan_of(picture_folder, limits=CostLimits(parameters=250), seeds=2)
    runs = tmp_path_factory.mktemp("searches")
    search = start_search(plan, runs_dir=runs, listeners=SearchListeners(on_progress=told.append))
    return search, told


def test_what_was_chosen_is_a_leader_and_is_measured_once_with_fresh_seeds(finished):
    search, _ = finished
    record = search.result
    assert (search.state, record.trials, record.failed, record.test_reads) == ("finished", 4, 0, 1)
    assert record.chosen == record.leaders[0]
    assert record.chosen.cost.parameters < 250
    assert len(record.test_accuracies) == len(record.seeds) == 2
    used = {search.plan.experiment.seed + seed for trial in search.trials for _, seed in trial.trainings}
    assert not used & set(record.seeds)
    assert record.mean == pytest.approx(sum(record.test_accuracies) / 2)
    assert record.luck is not None
    assert 0 <= record.outside_training < 1


def test_the_folder_tells_everything(finished):
    search, told = finished
    again = Search(search.path)
    trials = again.trials
    assert [trial.number for trial in trials] == list(range(1, 5))
    networks = [trial.proposal.network for trial in trials]
    assert len(set(networks)) == 4
    assert all(trial.proposal.cost.parameters < 250 for trial in trials)
    assert sum(len(trial.trainings) for trial in trials) == told[-1].done == search.result.trainings
    # Everyone begins with a short training; those that were trained in full had one before.
    for trial in trials:
        assert (1, 0) in trial.trainings
    assert sum((3, 0) in trial.trainings for trial in trials) >= 2
    assert not list(search.path.rglob("checkpoint/trial*"))
    assert not (search.path / "images").exists()
    assert find_search("search", search.path.parent).path == search.path
    assert [each.path for each in list_searches(search.path.parent)] == [search.path]


def test_leaders_share_their_seeds_and_the_images_held_out(finished):
    search, _ = finished
    folds = {}
    for trial in search.trials:
        for (_, seed), training in trial.trainings.items():
            folds.setdefault(seed, set()).add(training.fold)
    assert all(len(each) == 1 for each in folds.values())
    chosen = {fold for seed, each in folds.items() if seed < 1000 for fold in each}
    fresh = {fold for seed, each in folds.items() if seed >= 1000 for fold in each}
    assert len(chosen) > 1  # they rotate
    assert fresh
    assert not chosen & fresh


def test_the_winner_trains_as_it_is(finished):
    search, _ = finished
    experiment = load_experiment(search.path / "winner.toml")
    assert experiment.network == search.result.chosen.network
    assert experiment.budget.parameters == 250
    assert "held-out" in experiment.chosen_on
    assert (search.path / search.result.group / "result.json").is_file()


def test_the_test_set_stays_closed_until_the_end(picture_folder, tmp_path, monkeypatch):
    read = []

    class Watched(Dataset):
        def __getattribute__(self, name):
            if name == "test":
                read.append(name)
            return super().__getattribute__(name)

    plain = load_data(f"folder:{picture_folder}")
    fields = {item.name: getattr(plain, item.name) for item in dataclasses.fields(Dataset)}
    monkeypatch.setattr("tersenet.search.run_search.load_data", lambda *_, **__: Watched(**fields))
    counts = []
    listeners = SearchListeners(
        on_start=lambda search, dataset: read.clear(), on_progress=lambda progress: counts.append(len(read))
    )
    search = start_search(plan_of(picture_folder, trials=3), runs_dir=tmp_path, listeners=listeners)
    assert counts
    assert not any(counts)
    assert not read
    assert search.result.test_reads == 1


def test_what_a_trial_is_given_are_training_images_alone(tmp_path):
    numbered = torch.arange(60, dtype=torch.uint8).repeat_interleave(64).view(60, 8, 8)
    train, test = (Split(images=images, labels=images[:, 0, 0].long()) for images in (numbered[:40], numbered[40:]))
    images = SharedImages.write(
        tmp_path, Dataset(name="numbered", train=train, test=test, classes=tuple(map(str, range(60))), source="here")
    )
    judged = []
    for fold in range(4):
        data = images.fold(fold, 10, seed=0)
        assert sorted(data.train.labels.tolist() + data.test.labels.tolist()) == list(range(40))
        assert data.test.images[:, 0, 0, 0].tolist() == data.test.labels.tolist()
        judged += data.test.labels.tolist()
    assert sorted(judged) == list(range(40))  # folds have no image in common


class EnoughError(Exception):
    """Stands for whatever ends a search in the middle."""


def test_a_search_that_was_interrupted_loses_and_repeats_nothing(finished, picture_folder, tmp_path):
    whole, _ = finished
    calls = []

    def progressed(progress):
        calls.append(progress)
        if len(calls) == 9:
            raise KeyboardInterrupt

    plan = plan_of(picture_folder, limits=CostLimits(parameters=250))
    with pytest.raises(KeyboardInterrupt):
        start_search(plan, runs_dir=tmp_path, listeners=SearchListeners(on_progress=progressed))
    search = find_search("search-1", tmp_path)
    assert search.state == "interrupted"
    before = {trial.number: trial.trainings for trial in search.trials}
    resumed = resume_search(search)
    assert resumed.state == "finished"
    after = {trial.number: trial.trainings for trial in resumed.trials}
    for number, trainings in before.items():
        for key, training in trainings.items():
            assert after[number][key] == training
    assert resumed.result.trials == 4
    assert sorted(after) == list(range(1, 5))
    # To the bit what the uninterrupted search has, where both trained the same network with the same seed.
    known = {
        (trial.proposal.network, *key): training.loss
        for trial in whole.trials
        for key, training in trial.trainings.items()
    }
    same = {
        (trial.proposal.network, *key): training.loss
        for trial in resumed.trials
        for key, training in trial.trainings.items()
        if (trial.proposal.network, *key) in known
    }
    assert len(same) >= 4
    assert same == {key: known[key] for key in same}
    # It is finished: the same command changes nothing, and a second budget goes on where the first ended.
    assert resume_search(resumed).result == resumed.result
    further = resume_search(resumed, trials=2)
    assert (further.result.trials, further.result.test_reads) == (6, 2)
    for number, trainings in after.items():
        assert further.trials[number - 1].trainings.items() >= trainings.items()


def test_an_interrupted_training_ends_as_an_uninterrupted_one(picture_folder, tmp_path):
    images = SharedImages.write(tmp_path / "images", load_data(f"folder:{picture_folder}"))
    experiment = plan_of(picture_folder).experiment.changed(network="4C5s3 BN R GAP 2Nb")
    common = {
        "experiment": experiment,
        "images": images,
        "held_out": 10,
        "fold": 1,
        "seed_number": 0,
        "folds_seed": 0,
    }
    whole = train_trial(TrialTask(path=tmp_path / "1" / "whole", **common), lambda metrics: None)

    def stop(metrics):
        if metrics.epoch == 2:
            raise EnoughError

    broken = TrialTask(path=tmp_path / "1" / "broken", **common)
    with pytest.raises(EnoughError):
        train_trial(broken, stop)
    epochs = []
    again = train_trial(broken, lambda metrics: epochs.append(metrics.epoch))
    assert epochs == [3]
    assert (again.losses, again.train_loss) == (whole.losses, whole.train_loss)


def test_a_search_survives_being_killed(picture_folder, tmp_path):
    words = ["search", SPACE, "--data", f"folder:{picture_folder}", "--trials", "4", "--seeds", "1", "--epochs", "6"]
    words += ["--processes", "1", "--runs-dir", str(tmp_path), "--set", "engine=layers", "precision=float32"]
    process = subprocess.Popen([sys.executable, "-m", "tersenet", *words], stdout=subprocess.DEVNULL)
    trials = tmp_path / "search-1" / "trials"
    until = time.monotonic() + 120
    while len(list(trials.glob("*/*/training.json"))) < 3:
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    search = find_search("search-1", tmp_path)
    assert search.state == "interrupted"
    before = {(trial.number, *key) for trial in search.trials for key in trial.trainings}
    assert main(["search", "--resume", "search-1", "--runs-dir", str(tmp_path)]) == 0
    after = {(trial.number, *key) for trial in search.trials for key in trial.trainings}
    assert before < after
    assert search.result.trials == 4
    assert len({trial.proposal.key for trial in search.trials}) == 4


def test_a_failure_is_no_value_and_does_not_end_the_search(picture_folder, tmp_path):
    rates = SettingRange(key="training.learning_rate", values=(0.1, 1e29))
    search = start_search(plan_of(picture_folder, settings=(rates,), trials=8, seeds=1), runs_dir=tmp_path)
    failed = [trial for trial in search.trials if trial.failure]
    assert failed
    assert all(trial.proposal.settings["training.learning_rate"] == 1e29 for trial in failed)
    assert "finite" in failed[0].failure
    assert search.result.failed == len(failed)
    assert search.result.chosen.settings["training.learning_rate"] == 0.1
    assert load_experiment(search.path / "winner.toml").training.learning_rate == 0.1


def test_ten_failures_in_a_row_end_it_with_the_cause(picture_folder, tmp_path):
    rates = SettingRange(key="training.learning_rate", values=(1e28, 1e29))
    with pytest.raises(TersenetError) as raised:
        start_search(plan_of(picture_folder, settings=(rates,), trials=50), runs_dir=tmp_path)
    assert "10 trainings in a row failed" in str(raised.value)
    assert "finite" in str(raised.value)
    search = find_search("search", tmp_path)
    assert search.state == "failed"
    assert sum(trial.failure is not None for trial in search.trials) == 10
    assert training_folder(search.path, 1, 1, 0).joinpath("failure.json").is_file()


def test_a_front_has_the_best_of_every_size(picture_folder, tmp_path):
    search = start_search(plan_of(picture_folder, front="parameters", seeds=1), runs_dir=tmp_path)
    front = search.result.front
    sizes = [leader.cost.parameters for leader in front]
    losses = [leader.loss for leader in front]
    assert sizes == sorted(sizes)
    assert losses == sorted(losses, reverse=True)


def test_an_experiment_file_says_it_all(picture_folder, tmp_path, capsys):
    (tmp_path / "mine.toml").write_text(
        f"""
network = "{SPACE}"
data = "folder:{picture_folder}"
[training]
epochs = 2
batch_size = 16
[search]
trials = 3
seeds = 1
processes = 1
start = ["5C5s3 BN R GAP 2Nb"]
[search.limits]
parameters = 200
[search.training]
learning_rate = {{ from = 0.05, to = 0.5, scale = "log" }}
augmentation.rotation = [0.0, 8.0]
"""
    )
    words = ["search", str(tmp_path / "mine.toml"), "--runs-dir", str(tmp_path / "runs"), "--json"]
    assert main(words) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["trials"] == 3
    assert set(document["chosen"]["settings"]) == {"training.learning_rate", "training.augmentation.rotation"}
    assert "winner.toml" in captured.err
    first = find_search("search", tmp_path / "runs").trials[0].proposal
    assert first.network == "5C5s3 BN R GAP 2Nb"
    assert first.settings == {"training.learning_rate": 0.2, "training.augmentation.rotation": 8.0}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"limits": CostLimits(parameters=50)}, "4C5s3 BN R MP2 GAP 2Nb"),
        ({"start": ("40C5 GAP 2N",)}, "not in the space"),
        ({"held_out": 40}, "held_out"),
    ],
)
def test_a_mistake_is_found_before_a_folder_is_made(changes, says, picture_folder, tmp_path):
    with pytest.raises(TersenetError, match=says):
        start_search(plan_of(picture_folder, **changes), runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("trials = 0", "trials"),
        ("minutes = -1", "minutes"),
        ("seeds = 0\ntrials = 1", "seeds"),
        ("front = 'speed'\ntrials = 1", "front"),
        ("rungs = [5, 2]\ntrials = 1", "rungs"),
        ("trails = 1", "trials"),
        ("", "needs a budget"),
        ("trials = 1\n[search.limits]\nparameters = 0", "parameters"),
        ("trials = 1\n[search.limits]\nweight = 3", "no such setting"),
        ("trials = 1\n[search.training]\nlearning_rate = { from = 0.5, to = 0.1 }", "lower number"),
        ("trials = 1\n[search.training]\nlearning_rate = { from = 0, to = 0.1, scale = 'log' }", "above 0"),
        ("trials = 1\n[search.training]\nlearning_rate = { from = 0.1, to = 'x' }", "from = 0.05"),
        ("trials = 1\n[search.training]\nlearning_rate = [0.1]", "two or more"),
        ("trials = 1\n[search.training]\nlearning_rat = [0.1, 0.2]", "no such setting"),
        ("trials = 1\n[search.training]\nepochs = { from = 0, to = 9 }", "epochs"),
    ],
)
def test_a_table_that_does_not_fit_is_one_error(search, says, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(f'network = "{SPACE}"\n[search]\n{search}\n')
    with pytest.raises(TersenetError, match=says):
        made_plan(**read_search(file))


def test_a_network_without_braces_is_no_search(capsys):
    assert main(["search", "8C3 GAP 10N", "--trials", "1"]) == 1
    assert "line of notation with braces" in capsys.readouterr().err
    assert main(["search", "--trials", "1"]) == 1
    assert "nothing to search" in capsys.readouterr().err
    assert main(["search", "--resume", "nothing", "--trials", "1"]) == 1
    assert "no such search" in capsys.readouterr().err


def test_a_folder_of_a_newer_version_and_a_broken_journal_are_refused(finished, tmp_path):
    import shutil

    search, _ = finished
    copy = tmp_path / "search-1"
    shutil.copytree(search.path, copy)
    plan = json.loads((copy / "search.json").read_text())
    (copy / "journal.log").write_text("this is no journal\n")
    with pytest.raises(TersenetError, match="journal of the search cannot be read"):
        resume_search(Search(copy), trials=1)
    (copy / "search.json").write_text(json.dumps(plan | {"schema": 99}))
    with pytest.raises(TersenetError) as raised:
        resume_search(Search(copy), trials=1)
    assert "schema 99" in str(raised.value)
    assert Path(str(raised.value.where)).name == "search.json"
