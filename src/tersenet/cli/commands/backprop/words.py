"""How the subcommands of `tersenet backprop` print sentences and numbers, and write pages."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet._files import written_whole
from tersenet.cli.output import Output


def tell(output: Output, sentence: str) -> None:
    """Say a sentence, broken between words where the terminal is narrow."""
    indent = " " * (len(sentence) - len(sentence.lstrip(" ")))
    words = textwrap.wrap(
        sentence.strip(),
        output.console.width,
        initial_indent=indent,
        subsequent_indent=2 * indent,
        break_on_hyphens=False,
    )
    output.say("\n".join(words))


def write_page(path: Path, text: str) -> None:
    """Write a text file whole, or raise `TersenetError`; its folder must be there."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def folder_of(path: Path) -> Path:
    """The folder, created if it does not exist."""
    if path.exists() and not path.is_dir():
        raise TersenetError("The output folder is a file.", got=path, expected="the name of a folder")
    path.mkdir(parents=True, exist_ok=True)
    return path


def nine(value: float) -> str:
    """Nine decimals, fewer above 10; very large and very small numbers are written with a power of ten.

    >>> nine(0.014181377937), nine(1.964e-13), nine(17959.190088337)
    ('0.014181378', '1.96400e-13', '17959.19009')
    """
    if value != value or abs(value) >= 1e5 or 0 < abs(value) < 1e-6:
        return f"{value:.{5 if 1e-99 < abs(value) < 1e100 else 4}e}"
    return f"{value:.{10 - len(str(int(abs(value))))}f}"
