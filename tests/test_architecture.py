"""The house: imports go left and through faces, no circles, no large folders or files, a light start-up."""

import ast
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "tersenet"
ROOMS = ["data", "networks", "engine", "evaluation", "training", "runs", "analysis", "inspection", "figures", "pages"]
LEFT_OF = {room: set(ROOMS[: place + 1]) for place, room in enumerate(ROOMS)}
LEFT_OF["backprop"] = {"backprop"}
LEFT_OF["export"] = {*ROOMS[:6], "export"}
LEFT_OF["search"] = {*ROOMS, "search"}
LEFT_OF["web"] = {*ROOMS, "backprop", "export", "web"}
LEFT_OF["cli"] = {*ROOMS, "search", "backprop", "export", "web", "cli"}
MOST_FILES, MOST_LINES, LONGEST = 15, 400, 100


def module_name(file: Path) -> str:
    parts = ["tersenet", *file.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(file): file for file in SOURCE.rglob("*.py")}


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LEFT_OF else None


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """Each name of Tersenet that a file imports, wherever the import stands in it: the module, and the name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("tersenet"))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            if node.module and node.module.split(".")[0] == "tersenet":
                yield from ((node.module, alias.name) for alias in node.names)


def test_every_folder_of_code_is_a_room_with_a_rule():
    folders = {path.parent.name for path in SOURCE.glob("*/*.py")}
    assert folders <= set(LEFT_OF)


@pytest.mark.parametrize("room", sorted(LEFT_OF))
def test_a_room_imports_only_from_rooms_to_its_left(room):
    for file in (SOURCE / room).rglob("*.py"):
        forbidden = {room_of(module) for module, _ in imports(file)} - LEFT_OF[room] - {None}
        assert not forbidden, f"{file.relative_to(SOURCE)} imports from {forbidden}"


@pytest.mark.parametrize("room", sorted(LEFT_OF))
def test_a_room_enters_others_by_their_face_alone(room):
    past = [
        f"{file.relative_to(SOURCE)}: {module}"
        for file in (SOURCE / room).rglob("*.py")
        for module, _ in imports(file)
        if room_of(module) not in (None, room) and module != f"tersenet.{room_of(module)}"
    ]
    assert not past


@pytest.mark.parametrize("room", sorted(set(LEFT_OF) - {"cli", "backprop"}))
def test_a_face_offers_what_it_lists_and_no_module(room):
    tree = ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8"))
    assert all(isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign) for node in tree.body), "a face only imports"
    (listed,) = (ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    homes = {name: module for module, name in imports(SOURCE / room / "__init__.py")}
    assert sorted(listed) == sorted(homes)
    assert not [name for name, module in homes.items() if f"{module}.{name}" in FILES]


def test_no_two_modules_import_each_other():
    graph = {}
    for name, file in FILES.items():
        if file.name != "__init__.py":
            graph[name] = {module for module, _ in imports(file) if FILES.get(module, file).name != "__init__.py"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))


def test_no_two_public_classes_have_one_name():
    homes: dict[str, list[str]] = {}
    for name, file in FILES.items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(name)
    # Every command has its `Arguments`: that is the contract of a command.
    assert not {name: places for name, places in homes.items() if len(places) > 1 and name != "Arguments"}


def test_no_folder_and_no_file_is_too_large():
    folders = Counter(file.parent for file in FILES.values() if file.name != "__init__.py")
    assert not {folder.relative_to(SOURCE): count for folder, count in folders.items() if count > MOST_FILES}
    lines = {name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in FILES.items()}
    assert not {name: count for name, count in lines.items() if count > MOST_LINES}


def test_no_function_is_too_long():
    long = [
        f"{name}: {node.name}, {node.end_lineno - start} lines"
        for name, file in FILES.items()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno - (start := node.body[0].end_lineno if ast.get_docstring(node) else node.lineno) > LONGEST
    ]
    assert not long


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


def test_the_analysis_loads_no_matplotlib():
    assert "matplotlib" not in loaded_by("import tersenet.analysis")


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
