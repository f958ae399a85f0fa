"""The house in figures: rooms, lines, imports between rooms, circles, the largest file, function and folder.

    python benchmarks/house.py                  # as it is, beside commit 2b23fda, the last before it was rebuilt
    python benchmarks/house.py --before COMMIT

tests/test_architecture.py holds what must stay so.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from rich.console import Console

from tersenet._table import Column, Table

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "2b23fda"


def house(source: Path) -> list[tuple[str, str]]:
    """What there is to say of a folder `tersenet`, each in a name and a figure."""
    files = {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(source.rglob("*.py"))}
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    functions = {f"{file.stem}.{name}": length for file, tree in files.items() for name, length in _functions(tree)}
    folders = Counter(file.parent for file in files if file.name != "__init__.py")
    rooms = {folder.name for folder in source.iterdir() if (folder / "__init__.py").is_file()}
    between, past = set(), 0
    for file, tree in files.items():
        home = file.relative_to(source).parts[0]
        for module in _imported(tree):
            _, _, inside = module.partition(".")
            room = inside.split(".")[0]
            if home in rooms and room in rooms and room != home:
                between.add((home, room))
                past += inside != room
    longest, function = max(lines, key=lines.__getitem__), max(functions, key=functions.__getitem__)
    [(largest, most)] = folders.most_common(1)
    return [
        ("rooms", str(len(rooms))),
        ("files", str(len(files))),
        ("lines", f"{sum(lines.values()):,}"),
        ("rooms that import another", f"{len(between)} pairs"),
        ("imports past a room's face", str(past)),
        ("circles of modules", _circle(source, files)),
        ("longest file", f"{lines[longest]} lines, {longest.relative_to(source)}"),
        ("longest function", f"{functions[function]} lines, {function}"),
        ("largest folder", f"{most} files, {largest.relative_to(source.parent)}"),
    ]


def _functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno
            assert node.end_lineno is not None
            assert first is not None
            yield node.name, node.end_lineno - first


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tersenet":
            yield node.module or ""


def _circle(source: Path, files: dict[Path, ast.Module]) -> str:
    """The modules of the first circle that there is, imports inside functions included."""

    def named(file: Path) -> str:
        parts = file.relative_to(source.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    names = {named(file) for file in files}
    imported = {named(file): {name for name in _imported(tree) if name in names} for file, tree in files.items()}
    inner = {
        name: each - {name}
        for name, each in imported.items()
        if not (source.parent / name.replace(".", "/")).is_dir()
    }
    try:
        TopologicalSorter({name: each & set(inner) for name, each in inner.items()}).prepare()
    except CycleError as error:
        return " → ".join(name.rpartition(".")[2] for name in error.args[1])
    return "none"


def main() -> None:
    """Print both houses side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", metavar="COMMIT", default=BEFORE)
    before = parser.parse_args().before
    with tempfile.TemporaryDirectory() as scratch:
        packed = subprocess.run(
            ["git", "archive", before, "src/tersenet"], cwd=ROOT, check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(scratch, filter="data")
        old = dict(house(Path(scratch) / "src" / "tersenet"))
    rows = [(name, old[name], figure) for name, figure in house(ROOT / "src" / "tersenet")]
    columns = [Column(title=title, right=False, wraps=20) for title in ("", before, "now")]
    Console().print(Table(columns=columns, rows=rows))


if __name__ == "__main__":
    main()
