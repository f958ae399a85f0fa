"""Each rule of the advice: figures that give reason for it, and figures that do not."""

import dataclasses
import re
import shlex

import pytest
import torch

from tersenet.analysis import advice, history_of
from tersenet.analysis.advice import Evidence, advise
from tersenet.analysis.training_reread import TrainingReread
from tersenet.data import Augmentation
from tersenet.evaluation import measure
from tersenet.networks import Budget, build, check_budget, summarize
from tersenet.runs.experiment import Experiment, with_settings
from tersenet.training import Recipe

N = 10_000  # pictures: the noise at 99.5 % is 0.07 points, at 99 % 0.10
BARE = Recipe(augmentation=Augmentation(), averaging=0.0)
SUMMARY = summarize(build("8C3 BN R D.1 10Nb"))


def evidence(accuracies, *, rates=None, recipe=BARE, summary=SUMMARY, **more):
    columns = {"test_accuracy": accuracies} | ({"learning_rate": rates} if rates else {})
    return Evidence(history=history_of(columns), images=N, recipe=recipe, summary=summary, **more)


def read(accuracy, dropout=None, augmentation=None):
    return TrainingReread(
        images=60_000,
        accuracy=accuracy,
        loss=0.0,
        sample=N,
        plain=accuracy,
        with_dropout=dropout,
        with_augmentation=augmentation,
    )


def test_a_missed_budget_of_parameters_names_the_layer_that_holds_most():
    lines = check_budget(Budget(parameters=20_000), SUMMARY)
    text = advice.save_parameters(evidence([99.0], budget=lines)).text
    # 8 maps of 26×26 into 10 units with biases: 8·26·26·10 + 10 = 54,090; all: + 72 (kernels) + 16 (BN) = 54,178.
    assert "there are 54,178 (limit < 20,000), and layer 5, Linear, holds 54,090 of them, 100 %" in text
    assert "`GAP`" in text
    met = check_budget(Budget(parameters=60_000), SUMMARY)
    assert advice.save_parameters(evidence([99.0], budget=met)) is None


def test_a_layer_that_the_budget_asks_for_is_told_with_its_place():
    lines = check_budget(Budget(layers=("dropout", "batch normalisation")), summarize(build("8C3 R GAP 10N")))
    text = advice.add_layers(evidence([99.0], budget=lines)).text
    assert "dropout: `D.05` after an activation, not after the last layer" in text
    assert "batch normalisation: `BN` after each convolution" in text
    assert advice.add_layers(evidence([99.0], budget=check_budget(Budget(layers=("dropout",)), SUMMARY))) is None


def test_a_rise_at_the_end_asks_for_more_epochs_within_the_budget():
    lines = check_budget(Budget(epochs=20), SUMMARY, epochs=6)
    rising = evidence([97.0, 97.5, 98.0, 98.5, 98.7, 98.9], budget=lines)
    text = advice.train_longer(rising).text
    assert "still rising at the end, by 1.20 points from the 3 epochs before to the last 3 epochs" in text
    assert text.endswith("(the budget allows 19). Try `tersenet train NETWORK --epochs 9`.")
    tight = check_budget(Budget(epochs=8), SUMMARY, epochs=6)
    assert "--epochs 7`" in advice.train_longer(dataclasses.replace(rising, budget=tight)).text
    full = check_budget(Budget(epochs=7), SUMMARY, epochs=6)
    assert advice.train_longer(dataclasses.replace(rising, budget=full)) is None
    two = advice.train_longer(evidence([97.0, 98.0])).text
    assert "by 1.00 points from the one before to the last epoch" in two
    assert advice.train_longer(evidence([99.0] * 6)) is None
    assert advice.train_longer(evidence([99.0])) is None


def test_a_folder_of_few_pictures_asks_for_smaller_batches_and_more_epochs():
    few = evidence([33.3] * 5, training_images=102)
    text = advice.take_more_steps(few).text
    # 102 images are one batch of 128; in batches of 16 they are 7, and 29 epochs of 7 steps are 203.
    assert "102 images in batches of 128 gave 5 in all" in text
    assert text.endswith("Try `tersenet train NETWORK --batch-size 16 --epochs 29`.")
    assert advise(few)[0].rule == "take more steps"
    tight = check_budget(Budget(epochs=20), SUMMARY, epochs=5)
    assert "--epochs 19`" in advice.take_more_steps(dataclasses.replace(few, budget=tight)).text
    assert advice.take_more_steps(evidence([33.3] * 20, training_images=640)) is None
    assert advice.take_more_steps(evidence([33.3] * 20, training_images=640, validation=128)).text.count("80 in all")
    assert advice.take_more_steps(evidence([99.0])) is None


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (BARE, "--set training.augmentation.rotation=8"),
        (Recipe(weight_decay=0.0), "--set training.weight_decay=0.0005"),
        (Recipe(), "try more of the former. Try `tersenet train NETWORK --set training.augmentation.rotation=12 "),
    ],
)
def test_a_gap_asks_for_what_the_recipe_lacks(recipe, said):
    text = advice.overfit_less(evidence([99.0], recipe=recipe, reading=read(99.9))).text
    assert "99.90 % on the training images, measured again, against 99.00 %, 0.90 points" in text
    assert said in text


def test_without_a_gap_or_a_reading_nothing_is_said_of_overfitting():
    assert advice.overfit_less(evidence([99.0], reading=read(99.15))) is None
    assert advice.overfit_less(evidence([99.0])) is None


def test_what_regularises_without_a_gap_to_close_is_named():
    text = advice.regularise_less(evidence([99.0], reading=read(99.1, dropout=98.5, augmentation=97.0))).text
    assert text.startswith("Regularise less: augmentation alone costs 2.10 points")
    text = advice.regularise_less(evidence([99.0], reading=read(99.1, dropout=98.5))).text
    assert text.startswith("Regularise less: dropout alone costs 0.60 points")
    assert advice.regularise_less(evidence([99.0], reading=read(99.1, dropout=99.0))) is None  # costs 0.10
    assert advice.regularise_less(evidence([98.0], reading=read(99.1, dropout=98.0))) is None  # a gap of 1.1
    assert advice.regularise_less(evidence([99.0], reading=read(99.1))) is None


def test_a_rate_that_stays_while_epochs_swing_should_fall():
    swinging = [98.0, 99.0, 98.5, 99.1, 98.6, 99.0]
    text = advice.let_the_rate_fall(evidence(swinging, rates=[0.01] * 6)).text
    assert "it stayed at 0.01, and the last 5 epochs lie 0.60 points apart" in text
    assert advice.let_the_rate_fall(evidence([99.0] * 6, rates=[0.01] * 6)) is None
    assert advice.let_the_rate_fall(evidence(swinging, rates=[0.1, 0.1, 0.1, 0.01, 0.01, 0.01])) is None


def test_averaging_is_advised_where_the_best_epoch_or_the_target_was_lost():
    text = advice.average_weights(evidence([99.0, 99.4, 99.1])).text
    assert "epoch 2 was 0.30 points above the last one" in text
    text = advice.average_weights(evidence([99.0, 99.42, 99.38, 99.41], target=99.4)).text
    assert "1 epoch fell below the target of 99.4 % after it was reached" in text
    averaging = dataclasses.replace(BARE, averaging=0.999)
    assert advice.average_weights(evidence([99.0, 99.4, 99.1], recipe=averaging)) is None
    assert advice.average_weights(evidence([99.0, 99.1])) is None


def test_a_drop_that_came_late_and_one_that_did_nothing():
    rates = [0.1] * 5 + [0.01] * 3
    late = evidence([98.0, 98.8, 98.8, 98.8, 98.8, 99.3, 99.3, 99.3], rates=rates)
    assert "the drop before epoch 6 gained 0.50 points at once" in advice.drop_earlier(late).text
    assert "'training.schedule.milestones=[3]'" in advice.drop_earlier(late).text
    assert advice.leave_out_drop(late) is None
    idle = evidence([98.0, 98.8, 99.0, 99.0, 99.0, 99.02, 99.0, 99.0], rates=rates)
    assert (
        "the one before epoch 6 (0.1 to 0.01) changed the test accuracy by +0.01" in advice.leave_out_drop(idle).text
    )
    assert advice.drop_earlier(idle) is None
    rising = evidence([97.0, 97.5, 98.0, 98.4, 98.8, 99.3, 99.3, 99.3], rates=rates)
    assert advice.drop_earlier(rising) is None


def test_a_target_that_held_may_be_reached_with_less():
    text = advice.spend_less(evidence([99.0, 99.5, 99.6, 99.6, 99.6], target=99.4)).text
    assert "99.4 % was reached in epoch 2 of 5 and held" in text
    assert "`tersenet train NETWORK --epochs 4`" in text
    assert "with 0.20 points to spare so may fewer than 54,178 parameters" in text
    assert "to spare" not in advice.spend_less(evidence([99.0, 99.4, 99.41, 99.42], target=99.4)).text
    assert advice.spend_less(evidence([99.0, 99.4, 99.3, 99.5], target=99.4)) is None
    assert advice.spend_less(evidence([99.0] * 9 + [99.5], target=99.4)) is None
    assert advice.spend_less(evidence([99.5] * 4)) is None


def test_confidence_beside_the_accuracy_asks_for_more_or_less_label_smoothing():
    labels = torch.zeros(100, dtype=torch.int64)
    sure = torch.tensor([[0.95, 0.05]] * 50 + [[0.05, 0.95]] * 50).log()  # 95 % sure, half of it right
    doubting = torch.tensor([[0.6, 0.4]] * 100).log()  # 60 % sure, all of it right
    smoothing = dataclasses.replace(BARE, label_smoothing=0.1)
    text = advice.be_less_sure(evidence([99.0], measures=measure(sure, labels))).text
    assert "45.00 points above its accuracy" in text
    assert advice.be_less_sure(evidence([99.0], measures=measure(doubting, labels))) is None
    text = advice.be_less_sure(evidence([99.0], measures=measure(doubting, labels), recipe=smoothing)).text
    assert "40.00 points below its accuracy, and the recipe smooths labels by 0.1" in text
    assert advice.be_less_sure(evidence([99.0])) is None


def test_one_seed_decides_nothing_and_the_difference_that_it_resolves_is_told():
    # 2·√2·√(0.995·0.005/10000) = 0.1995 points.
    [last] = advise(evidence([99.5]))
    assert "less than 0.20 points" in last.text
    assert "--validation 5000" in last.text
    assert "--validation" not in advise(evidence([99.5], validation=5_000))[-1].text


EVERYTHING = evidence(
    [98.0, 98.8, 99.45, 98.8, 98.8, 99.3],
    rates=[0.1] * 6,
    target=99.4,
    reading=read(99.9),
    budget=check_budget(Budget(parameters=10), SUMMARY),
)


def test_the_most_pressing_three_are_given():
    assert [found.rule for found in advise(EVERYTHING)] == ["save parameters", "let the rate fall", "overfit less"]


CASES = [
    EVERYTHING,
    evidence([97.0, 98.0, 99.5, 99.6, 99.7, 99.8], target=99.4),
    evidence([97.0, 98.0, 99.5, 99.6, 99.7, 99.8], target=99.4, reading=read(99.95, dropout=98.0)),
    evidence([99.0] * 4 + [99.02] * 4, rates=[0.1] * 4 + [0.01] * 4, reading=read(99.05, augmentation=95.0)),
    evidence([98.0, 98.8, 98.8, 98.8, 98.8, 99.3, 99.3, 99.31], rates=[0.1] * 5 + [0.01] * 2 + [0.001]),
    evidence([99.5, 99.6, 99.6, 99.6], target=99.4, word="8C3 BN R GAP 10Nb"),
]


@pytest.mark.parametrize("case", CASES)
def test_no_two_pieces_of_advice_contradict_each_other(case):
    given = [found.rule for found in advise(case)]
    assert 1 <= len(given) <= 3
    for contrary in (
        {"train longer", "spend less"},
        {"overfit less", "regularise less"},
        {"drop earlier", "leave out a drop"},
        {"save parameters", "spend less"},
        {"take more steps", "train longer"},
    ):
        assert not contrary <= set(given)


def test_train_longer_and_spend_less_both_hold_and_one_is_given():
    rising = CASES[1]
    assert advice.train_longer(rising) is not None
    assert advice.spend_less(rising) is not None
    assert advise(rising)[0].rule == "train longer"


@pytest.mark.parametrize("case", CASES)
def test_each_piece_of_advice_ends_with_a_command_that_can_be_read(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for rule in advice.RULES:
        found = rule(case)
        if found is None:
            continue
        command = re.search(r"Try `tersenet ([^`]*)`\.$", found.text)[1]
        name, word, *options = shlex.split(command)
        assert word == case.word
        assert name in ("train", "summary", "new")
        changes = [option for option in options if "=" in option]
        with_settings(Experiment(network="8C3 GAP 10N"), changes)  # every setting is one that there is


@pytest.mark.parametrize(("images", "held_out"), [(60_000, 5000), (169, 28)])
def test_no_more_images_are_held_out_than_there_are(images, held_out):
    case = evidence([99.5, 99.6], training_images=images)
    assert f"--validation {held_out}`" in advice.choose_honestly(case).text


def test_without_an_accuracy_there_is_no_advice():
    bare = Evidence(history=history_of({"train_loss": [1.0]}), images=N, recipe=BARE, summary=SUMMARY)
    assert advise(bare) == []
