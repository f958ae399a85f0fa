"""How the kinds of layers are written, for the browser's parser: the registry as JSON."""

from __future__ import annotations

from typing import Any

from tersenet.networks import LAYER_KINDS, LayerKind, WrittenForm


def kinds_table() -> dict[str, dict[str, Any]]:
    """Every kind by its letters in capitals: its words, and how its fields are written.

    >>> kinds_table()["C"]["before"]["name"], kinds_table()["GAP"]["options"]
    ('channels', [])
    """
    return {letters: _kind(kind) for letters, kind in LAYER_KINDS.items()}


def _kind(kind: type[LayerKind]) -> dict[str, Any]:
    before, after = ([_written(kind, *each) for each in kind.at(place).items()] for place in ("before", "after"))
    return {
        "letters": kind.letters,
        "example": kind.example,
        "name": kind.name,
        "words": kind.words,
        "family": kind.family,
        "form": kind.form(),
        "alsoCalled": list(kind.also_called),
        "before": before[0] if before else None,
        "after": after[0] if after else None,
        "options": [_written(kind, *each) for each in kind.at("option").items()],
    }


def _written(kind: type[LayerKind], name: str, how: WrittenForm) -> dict[str, Any]:
    default: Any = kind.__dataclass_fields__[name].default if how.place == "option" else None
    return {
        "name": name,
        "what": how.what,
        "letter": how.letter,
        "low": how.low,
        "high": how.high,
        "decimal": how.decimal,
        "below": how.below,
        "switch": how.switch,
        "longest": how.longest,
        "default": int(default) if default is not None else None,
        "shown": how.shown,
    }
