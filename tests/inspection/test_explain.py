"""An explanation of a run's answer: from a file and from the test set, with the errors that a user can cause."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from tersenet import TersenetError, explain, read_picture
from tersenet.data import Split
from tersenet.inspection import explain_picture
from tersenet.networks import build
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


@pytest.fixture(scope="module")
def run(picture_folder, tmp_path_factory):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2Nb",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    return start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("drawn") / "ring.png"
    image = np.full((90, 60, 3), 255, np.uint8)
    image[20:70, 25:32] = (10, 20, 90)
    Image.fromarray(image).save(path)
    return path


def test_a_file_is_read_as_predict_reads_it(run, picture):
    found = explain(run, picture)
    x = run.form.network_input(torch.from_numpy(read_picture(picture, run.form))[None])
    expected = run.model()(x).softmax(dim=1)[0].tolist()
    assert found.probabilities == pytest.approx(expected, abs=1e-6)
    assert found.guess == int(np.argmax(expected))
    assert found.label is None
    assert found.activation.method == "exact"
    assert [each.layer for each in found.kernels] == ["Conv2d-1"]


def test_a_picture_of_the_test_set_brings_its_label(run):
    test = run.data().test
    found = explain(run, index=3)
    assert torch.equal(found.image, test.images[3])
    assert found.label == int(test.labels[3])


def test_units_are_those_that_the_picture_excites_most_of_their_strongest(run):
    found = explain(run, index=0, layer="ReLU-3", count=2)
    maps = run.model().layers[:3](run.form.network_input(run.data().test.images)).detach()
    strongest = maps.amax((0, 2, 3))
    shares = (maps[0].amax((1, 2)) / strongest.clamp(min=1e-12)).nan_to_num()
    assert [unit.share for unit in found.units] == pytest.approx(sorted(shares.tolist(), reverse=True), abs=1e-5)
    for unit in found.units:
        assert unit.pictures[0].value == pytest.approx(float(strongest[unit.number]), abs=1e-5)
        assert len(unit.pictures) == 2


def test_with_no_pictures_the_test_set_is_not_read(run, picture, monkeypatch):
    monkeypatch.setattr("tersenet.runs.folder.load_data", lambda *_, **__: pytest.fail("it was read"))
    found = explain(run, picture, count=0)
    assert (found.units, found.unit_layer, found.tested) == ([], None, None)


def test_a_known_wrong_label_is_told(mnist, run, monkeypatch):
    torch.manual_seed(0)
    model = build("4C5s3 R GAP 10N")
    monkeypatch.setattr(type(run), "model", lambda self: model.eval())
    monkeypatch.setattr(type(run), "data", lambda self, data_dir=None: mnist)
    digits = dataclasses.replace(run.environment, classes=tuple("0123456789"))
    monkeypatch.setitem(run.__dict__, "environment", digits)
    assert explain(run, index=9729, count=0).read_by_people == 6
    assert explain(run, index=0, count=0).read_by_people is None


def test_the_centre_is_where_the_guess_finds_most():
    """A network that counts light in its first class looks where the light is."""
    model = build("1C3 R GAP 2N", classes=2)
    with torch.no_grad():
        model.layers[0].weight.fill_(1.0)
        model.layers[-1].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    image = torch.zeros(28, 28, dtype=torch.uint8)
    image[5:8, 18:21] = 255
    found = explain_picture(model, image, classes=("light", "dark"))
    assert found.centre == (6.0, 19.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, r"no picture to explain.*\n(.*\n)*.*tersenet explain .* --index 0"),
        ({"picture": "ring.png", "index": 1}, "One picture is explained at a time"),
        ({"picture": "missing.png"}, "no such picture"),
        ({"index": 99_999}, "no such picture"),
        ({"index": -1}, "no such picture"),
        ({"index": 0, "layer": "Conv2d-9"}, "no such layer"),
        ({"index": 0, "unit": 4}, "no such unit"),
        ({"index": 0, "count": 99}, "cannot be used"),
    ],
)
def test_mistakes_are_said(run, words, said):
    with pytest.raises(TersenetError, match=said):
        explain(run, **words)


def test_a_run_without_weights_says_how_to_go_on(run, tmp_path, picture):
    from tersenet.runs import Run

    for name in ("experiment.toml", "environment.json"):
        (tmp_path / name).write_bytes((run.path / name).read_bytes())
    with pytest.raises(TersenetError, match="no trained weights") as caught:
        explain(Run(tmp_path), picture)
    assert "--resume" in caught.value.hint


def test_what_cannot_be_explained_is_said():
    model = build("4C3 R GAP 10N")
    with pytest.raises(TersenetError, match="not a picture that can be explained"):
        explain_picture(model, torch.zeros(28, 28), classes="0123456789")
    with pytest.raises(TersenetError, match="one value per class"):
        explain_picture(model, torch.zeros(28, 28, dtype=torch.uint8), classes="01")
    with torch.no_grad():
        model.layers[-1].weight.fill_(float("nan"))
    with pytest.raises(TersenetError, match="not a number"):
        explain_picture(model, torch.zeros(28, 28, dtype=torch.uint8), classes="0123456789")


def test_a_set_can_be_given_to_a_plain_module():
    model = build("4C3 R GAP 10N")
    images = torch.randint(0, 256, (30, 28, 28), dtype=torch.uint8)
    tested = Split(images=images, labels=torch.arange(30) % 10)
    found = explain_picture(model, images[7], classes="0123456789", tested=tested, count=1)
    assert found.unit_layer is not None
    assert all(0 <= unit.pictures[0].index < 30 for unit in found.units)
