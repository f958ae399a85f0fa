"""A summary: its rows and totals, as a table for the terminal and as plain text."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

from tersenet._notebook import small_table
from tersenet._table import Column, Table
from tersenet.networks.shapes import spelled
from tersenet.networks.summary.recorder import LayerRow

UNKNOWN = "–"
MEGABYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Megabytes:
    """Sizes as torchsummary counts them, for one picture in float32: each output twice (forward and backward).

    torchsummary sees calls of modules alone: not `F.relu(x)`, but a block of layers besides the layers inside it.
    """

    input: float
    forward_backward: float
    parameters: float

    @property
    def total(self) -> float:
        return self.input + self.forward_backward + self.parameters


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The layer table and its totals.

    `other_macs` are multiply-adds that belong to no row, None where there are some that are not known.
    `pruned_parameters` are weights that a mask of `torch.nn.utils.prune` sets to 0; they are among `parameters`.
    `module_values` and `module_parameters` are what torchsummary adds up.
    """

    layers: tuple[LayerRow, ...]
    input_size: tuple[int, ...]
    parameters: int
    trainable_parameters: int
    pruned_parameters: int = 0
    other_macs: int | None = 0
    module_values: int = 0
    module_parameters: int = 0

    @property
    def macs(self) -> int | None:
        """Multiply-adds for one picture; None where those of some part are not known."""
        counts = [*(row.macs for row in self.layers), self.other_macs]
        return None if None in counts else self.known_macs

    @property
    def known_macs(self) -> int:
        """The multiply-adds that are known: all of them, or a lower bound where `macs` is None."""
        return sum(row.macs or 0 for row in self.layers) + (self.other_macs or 0)

    @property
    def macs_in_words(self) -> str:
        """`25,408`, or `at least 25,408` where some are not known."""
        return f"{'' if self.macs is not None else 'at least '}{self.known_macs:,}"

    @property
    def unlisted_parameters(self) -> int:
        """Parameters that belong to no row: of layers that are never called, or that a module uses by itself."""
        return self.parameters - sum(row.parameters for row in self.layers)

    @property
    def unregistered_parameters(self) -> int:
        """Weights that the network uses but torch does not know of: they are not trained and not saved."""
        return sum(row.unregistered for row in self.layers)

    @property
    def torchsummary_mb(self) -> Megabytes:
        """Sizes as torchsummary prints them."""
        return Megabytes(
            input=4 * math.prod(self.input_size) / MEGABYTE,
            forward_backward=2 * 4 * self.module_values / MEGABYTE,
            parameters=4 * self.module_parameters / MEGABYTE,
        )

    def __repr__(self) -> str:
        totals = f"{self.parameters:,} parameters, {self.macs_in_words} multiply-adds"
        return f"Summary({len(self.layers)} layers, {totals})"

    def _repr_html_(self) -> str:
        note = f"{self.parameters:,} parameters, {self.macs_in_words} multiply-adds per image of "
        note += "×".join(map(str, self.input_size))
        return small_table(layer_table(self), note=note)

    def __str__(self) -> str:
        """The table and its totals, as `tersenet summary` prints them."""
        return format_summary(self)


def layer_table(summary: Summary) -> Table:
    """One row per layer, and their sums; in a terminal it fits from 40 columns on.

    >>> from tersenet.networks import build, summarize
    >>> layer_table(summarize(build("8C3 GAP 10N"))).rows[0]
    ('1', 'Conv2d', '8×26×26', '72', '48,672', '3', '1')
    """
    listed = sum(row.parameters for row in summary.layers)
    macs = _count(summary.macs) if summary.macs is not None else f"≥ {summary.known_macs:,}"
    columns = (
        Column(title="#", leaves=1),
        Column(title="layer", right=False, total="sum", least=15, keeps="start"),
        Column(title="output", right=False),
        Column(title="parameters", total=f"{listed:,}"),
        Column(title="MACs", leaves=2, total=macs),
        Column(title="receptive\nfield", leaves=3),
        Column(title="jump", leaves=4),
    )
    rows: list[tuple[str, ...]] = [
        (
            str(number),
            row.type,
            spelled(row.output_shape),
            "shared" if row.shared else f"{row.parameters:,}",
            _count(row.macs),
            _pixels(row.receptive_field),
            _pixels(row.jump),
        )
        for number, row in enumerate(summary.layers, 1)
    ]
    return Table(columns=columns, rows=rows)


def total_lines(summary: Summary) -> list[str]:
    """The totals below the table."""
    sizes = summary.torchsummary_mb
    lines = [
        f"input                 {spelled(summary.input_size)}",
        f"parameters            {summary.parameters:,}",
        f"trainable parameters  {summary.trainable_parameters:,}",
        f"MACs                  {summary.macs_in_words}",
    ]
    if summary.pruned_parameters:
        lines.insert(2, f"  pruned to zero      {summary.pruned_parameters:,}")
    if summary.unlisted_parameters:
        lines.insert(2, f"  outside the rows    {summary.unlisted_parameters:,}")
    if summary.unregistered_parameters:
        lines += [
            f"not registered        {summary.unregistered_parameters:,} weights in a plain Python list or the like:",
            "                      neither counted, trained nor saved; use nn.ModuleList",
        ]
    lines += [
        f"MB, as torchsummary   input {sizes.input:.2f}, forward/backward {sizes.forward_backward:.2f},",
        f"                      parameters {sizes.parameters:.2f}, total {sizes.total:.2f}",
    ]
    return lines


def format_summary(summary: Summary, *, width: int = 80) -> str:
    """The whole summary as plain text, for a file.

    >>> from tersenet.networks import build, summarize
    >>> print(format_summary(summarize(build("8C3 BN R GAP 10N"))))
                                                         receptive
    # layer              output   parameters    MACs     field  jump
    1 Conv2d             8×26×26          72  48,672         3     1
    2 BatchNorm2d        8×26×26          16       0         3     1
    3 ReLU               8×26×26           0       0         3     1
    4 AdaptiveAvgPool2d  8×1×1             0       0        28    26
    5 Linear             10               80      80        28     –
      sum                                168  48,752
    <BLANKLINE>
    input                 1×28×28
    parameters            168
    trainable parameters  168
    MACs                  48,752
    MB, as torchsummary   input 0.00, forward/backward 0.12,
                          parameters 0.00, total 0.13
    """
    from rich.console import Console

    text = io.StringIO()
    console = Console(
        file=text, width=width, highlight=False, color_system=None, force_terminal=False, force_jupyter=False
    )
    console.print(layer_table(summary))
    console.print("\n" + "\n".join(total_lines(summary)), markup=False, soft_wrap=True)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _pixels(value: float | tuple[float, float] | None) -> str:
    if value is None:
        return UNKNOWN
    return "×".join(f"{pixels:g}" for pixels in value) if isinstance(value, tuple) else f"{value:g}"
