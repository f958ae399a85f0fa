"""Each rule of the analysis: a history that triggers it, and one that does not."""

import pytest
import torch

from tersenet.analysis import findings as analysis, history_of
from tersenet.analysis.figure_keys import CURVES, LEARNING_RATE, REGULARISATION
from tersenet.analysis.findings import analyse
from tersenet.analysis.noise import noise
from tersenet.analysis.training_reread import TrainingReread
from tersenet.evaluation import Mistake, measure

N = 10_000  # pictures: the noise at 99 % is then √(0.99·0.01/10000) = 0.0995 points, at 99.5 % 0.0705


def histories(**columns):
    return history_of(columns)


def answers(pairs, classes=3):
    """Measures and mistakes of pictures with these (label, guess, probability)."""
    labels = torch.tensor([label for label, _, _ in pairs])
    probabilities = torch.full((len(pairs), classes), 0.0)
    for row, (_, guess, probability) in enumerate(pairs):
        probabilities[row] = (1 - probability) / (classes - 1)
        probabilities[row, guess] = probability
    return measure(probabilities.log(), labels)


def test_the_noise_is_the_sampling_error_but_never_less_than_that_between_seeds():
    assert noise(99.0, N) == pytest.approx(0.0995, abs=1e-4)
    assert noise(99.9, 1_000_000) == 0.05
    assert noise(100.0, N) == 0.05


def read(accuracy, **more):
    """The training images measured again."""
    facts = {"images": 60_000, "loss": 0.01, "sample": 10_000, "plain": accuracy}
    return TrainingReread(accuracy=accuracy, **facts | {"with_dropout": None, "with_augmentation": None} | more)


@pytest.mark.parametrize(
    ("training", "said"),
    [
        (99.9, "a gap of 0.90 points. The network fits its training images better"),
        (97.5, "a gap of −1.50 points. Dropout and augmentation were active on the training images only."),
        (98.996, "a gap of 0.00 points, which is within 0.20 points, twice the noise."),
        (99.15, "a gap of 0.15 points, which is within 0.20 points, twice the noise."),
    ],
)
def test_gap(training, said):
    finding = analysis.gap(histories(train_accuracy=[50.0, training], test_accuracy=[60.0, 99.0]), N)
    assert said in finding.text
    assert finding.figure == CURVES


def test_the_gap_is_that_of_the_training_images_read_again_where_they_were():
    history = histories(train_accuracy=[97.5], test_accuracy=[99.0])
    finding = analysis.gap(history, N, read(99.9))
    assert "measured again with the saved weights, without dropout and augmentation" in finding.text
    assert "99.90 %: a gap of 0.90 points. The network fits its training images better" in finding.text
    assert finding.figure == REGULARISATION
    assert "The test images are easier." in analysis.gap(history, N, read(98.0)).text


def test_regularisation_tells_what_dropout_and_augmentation_cost():
    history = histories(train_accuracy=[97.5], test_accuracy=[99.0])
    finding = analysis.regularisation(history, read(99.25, plain=99.5, with_dropout=98.5, with_augmentation=99.0))
    assert "97.50 %, measured while the weights changed" in finding.text
    assert "60,000 images" in finding.text
    assert "99.25 %, 1.75 points higher" in finding.text
    assert (
        "On 10,000 of them, with these weights, dropout alone costs 1.00 points and augmentation alone costs 0.50"
        in finding.text
    )
    assert (
        "Without dropout and augmentation, the difference comes from the changing weights"
        in analysis.regularisation(history, read(97.0)).text
    )
    assert "0.50 points lower" in analysis.regularisation(history, read(97.0)).text
    assert analysis.regularisation(history, None) is None


def test_without_one_of_the_two_accuracies_there_is_no_gap():
    assert analysis.gap(histories(test_accuracy=[99.0]), N) is None


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ([98.0, 98.1, 98.2, 98.9, 99.0, 99.1], "still rising at the end: the mean of the last 3 epochs (99.00 %)"),
        ([99.0, 99.1, 99.0, 99.1, 99.0, 99.1], "flat at the end"),
        ([99.3, 99.3, 99.3, 98.9, 99.0, 99.1], "falling at the end"),
        ([98.0, 99.0], "still rising at the end: the last epoch (99.00 %) against the one before (98.00 %)"),
        ([97.0, 98.0, 98.0, 98.0, 98.0], "flat at the end: the mean of the last 2 epochs"),
    ],
)
def test_trend(accuracies, said):
    assert said in analysis.trend(histories(test_accuracy=accuracies), N).text


def test_one_epoch_has_no_trend():
    assert analysis.trend(histories(test_accuracy=[99.0]), N) is None


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ([98.0, 99.4, 99.5], "first reached by the test accuracy in epoch 2 and held in every epoch to the end."),
        ([98.0, 99.4, 99.3, 99.5], "first reached by the test accuracy in epoch 2, but not held: "
         "1 of the 2 later epochs fell below it (the last of them epoch 3), and the run ended above it."),
        ([98.0, 99.4, 99.3], "and the run ended below it"),
        ([98.0, 99.0, 99.4], "first reached by the test accuracy in epoch 3, the last one: "
         "whether it would hold is not known."),
        ([98.0, 99.3, 99.2], "not reached by the test accuracy of any epoch; "
         "the best was epoch 2 with 99.30 %, 0.10 points short."),
    ],
)  # fmt: skip
def test_held(accuracies, said):
    assert said in analysis.held(histories(test_accuracy=accuracies), 99.4).text


def steps(accuracies, rates=(0.1, 0.1, 0.01, 0.01)):
    losses = [0.08, 0.06, 0.03, 0.01]
    return analysis.schedule(histories(learning_rate=list(rates), test_accuracy=accuracies, test_loss=losses), N)


def test_a_step_of_the_learning_rate_is_judged_by_the_epochs_on_both_sides():
    [finding] = steps([98.0, 98.4, 99.0, 99.2])
    assert "from 0.1 to 0.01 before epoch 3. It helped: test loss 0.0700 before and 0.0200 after" in finding.text
    assert "accuracy 98.20 % and 99.10 %" in finding.text
    assert finding.figure == LEARNING_RATE
    assert "The change is within the noise" in steps([99.0, 99.0, 99.05, 99.05])[0].text
    assert "It hurt" in steps([99.0, 99.0, 98.0, 98.0])[0].text


def test_two_steps_are_two_findings_and_neither_reaches_across_the_other():
    history = histories(
        learning_rate=[1.0, 1.0, 0.1, 0.1, 0.01, 0.01],
        test_accuracy=[90.0, 90.0, 95.0, 95.0, 98.0, 98.0],
        test_loss=[0.3, 0.3, 0.2, 0.2, 0.1, 0.1],
    )
    first, second = analysis.schedule(history, N)
    assert "accuracy 90.00 % and 95.00 %" in first.text
    assert "accuracy 95.00 % and 98.00 %" in second.text


def test_a_rate_that_stays_or_slopes_has_no_step_and_says_so():
    [constant] = steps([99.0] * 4, rates=[0.1] * 4)
    assert "learning rate was 0.1 from start to end" in constant.text
    [sloping] = steps([98.0, 98.5, 99.0, 99.2], rates=[0.1, 0.4, 0.2, 0.1])
    assert "fell gradually from 0.4 (epoch 2) to 0.1" in sloping.text
    assert "from epoch 3 on, the test accuracy went from 98.50 % to 99.20 %" in sloping.text
    [rising] = steps([98.0, 98.5, 99.0, 99.2], rates=[0.1, 0.2, 0.3, 0.4])
    assert "never fell to half of its highest, 0.4 (epoch 4)" in rising.text


def test_without_learning_rates_nothing_is_said_of_the_schedule():
    assert analysis.schedule(histories(test_accuracy=[99.0, 99.0], test_loss=[0.1, 0.1]), N) == []


@pytest.mark.parametrize(
    ("test_loss", "train_loss", "said"),
    [
        ([0.05, 0.02, 0.03], [0.5, 0.3, 0.1], "Overfitting: the test loss was lowest in epoch 2 (0.0200) and ended "
         "at 0.0300, 50 % higher, while the training loss fell from 0.3000 to 0.1000"),
        ([0.05, 0.02, 0.03], [0.5, 0.3, 0.4], "No sign"),  # the training loss rose as well: that is not overfitting
        ([0.05, 0.03, 0.02], [0.5, 0.3, 0.1], "No sign"),
        ([0.05, 0.02, 0.0215], [0.5, 0.3, 0.1], "No sign"),  # 7.5 % higher
    ],
)  # fmt: skip
def test_overfitting(test_loss, train_loss, said):
    assert analysis.overfitting(histories(test_loss=test_loss, train_loss=train_loss)).text.startswith(said)


def test_two_epochs_are_too_few_to_speak_of_overfitting():
    assert analysis.overfitting(histories(test_loss=[0.1, 0.2], train_loss=[0.2, 0.1])) is None


@pytest.mark.parametrize(
    ("right", "probability", "said"),
    [
        (50, 0.95, "overconfident: its mean confidence is 95.00 %, its accuracy 50.00 %"),
        (99, 0.6, "underconfident"),
        (95, 0.95, "well calibrated on average"),
    ],
)
def test_confidence(right, probability, said):
    measures = answers([(0, 0, probability)] * right + [(1, 0, probability)] * (100 - right))
    assert said in analysis.confidence(measures).text


def test_weakest_class():
    bad = answers([(0, 0, 0.9)] * 500 + [(1, 1, 0.9)] * 500 + [(2, 2, 0.9)] * 40 + [(2, 0, 0.9)] * 10)
    assert (
        "One class is significantly worse: class 2 has the lowest recall, 80.00 % of 50 pictures"
        in analysis.weakest_class(bad).text
    )
    alike = answers([(k, k, 0.9) for k in range(3)] * 100 + [(2, 0, 0.9)])
    assert "No class is significantly worse" in analysis.weakest_class(alike).text


def test_confusions():
    frequent = answers([(0, 1, 0.6)] * 4 + [(1, 0, 0.6)] + [(2, 2, 0.9)] * 5)
    assert "0 classified as 1: 4 of 5 mistakes; the reverse occurs 1 time." in analysis.confusions(frequent).text
    rare = answers([(0, 1, 0.6)] * 2 + [(1, 0, 0.6)] + [(2, 2, 0.9)] * 5)
    assert "No confusion is frequent" in analysis.confusions(rare).text
    assert analysis.confusions(answers([(0, 0, 0.9)])) is None


def test_sure_mistakes_and_labels_known_to_be_wrong():
    mistakes = [
        Mistake(index=947, label=8, guess=9, probability=0.99),  # labelled 8, read as 9 by people
        Mistake(index=1901, label=9, guess=7, probability=0.9),  # labelled 9, read as 4 by people
        Mistake(index=3, label=0, guess=2, probability=0.4),
    ]
    text = analysis.sure_mistakes(mistakes, "mnist").text
    assert text.startswith("2 of 3 mistakes were made with a probability of 90 % or more. 2 of them have a label")
    assert "in 1 of these the guess is what people see" in text
    assert "known to be wrong" not in analysis.sure_mistakes(mistakes, "synthetic").text
    assert analysis.sure_mistakes([], "mnist") is None


def test_one_seed_is_an_indication_and_the_sampling_error_is_that_of_its_accuracy():
    finding = analysis.certainty(histories(test_accuracy=[99.5]), N)
    assert "an indication" in finding.text
    assert (
        "between seeds is about 0.05 points; the sampling error of 99.50 % on 10,000 pictures is 0.07 points"
        in finding.text
    )


def test_validation_is_called_by_its_name_in_every_finding():
    history = history_of(
        {
            "learning_rate": [0.1] * 3,
            "train_loss": [0.3, 0.2, 0.1],
            "train_accuracy": [90.0, 95.0, 99.0],
            "validation_loss": [0.3, 0.2, 0.1],
            "validation_accuracy": [91.0, 96.0, 98.0],
        }
    )
    findings = analyse(history, images=5_000, target=97.0)
    assert [finding.rule for finding in findings] == ["gap", "trend", "held", "schedule", "overfitting", "certainty"]
    assert not any("test" in finding.text for finding in findings)


def test_every_finding_but_the_last_names_a_figure():
    measures = answers([(0, 1, 0.6)] * 4 + [(2, 2, 0.9)] * 5)
    findings = analyse(
        histories(train_accuracy=[90.0, 99.0], test_accuracy=[91.0, 98.0]),
        images=N,
        measures=measures,
        mistakes=[Mistake(index=0, label=0, guess=1, probability=0.6)],
    )
    assert [finding.figure is None for finding in findings] == [False] * (len(findings) - 1) + [True]
