"""Text of others without what would steer a terminal."""

from __future__ import annotations

import re

# Control characters but for the line's end and the tab, marks that turn the direction of writing, and halves of
# characters, which stand for the bytes of a name that is not UTF-8.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def readable(text: str) -> str:
    r"""Text with what would steer a terminal as escapes.

    >>> readable("a\x1b[31mb"), readable("caf\udce9")
    ('a\\x1b[31mb', 'caf\\xe9')
    """
    return _STEERING.sub(lambda found: escape(found[0]), text)


def escaped_toml(text: str) -> str:
    r"""The text of a TOML file with what would steer a terminal as TOML's own escapes: it loads as the same.

    >>> print(escaped_toml('source = "a\x9b31mb"'))
    source = "a\u009b31mb"
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape(character: str) -> str:
    r"""A character by its number, as Python writes it; half a character is written as its byte.

    >>> escape("\x1b"), escape("猫"), escape("\udce9")
    ('\\x1b', '\\u732b', '\\xe9')
    """
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
