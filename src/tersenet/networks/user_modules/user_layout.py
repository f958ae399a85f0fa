"""Where a user's Python file is among the files that it may import."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ModuleLayout:
    """Where a file lies among those that it may import; all paths but `root` are relative to it, with `/`.

    `search` are the folders that imports are looked for in, first one first; `packages` are the dotted names of the
    packages that the file lies in, and `module` is the file's own name as a module.
    """

    root: Path
    entry: str
    module: str
    search: tuple[str, ...] = (".",)
    packages: Mapping[str, str] = field(default_factory=dict)


def find_layout(path: Path) -> ModuleLayout:
    """The layout of a file: a file in a package, or one with relative imports, is imported by its dotted name.

    Imports are looked for beside the file, beside its outermost package, and in the working folder where the file is
    under it.
    """
    path = path.resolve()
    is_package = path.name == "__init__.py"
    folder = path.parent
    depth = 0
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder, depth = folder.parent, depth + 1
    depth = min(max(depth, _relative_depth(path)), len(path.parents) - 1)
    base = path.parents[depth]
    parts = [re.sub(r"\W", "_", part) for part in path.parent.relative_to(base).parts]
    names = [".".join(parts[: place + 1]) for place in range(len(parts))]
    module = ".".join(parts) if is_package else ".".join([*parts, path.stem])
    here = Path.cwd().resolve()
    places = [path.parent, base, *([here] if path.is_relative_to(here) else [])]
    root = min(places, key=lambda place: len(place.parts))
    folders = {name: path.parents[depth - 1 - place] for place, name in enumerate(names)}
    return ModuleLayout(
        root=root,
        entry=path.relative_to(root).as_posix(),
        module=module,
        search=tuple(dict.fromkeys(place.relative_to(root).as_posix() for place in places)),
        packages={name: folder.relative_to(root).as_posix() for name, folder in folders.items()},
    )


def _relative_depth(path: Path) -> int:
    """How many folders up a file's relative imports reach; 0 where it has none, or cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)
