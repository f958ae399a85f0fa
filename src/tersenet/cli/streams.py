"""What a terminal, a pipe or a file can show: any text in any encoding, nothing that steers the terminal."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from tersenet._readable import escape, readable

NARROWEST, WIDEST = 20, 10_000  # columns that a terminal may claim to have

_PLAIN = {
    "×": "x", "±": "+/-", "–": "-", "—": "-", "−": "-", "…": "...", "·": ".", "⋅": ".", "•": "*", "°": " deg",
    "→": "->", "←": "<-", "↓": "v", "↑": "^", "★": "*", "✓": "ok", "✗": "x", "✂": "8<", "†": "+", "‡": "++",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∞": "inf", "√": "sqrt", "∑": "sum", "∂": "d", "∈": "in", "′": "'",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"', "»": '"', "ß": "ss",
    "█": "#", "▇": "#", "▆": "#", "▅": "=", "▄": "=", "▃": "-", "▂": "_", "▁": "_",
    "░": ".", "▒": ":", "▓": "#", "■": "#", "□": "o", "●": "*", "○": "o", "╸": "-", "╺": "-",
}  # fmt: skip
_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho . sigma tau upsilon"
_PLAIN |= {chr(0x3B1 + place): name for place, name in enumerate(_GREEK.split()) if name != "."}
_PLAIN |= {"φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Σ": "Sum", "Δ": "Delta", "µ": "mu"}


def plain(character: str) -> str:
    """A character in ASCII, as it would be typed; an escape where there is no such way.

    >>> [plain(character) for character in "×±σ²½é│猫"]
    ['x', '+/-', 'sigma', '^2', '1/2', 'e', '|', '\\\\u732b']
    """
    if character in _PLAIN:
        return _PLAIN[character]
    name = unicodedata.name(character, "")
    flat = unicodedata.normalize("NFKD", character).replace("\u2044", "/").encode("ascii", "ignore").decode()
    if name.startswith(("SUPERSCRIPT", "SUBSCRIPT")) and flat:
        return ("^" if name.startswith("SUPER") else "_") + flat
    if name.startswith("BOX DRAWINGS"):
        return "-" if "HORIZONTAL" in name and "VERTICAL" not in name else "|" if name.endswith("VERTICAL") else "+"
    if name.startswith("BRAILLE"):
        return " " if character == "\u2800" else "."
    if unicodedata.category(character) == "Zs":
        return " "
    return flat or escape(character)


@contextmanager
def ready_streams() -> Iterator[None]:
    """Standard output and error that take any text, and an environment that no library stumbles over.

    What the encoding of a stream lacks is written as `plain` says. A stream that is closed swallows what is written
    to it. A width of the terminal that cannot be is left out of the environment, and figures are drawn without a
    display, whatever a notebook set for its own process. Warnings of libraries become one line each.
    """
    codecs.register_error("tersenet", _in_ascii)
    _fill_closed_descriptors()
    for name in ("COLUMNS", "LINES"):
        value = os.environ.get(name, "")
        fits = value.isascii() and value.isdecimal() and len(value) < 6
        if value and not (fits and (name == "LINES" or NARROWEST <= int(value) <= WIDEST)):
            del os.environ[name]
    if "matplotlib" not in sys.modules:
        os.environ["MPLBACKEND"] = "agg"
    before = (sys.stdout, sys.stderr, warnings.showwarning)
    sys.stdout, sys.stderr = (_open_stream(stream) for stream in before[:2])
    modes = [(stream, stream.errors) for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    for stream, _ in modes:
        stream.reconfigure(errors="tersenet")
    warnings.showwarning = _show_warning
    try:
        yield
    finally:
        sys.stdout, sys.stderr, warnings.showwarning = before
        for stream, errors in modes:
            with suppress(OSError, ValueError):
                stream.reconfigure(errors=errors)


def _open_stream(stream: Any) -> Any:
    """The stream, or one that swallows everything where it was closed before the program began."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8") if stream is None else stream


def _fill_closed_descriptors() -> None:
    """Standard descriptors that are closed lead nowhere, so that no file that is opened later takes their place."""
    with suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(descriptor)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: IO[str] | None = None,
    line: Any = None,
) -> None:
    """A library's warning in one line."""
    first = str(message).strip().splitlines() or [category.__name__]
    print(readable(f"note: {first[0]} ({category.__name__}, {os.path.basename(filename)}:{lineno})"), file=sys.stderr)  # noqa: PTH119


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """The handler of `errors="tersenet"`: what an encoding lacks, in ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(plain, error.object[error.start : error.end])), error.end
