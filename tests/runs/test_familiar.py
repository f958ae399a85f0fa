"""What a run's training pictures are like: fitted once, kept, and fitted again where it belongs to other weights."""

import shutil

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.runs import Experiment, Run, familiar, familiarity_of, start_run
from tersenet.runs.familiar import FAMILIARITY
from tersenet.training import Recipe


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2N",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    return start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(trained, tmp_path):
    return Run(shutil.copytree(trained.path, tmp_path / "tiny-1", ignore=shutil.ignore_patterns(FAMILIARITY)))


@pytest.fixture
def fits(monkeypatch):
    """How often it was fitted."""
    count = []
    real = familiar.fit_familiarity
    monkeypatch.setattr(familiar, "fit_familiarity", lambda *words: count.append(1) or real(*words))
    return count


def test_it_is_fitted_once_and_then_kept(run, fits):
    first = familiarity_of(run)
    again = familiarity_of(Run(run.path))
    assert len(fits) == 1
    assert torch.equal(first.directions, again.directions)
    assert again.least_probability == first.least_probability


@pytest.mark.parametrize("content", [b"", b"damaged", b"\x08" + bytes(20)])
def test_a_damaged_file_is_fitted_again(run, fits, content):
    (run.path / FAMILIARITY).write_bytes(content)
    familiarity_of(run)
    familiarity_of(run)
    assert len(fits) == 1


def test_other_weights_are_looked_at_anew(run, fits):
    familiarity_of(run)
    model = run.model()
    with torch.no_grad():
        next(model.parameters()).add_(1)
    from tersenet.runs.folder import write_model

    write_model(run.path, model, run.notation)
    familiarity_of(Run(run.path))
    assert len(fits) == 2


def test_nothing_is_downloaded_for_it(run, monkeypatch):
    asked = []

    def refuse(*words, download=True, **more):
        asked.append(download)
        raise TersenetError("not here")

    monkeypatch.setattr("tersenet.runs.folder.load_data", refuse)
    with pytest.raises(TersenetError):
        familiarity_of(run)
    assert asked == [False]
