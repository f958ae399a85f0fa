"""Show a network's layers: output shape, parameters, MACs, receptive field and jump of each, and the totals.

NET is an experiment, a .toml file, a named network (`tersenet networks`), `file.py:Name` (any PyTorch module), a line
of notation, or a run. A line with braces is a space of networks: its choices, and the range of its costs are shown.

examples:
  tersenet summary gap-14320
  tersenet summary "8C3 BN R MP2 16C3 BN R GAP 10Nb" --parameters-below 20000
  tersenet summary mine.toml
  tersenet summary sprint-3
  tersenet summary model.py:Net --input 3x32x32
  tersenet summary "{8..16}C3 BN R {MP2|AP2} GAP 10Nb" --parameters-below 200
  tersenet summary gap-14320 --figure network.svg
  tersenet summary "16C3 R GAP 26N" --classes 26 --json

A budget that is missed is shown in the table; the exit status stays 0 (only `tersenet train` ends with 3).
"""

from __future__ import annotations

import re
import sys
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet.cli.arguments import RUNS_DIR, RunsDir
from tersenet.cli.output import Output, TrustArguments, option

if TYPE_CHECKING:
    from torch import nn

    from tersenet.networks import Budget, BudgetLine, Summary

MAX_PICTURE = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet summary` takes."""

    network: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NET")]
    """An experiment, a .toml file, a network's name, file.py:Name, a line of notation, or a run."""

    input: Annotated[str | None, tyro.conf.arg(metavar="CxHxW", help_behavior_hint="(default: 1x28x28)")] = None
    """Size of an input picture: channels, height, width. A run has its own."""

    classes: Annotated[int | None, tyro.conf.arg(metavar="N", help_behavior_hint="(default: 10)")] = None
    """Number of classes that a notation must end in. A run has its own."""

    parameters_below: Annotated[int | None, option("N")] = None
    """Check that the network has fewer than N parameters. Without it: the network's own budget."""

    figure: Annotated[Path | None, option("FILE")] = None
    """Draw the network into FILE (.png or .svg)."""

    runs_dir: RunsDir = RUNS_DIR


@dataclass(frozen=True)
class Subject:
    """The network that an argument names: its title, its line of notation, its module, and what must hold of it.

    `measured` are the budget's lines as a finished run met or missed them; none for what is not a finished run.
    """

    title: str
    notation: str | None
    module: nn.Module
    size: tuple[int, int, int]
    budget: Budget | None
    measured: tuple[BudgetLine, ...] = ()


def run(arguments: Arguments, output: Output) -> int:
    """Print the table, the totals and the budget's lines."""
    from tersenet.networks import Budget, budget_table, check_budget, layer_table, summarize, total_lines
    from tersenet.search import is_space

    if arguments.figure is not None:
        check_setting(
            arguments.figure.suffix.lower() in (".png", ".svg"),
            "--figure",
            str(arguments.figure),
            "FILE.png or FILE.svg",
        )
    size = None if arguments.input is None else input_size(arguments.input)
    check_setting(arguments.classes is None or arguments.classes >= 1, "--classes", arguments.classes, "1 or more")
    if is_space(arguments.network):
        from tersenet.cli.commands.networks.summary_of_space import show_space

        if arguments.figure is not None:
            raise TersenetError("A space is not one network, and cannot be drawn.", got="--figure", hint="omit it")
        return show_space(arguments.network, size, arguments.classes, arguments.parameters_below, output)
    with redirect_stdout(sys.stderr):  # whatever a user's file prints
        subject = subject_of(arguments.network, arguments.runs_dir, size, arguments.classes)
        try:
            summary = summarize(subject.module, subject.size)
        except TersenetError as error:
            # What sizes that differ raise.
            if isinstance(error.__cause__, (RuntimeError, ValueError, AssertionError)):
                error.hint = error.hint or "for pictures of another size: --input CxHxW"
            raise
    if arguments.parameters_below is not None:
        lines = check_budget(Budget(parameters=arguments.parameters_below), summary)
    else:
        lines = subject.measured or (check_budget(subject.budget, summary) if subject.budget else ())
    output.document(document(subject.title, summary, lines))
    output.say(subject.title, style="bold")
    if subject.notation not in (None, subject.title):
        output.say(subject.notation)
    output.say()
    output.say(layer_table(summary))
    output.say()
    output.say("\n".join(total_lines(summary)))
    if lines:
        output.say()
        output.say(budget_table(lines))
    if arguments.figure is not None:
        from tersenet.figures import plot_network

        written = plot_network(summary, subject.notation, title=subject.title).save(arguments.figure)
        output.say(f"\nfigure: {written}")
    return 0


def subject_of(word: str, runs_dir: Path, size: tuple[int, int, int] | None, classes: int | None) -> Subject:
    """The network of an experiment, of a run, or by itself."""
    from tersenet.data import MNIST_FORM
    from tersenet.networks import NETWORKS, find_network
    from tersenet.runs import Group, Run, resolve

    resolved = resolve(word, runs_dir)
    found = resolved.run
    if found is not None:
        if size is not None or classes is not None:
            raise TersenetError(
                "A run has its own pictures and classes.",
                got=f"--input or --classes beside {found.name}",
                hint="omit them",
            )
        run = Run(found.seed_path(found.seeds[0])) if isinstance(found, Group) else found
        pictures, result = run.environment.input_size, found.result
        measured = result.budget if result else ()
        return Subject(found.name, run.notation, run.empty_model(), pictures, run.experiment.budget, measured)
    resolved.note_code()
    experiment = resolved.experiment
    if classes is None:
        classes = _classes_of(experiment.data)
    size = size or MNIST_FORM.size
    design = find_network(experiment.notation or experiment.network, size, classes)
    known = NETWORKS.get(design.name)
    title = design.name if known or design.notation is None else design.notation
    if resolved.kind in ("experiment", "file"):
        title = experiment.name or title
    budget = experiment.budget or (known.budget if known else None)
    return Subject(title, design.notation, design.module, size, budget)


def _classes_of(data: str) -> int:
    """How many classes an experiment's data has: those of files are counted if they are there; others have ten."""
    from tersenet.data import DIGITS, is_named, load_data

    if not is_named(data):
        with suppress(TersenetError):
            return len(load_data(data).classes)
    return len(DIGITS)


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
        "known_macs": summary.known_macs,
        "pruned_parameters": summary.pruned_parameters,
        "unregistered_parameters": summary.unregistered_parameters,
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
            "The picture size cannot be read.",
            got=text,
            expected=f"channels, height and width, as in 1x28x28; at most {MAX_PICTURE:,} values",
            where="--input",
        )
    return sizes[0], sizes[1], sizes[2]
