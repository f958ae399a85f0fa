"""Show a network's layer table: shape, parameters, MACs, receptive field and jump of each layer, and the totals.

NET is a named network (`tersenet networks`), `file.py:Name` (anyone's torch module), or one line of notation.

examples:
  tersenet summary gap-14320
  tersenet summary "8C3 BN R MP2 16C3 BN R GAP 10Nb" --parameters-below 20000
  tersenet summary model.py:Net --input 3x32x32
  tersenet summary "16C3 R GAP 26N" --classes 26 --json
"""

from __future__ import annotations

import re
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet.cli.output import CommonArguments, Output

if TYPE_CHECKING:
    from tersenet.networks import BudgetLine, Summary

MAX_PICTURE = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet summary` takes."""

    network: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NET")]
    """A named network, file.py:Name, or one line of notation."""

    input: Annotated[str, tyro.conf.arg(metavar="CxHxW")] = "1x28x28"
    """The size of a picture: channels, height, width."""

    classes: int = 10
    """How many classes a notation must end in."""

    parameters_below: int | None = None
    """Check that the network has fewer parameters than this. Named networks bring a budget of their own."""


def run(arguments: Arguments, output: Output) -> int:
    """Print the table, the totals and the budget's lines."""
    from tersenet.networks import (
        NETWORKS,
        Budget,
        budget_table,
        check_budget,
        find_network,
        layer_table,
        summarize,
        total_lines,
    )

    size = input_size(arguments.input)
    check_setting(arguments.classes >= 1, "--classes", arguments.classes, "1 or more")
    with redirect_stdout(sys.stderr):  # whatever a user's file prints
        design = find_network(arguments.network, size, arguments.classes)
        try:
            summary = summarize(design.module, size)
        except TersenetError as error:
            if isinstance(
                error.__cause__, (RuntimeError, ValueError, AssertionError)
            ):  # what sizes that differ raise
                error.hint = error.hint or "if it is made for pictures of another size, give that: --input CxHxW"
            raise
    known = NETWORKS.get(design.name)
    budget = known.budget if known else None
    if arguments.parameters_below is not None:
        budget = Budget(parameters=arguments.parameters_below)
    lines = check_budget(budget, summary) if budget else ()
    name = design.name if known or design.notation is None else design.notation
    output.document(document(name, summary, lines))
    output.say(name, style="bold")
    if design.notation not in (None, name):
        output.say(design.notation)
    output.say()
    output.say(layer_table(summary))
    output.say()
    output.say("\n".join(total_lines(summary)))
    if lines:
        output.say()
        output.say(budget_table(lines))
    return 0


def document(name: str, summary: Summary, budget: tuple[BudgetLine, ...]) -> dict[str, Any]:
    """The JSON document of a summary."""
    sizes = summary.torchsummary_mb
    return {
        "network": name,
        "parameters": summary.parameters,
        "trainable_parameters": summary.trainable_parameters,
        "macs": summary.macs,
        "torchsummary_mb": asdict(sizes) | {"total": sizes.total},
        "layers": [
            {
                "type": row.type,
                "output_shape": row.output_shape,
                "parameters": row.parameters,
                "macs": row.macs,
                "receptive_field": row.receptive_field,
                "jump": row.jump,
            }
            for row in summary.layers
        ],
        "budget": [asdict(line) for line in budget],
    }


def input_size(text: str) -> tuple[int, int, int]:
    """The numbers of `1x28x28`.

    >>> input_size("3x32x32")
    (3, 32, 32)
    """
    match = re.fullmatch(r"([0-9]{1,6})[x×,]([0-9]{1,6})[x×,]([0-9]{1,6})", text.strip().lower(), re.ASCII)
    sizes = tuple(map(int, match.groups())) if match else (0, 0, 0)
    if not 0 < sizes[0] * sizes[1] * sizes[2] <= MAX_PICTURE:
        raise TersenetError(
            "The size of a picture cannot be read.",
            got=text,
            expected=f"channels, height and width, as in 1x28x28; at most {MAX_PICTURE:,} values",
            where="--input",
        )
    return sizes[0], sizes[1], sizes[2]
