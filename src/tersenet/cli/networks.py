"""List the named networks, or show one: its notation, where it comes from, what was chosen, what is unusual.

examples:
  tersenet networks
  tersenet networks model1-4312
  tersenet networks --json
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError, did_you_mean
from tersenet.cli.output import CommonArguments, Output

if TYPE_CHECKING:
    from tersenet.networks import NamedNetwork, Reported


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet networks` takes."""

    name: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="[NAME]")] = None
    """Show this one, whole."""


def run(arguments: Arguments, output: Output) -> int:
    """Print a row a network, or all that is known of one."""
    from rich.table import Table

    from tersenet.networks import NETWORKS

    if arguments.name is not None:
        known = NETWORKS.get(arguments.name.lower())
        if known is None:
            raise TersenetError(
                "There is no such network.",
                got=arguments.name,
                expected=", ".join(NETWORKS),
                hint=did_you_mean(arguments.name, NETWORKS),
            )
        output.document({"networks": [facts(known)]})
        _show(known, output)
        return 0
    output.document({"networks": [facts(network) for network in NETWORKS.values()]})
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("network", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("best %\n(epoch)", no_wrap=True)
    table.add_column("last %", no_wrap=True)
    table.add_column("about")
    for network in NETWORKS.values():
        parameters = f"{facts(network)['parameters']:,}"
        table.add_row(network.name, parameters, *_accuracies(network.reported), network.about)
    output.say(table)
    output.say()
    output.say("best, last: as the write-up reports them. It picked its best on the test set.")
    output.say("`tersenet networks NAME` shows one network whole.")
    return 0


def facts(network: NamedNetwork) -> dict[str, Any]:
    """A network as the JSON document has it."""
    from tersenet.networks import infer_shapes

    content = asdict(network)
    del content["budget"]
    return content | {"parameters": sum(step.parameters for step in infer_shapes(network.notation))}


def _accuracies(reported: Reported | None) -> tuple[str, str]:
    """The best and the last accuracy that a write-up reports, as the table has them."""
    if reported is None:
        return "–", "–"
    best = f"{reported.best_accuracy:.2f} ({reported.best_epoch})" if reported.best_accuracy else reported.claim
    return best or "–", f"{reported.last_accuracy:.2f}" if reported.last_accuracy else "–"


def _show(network: NamedNetwork, output: Output) -> None:
    from rich.text import Text

    lines = [f"{network.about[0].upper()}{network.about[1:]}.", f"Source: {network.source}."]
    if network.reported:
        lines.append(f"The write-up's own run, {network.reported.epochs} epochs on MNIST: {network.reported}.")
    output.say(network.name, style="bold")
    output.say(network.notation)
    output.say()
    for line in lines:
        output.say(Text(line))
    for title, sentences in (
        ("What the write-up leaves open, and what was chosen:", network.choices),
        ("Kept as they are, though unusual:" if network.reported else "Note:", network.marks),
    ):
        if sentences:
            output.say()
            output.say(title)
            for sentence in sentences:
                output.say(Text(f"- {sentence}"))
