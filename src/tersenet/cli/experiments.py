"""List the experiments shipped with Tersenet with what became of them, or show one as the TOML file that it is.

A result is the accuracy after the last epoch: the mean over seeds where the runs folder holds a group of them.

examples:
  tersenet experiments
  tersenet experiments --runs-dir elsewhere --json
  tersenet experiments gap-14320 > mine.toml
  tersenet new mine --from gap-14320           the same with every field explained
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from tersenet.cli.output import CommonArguments, Output

if TYPE_CHECKING:
    from tersenet.runs import Experiment
    from tersenet.runs.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet experiments` takes."""

    name: tyro.conf.Positional[str | None] = None
    """Show this one, whole: every field, ready to be changed."""
    runs_dir: Path = Path("runs")
    """The folder that holds the runs."""


def run(arguments: Arguments, output: Output) -> int:
    """Print a paragraph an experiment, or one experiment's file."""
    import msgspec

    from tersenet.networks import find_network
    from tersenet.runs import experiment_names, load_experiment, to_toml
    from tersenet.runs.outcome import outcome_of

    if arguments.name is not None:
        experiment = load_experiment(arguments.name)
        output.document(msgspec.to_builtins(experiment))
        if not arguments.json:
            print(to_toml(experiment), end="")
        return 0
    documents = []
    for name in experiment_names():
        experiment, outcome = load_experiment(name), None
        outcome = outcome_of(experiment, arguments.runs_dir)
        module = find_network(experiment.notation or experiment.network).module
        parameters = sum(weights.numel() for weights in module.parameters())
        output.say(name, style="bold")
        output.say(_paragraph(experiment, parameters, outcome))
        told = None if outcome is None else asdict(outcome) | {"met": outcome.met}
        documents.append(msgspec.to_builtins(experiment) | {"parameters": parameters, "outcome": told})
    output.document({"experiments": documents})
    output.say("\nresult: after the last epoch. `tersenet train NAME` runs one; `tersenet new` makes your own.")
    return 0


def _paragraph(experiment: Experiment, parameters: int, outcome: Outcome | None) -> Any:
    """Target, network, recipe and result, each under the other."""
    from rich.table import Table

    recipe = experiment.training
    told = f"{recipe.epochs} epochs, batches of {recipe.batch_size}, {recipe.optimizer} {recipe.learning_rate:g}, "
    table = Table.grid(padding=(0, 2))
    table.add_column(width=9)
    table.add_column()
    for title, text in (
        ("  target", experiment.target or "none stated"),
        ("  network", f"{experiment.network}, {parameters:,} parameters"),
        ("  recipe", told + recipe.schedule.kind + (", augmented" if recipe.augmentation.active else "")),
        ("  result", _result(outcome)),
    ):
        table.add_row(title, text)
    return table


def _result(outcome: Outcome | None) -> str:
    """In words: accuracy, data, run, seeds, budget, and what was told otherwise."""
    if outcome is None:
        return "not run yet"
    spread = f" ± {outcome.deviation:.2f}" if outcome.deviation is not None else ""
    seeds = f"{outcome.seeds} seed{'s' * (outcome.seeds > 1)}" + (", an indication" if outcome.seeds < 5 else "")
    missed = [
        f"{line.line} {_figure(line.value)} (limit {line.limit})" for line in outcome.budget if line.met is False
    ]
    verdict = {True: "budget met", None: "no verdict on the budget", False: f"budget MISSED: {'; '.join(missed)}"}
    told = f"{outcome.accuracy:.2f} %{spread} on {outcome.data} in {outcome.run} ({seeds})"
    if outcome.changed:
        return f"{told}; not as shipped: {', '.join(outcome.changed)}"
    return f"{told}; {verdict[outcome.met]}"


def _figure(value: float | str) -> str:
    return f"{value:.2f} %" if isinstance(value, float) else str(value)
