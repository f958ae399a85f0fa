"""`tersenet train … --lr-find`: a figure, a rate and one document; no run folder."""

import json
import re

import pytest
from PIL import Image

from tersenet.cli.main import main

NET = "4C5s3 BN R GAP 2Nb"


@pytest.fixture
def find(picture_folder, tmp_path):
    words = ["--data", f"folder:{picture_folder}", "--set", "training.batch_size=16", "--runs-dir", str(tmp_path)]
    return lambda *more: main(["train", NET, "--lr-find", *words, *more])


def test_it_draws_the_loss_and_suggests_a_rate_that_can_be_handed_on(find, tmp_path, capsys):
    assert find() == 0
    out = capsys.readouterr().out
    [figure] = tmp_path.iterdir()
    assert figure.name == "lr-find-net-118.png"
    with Image.open(figure) as picture:
        assert picture.format == "PNG"
    assert str(figure) in out
    assert re.search(r"with --lr [0-9.e-]+ instead of --lr-find", out)
    assert "a tenth of the rate at which the smoothed loss is lowest" in out


def test_json_is_one_document(find, capsys):
    assert find("--json", "--validation", "8", "--seed", "3") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= {"network", "data", "suggestion", "rule", "rates", "losses", "smoothed", "figure"}
    lowest = document["smoothed"].index(min(document["smoothed"][len(document["smoothed"]) // 10 :]))
    assert document["suggestion"] == pytest.approx(document["rates"][lowest] / 10)


def test_mistakes_are_one_clear_error_and_leave_nothing(find, tmp_path, capsys):
    assert find("--validation", "68") == 1
    assert "Too many images are held out" in capsys.readouterr().err
    assert main(["train", "--resume", "some-1", "--lr-find", "--runs-dir", str(tmp_path)]) == 1
    assert "--lr-find" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_named_beside_a_run_to_go_on_with_is_refused(tmp_path, capsys):
    assert main(["train", "sprint", "--resume", "some-1", "--runs-dir", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "resumed run keeps its settings" in err
    assert "sprint" in err
