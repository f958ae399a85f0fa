"""Learning rates at every step, held against torch's own schedulers and against arithmetic."""

import math

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from tersenet import TersenetError
from tersenet.runs import experiment_names, load_experiment
from tersenet.training import SCHEDULES, LearningRate, Schedule

EPOCHS, STEPS = 6, 10


def torch_rates(make, per_step):
    """The rates of a torch scheduler at the first step of every epoch, or at every step."""
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = make(optimizer)
    rates = []
    for _ in range(EPOCHS * (STEPS if per_step else 1)):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def our_rates(schedule):
    rate = LearningRate(schedule, 0.5, epochs=EPOCHS, steps_per_epoch=STEPS)
    return [rate.at(epoch, step) for epoch in range(1, EPOCHS + 1) for step in range(STEPS)]


def test_a_step_schedule_is_steplr():
    expected = torch_rates(lambda o: lr_scheduler.StepLR(o, 2, 0.1), per_step=False)
    assert our_rates(Schedule(kind="StepLR", step=2))[::STEPS] == pytest.approx(expected)


def test_a_multi_step_schedule_is_multisteplr():
    expected = torch_rates(lambda o: lr_scheduler.MultiStepLR(o, [1, 4], 0.1), per_step=False)
    assert our_rates(Schedule(kind="MultiStepLR", milestones=(1, 4)))[::STEPS] == pytest.approx(expected)


def test_one_cycle_is_onecyclelr():
    expected = torch_rates(
        lambda o: lr_scheduler.OneCycleLR(
            o, 0.5, total_steps=EPOCHS * STEPS, pct_start=1.5 / EPOCHS, cycle_momentum=False
        ),
        per_step=True,
    )
    assert our_rates(Schedule(kind="OneCycleLR", warmup=1.5)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "losses", [[1, 0.9, 0.9, 0.9, 0.9, 0.5], [1.0] * 6, [6, 5, 4, 3, 2, 1], [1, 0.99995, 1, 1, 1, 1]]
)
def test_a_plateau_is_reducelronplateau(losses):
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    torch_plateau = lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, threshold=1e-4, threshold_mode="abs")
    ours = LearningRate(Schedule(kind="ReduceLROnPlateau", patience=1), 0.5, epochs=EPOCHS, steps_per_epoch=STEPS)
    for epoch, loss in enumerate(losses, start=1):
        assert ours.at(epoch, 0) == pytest.approx(optimizer.param_groups[0]["lr"])
        torch_plateau.step(loss)
        ours.epoch_ended(loss)


def test_a_linear_schedule_rises_over_the_warm_up_and_ends_at_its_final_part():
    rates = our_rates(Schedule(kind="linear", warmup=1, final=0.1))
    assert max(rates) == rates[STEPS] == pytest.approx(0.5)
    assert rates[0] == pytest.approx(0.5 / (STEPS + 1))
    assert rates[-1] == pytest.approx(0.05)
    falls = [before - after for before, after in zip(rates[STEPS:], rates[STEPS + 1 :], strict=False)]
    assert falls == pytest.approx([falls[0]] * len(falls))


def test_a_cosine_schedule_is_cosineannealinglr_after_its_warm_up():
    expected = torch_rates(lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS * STEPS - 1), per_step=True)
    assert our_rates(Schedule(kind="CosineAnnealingLR", warmup=0)) == pytest.approx(expected)


def test_a_constant_schedule_never_moves():
    assert set(our_rates(Schedule(kind="constant"))) == {0.5}


def test_one_step_in_all_is_a_training_too():
    for kind in ("linear", "CosineAnnealingLR", "OneCycleLR"):
        rate = LearningRate(Schedule(kind=kind), 0.5, epochs=1, steps_per_epoch=1).at(1, 0)
        assert 0 < rate <= 0.5


def test_a_plateau_goes_on_where_its_state_was_kept():
    schedule = Schedule(kind="ReduceLROnPlateau", patience=2)
    first, second = (LearningRate(schedule, 0.5, epochs=9, steps_per_epoch=1) for _ in range(2))
    for _ in range(3):
        first.epoch_ended(1.0)
    second.restore(first.state())
    first.epoch_ended(1.0)
    second.epoch_ended(1.0)
    assert first.at(9, 0) == second.at(9, 0) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "steplr"},
        {"step": 0},
        {"milestones": (0,)},
        {"factor": 0},
        {"patience": -1},
        {"warmup": -1},
        {"final": 2},
    ],
)
def test_a_schedule_that_cannot_be_says_which_setting(wrong):
    with pytest.raises(TersenetError) as error:
        Schedule(**wrong)
    assert error.value.where == f"training.schedule.{next(iter(wrong))}"


@pytest.mark.parametrize("number", [10**9, 10**30, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["step", "factor", "patience", "threshold", "warmup", "final"])
def test_no_number_of_a_schedule_is_without_a_bound(name, number):
    if name == "threshold" and number in (10**9, 10**30):
        return  # a loss has no unit that would bound it
    with pytest.raises(TersenetError) as error:
        Schedule(**{name: number})
    assert error.value.where == f"training.schedule.{name}"


def test_every_kind_of_schedule_says_which_fields_it_uses_and_uses_no_others():
    assert len(SCHEDULES) == 7
    turned = {
        "step": 3,
        "milestones": (2,),
        "factor": 0.3,
        "patience": 1,
        "threshold": 0.5,
        "warmup": 2.5,
        "final": 0.4,
    }

    def rates(**settings):
        rate = LearningRate(Schedule(**settings), 0.5, epochs=EPOCHS, steps_per_epoch=STEPS)
        moved = []
        for epoch in range(1, EPOCHS + 1):
            moved += [rate.at(epoch, step) for step in range(STEPS)]
            rate.epoch_ended(1 - 0.1 * epoch if epoch < 4 else 0.7)
        return moved

    for kind, used in ((kind, found.uses) for kind, found in SCHEDULES.items()):
        base = {"kind": kind, "step": 2, "milestones": (1,), "patience": 0}
        changing = {name for name in turned if rates(**{**base, name: turned[name]}) != rates(**base)}
        assert changing == set(used)


@pytest.mark.parametrize("kind", ["linear", "CosineAnnealingLR"])
@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 12])
def test_the_default_warm_up_leaves_four_fifths_of_the_training_for_the_fall(kind, epochs):
    steps = 50
    rate = LearningRate(Schedule(kind=kind), 0.2, epochs=epochs, steps_per_epoch=steps)
    rates = [rate.at(epoch, step) for epoch in range(1, epochs + 1) for step in range(steps)]
    assert rates.index(max(rates)) <= min(0.2 * len(rates), steps)
    assert max(rates) == pytest.approx(0.2, rel=0.02)
    assert rates[-1] == 0


def as_before(recipe, warmup, steps):
    """The rates of every step with a warm-up of so many epochs, written out anew."""
    schedule, last = recipe.schedule, recipe.epochs * steps - 1
    if schedule.kind != "linear":
        return None
    rise = min(warmup * steps, last)
    rates = []
    for done in range(recipe.epochs * steps):
        if done < rise:
            rates.append(recipe.learning_rate * (done + 1) / (rise + 1))
        else:
            fallen = (done - rise) / max(1.0, last - rise)
            rates.append(recipe.learning_rate * (1 - fallen * (1 - schedule.final)))
    return rates


@pytest.mark.parametrize("name", experiment_names())
def test_the_schedules_of_the_shipped_experiments_have_not_moved_by_a_bit(name):
    recipe = load_experiment(name).training
    warmup = {"sprint": 0.3, "sprint-99": 0.1}.get(name, 1.0)
    steps = 469
    expected = as_before(recipe, warmup, steps)
    if expected is None:
        assert "warmup" not in SCHEDULES[recipe.schedule.kind].uses
        return
    rate = LearningRate(recipe.schedule, recipe.learning_rate, epochs=recipe.epochs, steps_per_epoch=steps)
    assert [rate.at(epoch, step) for epoch in range(1, recipe.epochs + 1) for step in range(steps)] == expected


def test_a_settled_schedule_is_the_same_schedule():
    for epochs in (1, 3, 20):
        open_one, settled = (
            LearningRate(schedule, 0.5, epochs=epochs, steps_per_epoch=7)
            for schedule in (Schedule(), Schedule().settled(epochs))
        )
        steps = [(epoch, step) for epoch in range(1, epochs + 1) for step in range(7)]
        assert [open_one.at(*at) for at in steps] == [settled.at(*at) for at in steps]
