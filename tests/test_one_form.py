"""Only `data` knows what a picture is like: everywhere else its form says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "tersenet"
FIGURES = (28, 784, 0.1307, 0.3081, "0123456789", "gray", "grey")

# Numbers that mean something else, and the one place where a picture is drawn.
MEANT = {
    ("figures/contender_figures.py", 28),  # letters of a name
    ("figures/style.py", "gray"),  # matplotlib's colours for a picture of one channel
}


def mentioned(file: Path) -> Iterator[tuple[object, int]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float, str) and node.value in FIGURES:
            yield node.value, node.lineno
        if isinstance(node, ast.FunctionDef):
            places = [*node.args.posonlyargs, *node.args.args][::-1]
            defaults = [*zip(places, node.args.defaults[::-1], strict=False)]
            defaults += [*zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
            for argument, value in defaults:
                if argument.arg == "classes" and isinstance(value, ast.Constant) and value.value is not None:
                    yield "classes = 10", node.lineno


def test_nothing_outside_data_knows_the_size_the_colours_or_the_figures_of_a_picture():
    files = [file for file in SOURCE.rglob("*.py") if file.relative_to(SOURCE).parts[0] not in ("data", "backprop")]
    assert len(files) > 100
    found = {(file.relative_to(SOURCE).as_posix(), value): line for file in files for value, line in mentioned(file)}
    assert not {f"{name}:{found[name, value]}: {value}" for name, value in found if (name, value) not in MEANT}
    assert set(found) >= MEANT, "an exception that is not needed any more"


def test_the_search_finds_what_it_looks_for(tmp_path):
    guilty = tmp_path / "guilty.py"
    guilty.write_text("def f(x, size=(1, 28, 28), *, classes=10):\n    return (x - 0.1307) / 0.3081\n")
    assert {value for value, _ in mentioned(guilty)} == {28, 0.1307, 0.3081, "classes = 10"}
