"""`tersenet COMMAND …`: finds the command, reads its arguments, turns errors into one message and a status."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from tersenet._ending import clean_end
from tersenet._errors import TersenetError, did_you_mean
from tersenet._failures import TRACEBACK, explained, unexpected
from tersenet._readable import readable
from tersenet.cli.command_list import COMMANDS
from tersenet.cli.streams import ready_streams

DONE, ERROR, BUDGET_MISSED, INTERRUPTED = 0, 1, 3, 130

EXAMPLES = """\
examples:
  tersenet train                                      train the default network
  tersenet train gap-14320                            train a course network
  tersenet summary "8C3 BN R MP2 16C3 BN R GAP 10Nb"  any network in notation
  tersenet backprop table --steps 68 --lr 1           gradient descent by steps"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status.

    0 done, 1 error, 3 a budget missed, 130 interrupted (Ctrl-C), 143 asked to end (SIGTERM; 129 with SIGHUP).
    """
    words = list(sys.argv[1:] if argv is None else argv)
    with ready_streams():
        try:
            with clean_end():
                if shell := os.environ.get("_TERSENET_COMPLETE"):
                    from tersenet.cli.commands.shell.completion import answer

                    return answer(words, shell)
                status = _run(words)
                sys.stdout.flush()
                return status
        except KeyboardInterrupt as ending:
            print("interrupted", file=sys.stderr)
            return getattr(ending, "status", INTERRUPTED)
        except BrokenPipeError:
            # The reader of a pipe went away (`tersenet … | head`): nothing more can be said to it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ERROR
        except Exception as error:  # the last net: a traceback helps no user
            known = explained(error)
            if known is None and os.environ.get(TRACEBACK):
                raise
            return _fail(known or unexpected(error))


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return DONE
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"tersenet {version('tersenet')}")
        return DONE
    name, *rest = words
    if name not in COMMANDS:
        raise TersenetError(
            "There is no such command.",
            got=name,
            expected=", ".join(COMMANDS),
            hint=did_you_mean(name, COMMANDS) or "tersenet --help lists the commands",
        )
    command = COMMANDS[name].load()
    from tersenet.cli.output import Output

    arguments = _arguments(command, name, rest)
    output = Output(json=arguments.json)
    with ExitStack() as around:
        around.enter_context(output.for_the_document_alone())
        if getattr(arguments, "trust", False):
            from tersenet.runs import trusting

            around.enter_context(trusting())
        try:
            status = int(command.run(arguments, output) or DONE)
        except SystemExit as leaving:
            raise _left(leaving) from leaving
    output.print_document()
    return status


def _arguments(command: Any, name: str, words: list[str]) -> Any:
    import tyro

    from tersenet.cli.usage import narrowed, usage_errors, wrapped

    if hasattr(command, "words"):
        words = command.words(words)
    shape, about = command.Arguments, command.__doc__
    if words[1:2] in (["--help"], ["-h"]):
        shape, subcommand = narrowed(shape, words)
        if subcommand:
            name, words, about = f"{name} {subcommand}", words[1:], inspect.cleandoc(shape.__doc__)
    # --json, and no --no-json beside it; None is no word to type.
    plain = (tyro.conf.FlagCreatePairsOff, tyro.conf.DisallowNone)
    if words[:1] in (["--help"], ["-h"]):  # tyro would join the lines, and let the terminal break them anywhere
        print(wrapped(about, shutil.get_terminal_size().columns), end="\n\n")
    try:
        with usage_errors(shape, words):
            return tyro.cli(shape, prog=f"tersenet {name}", description=" ", args=words, config=plain)
    except SystemExit as leaving:
        # tyro leaves with 2 on a usage error; Tersenet's status for every error is 1.
        sys.exit(ERROR if leaving.code else DONE)


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    commands = "\n".join(f"  {name:<{width}}{command.words}" for name, command in COMMANDS.items())
    return (
        "Tersenet designs, trains, measures and explains compact neural networks.\n\n"
        "usage: tersenet COMMAND [--help] …\n\n"
        f"commands:\n{commands}\n\n{EXAMPLES}\n\n"
        "`tersenet COMMAND --help` explains a command.\n"
        "With `--json` every command prints one JSON document."
    )


def _fail(error: TersenetError) -> int:
    print(readable(f"error: {error}"), file=sys.stderr)
    return ERROR


def _left(leaving: SystemExit) -> TersenetError:
    """`sys.exit()` in the user's code, as in the `forward` of a network: there is no result."""
    from tersenet.networks import last_place

    return TersenetError(
        "The network's code ended the program.",
        got=f"sys.exit({'' if leaving.code is None else repr(leaving.code)})",
        where=last_place(leaving),
    )
