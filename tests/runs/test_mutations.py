"""Whatever the files of a run folder hold, a command ends with one clear error, and a list shows the other runs.

`TERSENET_MUTATIONS=2000 python -m pytest tests/runs/test_mutations.py` tries more, and the slow commands too.
"""

import json
import os
import random
import shutil
import tomllib
from pathlib import Path

import pytest
import tomli_w

from tersenet.cli.main import main
from tersenet.data import Dataset
from tersenet.data.drawn.synthetic import draw_synthetic

OLDER = Path(__file__).parent / "older" / "schema-1"
MANY = int(os.environ.get("TERSENET_MUTATIONS", "0"))
FILES = ("experiment.toml", "environment.json", "result.json", "metrics.csv", "group.json", "status.json")
VALUES = (
    None, "", "text", "\x1b[31m", "a\0b", [], {}, [1], {"a": 1}, [[]], 0, -1, 1, 2**31, 2**63, 10**300, 0.5, -0.5,
    1e308, float("nan"), float("inf"), True, "²", "\\udce9", "a" * 10_000, [None], ["x"] * 20, {"": None},
)  # fmt: skip


def nodes(value, path=()):
    """The paths of everything inside a nested value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from nodes(inner, (*path, key))


def changed(value, path, numbers):
    """A nested value with one place deleted or replaced."""
    if not path:
        return numbers.choice(VALUES)
    copy = value.copy()
    if len(path) == 1 and numbers.random() < 0.3:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], numbers)
    return copy


def spoil(file, numbers):
    """Damage one file in a way that happens, or that somebody might try."""
    content = file.read_bytes()
    kind = numbers.choice(("value",) * 12 + ("bytes", "cut", "empty", "gone", "folder", "digits", "nesting", "line"))
    if kind == "value" and file.suffix in (".json", ".toml"):
        loads = json.loads if file.suffix == ".json" else tomllib.loads
        tables = loads(content.decode())
        tables = changed(tables, numbers.choice(list(nodes(tables))[1:]), numbers)
        try:
            file.write_text(json.dumps(tables) if file.suffix == ".json" else tomli_w.dumps(tables))
        except (TypeError, ValueError):  # TOML has no null
            file.write_bytes(content.replace(b" = ", b" = [", 1))
    elif kind in ("value", "line"):
        lines = content.decode().splitlines()
        place = numbers.randrange(len(lines))
        cells = lines[place].split(",")
        cells[numbers.randrange(len(cells))] = numbers.choice(
            ("", "x", "-1", "nan", "inf", "1e999", "9" * 5000, '"', "\0")
        )
        lines[place] = ",".join(cells)
        file.write_text("\n".join(lines[: numbers.choice((place, len(lines)))] + lines[place:]) + "\n")
    elif kind == "bytes":
        place = numbers.randrange(len(content))
        file.write_bytes(content[:place] + bytes([numbers.randrange(256)]) + b"\xff\xfe" + content[place + 1 :])
    elif kind == "cut":
        file.write_bytes(content[: numbers.randrange(len(content))])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "digits":
        file.write_bytes(content.replace(b"1", b"1" * 5000, 1))
    elif kind == "nesting":
        deep = b"[" * 100_000
        file.write_bytes(deep if file.suffix == ".json" else b"x = " + deep)
    else:
        file.unlink()
        if kind == "folder":
            file.mkdir()
    return kind


@pytest.fixture(scope="module")
def few_digits():
    train, test = draw_synthetic(seed=0, train=300, test=100)
    return Dataset(name="synthetic", train=train, test=test, classes=tuple("0123456789"), source="drawn", notice=None)


@pytest.fixture(autouse=True)
def quick(monkeypatch, few_digits):
    """A small data set in place of the named ones, and no net for what is not expected."""
    monkeypatch.setenv("TERSENET_TRACEBACK", "1")
    for module in ("tersenet.runs.start", "tersenet.runs.folder"):
        monkeypatch.setattr(f"{module}.load_data", lambda name, **_: few_digits)


@pytest.mark.parametrize("seed", range(MANY or 80))
def test_a_damaged_folder_is_one_error_and_hides_no_other(seed, tmp_path, capsys):
    numbers = random.Random(seed)
    runs = tmp_path / "runs"
    shutil.copytree(OLDER, runs)
    where = numbers.choice(("whole-1", "broken-1", "seeds-1", "seeds-1/seed-0"))
    if where == "broken-1":
        text = (runs / where / "experiment.toml").read_text().replace("epochs = 3000", "epochs = 13")
        (runs / where / "experiment.toml").write_text(text)
    file = numbers.choice([runs / where / name for name in FILES if (runs / where / name).is_file()])
    kind = spoil(file, numbers)
    run, place = where, ["--runs-dir", str(runs)]
    lists = [["runs", *place], ["runs", "best", "--data", "synthetic", *place], ["experiments", *place]]
    commands = [*lists] if MANY else [["runs", *place], numbers.choice(lists[1:])]
    acting = [
        ["claim", run, *place, "--out", str(tmp_path / "claim.toml")],
        ["train", "--resume", run, *place, "--no-report"],
    ]
    if where != "seeds-1":
        acting.append(["evaluate", run, *place])
    if MANY:
        acting += [
            ["report", run, *place],
            ["compare", run, "seeds-1/seed-1", *place],
            ["predict", run, str(tmp_path), *place],
        ]
    commands += [numbers.choice(acting)]
    for words in commands:
        capsys.readouterr()
        status = main([*words, "--json"])
        captured = capsys.readouterr()
        told = f"{words}: {kind} in {file}\n{captured.err}"
        assert status in (0, 1, 3), told
        assert (captured.out == "") == (status == 1), told
        assert "\x1b" not in captured.err, told
        if words in lists:
            assert status == 0, told
        elif status == 1:
            assert captured.err.count("error: ") == 1, told
        if words[0] == "runs" and len(words) == 3:
            listed = json.loads(captured.out)
            names = {row["run"] for part in listed.values() for row in part}
            assert names | {where.split("/")[0]} == {"whole-1", "broken-1", "seeds-1"}, told
