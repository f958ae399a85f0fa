"""The console that commands print with: a rich console through which no text of others steers the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from tersenet._readable import readable


class SafeConsole(Console):
    """A console that escapes control characters in what it is given; its own colours and cursor are left alone."""

    def __init__(self, *, stderr: bool) -> None:
        super().__init__(stderr=stderr, highlight=False, soft_wrap=False, emoji=False, markup=False)

    def on_broken_pipe(self) -> None:
        """The reader of a pipe went away: the command line ends by itself, with its own status."""
        raise BrokenPipeError

    def render_str(self, text: str, **how: Any) -> Text:
        """Plain text, made readable before it is measured, so that tables keep their columns."""
        return super().render_str(readable(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, their text made readable."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else readable(segment.text)
            yield segment if text == segment.text else Segment(text, segment.style)
