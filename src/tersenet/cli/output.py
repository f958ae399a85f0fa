"""Where a command's output goes: standard output, or standard error where --json keeps that for the document."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._json import finite
from tersenet._meaning import meanings

if TYPE_CHECKING:
    from tersenet.cli.console import SafeConsole
    from tersenet.data import Dataset

_STEERING = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")  # that JSON need not escape


@dataclasses.dataclass(frozen=True, kw_only=True)
class CommonArguments:
    """What every command takes."""

    json: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Print one JSON document on standard output, and all else on standard error."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrustArguments(CommonArguments):
    """What a command takes that may run the Python file of a run's network."""

    trust: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Run the Python file of a run that was not trained on this machine. Needed only once."""


def option(metavar: str, *aliases: str, means: str | None = None, one_of: Iterable[str] = ()) -> Any:
    """How an option without a value of its own shows in the help: `--epochs N`, nothing said of a default.

    `means` is the setting that it sets, as in `training.recipe:Recipe.epochs`: the help is then the setting's own,
    with the names that it may have, `one_of`.
    """
    about = None
    if means is not None:
        module, _, field = means.partition(":")
        owner, _, name = field.partition(".")
        about = meanings(module, owner)[name].text
        if one_of:
            about += f" Names: {', '.join(one_of)}."
    return tyro.conf.arg(metavar=metavar, aliases=aliases, help=about, help_behavior_hint="")


class Output:
    """What a command prints with: `say` for people, `document` for programs.

    >>> output = Output(json=True)
    >>> output.document({"mean": 99.41, "loss": float("nan")})
    >>> output.print_document()
    {"mean": 99.41, "loss": null}
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._document: str | None = None
        self._standard = sys.stdout

    @cached_property
    def console(self) -> SafeConsole:
        """A rich console on standard output, or on standard error with --json."""
        from tersenet.cli.console import SafeConsole

        return SafeConsole(stderr=self.json)

    def say(self, *things: Any, style: str | None = None) -> None:
        """Print text as it is (no markup is read in it, no line is broken) or any rich renderable."""
        text = all(isinstance(thing, str) for thing in things)
        self.console.print(*things, style=style, markup=False, soft_wrap=text, crop=False)

    @contextlib.contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Say what takes a moment: on a terminal until it is done, elsewhere in a line of its own."""
        if self.console.is_terminal:
            with self.console.status(what):
                yield
        else:
            self.say(what)
            yield

    def document(self, content: dict[str, Any]) -> None:
        """Keep the one JSON document, with --json, until the command has ended well.

        A figure that is not finite becomes null.
        """
        if self.json:
            self._document = json.dumps(finite(content), ensure_ascii=False)

    def print_document(self) -> None:
        """Print the document that was kept, if any; what standard output cannot say is escaped."""
        if self._document is not None:
            encodes_all = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
            must_escape = _STEERING if encodes_all else re.compile("[^\x00-\x7e]")
            print(must_escape.sub(_json_escape, self._document), flush=True)

    def document_at_once(self, content: dict[str, Any]) -> None:
        """Print the one JSON document now, with --json: for a command that goes on until it is interrupted."""
        self.document(content)
        with contextlib.redirect_stdout(self._standard):
            self.print_document()
        self._document = None

    @contextlib.contextmanager
    def for_the_document_alone(self) -> Iterator[None]:
        """With --json, what anything prints while the command runs goes to standard error."""
        with contextlib.redirect_stdout(sys.stderr) if self.json else contextlib.nullcontext():
            yield


def _json_escape(found: re.Match[str]) -> str:
    return json.dumps(found[0]).strip('"')


def say_notices(dataset: Dataset, output: Output) -> None:
    """What must be said of a data set when it was read: what it is not, and which files are not in it."""
    if dataset.notice:
        output.say(dataset.notice, style="bold yellow")
    if dataset.passed_over:
        output.say(dataset.passed_over, style="yellow")
    if dataset.read_as:
        output.say(dataset.read_as)
