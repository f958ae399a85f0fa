"""Which pictures of a set excite a unit most, and where in each picture the unit saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.inspection.explanation.feature_maps import require_unit
from tersenet.inspection.observe import ObservedLayer, Square, as_batch, find_layer, observe, output_of

BATCH = 500
Batches = Iterable[tuple[Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True)
class Excitation:
    """One picture that excites a unit: its number in the set, how much, at which position, and what is seen there.

    `position` (row, column in the layer's map) is None for a dense layer, `square` (in pixels) where it is not known
    what the position sees.
    """

    index: int
    value: float
    position: tuple[int, int] | None
    square: Square | None


def exciting_pictures(
    model: nn.Module,
    pictures: Tensor | Batches,
    layer: str | int,
    units: Sequence[int] | None = None,
    *,
    count: int = 6,
) -> dict[int, list[Excitation]]:
    """The pictures that excite units of a layer most, the strongest first: unit to at most `count` of them.

    `pictures` are floats `[N, C, H, W]`, or batches of `(pictures, labels)` whose order numbers them. A unit of a
    layer with maps is a channel; what counts is its largest value over all positions. Of pictures that excite it
    equally, the earlier come first. All units where none are named. Raises TersenetError where there is no such layer
    or unit, or no picture.

    >>> from tersenet.networks import build
    >>> pictures = torch.zeros(3, 1, 28, 28)
    >>> pictures[1, 0, 10:13, 20:23] = 1.0
    >>> network = build("1C3 GAP 10N")
    >>> _ = nn.init.ones_(network.layers[0].weight)
    >>> best = exciting_pictures(network, pictures, "Conv2d-1", [0], count=1)[0][0]
    >>> best.index, best.value, best.position, best.square
    (1, 9.0, (10, 20), Square(top=10, left=20, bottom=12, right=22))
    """
    batches = _batches(pictures)
    first = next(batches, None)
    if first is None:
        raise TersenetError("There are no pictures to search.", got="0 pictures")
    chosen = find_layer(observe(model, first[:1]), layer)
    numbers = list(range(chosen.output.shape[1]) if units is None else units)
    return excitations_of(model, _chained(first, batches), chosen, numbers, count=count)


def excitations_of(
    model: nn.Module, batches: Iterable[Tensor], layer: ObservedLayer, units: Sequence[int], *, count: int
) -> dict[int, list[Excitation]]:
    """The same for a layer that was observed, from batches of pictures alone."""
    if layer.output.ndim not in (2, 4):
        raise TersenetError(
            "This layer has no separate units.",
            got=f"{layer.name}, output {list(layer.output.shape[1:])}",
            expected="a layer that gives [C, H, W] or [units]",
        )
    numbers = torch.tensor([require_unit(layer, unit) for unit in units], dtype=torch.int64)
    best = torch.empty(0, len(numbers))
    indices = places = torch.empty(0, len(numbers), dtype=torch.int64)
    weights = next(model.parameters(), torch.empty(0))
    begin = 0
    for batch in batches:
        output = output_of(model, batch.to(weights.device, weights.dtype), layer).cpu()[:, numbers]
        values, at = output.flatten(2).max(dim=2) if output.ndim == 4 else (output, torch.zeros_like(output).long())
        own = torch.arange(begin, begin + len(batch)).unsqueeze(1).expand_as(at)
        begin += len(batch)
        best, order = torch.cat([best.to(values), values]).sort(dim=0, descending=True, stable=True)
        best, order = best[:count], order[:count]
        indices = torch.cat([indices, own]).gather(0, order)
        places = torch.cat([places, at]).gather(0, order)
    width = layer.output.shape[3] if layer.output.ndim == 4 else None
    return {
        unit: [
            _excitation(layer, width, int(index), float(value), int(place))
            for index, value, place in zip(indices[:, at], best[:, at], places[:, at], strict=True)
        ]
        for at, unit in enumerate(numbers.tolist())
    }


def strongest_place(layer: ObservedLayer, unit: int) -> Excitation:
    """Where the one picture that a layer was observed on excites a unit most; its number is 0.

    >>> from tersenet.networks import build
    >>> layers = observe(build("4C3 R GAP 10N"), torch.zeros(1, 28, 28))
    >>> strongest_place(layers[1], 3).position
    (0, 0)
    """
    values = layer.output[0, require_unit(layer, unit)]
    width = values.shape[1] if values.ndim == 2 else None
    return _excitation(layer, width, 0, float(values.max()), int(values.argmax()))


def _excitation(layer: ObservedLayer, width: int | None, index: int, value: float, place: int) -> Excitation:
    position = None if width is None else divmod(place, width)
    return Excitation(index=index, value=value, position=position, square=layer.square(*(position or (0, 0))))


def _batches(pictures: Tensor | Batches) -> Iterator[Tensor]:
    if isinstance(pictures, Tensor):
        for start in range(0, len(pictures), BATCH):
            yield as_batch(pictures)[start : start + BATCH]
        return
    for batch, _ in pictures:
        yield as_batch(batch)


def _chained(first: Tensor, rest: Iterable[Tensor]) -> Iterator[Tensor]:
    yield first
    yield from rest
