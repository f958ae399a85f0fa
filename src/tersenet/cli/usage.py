"""Mistakes on the command line, said as every other mistake is: what was got, what was expected, what to do."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import re
import textwrap
import types
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import tyro

from tersenet._errors import TersenetError, did_you_mean


def usage_errors(arguments: Any, words: Sequence[str]) -> AbstractContextManager[None]:
    """Inside it, what tyro refuses in `words` is raised as a TersenetError; `arguments` is the type that is read."""
    try:
        from tyro import _errors as refusals
    except ImportError:  # another tyro: its own messages will do
        return contextlib.nullcontext()

    shape, named = narrowed(arguments, words)

    def refuse(event: Any) -> None:
        flags = flags_of(shape)
        # What tyro takes an unknown option for depends on where it is; that it is unknown is the news.
        unknown = [word for word in words if word.startswith("--") and word not in ("--", "--help")]
        unknown = [word for word in unknown if word.partition("=")[0].replace("_", "-") not in flags]
        command = str(event.prog)
        if not command.endswith(f" {named}"):
            command = f"{command} {named}".rstrip()
        subcommands = subcommands_of(shape)
        if subcommands and words and not words[0].startswith("-"):
            raise _no_subcommand(words[0], subcommands, f"{command} --help")
        place = Asked(command, flags, takes_words=bool(positionals_of(shape)))
        error = _unknown(unknown, place) if unknown else _explained(event, refusals, place)
        if error is not None:
            raise error

    return refusals.on_parse_error(refuse)


@dataclasses.dataclass(frozen=True)
class Asked:
    """The command asked for, as `tersenet backprop derive`: its options, and whether it takes other words."""

    command: str
    flags: dict[str, str]
    takes_words: bool

    @property
    def more(self) -> str:
        """The command that explains it."""
        return f"{self.command} --help"


def narrowed(arguments: Any, words: Sequence[str]) -> tuple[Any, str]:
    """The subcommand that `words` begin with, and its name; the command itself where they name none."""
    subcommands = subcommands_of(arguments)
    if words and words[0] in subcommands:
        return subcommands[words[0]], words[0]
    return arguments, ""


def wrapped(text: str, columns: int) -> str:
    """Paragraphs broken at the width of the terminal; an example that is too long has its remark below it.

    >>> print(wrapped("One two\\nthree four.\\n\\nexamples:\\n  tersenet train     the default", 20))
    One two three four.
    <BLANKLINE>
    examples:
      tersenet train     the default
    """
    width = min(columns if columns > 0 else 80, 100)
    paragraphs = [paragraph.split("\n") for paragraph in text.strip().split("\n\n")]
    return "\n\n".join(
        "\n".join(_example(line, width) for line in lines)
        if any(line.startswith(" ") for line in lines)
        else textwrap.fill(" ".join(lines), width, break_long_words=False, break_on_hyphens=False)
        for lines in paragraphs
    )


def _example(line: str, width: int) -> str:
    command, gap, remark = (*re.split(r"(?<=\S)( {2,})(?=\S)", line, maxsplit=1), "", "")[:3]
    return line if len(line) <= width or not gap else f"{command}\n      {remark}"


def flags_of(shape: Any) -> dict[str, str]:
    """Every option that a command takes, and its metavar; '' for one that takes no value. Subcommands' as well.

    >>> from tersenet.cli.commands.networks.networks import Arguments
    >>> flags_of(Arguments)
    {'--json': ''}
    """
    return {flag: metavar for inner in _dataclasses(shape) for flag, metavar in _own_flags(inner)}


@dataclasses.dataclass(frozen=True)
class FlagPlace:
    """A word of a command line that is no option: its metavar, what it may be, and whether more may follow."""

    metavar: str
    choices: tuple[str, ...]
    repeats: bool


def positionals_of(shape: Any) -> list[FlagPlace]:
    """The words that a command takes besides options, in order.

    >>> from tersenet.cli.commands.networks.networks import Arguments
    >>> positionals_of(Arguments)
    [FlagPlace(metavar='[NAME]', choices=(), repeats=False)]
    """
    places = []
    for inner in _dataclasses(shape):
        kinds = get_type_hints(inner, include_extras=True)
        for field in dataclasses.fields(inner):
            kind, extras = _taken_apart(kinds[field.name])
            if tyro.conf.Positional in extras:
                metavar = next((extra.metavar for extra in extras if getattr(extra, "metavar", None)), "")
                choices = get_args(kind) if get_origin(kind) is Literal else ()
                places.append(FlagPlace(metavar, choices, get_origin(kind) is tuple))
    return places


def subcommands_of(shape: Any) -> dict[str, Any]:
    """The subcommands of a command by their names; none where it has none."""
    if get_origin(shape) not in (Union, types.UnionType):
        return {}
    named = {}
    for each in get_args(shape):
        kind, extras = _taken_apart(each)
        name = next((extra.name for extra in extras if getattr(extra, "name", None)), kind.__name__.lower())
        named[name] = kind
    return named


def _taken_apart(kind: Any) -> tuple[Any, list[Any]]:
    """A type and its annotations."""
    if not hasattr(kind, "__metadata__"):
        return kind, []
    inner, *extras = get_args(kind)
    return inner, extras


def _dataclasses(shape: Any) -> Iterator[Any]:
    """The dataclass itself, or those of a union of subcommands."""
    origin = get_origin(shape)
    if origin in (Union, types.UnionType):
        for each in get_args(shape):
            yield from _dataclasses(each)
    elif origin is not None:  # Annotated
        yield from _dataclasses(get_args(shape)[0])
    elif dataclasses.is_dataclass(shape):
        yield shape


def _own_flags(shape: Any) -> Iterator[tuple[str, str]]:
    kinds = get_type_hints(shape, include_extras=True)
    for field in dataclasses.fields(shape):
        kind, extras = _taken_apart(kinds[field.name])
        if tyro.conf.Positional in extras:
            continue
        nested = [*_dataclasses(kind)]
        if nested:  # a subcommand
            for inner in nested:
                yield from _own_flags(inner)
            continue
        names, metavar = [field.name.replace("_", "-")], "" if kind is bool else "VALUE"
        for extra in extras:
            names = [getattr(extra, "name", None) or names[0], *(getattr(extra, "aliases", None) or ())]
            metavar = getattr(extra, "metavar", None) or metavar
        for name in names:
            yield f"--{name.removeprefix('--')}", metavar


def _explained(event: Any, refusals: Any, asked: Asked) -> TersenetError | None:
    """What tyro refuses, in Tersenet's words; None for what a newer tyro may refuse besides."""
    more = asked.more
    if isinstance(event, refusals.UnrecognizedArgs):
        return _unknown(event.tokens, asked)
    if isinstance(event, refusals.MissingArgs):
        options = [token for token in event.unrecognized_tokens if token.startswith("-")]
        if options:
            return _unknown(options, asked)
        names = ", ".join(str(each.arg.lowered.metavar) for each in event.missing_arguments)
        return TersenetError("An argument is missing.", expected=names, hint=f"{more} shows examples")
    if isinstance(event, refusals.MissingSubcommand):
        return _no_subcommand(event.found_token, event.subcommand_spec.parser_from_name, more)
    if isinstance(event, refusals.BadValue):
        name, metavar = _place(event.argument), event.argument.lowered.metavar
        return TersenetError("An option is missing its value.", got=name, expected=f"{name} {metavar}")
    if isinstance(event, refusals.InvalidChoice):
        return TersenetError(
            "This value is not one of the choices.",
            got=event.value,
            expected=", ".join(event.choices),
            where=_place(event.argument),
            hint=did_you_mean(event.value, event.choices),
        )
    if isinstance(event, refusals.InstantiationFailure):
        return _unreadable(event, more)
    return None


def _no_subcommand(found: str | None, names: Collection[str], more: str) -> TersenetError:
    return TersenetError(
        "A subcommand is missing." if found is None else "There is no such subcommand.",
        got=found,
        expected=", ".join(names),
        hint=(found and did_you_mean(found, names)) or f"{more} explains them",
    )


def _unreadable(event: Any, more: str) -> TersenetError:
    """A value of another kind: text where a number is wanted."""
    if event.argument is None:
        return TersenetError("This value cannot be read.", got=event.message, hint=more)
    kind = event.argument.field.type_stripped
    kinds = {kind, *get_args(kind)}
    expected = "a whole number" if int in kinds else "a number" if float in kinds else None
    typed = re.search(r"(?:from \[|to float: |base 10: )'(.*?)'", str(event.message))
    return TersenetError(
        "This value cannot be read.",
        got=typed[1] if typed and expected else event.message,
        expected=expected,
        where=_place(event.argument),
        hint=more,
    )


def _place(argument: Any) -> str:
    return (
        str(argument.lowered.metavar).strip("[]{}").replace(",", " or ")
        if argument.is_positional()
        else str(argument.lowered.name_or_flags[-1])
    )


def _unknown(tokens: list[str], asked: Asked) -> TersenetError:
    """Options that there are not, or words too many; a network that lacks its quotes is the usual one."""
    options = [token for token in tokens if token.startswith("-") and len(token) > 1]
    if options:
        flag = options[0].partition("=")[0]
        near = difflib.get_close_matches(flag, asked.flags, n=2, cutoff=0.75)
        hint = f"did you mean {' or '.join(near)}?" if near else f"{asked.more} lists them"
        return TersenetError("There is no such option.", got=flag, hint=hint)
    why = "a line of notation, and a name with blanks, need quotes" if asked.takes_words else "options begin with --"
    return TersenetError(
        "There is one argument too many.", got=" ".join(tokens), hint=f"{why}; {asked.more} shows examples"
    )
