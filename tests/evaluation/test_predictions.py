"""What is read in pictures."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM
from tersenet.evaluation import predict

DARK, LIGHT = np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)


class Brightness(nn.Module):
    """Two classes; the logit of class 1 is the mean of the normalised picture."""

    def forward(self, x):
        mean = x.mean(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(mean), mean], dim=1)


def test_probabilities_are_the_softmax_of_the_network_on_the_normalised_picture():
    dark, light = predict(Brightness(), [DARK, LIGHT])
    expected = 1 / (1 + math.exp(-(1 - 0.1307) / 0.3081))  # MNIST's mean and deviation, as the write-ups print them
    assert light.probabilities == pytest.approx((1 - expected, expected))
    assert (dark.guess, light.guess) == (0, 1)
    assert light.probability == max(light.probabilities)


def test_a_run_is_as_good_as_its_model():
    run = SimpleNamespace(model=Brightness, form=MNIST_FORM)
    assert predict(run, [DARK]) == predict(Brightness(), DARK)


def test_a_file_is_named_and_read_into_the_form_of_mnist(tmp_path):
    path = tmp_path / "one.png"
    picture = Image.new("L", (300, 200), 255)
    picture.paste(0, (140, 40, 160, 160))
    picture.save(path)
    [prediction] = predict(Brightness(), path)
    assert prediction.picture == str(path)
    assert [p.picture for p in predict(Brightness(), [str(path), torch.from_numpy(DARK)])] == [str(path), "picture 1"]


def test_no_picture_has_no_prediction():
    assert predict(Brightness(), []) == []


def test_a_picture_that_is_no_bytes_is_an_error():
    with pytest.raises(TersenetError, match="not a picture that the network takes"):
        predict(Brightness(), torch.zeros(28, 28))


def test_pictures_of_two_sizes_are_an_error():
    with pytest.raises(TersenetError, match="pictures differ in size"):
        predict(Brightness(), [DARK, np.zeros((32, 32), np.uint8)])


def test_a_file_that_is_no_picture_is_an_error_with_its_name(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no picture")
    with pytest.raises(TersenetError) as raised:
        predict(Brightness(), [path])
    assert str(path) in str(raised.value)


def test_an_answer_that_is_not_a_number_is_an_error():
    class Broken(nn.Module):
        def forward(self, x):
            return torch.full((len(x), 2), math.nan)

    with pytest.raises(TersenetError, match="not a number"):
        predict(Broken(), DARK)
