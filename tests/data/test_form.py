"""The form of a data set: owned by it, measured or published, and what a run is given later."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM, NAMED_SETS, Dataset, Form, Split, form_of, load_data, read_picture
from tersenet.data.form import form_of_an_early_run


def colours(count=20, height=10, width=12, seed=0):
    numbers = np.random.default_rng(seed)
    return torch.from_numpy(numbers.integers(0, 256, (count, 3, height, width), dtype=np.uint8))


def test_mean_and_deviation_are_those_of_numpy():
    images = colours()
    form = form_of(images)
    values = images.numpy().astype(np.float64) / 255
    assert form.mean == pytest.approx(values.mean(axis=(0, 2, 3)), abs=5.1e-5)
    assert form.deviation == pytest.approx(values.std(axis=(0, 2, 3)), abs=5.1e-5)
    assert form.size == (3, 10, 12)


@pytest.mark.mnist
def test_the_published_figures_are_those_of_the_training_pictures(mnist):
    measured = form_of(mnist.train.images)
    assert mnist.form == MNIST_FORM == NAMED_SETS["mnist"].form
    assert (measured.mean, measured.deviation) == (mnist.form.mean, mnist.form.deviation)


def test_normalised_pictures_have_mean_0_and_deviation_1_in_each_channel():
    images = colours(50)
    x = form_of(images).network_input(images)
    assert x.dtype == torch.float32
    torch.testing.assert_close(x.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(x.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


def test_grey_pictures_are_normalised_as_they_ever_were():
    images = torch.randint(0, 256, (5, 1, 28, 28), dtype=torch.uint8)
    before = images.float().div_(255).sub(0.1307).div_(0.3081)
    assert torch.equal(MNIST_FORM.network_input(images), before)


def test_both_splits_have_the_form_of_the_training_pictures():
    train, test = (Split(images=colours(seed=seed), labels=torch.arange(20)) for seed in (0, 1))
    assert train.form != test.form
    dataset = Dataset(name="x", train=train, test=test, classes=("a", "b"), source="made")
    assert dataset.form == dataset.test.form == train.form
    other = Form(channels=3, height=10, width=12, mean=(0.5,) * 3, deviation=(0.5,) * 3)
    assert dataset.with_form(other).test.form == other
    with pytest.raises(TersenetError, match="3×10×12"):
        dataset.with_form(MNIST_FORM)


def test_a_part_of_a_split_keeps_the_form_of_the_whole():
    split = Split(images=colours(), labels=torch.arange(20))
    assert split.take(torch.tensor([0])).form is split.form


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 2), torch.zeros(3, 1, 8, 8), torch.zeros(3, 1, 1, 8, 8, dtype=torch.uint8)]
)
def test_pictures_of_a_split_are_bytes(images):
    with pytest.raises(TersenetError, match="bytes"):
        Split(images=images, labels=torch.zeros(3))


def test_pictures_that_do_not_have_the_form_are_an_error():
    with pytest.raises(TersenetError, match=r"\[3, 10, 12\]\n.*\[1, 28, 28\]"):
        Split(images=colours(), labels=torch.zeros(20), form=MNIST_FORM)


@pytest.mark.parametrize(
    ("field", "value"),
    [("channels", 0), ("mean", (0.1, 0.2)), ("mean", (1.5,)), ("deviation", (0.0,)), ("deviation", (float("nan"),)),
     ("reading", "cut"), ("height", 32)],
)  # fmt: skip
def test_a_field_out_of_range_is_named(field, value):
    fields = {"channels": 1, "height": 28, "width": 28, "mean": (0.1,), "deviation": (0.3,), "reading": "mnist"}
    with pytest.raises(TersenetError, match="form cannot be used"):
        Form(**{**fields, field: value})


def test_a_run_without_a_form_is_read_as_before():
    assert form_of_an_early_run((1, 28, 28)) is MNIST_FORM
    early = form_of_an_early_run((1, 32, 20))
    assert (early.size, early.mean, early.deviation) == ((1, 32, 20), (0.1307,), (0.3081,))


def form_of_size(channels, height, width):
    return Form(channels=channels, height=height, width=width, mean=(0.5,) * channels, deviation=(0.2,) * channels)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_of_the_size_is_taken_as_it_is(tmp_path, mode):
    channels = len(mode) if mode == "RGB" else 1
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, channels), dtype=np.uint8)
    Image.fromarray(pixels.squeeze()).save(tmp_path / "one.png")
    found = read_picture(tmp_path / "one.png", form_of_size(channels, 20, 30))
    assert (found == pixels.transpose(2, 0, 1)).all()


def test_colours_become_grey_as_pillow_makes_them_grey(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    found = read_picture(tmp_path / "one.png", form_of_size(1, 20, 30))[0].astype(int)
    expected = np.asarray(Image.fromarray(pixels).convert("L")).astype(int)
    assert np.abs(found - expected).max() <= 1


def test_a_larger_picture_is_scaled_as_pillow_scales_it(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    found = read_picture(tmp_path / "one.png", form_of_size(3, 16, 16)).astype(int)
    small = np.asarray(Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR)).transpose(2, 0, 1)
    assert np.abs(found - small.astype(int)).max() <= 1


def test_a_picture_of_another_shape_keeps_it_on_the_colour_of_its_border(tmp_path):
    picture = Image.new("RGB", (80, 40), (200, 30, 90))
    picture.paste((0, 0, 0), (30, 10, 50, 30))  # a square in the middle
    picture.save(tmp_path / "wide.png")
    found = read_picture(tmp_path / "wide.png", form_of_size(3, 32, 32))
    assert found[:, 0, 0].tolist() == found[:, -1, -1].tolist() == [200, 30, 90]
    dark = (found < 45).all(axis=0)  # half of the border's blue
    assert dark.any(axis=0).sum() == dark.any(axis=1).sum() == 8  # still a square


def test_a_folder_of_digits_is_normalised_by_its_own_figures(picture_folder):
    dataset = load_data(f"folder:{picture_folder}?form=mnist")
    assert dataset.form.reading == "mnist"
    x = dataset.form.network_input(dataset.train.images)
    assert float(x.mean()) == pytest.approx(0, abs=1e-3)
    assert float(x.std()) == pytest.approx(1, abs=1e-3)


def test_the_form_is_written_into_the_run_and_read_from_it(picture_folder, tmp_path):
    from tersenet.runs import Experiment, start_run
    from tersenet.training import Recipe

    recipe = Recipe(epochs=1, batch_size=16, averaging=0.0)
    data = f"folder:{picture_folder}"
    run = start_run(Experiment(name="one", network="2C5s5 GAP 2N", data=data, training=recipe), runs_dir=tmp_path)
    written = json.loads((run.path / "environment.json").read_text())["form"]
    assert Form(**{name: tuple(x) if isinstance(x, list) else x for name, x in written.items()}) == run.data().form
    assert run.form == run.data().form
    facts = json.loads((run.path / "environment.json").read_text())
    del facts["form"]
    (run.path / "environment.json").write_text(json.dumps(facts))
    early = type(run)(run.path)
    assert early.form == MNIST_FORM == early.data().form
    facts["form"] = {**written, "mean": [0.1, 0.2]}
    (run.path / "environment.json").write_text(json.dumps(facts))
    with pytest.raises(TersenetError, match=r"(?s)one number.*per channel.*environment\.json"):
        type(run)(run.path).form  # noqa: B018
