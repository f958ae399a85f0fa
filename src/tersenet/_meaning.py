"""What the fields of a dataclass and the entries of a registry mean: written once, beside each of them.

Help, template and documentation print it. The meaning of a field is the docstring under it, the reason for its
default the comment behind it; an entry says what it is `about`. All are read from the source, so that
`tersenet train --help` does not load torch to say what an epoch is.
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
    source = _source(module)
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


@functools.cache
def entries(module: str) -> dict[str, str]:
    """What each entry of the registry in a module is about: all that is made there with a `name` and an `about`.

    >>> entries("data.named_sets")["mnist"]
    'handwritten digits'
    """
    found: dict[str, str] = {}
    for node in ast.parse(_source(module)).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            said = {word.arg: word.value for word in node.value.keywords}
            name, about = said.get("name"), said.get("about")
            if isinstance(name, ast.Constant) and isinstance(about, ast.Constant):
                found[str(name.value)] = str(about.value)
    return found


def _source(module: str) -> str:
    path = Path(__file__).parent.joinpath(*module.split(".")).with_suffix(".py")
    return path.read_text(encoding="utf-8")
