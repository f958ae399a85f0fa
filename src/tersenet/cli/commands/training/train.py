"""Train a network, measure it and write its report.

examples:
  tersenet train                                     the default experiment
  tersenet train gap-14320 --seed 1                  a bundled experiment
  tersenet train mine.toml                           your own experiment
  tersenet train "8C3 BN R MP2 16C3 BN R GAP 10Nb"   a network in notation
  tersenet train model.py:Net --epochs 5 --lr 0.05   your PyTorch module
  tersenet train sprint-3 --seed 7                   a run's experiment again
  tersenet train gap-14320 --data ./signs            your pictures, a folder per class
  tersenet train sprint --set averaging=0.0          any other field
  tersenet train sprint --init sprint-3 --epochs 2   from trained weights
  tersenet train sprint --seeds 10                   mean and interval
  tersenet train --resume sprint-3                   an interrupted run
  tersenet train sprint --watch                      curves in the browser
  tersenet train gap-14320 --lr-find                 find a learning rate

A named network takes the size of your pictures, and its last layer gets one
output per class. Notation is built as it is typed.

Exit status: 0, or 3 if the budget was missed (with several seeds: by their mean).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet.cli.arguments import (
    RUNS_DIR,
    DataDir,
    DataName,
    Flag,
    RunsDir,
    gathered,
    given,
    leaving_out,
    refuse_all_but,
)
from tersenet.cli.main import BUDGET_MISSED, DONE
from tersenet.cli.next_steps import open_report, say_budget, say_next_steps, say_report
from tersenet.cli.output import Output, TrustArguments, option

if TYPE_CHECKING:
    from tersenet.cli.watching import Watching
    from tersenet.data import Dataset
    from tersenet.runs import Experiment, Group, Listeners, Run

DEFAULT = "sprint"

# Everything else that is given beside them would have no effect, and is refused.
WITH_RESUME = {"resume", "runs_dir", "data_dir", "json", "no_report", "open", "watch", "trust", "on"}
SHORT = {
    "--validation": "validation",
    "--device": "settings.device",
    "--threads": "settings.threads",
    "--precision": "settings.precision",
}
PLACES = ("here", "ray")
NOT_WITH_LR_FIND = {"seeds", "on", "no_report", "open", "watch", "resume"}


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet train` takes."""

    experiment: Annotated[
        tyro.conf.Positional[str | None],
        tyro.conf.arg(metavar="[EXPERIMENT]", help_behavior_hint="(default: sprint)"),
    ] = None
    """An experiment, a .toml file, a network's name, file.py:Name, notation, a run (its experiment again), or auto: a
    network by the size of the pictures, the default for your own pictures."""
    data: DataName = None
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR
    name: Annotated[str | None, option("NAME")] = None
    """Name of the run; its folder is NAME-1, NAME-2, …"""
    epochs: Annotated[int | None, option("N", means="training.recipe:Recipe.epochs")] = None
    lr: Annotated[float | None, option("RATE", "--learning-rate", means="training.recipe:Recipe.learning_rate")] = (
        None
    )
    batch_size: Annotated[int | None, option("N", means="training.recipe:Recipe.batch_size")] = None
    optimizer: Annotated[str | None, option("NAME", means="training.recipe:Recipe.optimizer")] = None
    seed: Annotated[int | None, option("N", means="runs.experiment:Experiment.seed")] = None
    seeds: Annotated[int | None, option("N")] = None
    """Train N consecutive seeds, starting at --seed, as one group."""
    on: Annotated[str, tyro.conf.arg(metavar="PLACE", help_behavior_hint="")] = "here"
    """here, or ray: the seeds train on the cluster at RAY_ADDRESS, or on one that is started on this machine."""
    set: Annotated[tuple[str, ...], option("KEY=VALUE …")] = ()
    """Any other field of the experiment; the last part of its name is enough if it is unique: weight_decay=0.
    --validation, --device, --threads and --precision are short for that."""
    init: Annotated[str | None, option("RUN", means="runs.experiment:Experiment.init")] = None
    resume: Annotated[str | None, option("RUN")] = None
    """Continue this run or group with its original settings."""
    lr_find: Flag = False
    """Run a learning-rate range test instead of training."""
    no_report: Flag = False
    """Do not write a report."""
    open: Flag = False
    """Open the report in the browser."""
    watch: Flag = False
    """Open the page of runs in the browser, on this run."""


def words(typed: list[str]) -> list[str]:
    """`--device` and others are short for `--set`; several are one; `--skip-bad` is part of the data's name."""
    return gathered(leaving_out(typed), SHORT)


def run(arguments: Arguments, output: Output) -> int:
    """Train, report, and say the result."""
    from tersenet.cli.watching import watching
    from tersenet.runs import find_run_or_group

    check_setting(arguments.on in PLACES, "--on", arguments.on, " or ".join(PLACES), names=PLACES)
    _refuse_what_has_no_effect(arguments)
    if arguments.lr_find:
        from tersenet.cli.commands.training.lr_find import find_rate

        return find_rate(chosen_experiment(arguments, output), arguments.runs_dir, arguments.data_dir, output)
    resumed = find_run_or_group(arguments.resume, arguments.runs_dir) if arguments.resume is not None else None
    with watching(arguments.runs_dir, output, wanted=arguments.watch) as watched:
        status = _train(arguments, resumed, watched, output)
        if watched is not None:
            watched.stay()
    return status


def _train(arguments: Arguments, resumed: Run | Group | None, watched: Watching | None, output: Output) -> int:
    """The training itself, of one seed or several, and its conclusion."""
    from tersenet.cli.progress import TrainingProgress
    from tersenet.runs import Group, resume_run, start_run

    if isinstance(resumed, Group) or arguments.seeds not in (None, 1):
        from tersenet.cli.commands.training.several_seeds import train_seeds

        if watched is not None:
            watched.open()
        return train_seeds(
            resumed if isinstance(resumed, Group) else chosen_experiment(arguments, output),
            arguments.seeds or 0,
            runs_dir=arguments.runs_dir,
            data_dir=arguments.data_dir,
            on="ray" if arguments.on == "ray" else "here",
            report=not arguments.no_report,
            show=arguments.open,
            output=output,
        )
    if arguments.on != "here":
        problem = "A cluster trains several seeds, not a single run."
        raise TersenetError(problem, got=f"--on {arguments.on}", hint="--seeds 5, or omit it")
    with TrainingProgress(output) as progress:
        listeners = _opening(watched, progress.listeners)
        if resumed is not None:
            run = resume_run(resumed, data_dir=arguments.data_dir, listeners=listeners)
        else:
            run = start_run(
                chosen_experiment(arguments, output),
                runs_dir=arguments.runs_dir,
                data_dir=arguments.data_dir,
                listeners=listeners,
            )
    report = None
    if not arguments.no_report:
        from tersenet.pages import write_report

        with output.working("writing the report …"):
            report = write_report(run, data_dir=arguments.data_dir)
    return _conclude(run, report, output, show=arguments.open)


def _opening(watched: Watching | None, listeners: Listeners) -> Listeners:
    """The same listeners, which also open the page as soon as the run has its name."""
    if watched is None:
        return listeners

    def started(run: Run, dataset: Dataset) -> None:
        listeners.on_start(run, dataset)
        watched.open(run.name)

    return replace(listeners, on_start=started)


def _refuse_what_has_no_effect(arguments: Arguments) -> None:
    """A run that goes on does so as it began; a range test makes no run."""
    if arguments.resume is not None:
        refuse_all_but(
            WITH_RESUME,
            arguments,
            problem="A resumed run keeps its settings.",
            hint=f"tersenet train --resume {shlex.quote(arguments.resume)}",
        )
    elif arguments.lr_find:
        refuse_all_but(
            set(given(arguments)) - NOT_WITH_LR_FIND,
            arguments,
            problem="These options have no effect with --lr-find, which trains no run.",
            hint="omit them",
        )
    if arguments.open and arguments.no_report:
        raise TersenetError("There is no report to open.", got="--open with --no-report", hint="omit one of them")


def chosen_experiment(arguments: Arguments, output: Output) -> Experiment:
    """The experiment that the arguments describe."""
    from tersenet.data import is_named
    from tersenet.networks import AUTO
    from tersenet.runs import experiment_to_train, find_run, with_settings

    word = arguments.experiment
    if word is None:
        word = DEFAULT if arguments.data is None or is_named(arguments.data) else AUTO
    experiment = experiment_to_train(word, arguments.runs_dir)
    init = None if arguments.init is None else str(find_run(arguments.init, arguments.runs_dir).path)
    values = {
        "data": arguments.data,
        "name": arguments.name,
        "init": init,
        "seed": arguments.seed,
        "training.epochs": arguments.epochs,
        "training.learning_rate": arguments.lr,
        "training.batch_size": arguments.batch_size,
        "training.optimizer": arguments.optimizer,
    }
    flags = {key: value for key, value in values.items() if value is not None}
    chosen = with_settings(experiment, arguments.set, flags)
    before, after = experiment.training, chosen.training
    if after.optimizer != before.optimizer and after.learning_rate == before.learning_rate and arguments.lr is None:
        output.say(
            f"The learning rate is still {after.learning_rate:g}, which was chosen for {before.optimizer}; "
            f"{after.optimizer} usually needs another (--lr, or --lr-find to find one).",
            style="yellow",
        )
    return chosen


def _conclude(run: Run, report: Path | None, output: Output, *, show: bool) -> int:
    """The last lines: the headline, the budget, where the report is, what to do next."""
    from tersenet.runs import as_table

    result = run.result
    assert result is not None
    missed = any(line.met is False for line in result.budget)
    output.say()
    if run.environment.data_notice:
        output.say(run.environment.data_notice, style="bold yellow")
    output.say(
        f"{run.name}: {result.correct_images}/{result.test_images} ({result.test_accuracy:.2f} %) on the test set of "
        f"{result.data}",
        style="bold",
    )
    output.say(
        f"after epoch {result.epochs}, {result.parameters:,} parameters, {result.seconds:.0f} s of training, "
        f"seed {result.seed}"
    )
    say_budget(result.budget, output)
    output.say(f"run:    {run.path}")
    say_report(report, output)
    say_next_steps(run, output)
    output.document({key: value for key, value in as_table(result).items() if key != "test_images"})
    open_report(report, output, wanted=show)
    return BUDGET_MISSED if missed else DONE
