"""Families: members with experiments of their own, proposed as processes come free; failures are their own."""

import json
import multiprocessing
import os
import signal

import pytest

from tersenet import TersenetError
from tersenet.runs import (
    Experiment,
    FamilyListeners,
    FamilyPlan,
    Listeners,
    Member,
    Run,
    Settings,
    read_plan,
    start_run,
    train_family,
    train_in,
)
from tersenet.training import STOP, Recipe

NETWORKS = ("4C5s3 BN R GAP 2Nb", "3C5s3 BN R GAP 2Nb", "2C5s3 BN R GAP 2Nb")


@pytest.fixture(scope="module")
def members(picture_folder):
    """Three networks, two epochs each."""
    return [
        Member(
            name=f"trial-{number}",
            experiment=Experiment(
                network=network,
                data=f"folder:{picture_folder}",
                training=Recipe(epochs=2, batch_size=16),
                settings=Settings(device="cpu", threads=1, workers=1),
            ),
        )
        for number, network in enumerate(NETWORKS)
    ]


def failing(member):
    """The same training with a rate at which the loss is not finite."""
    training = Recipe(epochs=2, batch_size=16, learning_rate=1e30)
    return Member(name=member.name, experiment=member.experiment.changed(training=training))


def weights(run):
    return (run.path / "model.safetensors").read_bytes()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_member_is_that_run_alone_to_the_bit(members, tmp_path, processes):
    runs = train_family(tmp_path / "family", members, plan=FamilyPlan(processes=processes))
    assert {run.path.name for run in runs} == {"trial-0", "trial-1", "trial-2"}
    for run in runs:
        (member,) = (member for member in members if member.name == run.path.name)
        alone = start_run(member.experiment, runs_dir=tmp_path)
        assert weights(run) == weights(alone)
        assert run.state == "finished"
    assert read_plan(tmp_path / "family") == FamilyPlan(processes=processes)


@pytest.mark.parametrize("processes", [1, 2])
def test_stop_ends_a_run_after_that_epoch_and_it_is_whole(members, tmp_path, processes):
    def on_epoch(path, metrics):
        return STOP if path.name == "trial-0" else None

    train_family(
        tmp_path, members[:2], plan=FamilyPlan(processes=processes), listeners=FamilyListeners(on_epoch=on_epoch)
    )
    stopped, whole = Run(tmp_path / "trial-0"), Run(tmp_path / "trial-1")
    assert (len(stopped.metrics), len(whole.metrics)) == (1, 2)
    assert stopped.is_finished
    assert json.loads((stopped.path / "result.json").read_text())["epochs"] == 1


def test_a_run_of_a_callers_own_folder_stops_and_is_continued(members, tmp_path):
    experiment = members[0].experiment
    run = train_in(tmp_path / "here", experiment, listeners=Listeners(on_epoch=lambda metrics: STOP))
    assert len(run.metrics) == 1
    assert train_in(tmp_path / "here", experiment).metrics == run.metrics  # finished: not trained again

    def interrupt(metrics):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_in(tmp_path / "there", experiment, listeners=Listeners(on_epoch=interrupt))
    assert len(train_in(tmp_path / "there", experiment).metrics) == 2
    with pytest.raises(TersenetError, match="not a run folder"):
        train_in(tmp_path / "nowhere")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failure_that_is_recorded_is_that_members_alone(members, tmp_path, processes):
    failures = []
    runs = train_family(
        tmp_path,
        [failing(members[0]), *members[1:]],
        plan=FamilyPlan(processes=processes, on_failure="record"),
        listeners=FamilyListeners(on_failure=lambda path, error: failures.append((path.name, error.problem))),
    )
    assert {run.path.name for run in runs} == {"trial-1", "trial-2"}
    ((name, problem),) = failures
    assert name == "trial-0"
    status = json.loads((tmp_path / "trial-0" / "status.json").read_text())
    assert (status["state"], status["problem"]) == ("failed", problem)
    assert Run(tmp_path / "trial-0").state == "failed"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_failure_ends_the_family_where_the_plan_says_so(members, tmp_path, processes):
    with pytest.raises(TersenetError, match="trial-1"):
        train_family(tmp_path, [members[0], failing(members[1]), members[2]], plan=FamilyPlan(processes=processes))
    assert multiprocessing.active_children() == []
    # The same call goes on with what is missing, and passes over what is finished.
    finished = {path.parent.name for path in tmp_path.glob("*/result.json")}
    done = []
    again = FamilyListeners(on_member=lambda run: done.append(run.path.name))
    train_family(tmp_path, [members[0], members[2]], listeners=again)
    assert set(done) == {"trial-0", "trial-2"} - finished
    assert all(Run(tmp_path / member.name).is_finished for member in (members[0], members[2]))


def test_a_process_that_dies_fails_its_member_and_is_replaced(members, tmp_path):
    failures, killed = [], []

    def kill(path, metrics):
        if not killed:
            killed.append(path.name)
            # Its status.json names the process.
            os.kill(json.loads((path / "status.json").read_text())["process"], signal.SIGKILL)

    runs = train_family(
        tmp_path,
        members,
        plan=FamilyPlan(processes=2, on_failure="record"),
        listeners=FamilyListeners(
            on_epoch=kill, on_failure=lambda path, error: failures.append((path.name, error.got))
        ),
    )
    assert failures == [(killed[0], "killed by SIGKILL")]
    assert len(runs) == 2
    status = json.loads((tmp_path / killed[0] / "status.json").read_text())
    assert status["state"] == "failed"
    assert "SIGKILL" in status["problem"]
    assert multiprocessing.active_children() == []


def test_a_function_proposes_the_next_member_from_what_is_known(members, tmp_path):
    """As a search does: nothing to propose until the first is done, then the next by its result."""
    done = []

    def propose():
        if not asked:
            asked.append(members[0].name)
            return members[0]
        if done and len(asked) == 1:
            asked.append(members[1].name)
            return members[1]
        return None

    asked = []
    runs = train_family(
        tmp_path,
        propose,
        plan=FamilyPlan(processes=2),
        listeners=FamilyListeners(on_member=lambda run: done.append(run)),
    )
    assert [run.path.name for run in runs] == ["trial-0", "trial-1"]


def test_mistakes_are_named(members, tmp_path):
    with pytest.raises(TersenetError, match="no other member has"):
        train_family(tmp_path, [members[0], members[0]])
    for name in ("", "..", "a/b"):
        with pytest.raises(TersenetError, match="name"):
            Member(name=name, experiment=members[0].experiment)
    (tmp_path / "family.json").write_text('{"processes": 0}')
    with pytest.raises(TersenetError, match="processes"):
        read_plan(tmp_path)
