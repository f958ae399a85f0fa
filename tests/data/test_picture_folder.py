"""A folder of pictures is a data set: classes, split, and what is refused."""

import os
import time

import numpy as np
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
    dataset = load_data(f"folder:{tmp_path}?form=mnist")
    assert dataset.name == f"folder:{tmp_path}?form=mnist"
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
    with pytest.raises(TersenetError, match="differ in size") as caught:
        load_data(f"folder:{tmp_path}")
    assert f"folder:{tmp_path}?form=mnist" in caught.value.hint
    assert f"folder:{tmp_path}?form=3x80x60" in caught.value.hint
    assert load_data(f"folder:{tmp_path}?form=3x80x60").train.images.shape == (2, 3, 80, 60)
    dataset = load_data(f"folder:{tmp_path}?form=mnist")
    assert dataset.train.images.shape == (2, 1, 28, 28)


def empty_class(root):
    fill(root)
    (root / "three").mkdir()


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
        (nested, "folder inside a class", "two/one"),
        (differing, "differ", ""),
        (lambda root: fill(root / "train"), "missing", ""),
        (lambda root: draw(root / "one" / "1.png", ink="white") or fill(root), "blank", "one/1.png"),
    ],
)
def test_what_is_not_a_data_set_is_named(tmp_path, make, problem, where):
    make(tmp_path)
    with pytest.raises(TersenetError, match=problem) as caught:
        load_data(f"folder:{tmp_path}?form=mnist")
    assert caught.value.where == tmp_path / where
    assert ("take them as they are" in str(caught.value)) == (problem == "blank")


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(TersenetError, match="does not exist"):
        load_data(f"folder:{tmp_path / 'none'}")


def test_files_that_are_not_pictures_are_passed_over_with_one_notice_and_a_count(tmp_path):
    fill(tmp_path, count=6)
    (tmp_path / "README.md").write_text("about these pictures")
    (tmp_path / "__MACOSX").mkdir()
    draw(tmp_path / "stray.png")
    for name in ("notes.txt", "Thumbs.db", ".DS_Store", "empty"):
        (tmp_path / "one" / name).write_bytes(b"strange" if name != "empty" else b"")
    os.mkfifo(tmp_path / "two" / "pipe")
    os.mkfifo(tmp_path / "two" / "7.png")
    start = time.perf_counter()
    dataset = load_data(f"folder:{tmp_path}")
    assert time.perf_counter() - start < 5
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.notice is None
    assert dataset.passed_over == (
        "7 files that are not pictures were skipped: README.md, .DS_Store, empty, notes.txt, Thumbs.db, …. "
        "1 file outside the class folders was skipped: stray.png."
    )


def test_a_picture_without_an_ending_is_read(tmp_path):
    fill(tmp_path, count=3)
    (tmp_path / "one" / "picture1.png").rename(tmp_path / "one" / "scan")
    dataset = load_data(f"folder:{tmp_path}")
    assert (len(dataset.train) + len(dataset.test), dataset.passed_over) == (6, None)


def damage(root):
    """Four pictures that cannot be read, each for its own reason."""
    (root / "one" / "picture3.png").write_text("not a picture")
    (root / "one" / "picture5.png").write_bytes(b"")
    (root / "two" / "picture2.png").unlink()
    (root / "two" / "picture2.png").symlink_to(root / "two" / "picture2.png")
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(root / "two" / "picture9.tif")


def test_damaged_pictures_are_one_error_that_lists_them_all(tmp_path):
    fill(tmp_path)
    damage(tmp_path)
    with pytest.raises(TersenetError, match="4 of 25 pictures cannot be read") as caught:
        load_data(f"folder:{tmp_path}?form=mnist")
    for name in ("one/picture3.png", "one/picture5.png", "two/picture2.png", "two/picture9.tif"):
        assert f"{name}: " in caught.value.got
    assert f"folder:{tmp_path}?form=mnist&skip-bad" in caught.value.hint


def test_damaged_pictures_are_left_out_with_skip_bad_and_the_others_keep_their_place(tmp_path):
    fill(tmp_path)
    whole = load_data(f"folder:{tmp_path}")
    damage(tmp_path)
    (tmp_path / "two" / "picture9.tif").unlink()
    dataset = load_data(f"folder:{tmp_path}?skip-bad")
    assert dataset.name == f"folder:{tmp_path}?skip-bad"
    assert "3 files that cannot be read were skipped" in dataset.notice
    assert (len(dataset.train), len(dataset.test)) == (17, 4)
    assert (dataset.test.images == whole.test.images).all()


def test_a_class_without_a_readable_picture_is_an_error_even_with_skip_bad(tmp_path):
    fill(tmp_path, count=2)
    (tmp_path / "two" / "picture2.png").write_text("damaged")
    with pytest.raises(TersenetError, match="no test picture"):
        load_data(f"folder:{tmp_path}?skip-bad")


def test_an_unreadable_file_is_named_and_does_not_hide_the_reason(tmp_path, monkeypatch):
    """As root may read everything, the refusal is played."""
    fill(tmp_path)
    real = Image.open

    def refuse(path, *rest):
        if str(path).endswith("picture4.png"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(TersenetError, match="cannot be read") as caught:
        load_data(f"folder:{tmp_path}")
    assert caught.value.got.count("picture4.png: The picture cannot be read.") == 2


def test_the_path_of_a_folder_is_taken_as_a_data_set_and_named_sets_come_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "signs", count=3)
    fill(tmp_path / "synthetic", count=3)
    assert load_data("./signs").name == "folder:./signs"
    assert load_data("signs").name == "folder:signs"
    assert load_data("signs?skip-bad").name == "folder:signs?skip-bad"
    assert load_data(str(tmp_path / "signs")).classes == ("one", "two")
    assert load_data("./synthetic").classes == ("one", "two")
    assert len(load_data("synthetic").classes) == 10
    with pytest.raises(TersenetError, match="picture folder does not exist"):
        load_data("./sings")
    with pytest.raises(TersenetError, match="no such data set"):
        load_data("sings")


@pytest.mark.parametrize("name", ["folder:~nobody-here/x", "~nobody-here/x"])
def test_the_home_of_an_unknown_user_is_one_error(name):
    with pytest.raises(TersenetError, match="home folder of an unknown user"):
        load_data(name)


@pytest.mark.parametrize("name", ["folder:", "folder:?skip-bad", "folder:a\0b"])
def test_a_folder_needs_a_path(name):
    with pytest.raises(TersenetError, match="path"):
        load_data(name)


def test_an_unknown_option_of_a_folder_is_named(tmp_path):
    fill(tmp_path, count=2)
    with pytest.raises(TersenetError, match="no such option") as caught:
        load_data(f"folder:{tmp_path}?skipbad")
    assert caught.value.got == "?skipbad"


def test_class_names_that_are_not_text_are_escaped(tmp_path):
    fill(tmp_path, count=2)
    os.rename(tmp_path / "one", os.fsencode(tmp_path) + b"/caf\xe9")  # noqa: PTH104 - a name that only bytes can give
    dataset = load_data(f"folder:{tmp_path}")
    assert dataset.classes == ("caf\\xe9", "two")
    "".join(dataset.classes).encode()


def test_a_folder_whose_path_is_not_text_is_an_error(tmp_path):
    place = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    os.mkdir(place)  # noqa: PTH102 - a name that only bytes can give
    with pytest.raises(TersenetError, match="not valid UTF-8"):
        load_data(f"folder:{place}")


def test_a_link_that_leads_in_a_circle_ends(tmp_path):
    fill(tmp_path, count=3)
    (tmp_path / "one" / "again").symlink_to(tmp_path / "one")
    with pytest.raises(TersenetError, match="folder inside a class"):
        load_data(f"folder:{tmp_path}")
