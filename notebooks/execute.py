"""Run notebooks from a clean kernel and keep what they show.

`python notebooks/execute.py` runs all of them, `python notebooks/execute.py first_network` one, in an empty folder
that is thrown away. Only the outputs of the cells are saved, so that differences stay small: no times, versions or
editor settings. A notebook that fails, warns, or shows a path of this machine is left unchanged.

The first cells install Tersenet from the repository that `pyproject.toml` names, if it names one;
`python notebooks/execute.py --address` only writes that address into the notebooks, and runs nothing.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
PATHS = re.compile(r"/(home|root|tmp|work|Users|mnt|opt|usr|var|private)/|site-packages|[A-Z]:\\\\")
SOURCE = re.compile(r'^SOURCE = "[^"]*"', re.MULTILINE)


def main(names: list[str]) -> None:
    """Run the notebooks of these names, or all; with `--address` only write their address."""
    only_address = "--address" in names
    names = [name for name in names if name != "--address"]
    for path in sorted(HERE.glob("*.ipynb")):
        if not names or path.stem in names:
            notebook = nbformat.read(path, as_version=4)
            write_address(notebook)
            if only_address:
                nbformat.write(notebook, path)
                continue
            run(notebook)
            for trouble in troubles(notebook):
                sys.exit(f"{path.name} is left as it was: {trouble}")
            strip(notebook)
            nbformat.write(notebook, path)
            print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells run")


def address() -> str:
    """Where a first cell installs Tersenet from: the repository that `pyproject.toml` names, else `..`."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {key.lower(): value for key, value in project.get("urls", {}).items()}
    return f"git+{named['repository']}" if "repository" in named else ".."


def write_address(notebook: Any) -> None:
    """Put the address into the first code cell, which pip then installs from."""
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source, count = SOURCE.subn(f'SOURCE = "{address()}"', first.source)
    if count != 1:
        sys.exit("The first code cell has no line SOURCE = …")


def run(notebook: Any) -> None:
    """Run all cells in an empty folder; raises nbclient's error at the first cell that fails."""
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=3600, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()


def troubles(notebook: Any) -> list[str]:
    """What must not be saved: warnings, errors, and paths of the machine."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error" or output.get("name") == "stderr":
                found.append(f"cell {cell.id} warns or fails: {output}")
            told = {kind: said for kind, said in output.get("data", {}).items() if not kind.startswith("image/")}
            said = output.get("text", "") + json.dumps(told, ensure_ascii=False)
            if PATHS.search(said):
                found.append(f"cell {cell.id} shows a path of this machine: {said}")
    return found


def strip(notebook: Any) -> None:
    """Keep the cells' own metadata (their tags) and no other, and number the cells in their order."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    notebook.metadata = {
        "colab": {"provenance": []},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(notebook)


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs without their metadata; stream outputs that timing split are merged."""
    kept: list[Any] = []
    for output in outputs:
        if "metadata" in output:
            output.metadata = {}
        if kept and output.output_type == "stream" and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


if __name__ == "__main__":
    main(sys.argv[1:])
