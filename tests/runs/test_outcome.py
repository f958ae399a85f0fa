"""What became of an experiment: which run tells, and what it was told otherwise."""

import shutil

import pytest

from tersenet.networks import Budget
from tersenet.runs import Experiment, GroupPlan, start_run, write_record
from tersenet.runs.listings.outcome import changed_fields, outcome_of
from tersenet.training import Recipe

MINE = Experiment(
    name="mine",
    network="4C5s3 BN R GAP 2Nb",
    budget=Budget(parameters=200, epochs=2),
    training=Recipe(epochs=1, batch_size=40),
)


@pytest.fixture
def start(picture_folder, tmp_path):
    return lambda experiment: start_run(experiment.changed(data=f"folder:{picture_folder}"), runs_dir=tmp_path)


def test_a_finished_run_gives_its_accuracy_and_the_budgets_verdict(start, tmp_path):
    run = start(MINE)
    outcome = outcome_of(MINE, tmp_path)
    assert (outcome.run, outcome.accuracy) == ("mine-1", run.result.test_accuracy)
    assert (outcome.seeds, outcome.deviation, outcome.changed) == (1, None, ())
    # 4·25 kernels + 8 of batch normalisation + 4·2 + 2 dense = 118 of fewer than 200; 1 epoch of fewer than 2.
    assert [(line.value, line.met) for line in outcome.budget] == [(118, True), (1, True)]
    assert outcome.met is True


def test_a_run_told_otherwise_is_named_so_and_stands_after_one_that_was_not(start, tmp_path):
    as_told = start(MINE)
    other = MINE.changed(training=Recipe(epochs=2, batch_size=40))
    start(other)
    assert outcome_of(MINE, tmp_path).run == as_told.name
    shutil.rmtree(as_told.path)
    found = outcome_of(MINE, tmp_path)
    assert (found.run, found.changed) == ("mine-2", ("training.epochs",))
    assert found.met is False  # two epochs are not fewer than two


def test_more_seeds_stand_before_fewer_and_a_group_gives_their_mean(start, tmp_path):
    group = tmp_path / "mine-9"
    runs = [start(MINE.changed(seed=seed, name="of-group")) for seed in (0, 1)]
    for seed, run in enumerate(runs):
        shutil.move(run.path, group / f"seed-{seed}")
    shutil.copy(group / "seed-0" / "experiment.toml", group)
    shutil.copy(group / "seed-0" / "environment.json", group)
    write_record(group / "group.json", GroupPlan(seeds=(0, 1), processes=1))
    start(MINE)
    found = outcome_of(MINE, tmp_path)
    assert (found.run, found.seeds) == ("mine-9", 2)
    assert found.deviation is not None


def test_unfinished_and_damaged_runs_are_passed_over(start, tmp_path):
    unfinished, damaged = start(MINE), start(MINE)
    (unfinished.path / "result.json").unlink()
    (damaged.path / "result.json").write_text("{", encoding="utf-8")
    assert outcome_of(MINE, tmp_path) is None


def test_another_name_for_the_same_training_is_the_same_experiment(start, tmp_path):
    start(MINE.changed(name="other"))
    assert outcome_of(MINE, tmp_path).run == "other-1"
    assert outcome_of(MINE.changed(training=Recipe(epochs=7)), tmp_path) is None


def test_a_named_network_and_its_line_are_the_same():
    named = Experiment(network="gap-14320")
    line = Experiment(network="(16C3 R BN D.1)x3 AP2 32C3 R BN D.1 16C3 R BN GAP 10C1")
    assert changed_fields(named, line) == ()
    assert changed_fields(named, line.changed(network="8C3 GAP 10N")) == ("network",)
