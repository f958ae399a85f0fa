"""Everything shown about one picture in one network, gathered once: what `tersenet explain` draws."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError, check_setting
from tersenet.data import Form, Split, form_of, open_picture
from tersenet.evaluation import known_wrong_label
from tersenet.inspection.explanation.class_activation import ClassActivation, activation_of
from tersenet.inspection.explanation.excitation import Excitation, excitations_of, strongest_place
from tersenet.inspection.explanation.feature_maps import Kernels, kernels_of, require_unit
from tersenet.inspection.observe import ObservedLayer, Square, find_layer, observe
from tersenet.networks import names_dropout
from tersenet.runs import MODEL, Run
from tersenet.training import EvaluationBatches

UNITS, PICTURES = 5, 6  # rows and columns of the figure of exciting pictures
MOST_PICTURES = 12  # more would be too small to see
SEEN_AT_MOST = 0.6  # of a picture's side: a unit that sees more has no patch worth the name


@dataclass(frozen=True, kw_only=True, eq=False)
class Unit:
    """One unit of a layer: where the explained picture excites it most, and which pictures of the set do."""

    number: int
    here: Excitation
    pictures: list[Excitation]

    @property
    def share(self) -> float:
        """How much the explained picture excites it, of the most that any picture of the set does (0 where none)."""
        most = self.pictures[0].value if self.pictures else 0.0
        return self.here.value / most if most > 0 else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What a network makes of one picture.

    `image` is uint8 `[C, H, W]` as the network sees it; `logits` and `probabilities` (0 to 1) have one value per
    class; `layers` hold what each layer gives; `activation` has a map for each class; `centre` is the pixel around
    which receptive fields are drawn: the middle of what the map's position sees that speaks most for the guess.
    `units` are those of `unit_layer`, which `tested` pictures of the set were shown to; None and none without a
    set. `read_by_people` is the class that people see where `label` is known to be wrong. `original` is the picture
    as it was given, uint8 `[H, W, 3]`; None for a picture of a data set.
    """

    network: str
    data: str
    picture: str
    image: Tensor
    label: int | None
    classes: tuple[str, ...]
    logits: tuple[float, ...]
    probabilities: tuple[float, ...]
    layers: list[ObservedLayer]
    activation: ClassActivation
    centre: tuple[float, float]
    unit_layer: ObservedLayer | None
    units: list[Unit]
    tested: Split | None
    notice: str | None = None
    read_by_people: int | None = None
    original: Tensor | None = None

    @property
    def guess(self) -> int:
        """The number of the class with the highest probability."""
        return max(range(len(self.probabilities)), key=lambda place: self.probabilities[place])

    @property
    def kernels(self) -> list[Kernels]:
        """The kernels of every convolution, in order."""
        return kernels_of(self.layers)


def explain(
    run: Run,
    picture: str | Path | None = None,
    *,
    index: int | None = None,
    layer: str | int | None = None,
    unit: int | None = None,
    count: int = PICTURES,
    data_dir: Path | None = None,
) -> Explanation:
    """What a trained run makes of a picture file, or of picture `index` of its test set.

    `layer` and `unit` say which units' most exciting pictures are looked for; `count` how many of each (0: the test
    set is not read). Raises TersenetError for a picture that cannot be read, a run without weights, a layer or
    unit that is not there, and data that cannot be read.
    """
    if (picture is None) == (index is None):
        raise TersenetError(
            "There is no picture to explain." if picture is None else "One picture is explained at a time.",
            got=None if picture is None else "a file and an index",
            expected="a picture file, or the index of a picture of the test set",
            hint=f"tersenet explain {shlex.quote(run.name)} --index 0" if picture is None else None,
        )
    check_setting(0 <= count <= MOST_PICTURES, "pictures", count, f"0 to {MOST_PICTURES}")
    if not (run.path / MODEL).is_file():
        raise TersenetError(
            "This run has no trained weights yet.",
            got=f"no {MODEL}",
            where=run.path,
            hint=f"tersenet train --resume {run.name}",
        )
    model = run.model()
    opened = None if picture is None else open_picture(picture, run.form)
    image = None if opened is None else torch.from_numpy(opened.image)
    dataset = None
    if index is not None or count:
        try:
            dataset = run.data(data_dir)
        except TersenetError as error:
            if index is None:
                without = "with --pictures 0 the picture is explained without the test set"
                error.hint = f"{error.hint};\n{without}" if error.hint else without
            raise
    label = read_by_people = None
    if dataset is not None and index is not None:
        image, label = dataset.test_picture(index)
        wrong = known_wrong_label(dataset.name, index, label)
        read_by_people = wrong.read if wrong else None
    assert image is not None  # one of the two was given
    return explain_picture(
        model,
        image,
        classes=run.environment.classes,
        form=run.form,
        network=run.name,
        data=run.experiment.data,
        picture=f"test picture {index}" if picture is None else str(picture),
        label=label,
        tested=dataset.test if dataset is not None and count else None,
        layer=layer,
        unit=unit,
        count=count,
        notice=run.environment.data_notice if dataset is None else dataset.notice,
        read_by_people=read_by_people,
        original=None if opened is None else torch.from_numpy(opened.original),
    )


def explain_picture(
    model: nn.Module,
    image: Tensor,
    *,
    classes: Sequence[str],
    form: Form | None = None,
    network: str = "the network",
    data: str = "its data",
    picture: str = "the picture",
    label: int | None = None,
    tested: Split | None = None,
    layer: str | int | None = None,
    unit: int | None = None,
    count: int = PICTURES,
    notice: str | None = None,
    read_by_people: int | None = None,
    original: Tensor | None = None,
) -> Explanation:
    """The same for any module that takes normalised pictures `[N, C, H, W]`, and a picture as bytes `[C, H, W]`
    (grey ones also `[H, W]`).

    `form` says how they are normalised: as `tested` where it is left out, else by the picture itself. `tested` are
    the pictures among which the most exciting ones are looked for; none are where it is left out.

    >>> from tersenet.networks import build
    >>> image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    >>> found = explain_picture(build("4C3 R GAP 10Nb"), image, classes="0123456789")
    >>> found.activation.method, len(found.layers), round(sum(found.probabilities), 5)
    ('exact', 4, 1.0)
    """
    image = image.unsqueeze(0) if image.ndim == 2 else image
    if image.dtype != torch.uint8 or image.ndim != 3:
        raise TersenetError(
            "This is not a picture that can be explained.",
            got=f"{str(image.dtype).removeprefix('torch.')} {list(image.shape)}",
            expected="bytes [C, H, W]",
        )
    form = form or (form_of(image[None]) if tested is None else tested.form)
    x = form.network_input(image[None])
    layers = observe(model, x)
    activation = activation_of(model, x, layers)
    logits = activation.logits[0].cpu()
    if logits.isnan().any():
        raise TersenetError("The network's answer is not a number.", got="NaN", where=picture, hint="train it again")
    if len(logits) != len(classes):
        raise TersenetError(
            "The network does not return one value per class.",
            got=f"{len(logits)} figures",
            expected=len(classes),
        )
    chosen = _unit_layer(layers, min(image.shape[1:])) if layer is None else _with_units(find_layer(layers, layer))
    units = [] if tested is None or chosen is None else _units(model, tested, chosen, unit=unit, count=count)
    return Explanation(
        network=network,
        data=data,
        picture=picture,
        image=image,
        label=label,
        classes=tuple(classes),
        logits=tuple(map(float, logits)),
        probabilities=tuple(map(float, logits.double().softmax(dim=0))),
        layers=layers,
        activation=activation,
        centre=_centre(activation, int(logits.argmax()), image),
        unit_layer=chosen if units else None,
        units=units,
        tested=tested if units else None,
        notice=notice,
        read_by_people=read_by_people,
        original=original,
    )


def _unit_layer(layers: list[ObservedLayer], side: int) -> ObservedLayer | None:
    """The last layer whose units see no more than a good half of the picture; the first with maps where all do."""
    with_maps = [layer for layer in layers if layer.has_maps and layer.call and not names_dropout(layer.type)]
    seen = [(layer, layer.square(0, 0)) for layer in with_maps]
    small = [layer for layer, square in seen if square is not None and max(square.size) <= SEEN_AT_MOST * side]
    return small[-1] if small else with_maps[0] if with_maps else None


def _with_units(layer: ObservedLayer) -> ObservedLayer:
    if layer.output.ndim in (2, 4) and layer.call is not None:
        return layer
    raise TersenetError(
        "This layer has no separate units.",
        got=f"{layer.name}, output {list(layer.output.shape[1:])}",
        expected="a layer that gives [C, H, W] or [units]",
    )


def _units(model: nn.Module, tested: Split, layer: ObservedLayer, *, unit: int | None, count: int) -> list[Unit]:
    """The unit that was asked for, else those that the picture excites most, of the most that each ever gives."""
    numbers = list(range(layer.output.shape[1])) if unit is None else [require_unit(layer, unit)]
    batches = (batch for batch, _ in EvaluationBatches(tested))
    found = excitations_of(model, batches, layer, numbers, count=count)
    units = [
        Unit(number=number, here=strongest_place(layer, number), pictures=pictures)
        for number, pictures in found.items()
    ]
    return sorted(units, key=lambda each: -each.share)[:UNITS]


def _centre(activation: ClassActivation, guess: int, image: Tensor) -> tuple[float, float]:
    """The middle of what the position sees that speaks most for the guess, or the picture's where none can tell."""
    votes = activation.maps[0, guess]
    row, column = divmod(int(votes.argmax()), votes.shape[1])
    square: Square | None = activation.layer.square(row, column)
    if square is None or not votes.any():
        return (image.shape[1] - 1) / 2, (image.shape[2] - 1) / 2
    return square.centre
