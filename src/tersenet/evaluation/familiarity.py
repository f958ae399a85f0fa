"""Whether a prediction can be believed: is the picture like those that the network was trained on?

A network gives a class to any picture, also to a letter, two digits or noise, often with a high probability. Three
tests say when it should not be believed; their bounds come from training pictures:

1. **Two marks.** Whole columns without ink lie between two marks of ink.
2. **Probability.** It is below that of all but a few of the training pictures.
3. **Distance.** The picture is far from the training pictures of the class that the network gives it. Distance is
   what the first principal components of that class leave over (class-wise principal component analysis: S. Wold,
   Pattern Recognition by Means of Disjoint Principal Components Models, 1976), r / √x where r is the norm of what is
   left and x that of the picture: r alone is small for all thin strokes, r / x for all bold ones.

`docs/predict.md` says how often each is right and wrong; `benchmarks/believable.py` measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.data import Form, form_of, second_mark
from tersenet.evaluation.evaluate import predict_logits

DIRECTIONS = 30  # principal components of a class; more follow the pictures' noise
_MOST_FIGURES = 4_000_000  # in all directions of all classes: eight megabytes
LEAST_MARK = 0.2  # of the first mark's ink: a smaller second one is a part of the digit, or dust
SURE = 0.995  # of the training pictures have a probability above its bound
NEAR = 0.99  # of the training pictures lie within the bound of the distance
ONE_MARK = 0.999  # of the training pictures have a second mark below its bound
_EXACT = 1_000  # pixels or pictures up to which the components are exact; beyond, by random projections, seeded
_HELD = 6  # every sixth training picture is kept out of the components, and sets the bounds
_MOST = 30_000  # pictures that are looked at, evenly spread over the training set


@dataclass(frozen=True, kw_only=True, eq=False)
class Familiarity:
    """What the training pictures of a network are like, and the bounds within which they lie.

    `means` `[K, P]` and `directions` `[K, D, P]` (rows of unit length) describe each class's pictures of P pixels, in
    0..1. `pictures` is the number of training pictures that the bounds come from.
    """

    means: Tensor
    directions: Tensor
    least_probability: float
    most_distance: float
    most_second_mark: float
    pictures: int

    def doubts(
        self, images: Tensor, logits: Tensor, second_marks: Sequence[float | None] | None = None
    ) -> list[tuple[str, ...]]:
        """Why each prediction should not be believed, in words; nothing where it can be.

        `images` are bytes `[N, C, H, W]`, `logits` `[N, K]`. `second_marks` come from the pictures at full size;
        where there is none, `images` are looked at.
        """
        probabilities = logits.double().softmax(dim=1)
        guesses = probabilities.argmax(dim=1)
        distances = self.distances(images, guesses)
        known = [None] * len(images) if second_marks is None else second_marks
        marks = [_second_mark(image) if mark is None else mark for image, mark in zip(images, known, strict=True)]
        found = []
        for row, mark, distance, guess in zip(
            probabilities, marks, distances.tolist(), guesses.tolist(), strict=True
        ):
            why = []
            if mark > self.most_second_mark:
                why.append("two separate marks")
            if float(row[guess]) < self.least_probability:
                why.append(f"probability below {100 * self.least_probability:.0f} %")
            if distance > self.most_distance:
                why.append("unlike the training pictures")
            found.append(tuple(why))
        return found

    def distances(self, images: Tensor, classes: Tensor) -> Tensor:
        """How far each picture `[N, C, H, W]` is from the pictures of its class (int64 `[N]`): float64 `[N]`.

        A picture without ink is infinitely far.
        """
        return _distances(self.means.double(), self.directions.double(), images, classes)


def fit_familiarity(
    model: nn.Module, images: Tensor, labels: Tensor, classes: int, form: Form | None = None
) -> Familiarity:
    """Describe training pictures, bytes `[N, C, H, W]` with labels int64 `[N]`, as a network sees them.

    `form` says how they are normalised; without it they are by their own mean and deviation. Of MNIST it takes about
    three seconds. Raises TersenetError where a class has fewer than two pictures.

    >>> images = torch.randint(0, 255, (60, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    >>> found = fit_familiarity(network, images, torch.arange(60) % 2, 2)
    >>> found.means.shape, found.directions.shape, found.pictures
    (torch.Size([2, 64]), torch.Size([2, 5, 64]), 10)
    """
    images = images.unsqueeze(1) if images.ndim == 3 else images
    form = form or form_of(images)
    step = -(-len(labels) // _MOST)
    images, labels = images[::step], labels[::step]
    held = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(classes):
        of_class = (labels == label).nonzero().flatten()
        if len(of_class) < 2:
            raise TersenetError(
                "A class has too few training pictures to say what they are like.",
                got=f"{len(of_class)} of class {label}",
                expected="two or more",
            )
        held[of_class[1::_HELD]] = True
    means, directions = _components(images[~held], labels[~held], classes)
    images, labels = images[held], labels[held]
    logits, _ = predict_logits(model, network_batches(images, form))
    right = logits.argmax(dim=1) == labels  # a mistake of the network is no measure of what it knows
    kept = right if bool(right.any()) else torch.ones_like(right)
    probability = logits.double().softmax(dim=1).amax(dim=1)[kept]
    distance = _distances(means.double(), directions.double(), images, labels)
    marks = torch.tensor([_second_mark(image) for image in images], dtype=torch.float64)
    return Familiarity(
        means=means,
        directions=directions,
        least_probability=float(probability.quantile(1 - SURE, interpolation="lower")),
        most_distance=float(distance.quantile(NEAR, interpolation="higher")),
        most_second_mark=max(LEAST_MARK, float(marks.quantile(ONE_MARK, interpolation="higher"))),
        pictures=len(labels),
    )


def _components(images: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """The mean and the first principal components of each class: float16 `[K, P]` and `[K, D, P]`."""
    smallest = min(int((labels == label).sum()) for label in range(classes))
    room = _MOST_FIGURES // (classes * images[0].numel())
    count = max(1, min(DIRECTIONS, smallest // 5, images[0].numel(), room))
    means, directions = [], []
    for label in range(classes):
        pixels = _pixels(images[labels == label])
        mean = pixels.mean(dim=0)
        means.append(mean)
        directions.append(_first_components(pixels - mean, count))
    return torch.stack(means).half(), torch.stack(directions).half()


def _first_components(centred: Tensor, count: int) -> Tensor:
    """The `count` directions `[D, P]` in which centred pictures `[N, P]` vary most, the first last."""
    pictures, pixels = centred.shape
    if min(pictures, pixels) > _EXACT:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            _, _, found = torch.svd_lowrank(centred, q=count + 10, niter=4)
        rows: Tensor = found[:, :count].flip(1).T
    elif pictures < pixels:
        rows = torch.linalg.svd(centred, full_matrices=False).Vh[:count].flip(0)
    else:
        _, vectors = torch.linalg.eigh(centred.T @ centred)
        rows = vectors[:, -count:].T
    return rows


def _distances(means: Tensor, directions: Tensor, images: Tensor, classes: Tensor) -> Tensor:
    distances = torch.empty(len(images), dtype=torch.float64)
    for label in sorted(set(classes.tolist())):
        here = classes == label
        pixels = _pixels(images[here])
        centred = pixels - means[label]
        left = centred - (centred @ directions[label].T) @ directions[label]
        distances[here] = left.norm(dim=1) / pixels.norm(dim=1).sqrt()
    return distances


def _pixels(images: Tensor) -> Tensor:
    return images.flatten(1).double() / 255


def _second_mark(image: Tensor) -> float:
    """Of a digit cut out by itself; a picture taken as it is has whatever marks it has."""
    grey = image.numpy().squeeze(0) if len(image) == 1 else None
    return 0.0 if grey is None else second_mark(grey.astype(np.float32) / np.float32(255))


def network_batches(images: Tensor, form: Form, size: int = 500) -> list[tuple[Tensor, Tensor]]:
    """Bytes `[N, C, H, W]` as a network is given them, normalised, in batches; the labels are zeros."""
    parts = [images[start : start + size] for start in range(0, len(images), size)]
    return [(form.network_input(part), torch.zeros(len(part), dtype=torch.int64)) for part in parts]
