"""A new file is a new kind of layer, and nothing else is needed."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import tersenet
from tersenet.networks import LAYER_KINDS
from tersenet.networks.layers.activations.relu import ReLU
from tersenet.networks.layers.registry import by_letters

SOFTSIGN = """
from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.activations.activation import ActivationKind


@dataclass(frozen=True)
class Softsign(ActivationKind):
    letters = "SS"
    example = "SS"
    name = "softsign"
    words = "softsign: x/(1 + |x|)"
    alike = {"SS": "Softsign()"}
    functions = {"softsign": "Softsign"}
    made_by = nn.Softsign
"""
USE = """
from tersenet import build, summarize
print([(row.type, row.receptive_field) for row in summarize(build("4C3 SS GAP 10N")).layers][1])
from tersenet.networks import parse
try:
    parse("4C3 XX")
except Exception as error:
    print("SS" in error.expected.split())
"""


def test_a_file_in_the_folder_is_a_kind_for_parser_module_summary_and_errors(tmp_path):
    source = Path(tersenet.__file__).parent
    shutil.copytree(source, tmp_path / "tersenet", ignore=shutil.ignore_patterns("__pycache__", "weights"))
    (tmp_path / "tersenet/networks/layers/softsign.py").write_text(SOFTSIGN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USE], capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}, check=True
    )
    assert done.stdout.splitlines() == ["('Softsign', 3)", "True"]


def test_two_kinds_cannot_have_the_same_letters():
    @dataclass(frozen=True)
    class Rival(ReLU):
        letters = "r"

    with pytest.raises(ValueError, match="same letters"):
        by_letters([*LAYER_KINDS.values(), Rival])
