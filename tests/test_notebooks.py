"""Every notebook runs from a clean kernel, from the first cell to the last, and opens in Jupyter and Colab."""

import ast
import importlib
import importlib.util
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from tersenet import build, diagnose, summarize
from tersenet.inspection.doctor.diagnosis import format_diagnosis

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# What keeps the saved outputs is a script, not a module of the package: it is found by its path.
spec = importlib.util.spec_from_file_location("execute", ROOT / "notebooks" / "execute.py")
execute = importlib.util.module_from_spec(spec)
spec.loader.exec_module(execute)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def few_digits(tmp_path_factory):
    """A folder of a hundred digits or so, ten classes, in print."""
    folder, numbers, font = tmp_path_factory.mktemp("digits"), random.Random(0), ImageFont.load_default(22)
    for half, count in (("train", 14), ("test", 4)):
        for digit in "0123456789":
            (folder / half / digit).mkdir(parents=True)
            for index in range(count):
                picture = Image.new("L", (28, 28))
                ImageDraw.Draw(picture).text(
                    (numbers.randint(5, 9), numbers.randint(-2, 3)), digit, fill=255, font=font
                )
                picture.rotate(numbers.uniform(-15, 15)).save(folder / half / digit / f"{index}.png")
    return folder


def on_few_pictures(notebook, folder):
    """The notebook with its parameters set anew by a cell after theirs: few pictures, one epoch."""
    for place, cell in enumerate(notebook.cells):
        if "parameters" in cell.metadata.get("tags", []):
            names = [name for name in re.findall(r"^([A-Z_]+) =", cell.source, re.MULTILINE) if name != "DATA"]
            lines = [f"DATA = {f'folder:{folder}'!r}", *(f"{name} = 1" for name in names)]
            notebook.cells.insert(place + 1, nbformat.v4.new_code_cell("\n".join(lines)))
            return notebook
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def words_of(output):
    """What an output says in words, pictures left out."""
    told = (said for kind, said in output.get("data", {}).items() if not kind.startswith("image/"))
    return "\n".join([output.get("text", ""), *map(str, told)])


@each_notebook
# The kernel's client warns about its own event loop and sockets; that is not ours to fix.
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs_from_a_clean_kernel(path, few_digits):
    notebook = on_few_pictures(nbformat.read(path, as_version=4), few_digits)
    execute.run(notebook)
    assert not execute.troubles(notebook)
    assert any("image/png" in output.get("data", {}) for output in outputs_of(notebook))


@each_notebook
def test_a_notebook_is_of_the_form_that_jupyter_and_colab_read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.cells[0].cell_type == "markdown"


@each_notebook
def test_the_saved_outputs_are_those_of_one_whole_run(path):
    notebook = nbformat.read(path, as_version=4)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = outputs_of(notebook)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    assert not execute.troubles(notebook), "hint: python notebooks/execute.py"
    said = "\n".join(map(words_of, outputs))
    if path.stem != "backpropagation":
        assert "mnist" in said
        assert re.search(r"\b9[5-9]\.\d\d %", said)  # a network that has learned MNIST


@each_notebook
def test_nothing_is_saved_that_changes_from_one_run_to_the_next(path):
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) == {"colab", "kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}
    assert not [cell.id for cell in notebook.cells if set(cell.metadata) - {"tags"}]
    assert not [output for output in outputs_of(notebook) if output.get("metadata")]


@each_notebook
def test_the_first_code_cell_installs_tersenet_where_it_is_missing_from_the_address_of_the_project(path, monkeypatch):
    first = code_cells(nbformat.read(path, as_version=4))[0].source
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {key.lower(): value for key, value in project.get("urls", {}).items()}
    address = f"git+{named['repository']}" if "repository" in named else ".."
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: commands.append(command))

    exec(first, {})
    assert commands == []  # it is here

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(first, {})
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", address]], (
        "hint: python notebooks/execute.py"
    )


@each_notebook
def test_a_notebook_uses_the_public_api_alone(path):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        source = "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))
        for node in ast.walk(ast.parse(source)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tersenet"):
                module = importlib.import_module(node.module)
                modules = [node.module]
                assert not [alias.name for alias in node.names if alias.name.startswith("_")]
                offered = getattr(module, "__all__", dir(module))
                assert {alias.name for alias in node.names} <= set(offered), node.module
            assert not [module for module in modules if module.startswith("tersenet") and "._" in module]


@pytest.mark.parametrize(
    "output",
    [
        nbformat.v4.new_output("stream", name="stdout", text="wrote /home/me/runs/first-1\n"),
        nbformat.v4.new_output("execute_result", data={"text/plain": "PosixPath('/tmp/x/report.html')"}),
        nbformat.v4.new_output("stream", name="stderr", text="UserWarning: something\n"),
        nbformat.v4.new_output("error", ename="ValueError", evalue="no"),
    ],
    ids=("a path", "a path as a value", "a warning", "an error"),
)
def test_what_must_not_be_saved_is_found(output):
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    assert len(execute.troubles(nbformat.v4.new_notebook(cells=[cell]))) == 1
    harmless = nbformat.v4.new_output("stream", name="stdout", text="report: runs/first-1/report.html, 1/10 right\n")
    assert (
        execute.troubles(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[harmless])])) == []
    )


def test_what_is_printed_in_pieces_is_saved_as_one():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("a\n", "b\n")]
    between = nbformat.v4.new_output("display_data", data={"text/plain": "x"}, metadata={"width": 3})
    kept = execute.joined([*pieces, between, nbformat.v4.new_output("stream", name="stdout", text="c\n")])
    assert [output.get("text") for output in kept] == ["a\nb\n", None, "c\n"]
    assert kept[1].metadata == {}


def test_the_address_is_that_of_the_project_where_it_has_one(tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "HERE", tmp_path / "notebooks")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    assert execute.address() == ".."
    (tmp_path / "pyproject.toml").write_text(
        '[project.urls]\nRepository = "https://example.org/x"\n', encoding="utf-8"
    )
    assert execute.address() == "git+https://example.org/x"


def test_a_table_is_plain_text_in_a_notebook_as_elsewhere(monkeypatch):
    batches = [(torch.rand(8, 1, 28, 28), torch.arange(8) % 2)]
    summary = summarize(build("4C3 BN R GAP 10Nb"))
    diagnosis = diagnose(build("4C3 BN R GAP 10Nb"), batches)
    elsewhere = str(summary), format_diagnosis(diagnosis)
    assert "Conv2d" in elsewhere[0]
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert (str(summary), format_diagnosis(diagnosis)) == elsewhere


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} == {"backpropagation", "first_network", "under_budget"}


def test_the_address_alone_is_written_without_running_anything(tmp_path, monkeypatch):
    """`execute.py --address` changes the line SOURCE and nothing else."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nurls = { Repository = "https://example.org/x" }\n'
    )
    copy = tmp_path / "notebooks" / "first_network.ipynb"
    copy.write_bytes((ROOT / "notebooks" / "first_network.ipynb").read_bytes())
    before = code_cells(nbformat.read(copy, as_version=4))
    monkeypatch.setattr(execute, "HERE", tmp_path / "notebooks")
    execute.main(["--address"])
    after = code_cells(nbformat.read(copy, as_version=4))
    changed = [(old.source, new.source) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert 'SOURCE = "git+https://example.org/x"' in changed[0][1]
