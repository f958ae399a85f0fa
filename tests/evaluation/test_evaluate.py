"""What a network answers over a whole set."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tersenet._errors import TersenetError
from tersenet.evaluation import NO_ANSWER, Evaluation, evaluate, guesses, predict_logits


class Given(nn.Module):
    """Answers with what it is given: the pictures are the logits."""

    def forward(self, x):
        return x


def random_answers(n=103, classes=10):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, classes, generator=generator), torch.randint(classes, (n,), generator=generator)


def test_loss_and_accuracy_are_those_of_the_whole_set_at_once_though_the_last_batch_is_smaller():
    logits, labels = random_answers()
    evaluation = evaluate(Given(), DataLoader(TensorDataset(logits, labels), batch_size=10))
    assert evaluation.loss == pytest.approx(F.cross_entropy(logits, labels).item(), abs=1e-6)
    correct = sum(
        int(max(range(10), key=row.__getitem__) == label) for row, label in zip(logits, labels, strict=True)
    )
    assert evaluation == Evaluation(loss=evaluation.loss, accuracy=100 * correct / 103, correct=correct, images=103)


def test_maps_and_log_probabilities_measure_the_same_as_logits():
    logits, labels = random_answers()
    plain = evaluate(Given(), [(logits, labels)])
    assert evaluate(Given(), [(logits[:, :, None, None], labels)]) == plain
    assert evaluate(Given(), [(logits.log_softmax(1), labels)]).loss == pytest.approx(plain.loss, abs=1e-6)


def test_any_criterion_is_weighted_by_the_size_of_its_batch():
    logits, labels = random_answers(n=5)

    def smoothed(logits, labels):
        return F.cross_entropy(logits, labels, label_smoothing=0.1)

    halves = [(logits[:4], labels[:4]), (logits[4:], labels[4:])]
    assert evaluate(Given(), halves, smoothed).loss == pytest.approx(smoothed(logits, labels).item(), abs=1e-6)


def test_each_module_has_the_mode_it_had_and_dropout_and_batch_statistics_are_off_meanwhile():
    frozen = nn.BatchNorm1d(10).eval()
    model = nn.Sequential(frozen, nn.Dropout(0.5), nn.BatchNorm1d(10))
    model[1].train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    logits, labels = random_answers()
    first, second = (predict_logits(model, [(logits, labels)])[0] for _ in range(2))
    assert torch.equal(first, second)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model] == [False, True, True]


def test_the_modes_come_back_after_an_error_too():
    model = nn.Sequential(nn.Linear(3, 10))
    with pytest.raises(RuntimeError):
        evaluate(model, [(torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64))])
    assert model.training


def test_logits_come_back_whole_in_order_and_free_of_inference_mode():
    logits, labels = random_answers()
    model = nn.Linear(10, 10)
    got, got_labels = predict_logits(model, DataLoader(TensorDataset(logits, labels), batch_size=50))
    assert torch.allclose(got, model(logits).detach(), atol=1e-6)
    assert torch.equal(got_labels, labels)
    assert not got.is_inference()
    assert not got.requires_grad


def test_an_answer_that_is_not_a_number_is_wrong_whatever_the_label():
    logits = torch.tensor([[math.nan, 0.0], [math.inf, 0.0], [-math.inf, 0.0], [3.0, 0.0]])
    assert guesses(logits).tolist() == [NO_ANSWER, NO_ANSWER, 1, 0]
    for label in (0, 1):
        evaluation = evaluate(Given(), [(logits[:1], torch.tensor([label]))])
        assert evaluation.correct == 0
        assert math.isnan(evaluation.loss)


def test_no_picture_is_an_error():
    for measure in (evaluate, predict_logits):
        with pytest.raises(TersenetError, match="nothing to measure"):
            measure(Given(), [])


@pytest.mark.parametrize(
    ("answers", "labels", "problem"),
    [
        (torch.zeros(4, 10, 2, 2), torch.zeros(4), "not return one value per class"),
        (torch.zeros(4), torch.zeros(4), "not return one value per class"),
        (torch.zeros(4, 10), torch.zeros(3), "one label per answer"),
        (torch.zeros(4, 10), torch.full((4,), 10), "do not fit the network's classes"),
        (torch.zeros(4, 10), torch.full((4,), -1), "do not fit the network's classes"),
    ],
)
def test_answers_that_do_not_fit_their_labels_are_errors(answers, labels, problem):
    with pytest.raises(TersenetError, match=problem):
        evaluate(Given(), [(answers, labels)])
