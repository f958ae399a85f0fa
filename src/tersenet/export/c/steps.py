"""What the C code does, one call after another: layers with the pooling and the table behind them fused in."""

from __future__ import annotations

from dataclasses import dataclass

from tersenet.export.integers.integer import (
    IntegerAdd,
    IntegerAverage,
    IntegerConvolve,
    IntegerLayer,
    IntegerLookup,
    IntegerMaps,
    IntegerMaximum,
    IntegerModel,
    IntegerWindow,
)


@dataclass(frozen=True, eq=False)
class Step:
    """A call: a layer, and behind a convolution the `pool`×`pool` maximum and the table that it does as well."""

    layer: IntegerLayer
    target: IntegerMaps
    pool: int = 1
    table: IntegerLookup | None = None

    @property
    def name(self) -> str:
        """What it does in the words of the notation."""
        pooled = f" MP{self.pool}" if self.pool > 1 else ""
        return f"{self.layer.name}{pooled}{f' {self.table.name}' if self.table else ''}"

    def slide(self, source: IntegerMaps) -> int:
        """How many bytes before the source's first its result may begin, where both share memory.

        Positions are computed row by row, and each is written once all that it reads of the source is read. A source
        that is joined shares nothing.
        """
        if isinstance(self.layer, (IntegerAdd, IntegerLookup)):
            return 0
        if not isinstance(self.layer, IntegerWindow):
            return self.target.size
        channels, height, width = self.target.shape
        reach, padding = self.layer.stride * self.pool, self.layer.padding
        first_needed, distance = source.size, 0
        for place in reversed(range(height * width)):
            row, column = (max(0, at * reach - padding) for at in divmod(place, width))
            first_needed = min(first_needed, (row * source.shape[2] + column) * source.shape[0])
            distance = max(distance, (place + 1) * channels - first_needed)
        return min(distance, self.target.size)


def steps_of(model: IntegerModel) -> tuple[Step, ...]:
    """The calls of a model, in order.

    A maximum is fused where its windows do not overlap: the largest sum gives the largest value, since multipliers
    are positive. A table is fused behind that.
    """
    readers: dict[IntegerMaps, list[IntegerLayer]] = {}
    for layer in model.layers:
        for maps in layer.sources:
            readers.setdefault(maps, []).append(layer)
    steps: list[Step] = []
    fused: set[IntegerLayer] = set()
    for layer in model.layers:
        if layer in fused:
            continue
        target, pool, table = layer.target, 1, None
        if isinstance(layer, IntegerConvolve):
            behind = _only(readers, target)
            if isinstance(behind, IntegerMaximum) and _is_apart(behind):
                fused.add(behind)
                target, pool = behind.target, behind.kernel[0]
                behind = _only(readers, target)
            if isinstance(behind, IntegerLookup) and len(behind.table) == 1:
                fused.add(behind)
                target, table = behind.target, behind
        elif isinstance(layer, IntegerAverage):
            behind = _only(readers, target)
            if isinstance(behind, IntegerLookup) and len(behind.table) == 1:
                fused.add(behind)
                target, table = behind.target, behind
        steps.append(Step(layer, target, pool, table))
    return tuple(steps)


def _only(readers: dict[IntegerMaps, list[IntegerLayer]], maps: IntegerMaps) -> IntegerLayer | None:
    """The layer that alone reads some maps."""
    found = readers.get(maps, [])
    return found[0] if len(found) == 1 else None


def _is_apart(layer: IntegerMaximum) -> bool:
    """Whether the windows are squares that touch and do not overlap."""
    height, width = layer.kernel
    return layer.padding == 0 and height == width and (layer.stride == height or layer.target.shape[1:] == (1, 1))
