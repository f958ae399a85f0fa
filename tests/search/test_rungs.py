"""Promotion without barriers, seeds for the leaders, and the lead that was luck."""

import random

import pytest
from hypothesis import given, settings, strategies as st

from tersenet import TersenetError
from tersenet.networks import NETWORKS
from tersenet.search import Cost, Proposal, Trial, TrialTraining, parse_space, point_of
from tersenet.search.leaders import front_of, leaders_of, luck_of
from tersenet.search.rungs import Rungs, seeds_of_leaders


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60, unique=True))
def test_one_in_three_of_each_rung_is_promoted_and_it_is_the_best_then(losses):
    rungs, promoted, finished = Rungs(3), [], {}
    for trial, loss in enumerate(losses):
        rungs.finished(trial, 0, loss)
        finished[trial] = loss
        while (found := rungs.promotion()) is not None:
            best_third = sorted(finished, key=finished.get)[: len(finished) // 3]
            assert found == (found[0], 1)
            assert found[0] in best_third
            assert found[0] not in promoted
            promoted.append(found[0])
        # Nobody waits who should not: all of the best third are on their way.
        assert set(sorted(finished, key=finished.get)[: len(finished) // 3]) <= set(promoted)


def test_the_highest_rung_is_promoted_first():
    rungs = Rungs(3)
    for trial in range(3):
        rungs.finished(trial, 1, trial)
        rungs.finished(trial + 10, 0, trial)
    assert rungs.promotion() == (0, 2)
    assert rungs.promotion() == (10, 1)
    assert rungs.promotion() is None


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25))
def test_with_sizes_those_come_first_that_fewer_beat_in_both(figures):
    rungs = Rungs(2)
    for trial, (loss, size) in enumerate(figures):
        rungs.finished(trial, 0, loss, size)
    beaten = {
        trial: sum(other <= loss and small <= size for index, (other, small) in enumerate(figures) if index != trial)
        for trial, (loss, size) in enumerate(figures)
    }
    # Equal ones beat each other; which of them counts is settled by the order in which they came.
    if len(set(figures)) == len(figures):
        order = rungs.best_in(0, len(figures))
        assert [beaten[trial] for trial in order] == sorted(beaten.values())


def test_leaders_get_seeds_where_the_question_is_open():
    truth = {trial: 0.02 + trial / 1000 for trial in range(12)}
    losses = {trial: [loss] for trial, loss in truth.items()}
    source = random.Random(0)
    while wanted := seeds_of_leaders(losses, most_seeds=8):
        for trial, seeds in wanted:
            assert seeds == len(losses[trial]) + 1
            losses[trial].append(truth[trial] + source.uniform(-1e-5, 1e-5))
    assert [len(losses[trial]) for trial in range(12)] == [8, 8, 4, 4, 2, 2, 2, 2, 1, 1, 1, 1]


def test_a_single_leader_gets_seeds_too():
    assert seeds_of_leaders({7: [0.1]}, most_seeds=4) == [(7, 2)]
    assert seeds_of_leaders({7: [0.1] * 4}, most_seeds=4) == []
    assert seeds_of_leaders({}, most_seeds=4) == []


def trial(number, losses, fresh=(), *, parameters=100):
    """A trial with these held-out losses of full trainings of ten epochs."""
    cost = Cost(parameters=parameters, macs=1, bytes=1)
    made = Trial(proposal=Proposal(number=number, asked=0, point={}, network="8C3", settings={}, cost=cost))
    for first, each in ((0, losses), (1000, fresh)):
        for seed, loss in enumerate(each, start=first):
            made.trainings[10, seed] = TrialTraining(
                epochs=10,
                seed=seed,
                fold=0,
                loss=loss,
                accuracy=99.0,
                images=10,
                train_loss=0.1,
                train_accuracy=99.0,
                seconds=1.0,
                wall_seconds=1.1,
                engine="layers",
                precision="float32",
                machine="here",
            )
    return made


def test_the_leader_with_most_seeds_is_chosen_not_the_luckiest():
    trials = [trial(1, [0.01]), trial(2, [0.03, 0.02]), trial(3, [0.021, 0.022])]
    assert [leader.trial for leader in leaders_of(trials, 10)] == [3, 2, 1]
    trials[2].failure = "it died"
    assert [leader.trial for leader in leaders_of(trials, 10)] == [2, 1]


def test_luck_is_what_the_lead_loses_on_fresh_seeds():
    luck = luck_of(trial(1, [0.010, 0.012], [0.014, 0.016]), trial(2, [0.014, 0.016], [0.015, 0.017]), 10, 1000)
    assert luck.lead_when_chosen == pytest.approx(0.004)
    assert luck.lead_on_fresh_seeds == pytest.approx(0.001)
    assert "75 % of it was luck" in luck.in_words()
    assert "all of it was luck" in luck_of(trial(1, [0.01], [0.02]), trial(2, [0.02], [0.01]), 10, 1000).in_words()
    assert "none of it was luck" in luck_of(trial(1, [0.01], [0.01]), trial(2, [0.02], [0.03]), 10, 1000).in_words()
    assert luck_of(trial(1, [0.01]), trial(2, [0.02]), 10, 1000) is None


def test_the_front_is_what_nothing_beats_in_loss_and_cost():
    trials = [trial(1, [0.03], parameters=50), trial(2, [0.02], parameters=90), trial(3, [0.025], parameters=95)]
    assert [leader.trial for leader in front_of(leaders_of(trials, 10), "parameters")] == [1, 2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_a_network_is_found_in_its_space(number):
    space = parse_space(
        "{4..12}C3p1 bn r {MP2|AP2 {D.1|}|} {w=8..24/4}C{3|5} ({w}C3p1 BN R)x{0..2} [{R|T} + BN] GAP 10Nb"
    )
    point = space.point(number % space.count)
    network = space.network(point)
    found = point_of(space, network)
    assert found is not None
    assert space.network(found) == network


def test_a_network_of_another_space_is_not_found():
    space = parse_space("{4..12/4}C3 BN R GAP 10Nb")
    for network in ("6C3 BN R GAP 10Nb", "8C3 BN R GAP 10N", "8C3 R", "no network", NETWORKS["gap-14320"].notation):
        assert point_of(space, network) is None
    with pytest.raises(TersenetError):
        parse_space("{4..12}C3 BN R GAP").network({"#1": 0})
