"""How a folder of pictures is read: as it is, cut out, or fitted; what is chosen, and what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.data import load_data


def fill(root, *, size=(20, 12), mode="RGB", count=4, seed=0):
    """Two classes of noise, `size` is width and height."""
    numbers = np.random.default_rng(seed)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    for name in ("a", "b"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(numbers.integers(0, 256, shape, dtype=np.uint8)).save(root / name / f"{number}.png")


def test_pictures_of_one_size_are_taken_as_they_are(tmp_path):
    fill(tmp_path)
    dataset = load_data(f"folder:{tmp_path}")
    first = np.asarray(Image.open(tmp_path / "a" / "0.png")).transpose(2, 0, 1)
    assert torch.equal(dataset.train.images[0], torch.from_numpy(first.copy()))
    assert dataset.form.size == (3, 12, 20)
    assert dataset.read_as == "Form 3×12×20: the pictures as they are, all of one size, in colours."


@pytest.mark.parametrize("stored", ["L", "RGB"])
def test_pictures_without_colours_are_grey_however_they_are_stored(tmp_path, stored):
    fill(tmp_path, mode="L")
    for path in tmp_path.rglob("*.png"):
        Image.open(path).convert(stored).save(path)
    dataset = load_data(f"folder:{tmp_path}")
    assert dataset.form.size == (1, 12, 20)
    assert "grey" in dataset.read_as


def test_one_picture_in_colours_makes_a_set_in_colours(tmp_path):
    fill(tmp_path, mode="L")
    Image.new("RGB", (20, 12), "red").save(tmp_path / "b" / "1.png")
    assert load_data(f"folder:{tmp_path}").form.channels == 3


@pytest.mark.mnist
def test_mnist_as_png_files_is_read_back_unchanged(mnist, tmp_path):
    for index in range(60):
        folder = tmp_path / "train" / str(int(mnist.train.labels[index]))
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mnist.train.images[index, 0].numpy()).save(folder / f"{index}.png")
    (tmp_path / "train").rename(tmp_path / "all")
    (tmp_path / "all").rename(tmp_path / "test")
    (tmp_path / "train").symlink_to(tmp_path / "test")
    dataset = load_data(f"folder:{tmp_path}")
    assert dataset.form.reading == "mnist"
    assert "digits in MNIST's form already" in dataset.read_as
    order = mnist.train.labels[:60].argsort(stable=True)
    assert torch.equal(dataset.train.images, mnist.train.images[:60][order])


def test_a_size_that_was_asked_for_is_given(tmp_path):
    fill(tmp_path)
    for word, size in (("3x32x24", (3, 32, 24)), ("1x8x96", (1, 8, 96)), ("resize", (3, 12, 20))):
        dataset = load_data(f"folder:{tmp_path}?form={word}")
        assert dataset.form.size == size
        assert dataset.name == f"folder:{tmp_path}?form={word}"


def test_large_pictures_are_fitted_where_that_is_asked_for(tmp_path):
    fill(tmp_path, size=(200, 100), count=2)
    with pytest.raises(TersenetError, match=r"200×100 pixels\n.*8×8 to 96×96"):
        load_data(f"folder:{tmp_path}")
    assert load_data(f"folder:{tmp_path}?form=resize").form.size == (3, 16, 32)


@pytest.mark.parametrize("word", ["3x7x32", "3x32x97", "2x32x32", "32x32", "", "mnsit", "3x32x32x1", "3x-1x9"])
def test_a_form_that_there_is_not_is_an_error(tmp_path, word):
    fill(tmp_path)
    with pytest.raises(TersenetError, match=r"cannot be read in this form[\s\S]*3x32x32"):
        load_data(f"folder:{tmp_path}?form={word}")


def test_a_run_reads_other_folders_in_its_own_form(tmp_path):
    fill(tmp_path / "small")
    fill(tmp_path / "large", size=(60, 60))
    form = load_data(f"folder:{tmp_path / 'small'}").form
    assert load_data(f"folder:{tmp_path / 'large'}", form=form).form == form


def test_mean_and_deviation_are_those_of_the_training_pictures(tmp_path):
    fill(tmp_path / "train", seed=1)
    fill(tmp_path / "test", seed=2)
    dataset = load_data(f"folder:{tmp_path}")
    values = dataset.train.images.double() / 255
    assert dataset.form.mean == pytest.approx(values.mean(dim=(0, 2, 3)).tolist(), abs=5.1e-5)
    assert dataset.test.form == dataset.form


def test_a_lying_photograph_counts_as_it_stands(tmp_path):
    fill(tmp_path)
    for path in [*tmp_path.rglob("*.png")]:
        picture = Image.open(path).transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = 6  # turn a quarter clockwise to see it upright
        picture.save(path, exif=exif)
    before = load_data(f"folder:{tmp_path}")
    assert before.form.size == (3, 12, 20)


def test_what_is_transparent_is_white_in_every_picture_of_a_set(tmp_path):
    for name, ink in (("a", (0, 0, 0, 255)), ("b", (250, 250, 250, 255))):
        (tmp_path / name).mkdir()
        for number in range(2):
            picture = Image.new("RGBA", (16, 16))
            picture.paste(ink, (4, 4, 8, 8))
            picture.save(tmp_path / name / f"{number}.png")
    dataset = load_data(f"folder:{tmp_path}")
    assert dataset.train.images[:, 0, 0, 0].tolist() == [255, 255]
    assert dataset.train.images[:, 0, 5, 5].tolist() == [0, 250]
