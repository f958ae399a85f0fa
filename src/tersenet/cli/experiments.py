"""List the experiments shipped with Tersenet, or show one as the TOML file that it is.

examples:
  tersenet experiments
  tersenet experiments gap-14320 > mine.toml
"""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from tersenet.cli.output import CommonArguments, Output


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet experiments` takes."""

    name: tyro.conf.Positional[str | None] = None
    """Show this one, whole: every field, ready to be changed."""


def run(arguments: Arguments, output: Output) -> int:
    """Print a row an experiment, or one experiment's file."""
    import msgspec
    from rich.table import Table

    from tersenet.runs import experiment_names, load_experiment, to_toml

    if arguments.name is not None:
        experiment = load_experiment(arguments.name)
        output.document(msgspec.to_builtins(experiment))
        if not arguments.json:
            print(to_toml(experiment), end="")
        return 0
    experiments = [load_experiment(name) for name in experiment_names()]
    output.document({"experiments": [msgspec.to_builtins(experiment) for experiment in experiments]})
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("experiment", no_wrap=True)
    table.add_column("epochs", justify="right")
    table.add_column("batch", justify="right")
    table.add_column("target")
    for experiment in experiments:
        recipe = experiment.training
        table.add_row(experiment.name, str(recipe.epochs), str(recipe.batch_size), experiment.target)
    output.say(table)
    return 0
