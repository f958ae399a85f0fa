"""The optimisers that there are: found by their files, with words of their own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import tersenet
from tersenet import TersenetError
from tersenet.training import OPTIMIZERS, Recipe, make_optimizer
from tersenet.training.optimizers.registry import kind_of

LION = """
import torch
from tersenet.training.optimizers.optimizer_kind import OptimizerKind, decayed_groups

class LionKind(OptimizerKind):
    name, title, about, source, momentum_means = "lion", "Lion", "steps of one size", "Chen et al. 2023", "momentum"
    makes = torch.optim.SGD

    @classmethod
    def make(cls, weights, *, rate, momentum, nesterov, weight_decay):
        return torch.optim.SGD(decayed_groups(weights, weight_decay), lr=rate)

    @classmethod
    def remembers(cls, group):
        return frozenset({"momentum_buffer"})
"""
USE = """
from tersenet import Recipe, TersenetError
from tersenet.cli.commands.shell.completion import candidates
print(Recipe(optimizer="lion").optimizer, [*candidates(["train", "--optimizer", "li"])])
try:
    Recipe(optimizer="lionn")
except TersenetError as error:
    print("lion" in error.expected.split(", "))
"""


def test_a_file_in_the_folder_is_an_optimiser_for_recipe_errors_and_completion(tmp_path):
    source = Path(tersenet.__file__).parent
    shutil.copytree(source, tmp_path / "tersenet", ignore=shutil.ignore_patterns("__pycache__", "weights"))
    (tmp_path / "tersenet/training/optimizers/kinds/lion.py").write_text(LION, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USE], capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}, check=True
    )
    assert done.stdout.splitlines() == ["lion ['lion']", "True"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_says_what_it_is(name):
    kind = OPTIMIZERS[name]
    assert kind.__module__.endswith(f".{name}")
    assert all((kind.title, kind.about, kind.source, kind.momentum_means))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_is_of_the_kind_that_made_it(name):
    optimizer = make_optimizer(torch.nn.Linear(2, 2), Recipe(optimizer=name))
    assert kind_of(optimizer) is OPTIMIZERS[name]


def test_one_that_is_not_known_is_named():
    with pytest.raises(TersenetError, match="Rprop"):
        kind_of(torch.optim.Rprop([torch.nn.Parameter(torch.ones(1))]))
