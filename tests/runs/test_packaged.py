"""The trained networks in the package: found by name by every command, never written to, and as good as claimed."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tersenet.cli.main import main
from tersenet.evaluation import evaluate
from tersenet.runs import Run, find_run, find_run_or_group, packaged_names, packaged_run
from tersenet.runs.claims.claim import read_claim
from tersenet.runs.provenance.fingerprint import file_hash
from tersenet.training import EvaluationBatches

CLAIMS = Path(__file__).parents[2] / "claims"
NAMES = packaged_names()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty folder to work in, and a check that the package's own folders stay as they are."""
    monkeypatch.chdir(tmp_path)
    before = {name: sorted(path.name for path in packaged_run(name).path.iterdir()) for name in NAMES}
    yield
    assert before == {name: sorted(path.name for path in packaged_run(name).path.iterdir()) for name in NAMES}


def test_the_package_has_trained_networks():
    assert {"stem-17150", "model1-4312", "model2-7524"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_claim_lies_beside_each_and_names_its_weights(name):
    claim = read_claim(CLAIMS / f"{name}.toml")
    run = packaged_run(name)
    [seed] = claim.seeds
    assert seed.weights_sha256 == file_hash(run.path / "model.safetensors")
    assert (seed.seed, claim.parameters) == (
        run.experiment.seed,
        sum(weights.numel() for weights in run.model().parameters()),
    )
    assert seed.accuracy == run.result.test_accuracy


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_the_machine_that_trained_it_is_kept(name):
    for file in packaged_run(name).path.glob("*.[jt]*"):
        assert "/work" not in file.read_text(encoding="utf-8")


@pytest.mark.mnist
@pytest.mark.parametrize("name", NAMES)
def test_each_classifies_as_many_test_images_of_mnist_as_claimed(mnist, name):
    [seed] = read_claim(CLAIMS / f"{name}.toml").seeds
    assert evaluate(packaged_run(name).model(), EvaluationBatches(mnist.test)).correct == seed.correct


def test_a_run_of_the_same_name_comes_first(tmp_path):
    place = tmp_path / "runs" / "stem-17150-1"
    place.parent.mkdir()
    place.mkdir()
    for file in packaged_run("stem-17150").path.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    assert find_run("stem-17150", tmp_path / "runs").path == place
    assert find_run("model1-4312", tmp_path / "runs") == packaged_run("model1-4312")
    assert find_run_or_group("model1-4312", tmp_path / "runs") == Run(packaged_run("model1-4312").path)


def test_a_picture_is_read_and_explained_without_a_training(tmp_path, capsys):
    picture = Image.new("L", (100, 200), 255)
    picture.paste(0, (45, 30, 58, 170))
    picture.save("one.png")
    assert main(["predict", "stem-17150", "one.png", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)["predictions"]
    assert found["name"] == "1"
    assert main(["explain", "stem-17150", "one.png", "--pictures", "0"]) == 0
    assert (tmp_path / "stem-17150-explain" / "one" / "explain.html").is_file()


def test_a_run_of_the_same_network_under_another_name_does_not_take_its_place(tmp_path):
    place = tmp_path / "runs" / "sprint-1"
    place.mkdir(parents=True)
    for file in packaged_run("stem-17150").path.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    assert find_run("stem-17150", tmp_path / "runs") == packaged_run("stem-17150")
    assert find_run("sprint", tmp_path / "runs").path == place
