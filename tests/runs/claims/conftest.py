"""A small run and a group on drawn digits, of which the tests make claims."""

import shutil

import pytest

from made_claims import SMALL
from tersenet.runs import GroupPlan, start_run, write_record
from tersenet.runs.family.group import Group


@pytest.fixture(scope="module")
def few_digits():
    from tersenet.data import Dataset
    from tersenet.data.drawn.synthetic import draw_synthetic

    train, test = draw_synthetic(seed=0, train=300, test=100)
    return Dataset(name="synthetic", train=train, test=test, classes=tuple("0123456789"), source="drawn for a test")


@pytest.fixture(autouse=True)
def use_few_digits(monkeypatch, few_digits):
    for module in ("tersenet.runs.start", "tersenet.runs.folder", "tersenet.runs.claims.verify"):
        monkeypatch.setattr(f"{module}.load_data", lambda name, **_: few_digits)


@pytest.fixture
def run(tmp_path):
    return start_run(SMALL, runs_dir=tmp_path / "runs")


@pytest.fixture
def group(tmp_path):
    """Two seeds in a folder, as `tersenet train --seeds 2` leaves them."""
    path = tmp_path / "runs" / "small-1"
    for seed in (0, 1):
        made = start_run(SMALL.changed(seed=seed), runs_dir=tmp_path / "made")
        shutil.copytree(made.path, path / f"seed-{seed}")
    for name in ("experiment.toml", "environment.json"):
        shutil.copy(path / "seed-0" / name, path / name)
    write_record(path / "group.json", GroupPlan(seeds=(0, 1), processes=1))
    return Group(path)
