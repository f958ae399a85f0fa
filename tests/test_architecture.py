"""The house: no room imports from its right, the core rooms stay clear of the command line, start-up is light."""

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "tersenet"
ROOMS = ["data", "networks", "evaluation", "training", "runs", "inspection", "reports"]
LEFT_OF = {room: set(ROOMS[: place + 1]) for place, room in enumerate(ROOMS)}
LEFT_OF["backprop"] = {"backprop"}
LEFT_OF["cli"] = {*ROOMS, "backprop", "cli"}


def imported_rooms(file: Path) -> set[str]:
    """Rooms of Tersenet that a file imports, wherever the import stands in it."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = (module.split(".") for module in modules)
    return {part[1] for part in parts if part[0] == "tersenet" and len(part) > 1 and part[1] in LEFT_OF}


@pytest.mark.parametrize("room", sorted(LEFT_OF))
def test_a_room_imports_only_from_rooms_to_its_left(room):
    for file in (SOURCE / room).rglob("*.py"):
        forbidden = imported_rooms(file) - LEFT_OF[room]
        assert not forbidden, f"{file.relative_to(SOURCE)} imports from {forbidden}"


def test_every_folder_of_code_is_a_room_with_a_rule():
    folders = {path.parent.name for path in SOURCE.glob("*/*.py")}
    assert folders <= set(LEFT_OF)


def loaded_by(code: str) -> set[str]:
    """Top-level modules that are loaded after running `code` in a fresh interpreter."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_nothing_heavy():
    loaded = loaded_by("from tersenet.cli import main; main(['--help'])")
    assert not loaded & {"torch", "sympy", "matplotlib", "optuna", "numpy", "tyro"}


def test_the_package_itself_loads_nothing_heavy():
    loaded = loaded_by("import tersenet; dir(tersenet)")
    assert not loaded & {"torch", "sympy", "matplotlib", "numpy"}


def test_the_backpropagation_lab_needs_no_torch():
    assert "torch" not in loaded_by("import tersenet.backprop")


def test_help_starts_in_less_than_three_tenths_of_a_second():
    # Processor time: what the clock shows on a machine with nothing else to do.
    seconds = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "tersenet", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.3
