"""List the experiments that come with Tersenet, with the results of your runs; or show one as a TOML file.

examples:
  tersenet experiments
  tersenet experiments gap-14320
  tersenet experiments gap-14320 > mine.toml
  tersenet experiments --runs-dir elsewhere --json
  tersenet new mine --from gap-14320           the same file, with every field explained
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._readable import escaped_toml
from tersenet._table import Column, Table
from tersenet.cli.arguments import RUNS_DIR, RunsDir
from tersenet.cli.output import CommonArguments, Output

if TYPE_CHECKING:
    from tersenet.runs import Experiment, Outcome


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet experiments` takes."""

    name: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="[NAME]", help_behavior_hint="")] = None
    """Show this experiment: its network, recipe, result and every field, as a TOML file that can be trained."""
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Print one row for each experiment, or one experiment's file."""
    import msgspec

    from tersenet.runs import experiment_names, find_experiment, load_experiment, to_toml

    if arguments.name is None:
        _list({name: load_experiment(name) for name in experiment_names()}, arguments, output)
        return 0
    experiment = find_experiment(arguments.name, arguments.runs_dir)
    output.document(msgspec.to_builtins(experiment))
    if not arguments.json:
        print(escaped_toml(f"{_head(experiment, arguments)}\n{to_toml(experiment)}"), end="")
    return 0


def _list(experiments: dict[str, Experiment], arguments: Arguments, output: Output) -> None:
    import msgspec
    from rich.text import Text

    from tersenet.runs import damaged_names, outcome_of

    documents, rows = [], []
    for name, experiment in experiments.items():
        outcome, parameters = outcome_of(experiment, arguments.runs_dir), _parameters(experiment)
        budget = experiment.budget
        wanted = "–" if budget is None or budget.accuracy is None else f"{budget.accuracy:g}"
        figures = (f"{parameters:,}", str(experiment.training.epochs), wanted)
        rows.append((name, experiment.network, *figures, *_best(outcome)))
        said = None if outcome is None else asdict(outcome) | {"met": outcome.met}
        documents.append(msgspec.to_builtins(experiment) | {"parameters": parameters, "outcome": said})
    output.document({"experiments": documents})
    output.say(Table(columns=COLUMNS, rows=rows))
    output.say()
    output.say(
        Text(
            "result %: test accuracy of your runs after the last epoch; the mean over seeds if there are several. "
            "† fewer than five seeds, an indication. * with changed settings. ✗ budget missed."
        )
    )
    for damaged in damaged_names(arguments.runs_dir):
        output.say(f"{damaged} cannot be read; `tersenet runs` says why.", style="yellow")
    output.say("`tersenet experiments NAME` shows one, `tersenet train NAME` trains it.")


COLUMNS = (
    Column(title="experiment", right=False),
    Column(title="network", right=False, least=24, keeps="start", leaves=5),
    Column(title="parameters", leaves=2),
    Column(title="epochs", leaves=4),
    Column(title="target %", leaves=1),
    Column(title="result %"),
    Column(title="run", right=False, least=12, leaves=3),
)


def _best(outcome: Outcome | None) -> tuple[str, str]:
    """The best result, marked, and its run."""
    if outcome is None:
        return "–", ""
    marks = "†" * (outcome.is_indication) + "*" * bool(outcome.changed) + "✗" * (outcome.met is False)
    return f"{outcome.accuracy:.2f}{marks}", outcome.run


def _parameters(experiment: Experiment) -> int:
    from tersenet.networks import find_network

    module = find_network(experiment.notation or experiment.network).module
    return sum(weights.numel() for weights in module.parameters())


def _head(experiment: Experiment, arguments: Arguments) -> str:
    """Network, recipe and result in words, as comments above the file."""
    from tersenet.runs import outcome_of

    recipe = experiment.training
    trained = f"{recipe.epochs} epochs, batches of {recipe.batch_size}, {recipe.optimizer} {recipe.learning_rate:g}, "
    lines = {
        "network": f"{experiment.network}, {_parameters(experiment):,} parameters",
        "recipe": trained + recipe.schedule.kind + (", augmented" if recipe.augmentation.active else ""),
        "result": _result(outcome_of(experiment, arguments.runs_dir)),
    }
    return "".join(f"# {title + ':':<9} {' '.join(text.split())}\n" for title, text in lines.items())


def _result(outcome: Outcome | None) -> str:
    """In words: accuracy, data, run, seeds, budget, and which settings differ."""
    if outcome is None:
        return "not run yet"
    spread = f" ± {outcome.deviation:.2f}" if outcome.deviation is not None else ""
    few = ", an indication" if outcome.is_indication else ""
    seeds = f"{outcome.seeds} seed{'s' * (outcome.seeds > 1)}{few}"
    missed = [
        f"{line.line} {_figure(line.value)} (limit {line.limit})" for line in outcome.budget if line.met is False
    ]
    verdict = {True: "budget met", None: "no verdict on the budget", False: f"budget MISSED: {'; '.join(missed)}"}
    measured = f"{outcome.accuracy:.2f} %{spread} on {outcome.data} in {outcome.run} ({seeds})"
    if outcome.changed:
        return f"{measured}; with changed settings: {', '.join(outcome.changed)}"
    return f"{measured}; {verdict[outcome.met]}"


def _figure(value: float | str) -> str:
    return f"{value:.2f} %" if isinstance(value, float) else str(value)
