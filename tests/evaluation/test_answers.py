"""What a network answers is checked in one pass that leaves everything as it was."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from tersenet import TersenetError
from tersenet.evaluation import as_logits, check_answers, evaluate, own_precision, undisturbed


class Answering(nn.Module):
    """A network that answers whatever `answer` makes of its logits."""

    def __init__(self, answer, outputs=10):
        super().__init__()
        self.dense = nn.Linear(784, outputs)
        self.answer = answer

    def forward(self, x):
        return self.answer(self.dense(x.flatten(1)))


PICTURES = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda z: {"logits": z}, "got: *a dict"),
        (lambda z: (z, z), "got: *a tuple"),
        (lambda z: [z], "got: *a list"),
        (lambda z: None, "got: *a NoneType"),
        (lambda z: z.argmax(1), "got: *a tensor of torch.int64"),
        (lambda z: z.to(torch.complex64), "got: *a tensor of torch.complex64"),
        (lambda z: z[:, :5], "got: *5 outputs\n *expected: 10, one per class"),
        (lambda z: z[:, :, None, None].expand(-1, -1, 7, 7), r"an output of shape \[2, 10, 7, 7\]"),
        (lambda z: z[:, 0], r"an output of shape \[2\]"),
        (lambda z: z.sum(), r"an output of shape \[\]"),
        (lambda z: z[:1], "1 answers for 2 pictures"),
        (lambda z: z @ z, "RuntimeError: mat1 and mat2"),
        (lambda z: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_an_answer_that_does_not_fit_is_one_error(answer, problem):
    with pytest.raises(TersenetError, match=problem):
        check_answers(Answering(answer), PICTURES, 10)


@pytest.mark.parametrize(
    "answer",
    [lambda z: z, lambda z: z[:, :, None, None], lambda z: z.log_softmax(1), lambda z: torch.cat([z, z], dim=1)],
)
def test_an_answer_that_fits_passes(answer):
    check_answers(Answering(answer), PICTURES, 10)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_a_network_is_asked_in_its_own_precision(kind):
    model = Answering(lambda z: z).to(kind)
    assert own_precision(model) is kind
    check_answers(model, PICTURES, 10)
    assert as_logits(model(PICTURES.to(kind))).dtype is (torch.float64 if kind is torch.float64 else torch.float32)


def test_what_only_training_answers_is_found():
    model = Answering(lambda z: z)
    model.answer = lambda z: (z, z) if model.training else z
    with pytest.raises(TersenetError, match="a tuple"):
        check_answers(model.eval(), PICTURES, 10)
    check_answers(model.eval(), PICTURES, 10, training=False)


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(10), nn.Sequential(nn.Unflatten(1, (10, 1)), nn.InstanceNorm1d(10))])
def test_a_single_value_to_normalise_is_one_error(norm):
    with pytest.raises(TersenetError, match="more than one value per channel"):
        check_answers(Answering(norm), PICTURES[:1], 10)


def test_nothing_is_disturbed():
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5), nn.Flatten(), nn.Linear(784, 10))
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    torch.manual_seed(1), random.seed(1), np.random.seed(1)  # noqa: NPY002
    expected = (torch.rand(1).item(), random.random(), np.random.rand())  # noqa: NPY002
    torch.manual_seed(1), random.seed(1), np.random.seed(1)  # noqa: NPY002
    with undisturbed(model):
        check_answers(model, PICTURES, 10)
        torch.rand(3), random.random(), np.random.rand()  # noqa: NPY002
        model.train()(PICTURES)
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == expected  # noqa: NPY002
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_an_evaluation_says_how_many_answers_are_not_numbers():
    model = Answering(lambda z: z)
    pictures = torch.rand(5, 1, 28, 28)
    pictures[3, 0, 0, 0] = float("nan")
    found = evaluate(model, [(pictures, torch.zeros(5, dtype=torch.int64))])
    assert found.broken == 1
    assert str(found).endswith(", NaN answers: 1")
