"""Where a command's words go: standard output, or standard error where --json keeps the former for one document."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import tyro

if TYPE_CHECKING:
    from rich.console import Console


@dataclasses.dataclass(frozen=True, kw_only=True)
class CommonArguments:
    """What every command takes."""

    json: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = False
    """Print one JSON document on standard output, and all else on standard error."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrustArguments(CommonArguments):
    """What a command takes that may run the Python file of a run's network."""

    trust: bool = False
    """Run the Python file of a run that was not trained on this machine. It is asked once."""


def option(metavar: str) -> Any:
    """How an option without a value of its own shows in the help: `--epochs N`, nothing said of a default."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


class Output:
    """What a command prints with: `say` for people, `document` for programs.

    >>> Output(json=True).document({"mean": 99.41, "loss": float("nan")})
    {"mean": 99.41, "loss": null}
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.document_stream = sys.stdout  # as it is now: with --json all else is sent to standard error

    @cached_property
    def console(self) -> Console:
        """A rich console on standard output, or on standard error with --json."""
        from rich.console import Console

        return Console(stderr=self.json, highlight=False, soft_wrap=False)

    def say(self, *things: Any, style: str | None = None) -> None:
        """Print text as it is (no markup is read in it, no line is broken) or any rich renderable."""
        text = all(isinstance(thing, str) for thing in things)
        self.console.print(*things, style=style, markup=False, soft_wrap=text)

    def document(self, content: dict[str, Any]) -> None:
        """Print the one JSON document, with --json; a figure that is not finite becomes null."""
        if self.json:
            print(json.dumps(_finite(content), ensure_ascii=False), file=self.document_stream, flush=True)


def _finite(value: Any) -> Any:
    """The same structure with NaN and infinities as None, which JSON can say."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
