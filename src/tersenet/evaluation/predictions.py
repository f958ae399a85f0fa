"""What a network sees in pictures that have no label."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet._notebook import small_table
from tersenet._table import Column, Table
from tersenet.data import MNIST_FORM, Form, Picture, open_picture
from tersenet.evaluation.evaluate import predict_logits
from tersenet.evaluation.familiarity import Familiarity, network_batches

MOST_LIKELY = 3  # classes that a notebook shows


class HasModel(Protocol):
    """Anything that can give its trained network: a run."""

    def model(self) -> nn.Module:
        """The network, with its weights."""
        ...

    @property
    def form(self) -> Form:
        """What the pictures are like that the network takes."""
        ...


AnyPicture = str | Path | Picture | Tensor | np.ndarray
"""A picture's path, a picture that was opened with `open_picture`, or bytes `[C, H, W]` (grey ones also `[H, W]`)."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The class of one picture.

    `picture` is its path (or `picture 0`, … where it came as an array), `guess` the number of the class,
    `probability` that of the guess and `probabilities` those of all classes, from 0 to 1. `doubts` are the reasons
    not to believe it, and `believable` is None where that was not checked.
    """

    picture: str
    guess: int
    probability: float
    probabilities: tuple[float, ...]
    doubts: tuple[str, ...] = ()
    believable: bool | None = None

    @property
    def note(self) -> str:
        """The doubts in one line; empty where there are none.

        >>> doubts = ("two separate marks", "probability below 60 %")
        >>> Prediction(picture="a.png", guess=0, probability=0.5, probabilities=(0.5, 0.5), doubts=doubts).note
        'two separate marks; probability below 60 %'
        """
        return "; ".join(self.doubts)

    def _repr_html_(self) -> str:
        likely = sorted(range(len(self.probabilities)), key=lambda number: -self.probabilities[number])[:MOST_LIKELY]
        rows = [
            (str(number), f"{100 * share:.2f} %", "█" * round(20 * share))
            for number, share in ((number, self.probabilities[number]) for number in likely)
        ]
        columns = (Column(title="class"), Column(title="probability"), Column(title="", right=False))
        return small_table(
            Table(columns=columns, rows=rows), title=f"{self.picture}: class {self.guess}", note=self.note
        )


def predict(
    run_or_model: HasModel | nn.Module,
    pictures: AnyPicture | Iterable[AnyPicture],
    *,
    familiarity: Familiarity | None = None,
    form: Form | None = None,
) -> list[Prediction]:
    """Classify pictures with a run's network, or with any module.

    `form` says what the network takes: that of the run, else MNIST's. A path is read as any picture file and brought
    into the form (`read_picture`); an array is taken as it is: bytes `[C, H, W]`, in MNIST's form light on dark. With
    `familiarity` (`tersenet.runs.familiarity_of(run)`) each prediction says whether it can be believed.

    Raises `TersenetError` for a picture that cannot be read, and where the network's answer is not a number.

    >>> network = nn.Sequential(nn.AvgPool2d(28), nn.Flatten(), nn.Linear(1, 2))
    >>> [prediction] = predict(network, torch.zeros(28, 28, dtype=torch.uint8))
    >>> prediction.picture, len(prediction.probabilities), round(sum(prediction.probabilities), 5)
    ('picture 0', 2, 1.0)
    """
    if isinstance(run_or_model, nn.Module):
        model, form = run_or_model, form or MNIST_FORM
    else:
        model, form = run_or_model.model(), form or run_or_model.form
    given: Sequence[AnyPicture] = [pictures] if isinstance(pictures, AnyPicture) else list(pictures)
    if not given:
        return []
    opened = [
        open_picture(each, form, keep_original=False) if isinstance(each, (str, Path)) else each for each in given
    ]
    images = [_bytes(each, form) for each in opened]
    if len({image.shape for image in images}) > 1:
        raise TersenetError(
            "The pictures differ in size.",
            got=" and ".join(sorted({"×".join(map(str, image.shape)) for image in images})),
            expected=f"{form.spelled}, the size that files are converted to",
        )
    stacked = torch.stack(images)
    logits, _ = predict_logits(model, network_batches(stacked, form))
    names = [_name(each, place) for place, each in enumerate(given)]
    predictions = [_prediction(name, row) for name, row in zip(names, logits.softmax(dim=1), strict=True)]
    if familiarity is None:
        return predictions
    marks = [each.second_mark if isinstance(each, Picture) else None for each in opened]
    doubts = familiarity.doubts(stacked, logits, marks)
    return [_with_doubts(prediction, why) for prediction, why in zip(predictions, doubts, strict=True)]


def _name(picture: AnyPicture, place: int) -> str:
    if isinstance(picture, Picture):
        return str(picture.path)
    return str(picture) if isinstance(picture, (str, Path)) else f"picture {place}"


def _bytes(picture: Picture | Tensor | np.ndarray, form: Form) -> Tensor:
    if isinstance(picture, Picture):
        return torch.from_numpy(picture.image)
    image = torch.as_tensor(picture)
    if image.dim() == 2:
        image = image.unsqueeze(0)
    if image.dtype != torch.uint8 or image.dim() != 3 or len(image) != form.channels:
        light = ", light on dark" if form.reading == "mnist" else ""
        raise TersenetError(
            "This is not a picture that the network takes.",
            got=f"{str(image.dtype).removeprefix('torch.')} {list(image.shape)}",
            expected=f"bytes {list(form.size)}{light}",
            hint="pass the picture's path instead: the file is then converted",
        )
    return image


def _prediction(name: str, probabilities: Tensor) -> Prediction:
    if probabilities.isnan().any():
        raise TersenetError("The network's answer is not a number.", got="NaN", where=name, hint="train it again")
    guess = int(probabilities.argmax())
    return Prediction(
        picture=name,
        guess=guess,
        probability=float(probabilities[guess]),
        probabilities=tuple(map(float, probabilities)),
    )


def _with_doubts(prediction: Prediction, doubts: tuple[str, ...]) -> Prediction:
    return dataclasses.replace(prediction, doubts=doubts, believable=not doubts)
