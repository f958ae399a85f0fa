"""List the named networks, or show one: its notation, source, choices, unusual layers, and accuracies.

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
from tersenet._table import Column, Table
from tersenet.cli.output import CommonArguments, Output

if TYPE_CHECKING:
    from tersenet.networks import NamedNetwork, Reported


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet networks` takes."""

    name: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="[NAME]", help_behavior_hint="")] = None
    """Show everything known about this network."""


def run(arguments: Arguments, output: Output) -> int:
    """Print one row for each network, or everything known about one."""
    from rich.text import Text

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
    rows = []
    for network in NETWORKS.values():
        parameters, ours = f"{facts(network)['parameters']:,}", network.measured
        measured = ("–", "–", "–") if ours is None else (str(ours), str(ours.seeds), str(ours.epochs))
        rows.append((network.name, parameters, *_accuracies(network.reported), *measured, network.about))
    output.say(Table(columns=COLUMNS, rows=rows))
    output.say()
    output.say(
        Text(
            "Accuracies on MNIST's test set. course: as the source reports it; its best epoch (in brackets) was "
            "picked on the test set. Tersenet: mean ± deviation of seeds after the last epoch."
        )
    )
    output.say("`tersenet networks NAME` shows one network.")
    return 0


COLUMNS = (
    Column(title="network", right=False, least=14),
    Column(title="parameters"),
    Column(title="course\nbest %", right=False, leaves=3),
    Column(title="course\nlast %", right=False, leaves=4),
    Column(title="Tersenet\nlast %", right=False),
    Column(title="seeds", leaves=2),
    Column(title="epochs", leaves=1),
    Column(title="about", right=False, wraps=32, leaves=5),
)


def facts(network: NamedNetwork) -> dict[str, Any]:
    """A network as the JSON document has it."""
    from tersenet.networks import infer_shapes

    content = asdict(network)
    del content["budget"]
    return content | {"parameters": sum(step.parameters for step in infer_shapes(network.notation))}


def _accuracies(reported: Reported | None) -> tuple[str, str]:
    """The best and the last accuracy that a course network's source reports, as the table has them."""
    if reported is None:
        return "–", "–"
    best = f"{reported.best_accuracy:.2f} ({reported.best_epoch})" if reported.best_accuracy else reported.claim
    return best or "–", f"{reported.last_accuracy:.2f}" if reported.last_accuracy else "–"


def _show(network: NamedNetwork, output: Output) -> None:
    from rich.text import Text

    lines = [f"{network.about[0].upper()}{network.about[1:]}.", f"Source: {network.source}."]
    if network.reported:
        lines.append(f"Reported by the source, {network.reported.epochs} epochs on MNIST: {network.reported}.")
    if ours := network.measured:
        said = f"{ours.seeds} seeds, {ours.epochs} epochs, last epoch: {ours}"
        first = f" --seed {ours.first_seed}" if ours.first_seed else ""
        lines.append(f"Measured by `tersenet train {ours.experiment} --seeds {ours.seeds}{first}`, {said}.")
    output.say(network.name, style="bold")
    output.say(network.notation)
    output.say()
    for line in lines:
        output.say(Text(line))
    for title, sentences in (
        ("Not specified by the source, and chosen here:", network.choices),
        ("Unusual, but kept as in the source:" if network.reported else "Note:", network.marks),
    ):
        if sentences:
            output.say()
            output.say(title)
            for sentence in sentences:
                output.say(Text(f"- {sentence}"))
