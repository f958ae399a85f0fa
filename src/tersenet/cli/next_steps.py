"""What follows a training: its budget, a link to its report, and the next commands, ready to copy."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.networks import BudgetLine
    from tersenet.runs import Group, Run


def say_budget(lines: Sequence[BudgetLine], output: Output) -> None:
    """The lines of a budget as `tersenet summary` shows them, and which are missed; nothing where there are none."""
    from tersenet.networks import budget_table

    if not lines:
        return
    output.say()
    output.say(budget_table(lines))
    missed = [line.line for line in lines if line.met is False]
    if missed:
        output.say(f"budget MISSED: {', '.join(missed)}", style="bold red")
    output.say()


def say_report(report: Path | None, output: Output) -> None:
    """Where the report is; a link on terminals that know links."""
    if report is not None:
        output.say(f"report: {report}", style=f"link {report.resolve().as_uri()}")


def say_next_steps(trained: Run | Group, output: Output) -> None:
    """The next commands for a run or a group."""
    output.say()
    output.say("next:")
    for what, command in next_steps(trained):
        output.say(f"  {what:<8} {command}")


def next_steps(trained: Run | Group) -> list[tuple[str, str]]:
    """What each of four commands does, and the command, quoted where the shell needs it."""
    from tersenet.runs import Run

    name, place = trained.name, named_from_here(trained)
    look = ("look", _command("serve", *place[1:]))
    if not isinstance(trained, Run):
        return [
            ("measure", _command("evaluate", name, *place)),
            ("explain", _command("explain", f"{name}/seed-{trained.seeds[0]}", "--index", "0", *place)),
            ("claim", _command("claim", name, *place)),
            look,
        ]
    return [
        ("measure", _command("evaluate", name, *place)),
        ("explain", _command("explain", name, "--index", "0", *place)),
        ("predict", _command("predict", name, "picture.png", *place)),
        look,
    ]


def resume_command(trained: Run | Group) -> str:
    """The command that continues an interrupted run or group."""
    return _command("train", "--resume", trained.name, *named_from_here(trained))


def named_from_here(trained: Run | Group) -> tuple[str, ...]:
    """The option that a command needs to find a run or group by its name; none where the default will do."""
    levels = trained.name.count("/") + 1
    runs_dir = trained.path.parents[levels - 1]
    return () if runs_dir.resolve() == Path("runs").resolve() else ("--runs-dir", str(runs_dir))


def open_report(report: Path | None, output: Output, *, wanted: bool) -> None:
    """Open the report in the user's browser."""
    import webbrowser

    if report is not None and wanted and not webbrowser.open(report.resolve().as_uri()):
        output.say("No browser could be opened.", style="yellow")


def _command(*words: str) -> str:
    return shlex.join(("tersenet", *words))
