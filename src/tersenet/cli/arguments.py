"""Options that several commands share, each declared once."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet._meaning import entries
from tersenet.cli.output import option

RunsDir = Annotated[Path, tyro.conf.arg(metavar="FOLDER", help="The folder that holds the runs.")]
"""Declare as `runs_dir: RunsDir = RUNS_DIR`."""

DataDir = Annotated[
    Path | None,
    tyro.conf.arg(
        metavar="FOLDER",
        help_behavior_hint="",
        help="Data folder (default: where the run found its data, $TERSENET_DATA, then the user cache).",
    ),
]
"""Declare as `data_dir: DataDir = None`."""

data_name = option("NAME", means="runs.experiment:Experiment.data", one_of=entries("data.named_sets"))
DataName = Annotated[str | None, data_name]
"""Declare as `data: DataName = None`."""

Flag = Annotated[bool, tyro.conf.arg(help_behavior_hint="")]
"""An option that is given or not: the help says nothing of a default."""

Device = Annotated[str, tyro.conf.arg(metavar="NAME", help="auto, cpu, cuda or mps.")]
"""Declare as `device: Device = "auto"`."""

RUNS_DIR = Path("runs")


def given(arguments: Any) -> dict[str, str]:
    """The options that were given, that is, that differ from their defaults: field and spelling.

    >>> from tersenet.cli.commands.networks.networks import Arguments
    >>> given(Arguments(name="sprint", json=True))
    {'json': '--json', 'name': 'sprint'}
    """
    types = get_type_hints(type(arguments), include_extras=True)
    words = {name for name, kind in types.items() if tyro.conf.Positional in get_args(kind)}
    return {
        field.name: str(value) if field.name in words else f"--{field.name.replace('_', '-')}"
        for field in dataclasses.fields(arguments)
        if (value := getattr(arguments, field.name)) != field.default
    }


def refuse_all_but(accepted: Collection[str], arguments: Any, *, problem: str, hint: str) -> None:
    """Raise where an option is given that would be ignored: whatever is not in `accepted`, a new option included."""
    refused = [spelled for name, spelled in given(arguments).items() if name not in accepted]
    if refused:
        raise TersenetError(problem, got=", ".join(refused), hint=hint)


def leaving_out(words: Sequence[str]) -> list[str]:
    """`--data FOLDER --skip-bad` as the data set's name says it: damaged pictures of the folder are left out.

    Raises TersenetError where no folder of pictures is given.

    >>> leaving_out(["sprint", "--data", "./signs", "--skip-bad"])
    ['sprint', '--data', 'folder:./signs?skip-bad']
    """
    if "--skip-bad" not in words:
        return list(words)
    from tersenet.data import with_skip_bad

    rest = [word for word in words if word != "--skip-bad"]
    for place, word in enumerate(rest):
        if word.startswith("--data="):
            rest[place] = "--data=" + with_skip_bad(word.removeprefix("--data="))
            return rest
        if word == "--data" and place + 1 < len(rest):
            rest[place + 1] = with_skip_bad(rest[place + 1])
            return rest
    raise TersenetError(
        "Only a folder of pictures can leave out damaged pictures.",
        got="--skip-bad without --data",
        hint="--data FOLDER --skip-bad",
    )


def gathered(words: Sequence[str], settings: Mapping[str, str]) -> list[str]:
    """The words of a command line with all that is `--set` in one place, flags that stand for settings among it.

    >>> gathered(["sprint", "--set", "a=1", "b=2", "--threads", "1", "--set=c=3"], {"--threads": "settings.threads"})
    ['sprint', '--set', 'a=1', 'b=2', 'settings.threads=1', 'c=3']
    """
    rest: list[str] = []
    gathered: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        flag, equals, value = word.partition("=")
        if flag == "--set" and equals:
            gathered.append(value)
        elif word == "--set" and left and not left[0].startswith("-"):
            while left and not left[0].startswith("-"):
                gathered.append(left.pop(0))
        elif flag in settings:
            if not equals and not left:
                raise TersenetError("An option is missing its value.", got=flag, hint=f"{flag} VALUE")
            gathered.append(f"{settings[flag]}={value if equals else left.pop(0)}")
        else:
            rest.append(word)
    return [*rest, "--set", *gathered] if gathered else rest


def size_in_bytes(text: str, option: str) -> int:
    """A size as people write it.

    >>> size_in_bytes("8k", "--flash"), size_in_bytes("512", "--ram")
    (8192, 512)
    """
    found = re.fullmatch(r"(\d{1,9})([kKmM]?)[bB]?", text.strip())
    size = int(found[1]) * {"": 1, "k": 1024, "m": 1024**2}[found[2].lower()] if found else 0
    check_setting(size > 0, option, text, "a size such as 8k, 1M or 512")
    return size
