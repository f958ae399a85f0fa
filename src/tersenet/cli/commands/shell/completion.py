"""Print a script that lets your shell complete commands, options, experiments, networks and runs.

examples:
  eval "$(tersenet completion bash)"                                          in ~/.bashrc
  eval "$(tersenet completion zsh)"                                           in ~/.zshrc, after compinit
  tersenet completion fish > ~/.config/fish/completions/tersenet.fish         once
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from tersenet._meaning import entries
from tersenet.cli.output import CommonArguments, Output
from tersenet.cli.usage import flags_of, positionals_of, subcommands_of

COMPLETE = "_TERSENET_COMPLETE"
"""The environment variable by which a shell's script asks for the words that fit."""

SCRIPTS = {
    "bash": f"""\
_tersenet() {{
    local word
    COMPREPLY=()
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
        {COMPLETE}=bash "${{COMP_WORDS[0]}}" "${{COMP_WORDS[@]:1:COMP_CWORD}}" 2>/dev/null)
}}
complete -o default -F _tersenet tersenet
""",
    "zsh": f"""\
#compdef tersenet
_tersenet() {{
    local -a found
    found=("${{(@f)$({COMPLETE}=zsh "${{words[1]}}" "${{(@Q)words[2,CURRENT]}}" 2>/dev/null)}}")
    if [[ -n "${{found[1]}}" ]]; then compadd -- "${{found[@]}}"; else _files; fi
}}
compdef _tersenet tersenet
""",
    "fish": f"""\
function __tersenet_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    env {COMPLETE}=fish $before "$current" 2>/dev/null
end
complete -c tersenet -a '(__tersenet_complete)'
""",
}
DATA = tuple(entries("data.named_sets"))
OPTIMIZERS = (
    Path(__file__).parents[3] / "training" / "optimizers" / "kinds"
)  # a file each; to import them loads torch
VALUES: dict[str, tuple[str, ...]] = {
    "--data": DATA,
    "--device": ("auto", "cpu", "cuda", "mps"),
    "--on": ("here", "ray"),
    "--optimizer": tuple(sorted(file.stem for file in OPTIMIZERS.glob("[!_]*.py"))),
}
RUNS, DESIGNS = ("RUN", "A B …", "RUN|NET"), ("EXPERIMENT", "NET", "RUN|NET")


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet completion` takes."""

    shell: tyro.conf.Positional[Annotated[Literal["bash", "zsh", "fish"], tyro.conf.arg(metavar="SHELL")]]
    """bash, zsh or fish."""


def run(arguments: Arguments, output: Output) -> int:
    """Print the script."""
    script = SCRIPTS[arguments.shell]
    if not arguments.json:
        print(script, end="")
    output.document({"shell": arguments.shell, "script": script})
    return 0


def answer(words: Sequence[str], shell: str) -> int:
    """Print the words that fit, one per line; bash wants them quoted, the others quote by themselves."""
    *before, current = words or [""]
    typed = _unquoted(current) if shell == "bash" else current
    for word in candidates([*before, typed]):
        print(shlex.quote(word) if shell == "bash" else word)
    return 0


def candidates(words: Sequence[str]) -> list[str]:
    """What may stand in place of the last word; nothing where a file is wanted.

    >>> candidates(["exp"])
    ['explain', 'experiments', 'export']
    >>> candidates(["train", "--ep"])
    ['--epochs']
    """
    *before, current = words or [""]
    return [word for word in dict.fromkeys(_all(before, current)) if word.startswith(current)]


def _all(before: Sequence[str], current: str) -> Iterator[str]:
    from tersenet.cli.command_list import COMMANDS

    if not before:
        yield from (*COMMANDS, "--help", "--version")
        return
    command, *rest = before
    if command not in COMMANDS:
        return
    shape = COMMANDS[command].load().Arguments
    if subcommands := subcommands_of(shape):
        chosen = next((word for word in rest if word in subcommands), None)
        if chosen is None:
            yield from (*subcommands, "--help")
            return
        shape, rest = subcommands[chosen], rest[rest.index(chosen) + 1 :]
    flags = flags_of(shape)
    runs_dir = _given(rest, "--runs-dir")
    if rest and flags.get(rest[-1]):
        yield from VALUES.get(rest[-1], ()) if rest[-1] in VALUES else _named(flags[rest[-1]], command, runs_dir)
    elif current.startswith("-"):
        yield from (*flags, "--help")
    else:
        yield from _positional(shape, rest, flags, command, runs_dir)


def _positional(
    shape: Any, rest: Sequence[str], flags: dict[str, str], command: str, runs_dir: Path
) -> Iterator[str]:
    places = positionals_of(shape)
    valued = {place + 1 for place, word in enumerate(rest) if flags.get(word)}
    done = sum(not word.startswith("-") and place not in valued for place, word in enumerate(rest))
    if not places or (done >= len(places) and not places[-1].repeats):
        return
    place = places[min(done, len(places) - 1)]
    yield from place.choices or _named(place.metavar.strip("[]"), command, runs_dir)


def _named(metavar: str, command: str, runs_dir: Path) -> Iterator[str]:
    """The names that an argument of this kind may take."""
    if command == "networks":
        yield from network_names()
        return
    if metavar == "NAME" and command == "experiments":
        yield from experiment_names()
    if metavar in DESIGNS:
        yield from (*experiment_names(), *network_names(), *(path.name for path in sorted(Path().glob("*.toml"))))
    if metavar in RUNS or metavar in DESIGNS:
        yield from run_names(runs_dir)
    if metavar in RUNS:
        yield from (*experiment_names(), *network_names())
    if command == "compare" and metavar == "A B …":
        yield "ladder"


def experiment_names() -> list[str]:
    """The experiments that come with Tersenet; read here, since `tersenet.runs` loads torch.

    >>> "sprint" in experiment_names()
    True
    """
    files = (file.name for file in resources.files("tersenet.experiments").iterdir())
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))


def network_names() -> list[str]:
    """The named networks, read from the table's source, since `tersenet.networks` loads torch.

    >>> "gap-14320" in network_names()
    True
    """
    table = ast.parse((Path(__file__).parents[3] / "networks" / "named_networks.py").read_text(encoding="utf-8"))
    calls = (
        node for node in ast.walk(table) if isinstance(node, ast.Call) and ast.unparse(node.func) == "NamedNetwork"
    )
    return [ast.literal_eval(word.value) for call in calls for word in call.keywords if word.arg == "name"]


def run_names(runs_dir: Path) -> Iterator[str]:
    """Runs, groups and the seeds of groups under a folder."""
    try:
        for path in sorted(path.parent for path in runs_dir.glob("*/experiment.toml")):
            yield path.name
            yield from (f"{path.name}/{seed.parent.name}" for seed in sorted(path.glob("seed-*/experiment.toml")))
    except OSError:
        return


def _given(words: Sequence[str], flag: str) -> Path:
    """The folder that an option names, else `runs`."""
    for place, word in enumerate(words):
        if word == flag and place + 1 < len(words):
            return Path(_unquoted(words[place + 1])).expanduser()
    return Path("runs")


def _unquoted(word: str) -> str:
    """What a word means to the shell; one whose quotes are still open is taken without them."""
    try:
        return " ".join(shlex.split(word))
    except ValueError:
        return word.lstrip("'\"")
