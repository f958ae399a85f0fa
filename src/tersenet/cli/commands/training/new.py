"""Write a new experiment: a TOML file with every field explained, ready to be changed and trained.

It starts as a copy of another experiment, a named network, a line of notation, or the experiment of a run.

examples:
  tersenet new my-idea --from gap-14320
  tersenet new tiny --from "8C3 BN R MP2 16C3 BN R GAP 10Nb"
  tersenet new ideas/deeper.toml --from my-idea.toml
  tersenet train my-idea.toml
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.arguments import RUNS_DIR, RunsDir
from tersenet.cli.output import CommonArguments, Output


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet new` takes."""

    name: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NAME")]]
    """Name of the experiment, or path of its file. An existing file is never overwritten."""
    begin: Annotated[str, tyro.conf.arg(name="from", metavar="EXPERIMENT")] = "sprint"
    """An experiment, a .toml file, a network's name, file.py:Name, notation, or a run."""
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Write the file and say what to do with it."""
    from tersenet._files import write_whole
    from tersenet.networks import NETWORKS
    from tersenet.runs import experiment_names, find_experiment, new_experiment_file

    path = Path(arguments.name if arguments.name.endswith(".toml") else f"{arguments.name}.toml")
    name = path.stem
    if name in experiment_names():
        raise TersenetError("A bundled experiment already has this name.", got=name, hint="choose another name")
    base = find_experiment(arguments.begin, arguments.runs_dir)
    known = NETWORKS.get(base.network)
    text = new_experiment_file(
        base, name, started_from=arguments.begin, notation=known.notation if known else base.notation
    )
    if path.exists():
        raise TersenetError("This file already exists; it was not changed.", got=path, hint="choose another name")
    write_whole(path, text)
    output.say(f"experiment: {path}, a copy of {' '.join(arguments.begin.split())}")
    output.say(f"change a line or two, then: tersenet train {shlex.quote(str(path))}")
    output.document({"experiment": name, "file": str(path), "from": arguments.begin})
    return 0
