"""Train a network, measure it and write its report.

examples:
  tersenet train                                       the default experiment, sprint
  tersenet train gap-14320 --seed 1                    an experiment shipped with Tersenet
  tersenet train mine.toml                             one of your own
  tersenet train "8C3 BN R MP2 16C3 BN R GAP 10Nb"     a network in notation
  tersenet train model.py:Net --epochs 5               a module of your own
  tersenet train sprint --set training.batch_size=256   any field of the experiment
  tersenet train --init sprint-3 --epochs 2             start from trained weights
  tersenet train sprint --seeds 10                      ten seeds: mean, deviation, interval
  tersenet train --resume sprint-3                      go on where a run, or its seeds, was interrupted
  tersenet train gap-14320 --lr-find                   a learning rate to begin with, not a training

The exit status is 0, or 3 where the budget was missed (with several seeds, by their mean).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._errors import TersenetError, did_you_mean
from tersenet.cli.main import BUDGET_MISSED, DONE
from tersenet.cli.output import CommonArguments, Output, option

if TYPE_CHECKING:
    from tersenet.runs import Experiment, Run

DEFAULT = "sprint"


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet train` takes."""

    experiment: Annotated[
        tyro.conf.Positional[str | None], tyro.conf.arg(metavar="EXPERIMENT", help_behavior_hint="(default: sprint)")
    ] = None
    """An experiment, a .toml file, a network's name, file.py:Name, or notation."""
    data: Annotated[str | None, option("NAME")] = None
    """mnist, fashion-mnist, kmnist, qmnist, synthetic, folder:PATH or auto."""
    data_dir: Annotated[Path | None, option("FOLDER")] = None
    """Where data sets lie; else $TERSENET_DATA, else the user's cache folder."""
    runs_dir: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("runs")
    """Where the run's folder is made."""
    name: Annotated[str | None, option("NAME")] = None
    """What the run is called."""
    epochs: Annotated[int | None, option("N")] = None
    """How often every training image is seen."""
    seed: Annotated[int | None, option("N")] = None
    """What all that is random depends on."""
    seeds: Annotated[int | None, option("N")] = None
    """Train so many seeds, from --seed upwards, as one group."""
    validation: Annotated[int | None, option("N")] = None
    """Training images held out; epochs are then measured on them."""
    device: Annotated[str | None, option("NAME")] = None
    """auto, cpu, cuda or mps."""
    threads: Annotated[int | None, option("N")] = None
    """Threads of arithmetic; 0 takes all cores."""
    precision: Annotated[str | None, option("NAME")] = None
    """float32 or bfloat16."""
    set: Annotated[tuple[str, ...], option("KEY=VALUE …")] = ()
    """Any other field, as in the TOML file: training.batch_size=256."""
    init: Annotated[str | None, option("RUN")] = None
    """Start from this run's trained weights."""
    resume: Annotated[str | None, option("RUN")] = None
    """Go on with this run or group instead of starting one."""
    lr_find: bool = False
    """Do not train: let the rate rise, draw the loss against it, suggest a rate."""
    no_report: bool = False
    """Leave the report out."""


def run(arguments: Arguments, output: Output) -> int:
    """Train, report, and say what came of it."""
    from tersenet.cli.progress import Progress
    from tersenet.runs import Group, find_run_or_group, resume_run, start_run

    _refuse_changes_on_resume(arguments)
    if arguments.lr_find:
        from tersenet.cli.lr_find import find_rate

        return find_rate(chosen_experiment(arguments), arguments.runs_dir, arguments.data_dir, output)
    resumed = find_run_or_group(arguments.resume, arguments.runs_dir) if arguments.resume is not None else None
    if isinstance(resumed, Group) or arguments.seeds not in (None, 1):
        from tersenet.cli.several_seeds import train_seeds

        return train_seeds(
            resumed if isinstance(resumed, Group) else chosen_experiment(arguments),
            arguments.seeds or 0,
            runs_dir=arguments.runs_dir,
            data_dir=arguments.data_dir,
            report=not arguments.no_report,
            output=output,
        )
    with Progress(output) as progress:
        if resumed is not None:
            run = resume_run(resumed, data_dir=arguments.data_dir, listeners=progress.listeners)
        else:
            experiment = chosen_experiment(arguments)
            run = start_run(
                experiment,
                runs_dir=arguments.runs_dir,
                data_dir=arguments.data_dir,
                listeners=progress.listeners,
            )
    report = None
    if not arguments.no_report:
        from tersenet.reports import write_report

        report = write_report(run, data_dir=arguments.data_dir)
    return _conclude(run, report, output)


def _refuse_changes_on_resume(arguments: Arguments) -> None:
    """A run that goes on does so as it began."""
    if arguments.resume is None:
        return
    plain = Arguments()
    fixed = (
        "experiment",
        "data",
        "name",
        "epochs",
        "seed",
        "seeds",
        "validation",
        "device",
        "threads",
        "precision",
        "set",
        "init",
        "lr_find",
    )
    changed = [name for name in fixed if getattr(arguments, name) != getattr(plain, name)]
    if changed:
        raise TersenetError(
            "A run goes on with the settings that it began with.",
            got=", ".join(
                str(arguments.experiment) if name == "experiment" else f"--{name.replace('_', '-')}"
                for name in changed
            ),
            hint=f"tersenet train --resume {arguments.resume}",
        )


def chosen_experiment(arguments: Arguments) -> Experiment:
    """The experiment that the arguments describe."""
    from tersenet.runs import find_run, with_settings

    experiment = named_or_typed(arguments.experiment or DEFAULT)
    given = {
        "data": arguments.data,
        "name": arguments.name,
        "init": str(find_run(arguments.init, arguments.runs_dir).path) if arguments.init else None,
        "seed": arguments.seed,
        "validation": arguments.validation,
        "training.epochs": arguments.epochs,
        "settings.device": arguments.device,
        "settings.threads": arguments.threads,
        "settings.precision": arguments.precision,
    }
    flags = {key: value for key, value in given.items() if value is not None}
    return with_settings(experiment, arguments.set, flags)


def named_or_typed(word: str) -> Experiment:
    """An experiment by name or file; else the word is a network and gets Tersenet's own recipe."""
    from tersenet.networks import NETWORKS, parse
    from tersenet.runs import Experiment, experiment_names, load_experiment

    if word in experiment_names() or word.endswith(".toml"):
        return load_experiment(word)
    if word not in NETWORKS and ":" not in word:
        try:
            parse(word)
        except TersenetError as error:
            error.hint = did_you_mean(word, {*NETWORKS, *experiment_names()}) or error.hint
            raise
    return Experiment(network=word)


def _conclude(run: Run, report: Path | None, output: Output) -> int:
    """The last lines: the headline, the budget, where the report is."""
    result = run.result
    assert result is not None
    correct = round(result["test_accuracy"] * result["test_images"] / 100)
    missed = [line for line in result["budget"] if line["met"] is False]
    output.say()
    if run.environment["data_notice"]:
        output.say(run.environment["data_notice"], style="bold yellow")
    output.say(
        f"{run.name}: {correct}/{result['test_images']} ({result['test_accuracy']:.2f} %) on the test set of "
        f"{result['data']} after epoch {result['epochs']}, {result['parameters']:,} parameters, "
        f"{result['seconds']:.0f} s of training, seed {result['seed']}",
        style="bold",
    )
    for line in result["budget"]:
        word = {True: "met", False: "MISSED", None: "not applicable"}[line["met"]]
        output.say(f"  budget {word:<15} {line['line']}: {line['value']} (limit {line['limit']})")
    output.say(f"run:    {run.path}")
    if report:
        output.say(f"report: {report}")
    output.document({key: value for key, value in result.items() if key != "test_images"})
    return BUDGET_MISSED if missed else DONE
