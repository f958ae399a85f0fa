"""What a network reads in pictures that nobody labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.data.augment import normalize
from tersenet.data.pictures import read_picture
from tersenet.evaluation.logits import predict_logits


class HasModel(Protocol):
    """Anything that can give its trained network: a run."""

    def model(self) -> nn.Module:
        """The network, with its weights."""
        ...


Picture = str | Path | Tensor | np.ndarray


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What was read in one picture.

    `picture` is its path (or `picture 0`, … where it came as an array), `guess` the number of the class,
    `probability` that of the guess and `probabilities` those of all classes, from 0 to 1.
    """

    picture: str
    guess: int
    probability: float
    probabilities: tuple[float, ...]


def predict(run_or_model: HasModel | nn.Module, pictures: Picture | Iterable[Picture]) -> list[Prediction]:
    """Read the digits in pictures with a run's network, or with any module that takes `[N, 1, 28, 28]`.

    A path is read as any picture file of a digit and brought into MNIST's form (`read_picture`); an array is taken as
    it is: bytes `[28, 28]`, light on dark. Raises `TersenetError` for a picture that cannot be read, and where the
    network's answer is not a number.

    >>> network = nn.Sequential(nn.AvgPool2d(28), nn.Flatten(), nn.Linear(1, 2))
    >>> [prediction] = predict(network, torch.zeros(28, 28, dtype=torch.uint8))
    >>> prediction.picture, len(prediction.probabilities), round(sum(prediction.probabilities), 5)
    ('picture 0', 2, 1.0)
    """
    model = run_or_model if isinstance(run_or_model, nn.Module) else run_or_model.model()
    given: Sequence[Picture] = [pictures] if isinstance(pictures, Picture) else list(pictures)
    if not given:
        return []
    images = [_bytes(picture) for picture in given]
    if len({image.shape for image in images}) > 1:
        raise TersenetError(
            "The pictures are not of one size.",
            got=" and ".join(sorted({"×".join(map(str, image.shape)) for image in images})),
            expected="28×28, as paths are brought to",
        )
    batch = normalize(torch.stack(images).unsqueeze(1).float() / 255)
    logits, _ = predict_logits(model, [(batch, torch.zeros(len(given), dtype=torch.int64))])
    names = [str(p) if isinstance(p, (str, Path)) else f"picture {place}" for place, p in enumerate(given)]
    return [_prediction(name, row) for name, row in zip(names, logits.softmax(dim=1), strict=True)]


def _bytes(picture: Picture) -> Tensor:
    if isinstance(picture, (str, Path)):
        return torch.from_numpy(read_picture(picture))
    image = torch.as_tensor(picture)
    if image.dtype != torch.uint8 or image.dim() != 2:
        raise TersenetError(
            "This is not a picture in MNIST's form.",
            got=f"{str(image.dtype).removeprefix('torch.')} {list(image.shape)}",
            expected="bytes [28, 28], light on dark",
            hint="hand in the picture's path: it is brought into the form then",
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
