"""The mistakes as files."""

import html
import math
import re

import torch
from PIL import Image

from tersenet.data import Dataset, Split
from tersenet.evaluation import Mistake
from tersenet.pages import mistakes_page as mistake_pictures
from tersenet.pages.mistakes_page import write_mistakes


def dataset(classes=("zero", "<b>one</b>"), name="here"):
    images = torch.arange(6, dtype=torch.uint8)[:, None, None].expand(-1, 28, 28).contiguous()
    split = Split(images=images, labels=torch.zeros(6, dtype=torch.int64))
    return Dataset(name=name, train=split, test=split, classes=classes, source="here")


def mistake(index, guess=1, probability=0.75):
    return Mistake(index=index, label=0, guess=guess, probability=probability)


def test_each_mistake_is_a_file_and_the_page_shows_them_in_their_order(tmp_path):
    page = write_mistakes([mistake(4), mistake(2)], dataset(), tmp_path / "m", network="sprint-3")
    text = page.read_text(encoding="utf-8")
    names = re.findall(r'<img src="([^"]+)"', text)
    assert names == ["00004-label-zero-as-b-one-b.png", "00002-label-zero-as-b-one-b.png"]
    for name, value in zip(names, (4, 2), strict=True):
        with Image.open(tmp_path / "m" / name) as picture:
            assert picture.size == (28, 28)
            assert picture.getextrema() == (value, value)
    assert "<b>one</b>" not in text
    assert "2 of 6 test pictures are misclassified" in text
    assert html.escape("<b>one</b>") in text


def test_an_answer_that_is_not_a_number_is_shown_as_none(tmp_path):
    page = write_mistakes([mistake(0, guess=-1, probability=math.nan)], dataset(), tmp_path, network="n")
    assert (tmp_path / "00000-label-zero-as-nothing.png").is_file()
    assert "nan" not in page.read_text(encoding="utf-8").lower().partition("<main>")[2]


def test_without_mistakes_the_page_says_so(tmp_path):
    assert "0 of 6" in write_mistakes([], dataset(), tmp_path, network="n").read_text(encoding="utf-8")


def test_only_the_most_confident_are_written_of_very_many(tmp_path, monkeypatch):
    monkeypatch.setattr(mistake_pictures, "MOST", 2)
    page = write_mistakes([mistake(4), mistake(2), mistake(1)], dataset(), tmp_path, network="n")
    assert len(list(tmp_path.glob("*.png"))) == 2
    assert "3 of 6 test pictures are misclassified; the 2 most confident" in page.read_text(encoding="utf-8")


def test_a_label_known_to_be_wrong_is_marked(tmp_path):
    split = Split(
        images=torch.zeros(1000, 28, 28, dtype=torch.uint8), labels=torch.full((1000,), 8, dtype=torch.int64)
    )
    mnist = Dataset(name="mnist", train=split, test=split, classes=tuple("0123456789"), source="here")
    found = Mistake(index=947, label=8, guess=9, probability=0.9)
    assert "label wrong: 9" in write_mistakes([found], mnist, tmp_path, network="n").read_text(encoding="utf-8")
