"""Names of exported files: a C identifier in small letters, which begins every name in the C code."""

from __future__ import annotations

import re

from tersenet._errors import TersenetError

# Words of C99 and C++17 that an identifier in small letters could be.
_WORDS = (
    "alignas alignof and asm auto bitand bitor bool break case catch char class compl const constexpr "
    "continue decltype default delete do double else enum explicit export extern false float for friend "
    "goto if inline int long mutable namespace new noexcept not nullptr operator or private protected "
    "public register restrict return short signed sizeof static struct switch template this throw true "
    "try typedef typeid typename union unsigned using virtual void volatile while xor "
)
RESERVED = frozenset(_WORDS.split())


def check_name(name: str) -> str:
    """The name itself; raises TersenetError where C code cannot have it.

    >>> check_name("digits")
    'digits'
    >>> check_name("my-digits")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: This name cannot be used in C.
      got:      my-digits
      expected: small letters, digits and _, beginning with a letter, at most 40; no word of C or C++
      hint:     --name my_digits
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name in RESERVED:
        near = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:40]
        near = near if re.match(r"[a-z]", near) and near not in RESERVED else f"net_{near}".strip("_")[:40]
        raise TersenetError(
            "This name cannot be used in C.",
            got=name,
            expected="small letters, digits and _, beginning with a letter, at most 40; no word of C or C++",
            hint=f"--name {near}",
        )
    return name
