"""A folder of pictures is a data set: classes, split, and what is refused."""

import pytest
from PIL import Image, ImageDraw

from tersenet._errors import TersenetError
from tersenet.data import load_data, read_picture


def draw(path, width=8, *, size=(60, 80), ink="black", paper="white"):
    """A bar; its width tells the pictures apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", size, paper)
    ImageDraw.Draw(picture).rectangle((20, 15, 20 + width, 60), fill=ink)
    picture.save(path)


def fill(root, classes=("one", "two"), count=12):
    for name in classes:
        for number in range(1, count + 1):
            draw(root / name / f"picture{number}.png", 3 * number)


def test_every_sixth_picture_of_each_class_is_for_the_test(tmp_path):
    fill(tmp_path)
    dataset = load_data(f"folder:{tmp_path}")
    assert dataset.name == f"folder:{tmp_path}"
    assert dataset.classes == ("one", "two")
    assert dataset.train.labels.tolist() == [0] * 10 + [1] * 10
    assert dataset.test.labels.tolist() == [0, 0, 1, 1]
    for picture, number in zip(dataset.test.images, (6, 12, 6, 12), strict=True):
        assert (picture.numpy() == read_picture(tmp_path / "one" / f"picture{number}.png")).all()


def test_numbers_in_names_count_as_numbers(tmp_path):
    fill(tmp_path, ("class10", "class9", "class1"), count=2)
    assert load_data(f"folder:{tmp_path}").classes == ("class1", "class9", "class10")


def test_a_small_class_keeps_its_last_picture_for_the_test(tmp_path):
    fill(tmp_path, count=2)
    dataset = load_data(f"folder:{tmp_path}")
    assert (dataset.train.labels.tolist(), dataset.test.labels.tolist()) == ([0, 1], [0, 1])


def test_a_split_by_hand_is_kept(tmp_path):
    fill(tmp_path / "train", count=3)
    fill(tmp_path / "test", count=1)
    dataset = load_data(f"folder:{tmp_path}")
    assert (len(dataset.train), len(dataset.test)) == (6, 2)


def test_sizes_colours_and_kinds_may_differ_and_hidden_files_are_passed_over(tmp_path):
    draw(tmp_path / "a" / "1.png", ink="navy", paper="yellow")
    draw(tmp_path / "a" / "2.jpg", size=(300, 90))
    draw(tmp_path / "b" / "1.gif", ink="white", paper="black")
    draw(tmp_path / "b" / "2.bmp")
    (tmp_path / "a" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / ".cache").mkdir()
    dataset = load_data(f"folder:{tmp_path}")
    assert dataset.train.images.shape == (2, 28, 28)


def empty_class(root):
    fill(root)
    (root / "three").mkdir()


def text_file(root):
    fill(root)
    (root / "two" / "notes.txt").write_text("not a picture")


def nested(root):
    fill(root)
    fill(root / "two")


def differing(root):
    fill(root / "train", ("one", "two"))
    fill(root / "test", ("one", "three"))


@pytest.mark.parametrize(
    ("make", "problem", "where"),
    [
        (lambda root: None, "at least two classes", ""),
        (lambda root: fill(root, ["one"]), "at least two classes", ""),
        (lambda root: draw(root / "1.png"), "at least two classes", ""),
        (lambda root: fill(root, count=1), "too few pictures", "one"),
        (empty_class, "too few pictures", "three"),
        (text_file, "not a picture", "two/notes.txt"),
        (nested, "folder", "two/one"),
        (differing, "differ", ""),
        (lambda root: fill(root / "train"), "missing", ""),
        (lambda root: draw(root / "one" / "1.png", ink="white") or fill(root), "blank", "one/1.png"),
    ],
)
def test_what_is_no_data_set_is_named(tmp_path, make, problem, where):
    make(tmp_path)
    with pytest.raises(TersenetError, match=problem) as caught:
        load_data(f"folder:{tmp_path}")
    assert caught.value.where == tmp_path / where


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(TersenetError, match="not there"):
        load_data(f"folder:{tmp_path / 'none'}")
