"""Search a space of networks for the best one within limits; the test set is read once, at the end.

SPACE is a line of notation with braces, or an experiment's .toml file whose network is one. The file may have a table
[search] with limits, start networks, and ranges of the recipe (docs/search.md).

examples:
  tersenet search "{4..12}C3 BN R MP2 {8..24/4}C3 BN R GAP 10Nb" --under 3000 \\
    --minutes 30
  tersenet search mine.toml --trials 50
  tersenet search mine.toml --front macs --minutes 120
  tersenet search --resume search-1                 after Ctrl-C or a crash
  tersenet search --resume search-1 --minutes 30    30 more minutes

Needs Optuna: pip install "tersenet[search]".
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet.cli.arguments import RUNS_DIR, DataDir, DataName, RunsDir, gathered, refuse_all_but
from tersenet.cli.next_steps import say_report
from tersenet.cli.output import CommonArguments, Output, option

if TYPE_CHECKING:
    from tersenet.runs import Where
    from tersenet.search import Search, SearchPlan

WITH_RESUME = {"resume", "minutes", "trials", "runs_dir", "data_dir", "on", "json"}
PLACES = ("here", "ray")


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet search` takes."""

    space: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="[SPACE]", help_behavior_hint="")] = None
    """A line of notation with braces, or an experiment file whose network is one."""
    under: Annotated[int | None, option("N")] = None
    """Only networks with fewer than N parameters."""
    macs: Annotated[int | None, option("N")] = None
    """Only networks with at most N multiply-adds per picture."""
    bytes: Annotated[int | None, option("N")] = None
    """Only networks with at most N bytes of weights in 8 bits."""
    minutes: Annotated[float | None, option("M")] = None
    """Time for the whole search, the measurement on the test set included."""
    trials: Annotated[int | None, option("N")] = None
    """Try at most N networks."""
    seeds: Annotated[int | None, option("N")] = None
    """Fresh seeds that the chosen network is measured with on the test set. Without it: 5."""
    front: Annotated[str | None, option("COST")] = None
    """Look for the best network of every size: parameters, macs or bytes."""
    epochs: Annotated[int | None, option("N", means="training.recipe:Recipe.epochs")] = None
    data: DataName = None
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR
    name: Annotated[str | None, option("NAME")] = None
    """Name of the search; its folder is NAME-1, NAME-2, …"""
    seed: Annotated[int | None, option("N")] = None
    """First seed of the trials and of the proposals."""
    processes: Annotated[int | None, option("N")] = None
    """Trainings side by side. Without it: one per core."""
    set: Annotated[tuple[str, ...], option("KEY=VALUE …")] = ()
    """Any other field of the experiment."""
    on: Annotated[str, tyro.conf.arg(metavar="PLACE")] = "here"
    """here, or ray: on the cluster at RAY_ADDRESS, or one that is started on this machine."""
    resume: Annotated[str | None, option("SEARCH")] = None
    """Continue this search; --minutes and --trials add to its budget."""


def words(typed: list[str]) -> list[str]:
    """Several `--set` are one."""
    return gathered(typed, {})


def run(arguments: Arguments, output: Output) -> int:
    """Search, and say what was found."""
    from tersenet.cli.search_progress import SearchScreen
    from tersenet.search import find_search, resume_search, start_search, write_search_report

    check_setting(arguments.on in PLACES, "--on", arguments.on, " or ".join(PLACES), names=PLACES)
    place: Where = "ray" if arguments.on == "ray" else "here"

    with SearchScreen(output) as screen:
        if arguments.resume is not None:
            refuse_all_but(
                WITH_RESUME,
                arguments,
                problem="A resumed search keeps its settings.",
                hint=f"tersenet search --resume {shlex.quote(arguments.resume)}, with --minutes or --trials to go on",
            )
            search = resume_search(
                find_search(arguments.resume, arguments.runs_dir),
                minutes=arguments.minutes,
                trials=arguments.trials,
                data_dir=arguments.data_dir,
                on=place,
                listeners=screen.listeners,
            )
        else:
            search = start_search(
                chosen_plan(arguments),
                runs_dir=arguments.runs_dir,
                data_dir=arguments.data_dir,
                on=place,
                listeners=screen.listeners,
            )
    with output.working("writing the report …"):
        report = write_search_report(search)
    conclude(search, report, output)
    return 0


def chosen_plan(arguments: Arguments) -> SearchPlan:
    """The plan that the arguments describe."""
    from tersenet.runs import Experiment, with_settings
    from tersenet.search import made_plan, read_search

    if arguments.space is None:
        raise TersenetError(
            "There is nothing to search.",
            expected="a line of notation with braces, or an experiment file whose network is one",
            hint='tersenet search "{4..12}C3 BN R MP2 {8..24/4}C3 BN R GAP 10Nb" --under 3000 --minutes 30',
        )
    is_a_file = arguments.space.endswith(".toml")
    fields: dict[str, Any] = (
        read_search(Path(arguments.space)) if is_a_file else {"experiment": Experiment(network=arguments.space)}
    )
    flags = {
        "data": arguments.data,
        "name": arguments.name,
        "seed": arguments.seed,
        "training.epochs": arguments.epochs,
    }
    given = {key: value for key, value in flags.items() if value is not None}
    fields["experiment"] = with_settings(fields["experiment"], arguments.set, given)
    for name in ("minutes", "trials", "seeds", "front", "processes"):
        if getattr(arguments, name) is not None:
            fields[name] = getattr(arguments, name)
    limits = {"parameters": arguments.under, "macs": arguments.macs, "bytes": arguments.bytes}
    given_limits = fields.get("limits", {})
    check_setting(isinstance(given_limits, dict), "search.limits", given_limits, "a table")
    fields["limits"] = given_limits | {name: value for name, value in limits.items() if value is not None}
    return made_plan(**fields)


def conclude(search: Search, report: Path, output: Output) -> None:
    """The last lines: what was chosen, what it reaches, how much of its lead was luck, where it is."""
    from tersenet.runs import as_table

    record, say = search.result, output.say
    assert record is not None
    chosen = record.chosen
    say()
    deviation = "" if record.deviation is None else f" ± {record.deviation:.2f}"
    say(f"{search.name}: {record.mean:.2f}{deviation} % on the test set of {record.data}", style="bold")
    say(chosen.network)
    for key, value in chosen.settings.items():
        say(f"{key} = {value:g}" if isinstance(value, float) else f"{key} = {value}")
    cost = chosen.cost
    say(f"{cost.parameters:,} parameters, {cost.macs:,} multiply-adds, {cost.bytes:,} bytes in 8 bits")
    seeds = len(record.seeds)
    say(
        f"chosen from {record.trials} trials ({record.trainings} trainings, {record.failed} failed) "
        f"by held-out images: {chosen.accuracy:.2f} %, loss {chosen.loss:.4f}, "
        f"{chosen.seeds} seed{'s' * (chosen.seeds != 1)}"
    )
    times = "once" if record.test_reads == 1 else f"{record.test_reads} times"
    say(f"measured with {seeds} fresh seed{'s' * (seeds != 1)}; the test set was read {times} for this search")
    if record.luck is not None:
        say(record.luck.in_words())
    if record.deviation is None or seeds < 5:
        say("fewer than 5 seeds: an indication", style="yellow")
    say()
    say(f"winner: {search.path / 'winner.toml'}")
    say(f"runs:   {search.path / record.group}")
    say_report(report, output)
    output.document(as_table(record) | {"report": str(report)})
