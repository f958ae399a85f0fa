"""Text files of the lab, written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from tersenet._files import written_whole


def write_text(path: Path | str, text: str) -> Path:
    """Write a text file whole, in UTF-8; return its path.

    Raises `TersenetError` where it cannot be written; what was there stays as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "page.md", "σ").read_text(encoding="utf-8")
    'σ'
    """
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
