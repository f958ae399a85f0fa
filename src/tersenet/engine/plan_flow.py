"""What a network computes from what: rows of the engine, each from one buffer, or two, to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from tersenet.engine.abi import ACTIVATION, BATCH_NORM, DROPOUT, JOIN, MAP_DROPOUT, RECTIFIED, SUM
from tersenet.engine.plan_rows import NO_ACTIVATION, Row, Shape, UnknownError, row_between, row_of, weights_of


class Flow:
    """The rows of a network while they are collected; `shape` and `buffer` are what the next layer is given.

    `weights` has each layer once, in the order of their first use, and the number of its first parameter.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.buffer = 0
        self.rows: list[Row] = []
        self.weights: dict[nn.Module, int] = {}
        self._parameters = 0
        self._statistics: dict[nn.Module, int] = {}
        self._kept: set[int] = {0}  # buffers that other rows may read as well
        self._buffers = 1

    def add(self, module: nn.Module) -> None:
        """A layer; one that does nothing, or that batch normalisation can do beside its own, is a pass less."""
        row, shape = row_of(module, self.shape)
        if module not in self.weights:
            self.weights[module] = self._parameters
            self._parameters += len(weights_of(module))
        if row["kind"] == BATCH_NORM:
            self._statistics.setdefault(module, 2 * len(self._statistics))
        row |= {"weights": self.weights[module], "buffers": self._statistics.get(module, 0)}
        if row["kind"] in (DROPOUT, MAP_DROPOUT) and row["rate"] == 0 and self.rows:
            return
        last: Row = {"kind": -1} if self.buffer in self._kept else self.rows[-1]
        if _is_bent(row) and last["kind"] == BATCH_NORM and last["rate"] == NO_ACTIVATION:
            last["rate"] = row["rate"]
        elif row["kind"] == BATCH_NORM and _is_bent(last):
            self.rows[-1] = row | {"before": last["rate"], "input": last["input"], "output": last["output"]}
        else:
            self._append(row)
        self.shape = shape

    def add_up(self, branches: Sequence[Callable[[], None]]) -> None:
        """The sum of what branches give that are all given what there is now."""
        (first, *others) = self._branch(branches)
        for _, shape in others:
            if shape != first[1]:
                raise UnknownError(f"branches of {list(first[1])} and {list(shape)} that are added")
        self.buffer, self.shape = first
        for buffer, shape in others:
            self._append(row_between(SUM, shape, shape) | {"other": buffer})

    def join(self, branches: Sequence[Callable[[], None]]) -> None:
        """The channels of what branches give that are all given what there is now, one after the other."""
        given = self._branch(branches)
        channels = sum(shape[0] for _, shape in given)
        if len({shape[1:] for _, shape in given}) > 1:
            raise UnknownError("branches of different sizes")
        shape, place = (channels, *given[0][1][1:]), 0
        joined = self._new()
        for buffer, part in given:
            self.rows.append(row_between(JOIN, part, shape) | {"input": buffer, "output": joined, "place": place})
            place += part[0]
        self.buffer, self.shape = joined, shape
        self._kept.add(joined)

    def _branch(self, branches: Sequence[Callable[[], None]]) -> list[tuple[int, Shape]]:
        """The buffers and shapes that branches end with."""
        begun = self.buffer, self.shape
        self._kept.add(self.buffer)
        found = []
        for branch in branches:
            self.buffer, self.shape = begun
            branch()
            found.append((self.buffer, self.shape))
            self._kept.add(self.buffer)
        return found

    def _append(self, row: Row) -> None:
        self.rows.append(row | {"input": self.buffer, "output": self._new()})
        self.buffer = int(self.rows[-1]["output"])

    def _new(self) -> int:
        self._buffers += 1
        return self._buffers - 1


def _is_bent(row: Row) -> bool:
    """Whether a row is an activation of two straight lines, which batch normalisation makes beside its own."""
    return row["kind"] == ACTIVATION and row["function"] == RECTIFIED
