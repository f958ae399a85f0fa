"""What the fields of a dataclass mean: written once, under each field; help, template and documentation print it.

The meaning is the docstring under a field, the reason for its default the comment behind it. Both are read from the
source, so that `tersenet train --help` does not load torch to say what an epoch is.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a field means, in sentences; its default as written; and why that is the default, if that is said."""

    text: str
    default: str = ""
    why: str = ""


@functools.cache
def meanings(module: str, owner: str) -> dict[str, Meaning]:
    """The meaning of each field of the class `owner` in a module of Tersenet, in the order of the fields.

    >>> found = meanings("training.recipe", "Recipe")["epochs"]
    >>> found.text, found.default
    ('Number of passes over the training set.', '10')
    """
    path = Path(__file__).parent.joinpath(*module.split(".")).with_suffix(".py")
    source = path.read_text(encoding="utf-8")
    lines = source.split("\n")
    (body,) = (node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == owner)
    found: dict[str, Meaning] = {}
    for field, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            assert field.end_lineno is not None
            behind = lines[field.end_lineno - 1].encode()[field.end_col_offset :].decode()
            found[field.target.id] = Meaning(
                text=" ".join(ast.literal_eval(below.value).split()),
                why=behind.partition("#")[2].strip(),
                default="" if field.value is None else ast.unparse(field.value),
            )
    return found
