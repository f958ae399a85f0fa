"""The doctor on what a network answers: activations and dropout on the logits, and the softmax."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import tersenet
from doctor_loops import Answering, batches, found, network


@pytest.mark.parametrize(
    ("notation", "where"),
    [
        ("8C3 BN R GAP 10Nb", []),
        ("8C3 BN R 10C3 GAP", []),
        ("8C3 BN R D.1 10C3 AP24", []),
        ("8C3 BN R GAP 10Nb R", [("fault", "layer 6, ReLU (layers.5)")]),
        ("8C3 BN R GAP 10Nb D.2", [("fault", "layer 6, Dropout (layers.5)")]),
        ("8C3 BN R 10C3 R GAP", [("fault", "layer 5, ReLU (layers.4)")]),
        ("8C3 BN R 10C3 D.2 GAP", [("warning", "layer 5, Dropout (layers.4)")]),
        ("8C3 BN R 10C3 DD.2 GAP", [("warning", "layer 5, Dropout2d (layers.4)")]),
        ("8C3 BN R 10C3 R BN GAP", []),
        ("8C3 BN R 10C3 D0 GAP", []),
        ("8C3 BN R GAP 10Nb LR.1", []),
        ("8C3 BN R GAP 10Nb T", [("fault", "layer 6, Tanh (layers.5)")]),
        (
            "8C3 BN R GAP 10C1 BN R D.1",
            [("fault", "layer 7, ReLU (layers.6)"), ("fault", "layer 8, Dropout (layers.7)")],
        ),
    ],
)
def test_dropout_and_activations_on_the_logits_are_named(digits, notation, where):
    findings = found(tersenet.diagnose(network(notation), batches(digits[0])), "logits")
    assert [(finding.severity, finding.where) for finding in findings] == where


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (F.relu, "ReLU"),
        (lambda x: F.dropout(x, 0.3), "Dropout"),
        (torch.sigmoid, "Sigmoid"),
        (lambda x: F.log_softmax(F.relu(x), dim=1), "ReLU"),
    ],
)
def test_functions_on_the_logits_are_named(digits, change, what):
    finding = found(tersenet.diagnose(Answering(change), batches(digits[0])), "logits")[0]
    assert finding.where.endswith(f", {what}")


def test_a_sigmoid_belongs_to_other_losses(digits):
    def binary(answer, labels):
        return F.binary_cross_entropy(answer, F.one_hot(labels, 10).float())

    diagnosis = tersenet.diagnose(Answering(torch.sigmoid), batches(digits[0]), criterion=binary)
    assert found(diagnosis, "logits") == []


# The softmax.


def over_batch_by_hand(x):
    return (x.exp() / x.exp().sum(dim=0)).log()


def by_hand(x):
    return (x.exp() / x.exp().sum(dim=1, keepdim=True)).log()


@pytest.mark.parametrize(
    ("change", "criterion", "says"),
    [
        (lambda x: x, F.cross_entropy, None),
        (lambda x: F.log_softmax(x, dim=1), F.nll_loss, None),
        (lambda x: F.log_softmax(x, dim=-1), nn.NLLLoss(), None),
        (nn.LogSoftmax(dim=1), nn.NLLLoss(), None),
        (by_hand, F.nll_loss, None),
        (lambda x: F.log_softmax(x, dim=0), F.nll_loss, "axis 0"),
        (lambda x: x.log_softmax(0), F.nll_loss, "axis 0"),
        (nn.LogSoftmax(dim=0), nn.NLLLoss(), "axis 0"),
        (nn.Softmax(dim=0), lambda p, y: F.nll_loss(p.log(), y), "axis 0"),
        (lambda x: F.log_softmax(x[..., None, None], dim=0), F.nll_loss, "axis 0"),
        (lambda x: F.log_softmax(x[..., None, None], dim=-1), F.nll_loss, "axis -1"),
        (over_batch_by_hand, F.nll_loss, "over the batch"),
        (lambda x: x, lambda x, y: F.nll_loss(F.log_softmax(x, dim=0), y), "axis 0"),
        (lambda x: x, lambda x, y: F.nll_loss(F.log_softmax(x, dim=1), y), None),
        (nn.Softmax(dim=1), F.cross_entropy, "cannot fall below 1.46"),
        (lambda x: x, F.nll_loss, "nll_loss on answers"),
    ],
)
def test_the_softmax_is_over_the_classes_once_and_before_the_loss(digits, change, criterion, says):
    diagnosis = tersenet.diagnose(Answering(change), batches(digits[0]), criterion=criterion)
    findings = found(diagnosis, "softmax")
    assert [says in finding.figure for finding in findings] == ([True] if says else [])


def test_the_softmax_of_an_attention_is_nobodys_business(digits):
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Conv2d(1, 16, 7, stride=7)
            self.head = nn.Linear(16, 10)

        def forward(self, x):
            x = self.embed(x).flatten(2).transpose(1, 2)
            weights = F.softmax(x @ x.transpose(1, 2), dim=-1)
            return self.head((weights @ x).mean(dim=1))

    assert found(tersenet.diagnose(Attending(), batches(digits[0])), "softmax") == []
