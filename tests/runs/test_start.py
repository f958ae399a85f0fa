"""What a training refuses before its folder is made."""

import pytest

from tersenet import TersenetError
from tersenet.data import Augmentation
from tersenet.runs import Experiment, start_group, start_run
from tersenet.training import Recipe

NETWORK = "4C5s2 BN R GAP 10N"


def refused(experiment, tmp_path, start=start_run, **more):
    """The error of a start, of which no trace is left."""
    with pytest.raises(TersenetError) as error:
        start(experiment, runs_dir=tmp_path, **more)
    assert not list(tmp_path.iterdir())
    return error.value


def test_a_crop_larger_than_the_pictures_is_refused_before_the_folder_is_made(tmp_path):
    recipe = Recipe(epochs=1, augmentation=Augmentation(crop_probability=0.5, crop_size=29))
    error = refused(Experiment(network=NETWORK, data="synthetic", training=recipe), tmp_path)
    assert "crop_size = 29" in error.got


def test_seeds_beyond_the_last_one_are_refused_before_the_folder_is_made(tmp_path):
    error = refused(Experiment(network=NETWORK, data="synthetic", seed=2**63 - 1), tmp_path, start_group, seeds=2)
    assert error.where == "seed"


def test_a_seed_of_many_digits_is_refused():
    with pytest.raises(TersenetError, match="a whole number from 0 to"):
        Experiment(network=NETWORK, seed=10**22)


def test_a_name_that_a_file_lacks_is_said_before_the_pictures_are_read(tmp_path_factory, tmp_path):
    file = tmp_path_factory.mktemp("nets") / "mynet.py"
    file.write_text("from torch import nn\n\n\nclass Net(nn.Linear):\n    pass\n", encoding="utf-8")
    error = refused(Experiment(network=f"{file}:Nett", data="folder:no/such/folder"), tmp_path)
    assert error.problem == "The file has no such name."
    assert error.hint == "did you mean Net?"


@pytest.mark.parametrize("network", ["8C3 BN ZZ GAP 10N", "gap-1432", "no/such.py:Net", "model.py", " "])
def test_a_word_that_is_no_network_is_said_before_the_pictures_are_read(network, tmp_path):
    error = refused(Experiment(network=network, data="folder:no/such/folder"), tmp_path)
    assert "no/such/folder" not in str(error)
