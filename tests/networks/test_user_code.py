"""A user's file runs as it would in `python model.py`, with the files beside it, and apart from other such files."""

import copy
import importlib
import json
import pickle
import sys

import pytest
import torch

from tersenet.cli.main import main
from tersenet.networks import find_network
from tersenet.networks.user_modules.user_layout import find_layout

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10))
"""


@pytest.fixture
def write(tmp_path):
    """Writes files under the test's folder, by their names."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def answers(folder, spec, **size):
    return find_network(f"{folder}/{spec}", **size).module(torch.zeros(2, 1, 28, 28)).shape


LATE = (
    NET
    + """
    def forward(self, x):
        from late import doubled
        return doubled(super().forward(x))
"""
)


def test_a_file_beside_it_may_be_imported_as_late_as_in_forward(write):
    folder = write(model=LATE, late="def doubled(x):\n    return 2 * x\n")
    assert answers(folder, "model.py:Net") == (2, 10)


def test_importlib_finds_it_too(write):
    late = LATE.replace(
        "from late import doubled", "import importlib; doubled = importlib.import_module('late').doubled"
    )
    assert answers(write(model=late, late="def doubled(x):\n    return 2 * x\n"), "model.py:Net") == (2, 10)


def test_a_package_and_its_relative_imports(write, tmp_path):
    model = NET.replace(
        "from torch import nn", "from torch import nn\nfrom .blocks import WIDTH\nfrom ..top import X"
    )
    write(outer__pkg__model=model, outer__pkg__blocks="from outer.top import X as WIDTH\n", outer__top="X = 10\n")
    for package in ("outer", "outer/pkg"):
        (tmp_path / package / "__init__.py").write_text("")
    assert answers(tmp_path, "outer/pkg/model.py:Net") == (2, 10)
    assert find_network(f"{tmp_path}/outer/pkg/model.py:Net").module.__module__ == "outer.pkg.model"


def test_relative_imports_without_a_package(write):
    model = NET.replace("from torch import nn", "from torch import nn\nfrom .blocks import WIDTH")
    folder = write(**{"my nets.v1__model": model, "my nets.v1__blocks": "WIDTH = 1\n"})
    assert answers(folder, "my nets.v1/model.py:Net") == (2, 10)


def test_an_import_in_a_circle_by_the_files_own_name(write):
    folder = write(model="WIDTH = 784\nimport blocks\n" + NET, blocks="from model import WIDTH\n")
    assert answers(folder, "model.py:Net") == (2, 10)


def test_it_sees_no_arguments_of_tersenet(write, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tersenet", "train", "--epochs", "3"])
    parse = (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--width', type=int, default=784)\n"
    )
    folder = write(model=parse + "width = parser.parse_args().width\n" + NET)
    assert answers(folder, "model.py:Net") == (2, 10)
    assert sys.argv[1:] == ["train", "--epochs", "3"]


def test_its_classes_can_be_pickled_and_copied_and_be_dataclasses(write):
    model = NET.replace(
        "class Net",
        "from dataclasses import dataclass\n\n@dataclass\nclass Width:\n    n: int = 784\n\nclass Net",
    )
    folder = write(model="from __future__ import annotations\n" + model)
    network = find_network(f"{folder}/model.py:Net").module
    again = pickle.loads(pickle.dumps(network))
    assert torch.equal(again[1].weight, network[1].weight)
    assert type(copy.deepcopy(network)) is type(network)


def test_two_files_of_one_name_with_files_of_one_name_beside_them_do_not_meet(write):
    write(
        **{f"{place}__model": LATE for place in ("one", "two")},
        one__late="def doubled(x):\n    return x * 0 + 1\n",
        two__late="def doubled(x):\n    return x * 0 + 2\n",
    )
    folder = write()
    networks = [find_network(f"{folder}/{place}/model.py:Net").module for place in ("one", "two")]
    for _ in range(2):
        told = [network(torch.zeros(1, 1, 28, 28))[0, 0].item() for network in networks]
        assert told == [1.0, 2.0]


def test_a_file_that_is_edited_is_read_again_and_leaves_no_bytecode(write):
    folder = write(model="from beside import N\n" + NET, beside="N = 1\n")
    assert find_network(f"{folder}/model.py:Net").code.modules["model"].N == 1
    write(beside="N = 2\n")
    assert find_network(f"{folder}/model.py:Net").code.modules["model"].N == 2
    assert not list(folder.rglob("__pycache__"))


def test_a_module_that_the_caller_imported_stays_the_callers(write, monkeypatch):
    folder = write(model="from beside import N\n" + NET, beside="N = 1\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    importlib.invalidate_caches()
    monkeypatch.setitem(sys.modules, "beside", None)  # so that it is gone after the test
    del sys.modules["beside"]
    beside = importlib.import_module("beside")
    write(beside="N = 2\n")
    design = find_network(f"{folder}/model.py:Net")
    assert design.code.files["beside.py"] == b"N = 2\n"
    assert sys.modules["beside"] is beside
    assert "model" not in sys.modules
    elsewhere = write(elsewhere__model="from beside import N\n" + NET, elsewhere__beside="N = 3\n") / "elsewhere"
    assert find_network(f"{elsewhere}/model.py:Net").code.files["beside.py"] == b"N = 3\n"
    assert beside.N == 1


def test_a_name_that_is_taken_is_not_taken_away(write):
    import statistics

    folder = write(statistics=NET)
    assert answers(folder, "statistics.py:Net") == (2, 10)
    assert sys.modules["statistics"] is statistics


def test_what_it_needs_are_the_files_that_ran_and_those_that_it_may_import(write, tmp_path):
    folder = write(
        pkg__model=LATE.replace("from late", "from .late") + "import torch\n",
        pkg__late="from . import more\nimport pkg.last\ndef doubled(x):\n    return x\n",
        pkg__more="",
        pkg__last="",
        pkg__other="",
        pkg____init__="",
    )
    (tmp_path / "pkg" / "__init__.py").write_text("")
    code = find_network(f"{folder}/pkg/model.py:Net").code
    assert sorted(code.files) == ["pkg/__init__.py", "pkg/model.py"]
    assert sorted(code.needed_files()) == [
        "pkg/__init__.py", "pkg/last.py", "pkg/late.py", "pkg/model.py", "pkg/more.py",
    ]  # fmt: skip


def test_a_layout_reaches_from_the_working_folder_to_the_file(write, monkeypatch):
    folder = write(nets__model=NET)
    monkeypatch.chdir(folder)
    layout = find_layout(folder / "nets" / "model.py")
    assert (layout.root, layout.entry, layout.search) == (folder.resolve(), "nets/model.py", ("nets", "."))


def test_what_a_file_prints_goes_to_standard_error(write, capsys):
    folder = write(model="print('loading')\n" + NET + "        print('made')\n")
    assert main(["summary", f"{folder}/model.py:Net", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["parameters"] == 7850
    assert captured.err.splitlines()[:2] == ["loading", "made"]


@pytest.mark.parametrize(("body", "hinted"), [("x @ x[0, 0, 0, :3]", True), ("undefined(x)", False)])
def test_the_size_is_asked_for_only_where_it_would_help(write, capsys, body, hinted):
    folder = write(model=NET + f"    def forward(self, x):\n        return {body}\n")
    assert main(["summary", f"{folder}/model.py:Net"]) == 1
    assert ("--input CxHxW" in capsys.readouterr().err) is hinted
    words = ["--data", "synthetic", "--epochs", "1", "--no-report", "--runs-dir", f"{folder}/runs"]
    assert main(["train", f"{folder}/model.py:Net", *words]) == 1
    assert "--input" not in capsys.readouterr().err


def test_an_exit_in_forward_is_an_error_and_gives_no_result(write, capsys):
    folder = write(model=NET + "    def forward(self, x):\n        import sys\n        sys.exit(0)\n")
    assert main(["summary", f"{folder}/model.py:Net", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "SystemExit: 0" in captured.err


def test_a_network_that_prints_leaves_standard_output_to_the_document(write, capsys, picture_folder):
    folder = write(
        model=NET.replace("10)", "2)")
        + "    def forward(self, x):\n        print('x')\n        return super().forward(x)\n"
    )
    words = ["--data", f"folder:{picture_folder}", "--epochs", "1", "--no-report", "--runs-dir", f"{folder}/runs"]
    assert main(["train", f"{folder}/model.py:Net", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 1570


def test_an_exit_in_the_midst_of_a_training_is_an_error(write, capsys, picture_folder):
    body = "        import sys\n        return sys.exit(0) if self.training else super().forward(x)\n"
    folder = write(model=NET.replace("10)", "2)") + "    def forward(self, x):\n" + body)
    words = ["--data", f"folder:{picture_folder}", "--epochs", "1", "--no-report", "--runs-dir", f"{folder}/runs"]
    assert main(["train", f"{folder}/model.py:Net", *words]) == 1
    assert "The network's code ended the program.\n  got:      sys.exit(0)" in capsys.readouterr().err
