"""Learning rates at every step, held against torch's own schedulers and against arithmetic."""

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from tersenet import TersenetError
from tersenet.training import LearningRate, Schedule

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
