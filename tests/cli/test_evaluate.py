"""`tersenet evaluate`, from the words typed to the tables and the one JSON document."""

import json
import shutil

import pytest

from tersenet.cli.main import main
from tersenet.evaluation import WrongLabel, guesses, predict_logits
from tersenet.runs import Experiment, Run, start_group, start_run
from tersenet.training import EvaluationBatches, Recipe
from tersenet.training.checkpoint import load_tensors, save_tensors


@pytest.fixture(scope="module")
def runs(picture_folder, tmp_path_factory):
    """A folder with one run of two classes."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = Recipe(epochs=1, batch_size=16, averaging=0.0)
    experiment = Experiment(
        name="tiny", network="4C5s3 BN R GAP 2N", data=f"folder:{picture_folder}", training=recipe
    )
    start_run(experiment, runs_dir=folder)
    return folder


@pytest.fixture
def evaluate(runs):
    return lambda *words: main(["evaluate", *words, "--runs-dir", str(runs), "--device", "cpu"])


def test_json_is_one_document_whose_figures_agree_with_each_other(evaluate, capsys):
    assert evaluate("tiny", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= {"run", "data", "images", "accuracy", "loss", "per_class", "confusion", "mistakes"}
    images, confusion = document["images"], document["confusion"]
    right = sum(confusion[k][k] for k in range(2))
    assert document["run"] == "tiny-1"
    assert sum(map(sum, confusion)) == images
    assert document["accuracy"] == pytest.approx(100 * right / images)
    assert len(document["mistakes"]) == images - right
    assert [row["support"] for row in document["per_class"]] == [sum(row) for row in confusion]
    assert [row["class"] for row in document["per_class"]] == ["bar", "ring"]
    for mistake in document["mistakes"]:
        assert set(mistake) == {"index", "label", "guess", "probability"}
        assert mistake["label"] != mistake["guess"]
        assert 0.5 <= mistake["probability"] <= 1


def test_the_accuracy_is_that_of_the_run(evaluate, runs, capsys):
    evaluate("tiny", "--json")
    result = json.loads((runs / "tiny-1" / "result.json").read_text())
    assert json.loads(capsys.readouterr().out)["accuracy"] == pytest.approx(result["test_accuracy"])


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_tables_fit_the_terminal(evaluate, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert evaluate("tiny") == 0
    out = capsys.readouterr().out
    tables = out[out.index("class") :].splitlines()
    assert max(map(len, tables)) <= int(columns)
    assert "…" not in out
    for word in ("precision", "recall", "ring", "tiny-1, measured on the test set of folder:"):
        assert word in out


def test_figures_are_drawn_where_they_are_asked_for(evaluate, tmp_path, capsys):
    assert evaluate("tiny", "--figures", str(tmp_path / "figures")) == 0
    assert {"confusion.png", "calibration.png"} <= {path.name for path in (tmp_path / "figures").iterdir()}
    assert str(tmp_path / "figures" / "confusion.png") in capsys.readouterr().out


def test_data_of_other_classes_is_one_clear_error(evaluate, picture_folder, tmp_path, capsys):
    for name in ("bar", "ring"):
        shutil.copytree(picture_folder / name, tmp_path / name)
    shutil.copytree(picture_folder / "bar", tmp_path / "rod")
    assert evaluate("tiny", "--data", f"folder:{tmp_path}", "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not those the network was trained on" in captured.err
    assert "rod" in captured.err


def test_other_data_of_the_same_classes_is_measured_and_said(evaluate, picture_folder, tmp_path, capsys):
    other = shutil.copytree(picture_folder, tmp_path / "other")
    assert evaluate("tiny", "--data", f"folder:{other}") == 0
    assert "trained on folder:" in capsys.readouterr().out


def test_an_unknown_run_is_one_clear_error(evaluate, capsys):
    assert evaluate("tinny") == 1
    assert "did you mean" in capsys.readouterr().err


def test_an_interrupted_run_says_how_far_it_came(runs, tmp_path, capsys):
    place = shutil.copytree(runs / "tiny-1", tmp_path / "tiny-1")
    (place / "result.json").unlink()
    assert main(["evaluate", str(place)]) == 0
    assert "not finished: 1 of 1 epochs are done" in capsys.readouterr().out
    assert main(["evaluate", str(place), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["finished"], document["epochs"]) == (False, 1)


def test_accuracy_with_known_wrong_labels_corrected_stands_beside(runs, monkeypatch, capsys):
    run = Run(runs / "tiny-1")
    test = run.data().test
    guess = guesses(predict_logits(run.model(), EvaluationBatches(test))[0])
    # As if it were known that the first picture that is read wrongly bears a wrong label.
    wrong = int((guess != test.labels).nonzero()[0])
    known = {wrong: WrongLabel(given=int(test.labels[wrong]), read=int(guess[wrong]))}
    monkeypatch.setattr("tersenet.evaluation.mistakes.KNOWN_WRONG_LABELS", {run.data().name: known})
    assert main(["evaluate", str(run.path)]) == 0
    right = int((guess == test.labels).sum()) + 1
    assert f"with known wrong labels corrected: {right}/{len(test)}" in capsys.readouterr().out
    assert main(["evaluate", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["corrected_accuracy"] == pytest.approx(100 * right / len(test))


def test_classes_are_matched_by_name_whatever_their_order(evaluate, picture_folder, tmp_path, capsys):
    """`bar` and `ring` as folders whose names sort the other way round give the same count."""
    assert evaluate("tiny", "--json") == 0
    usual = json.loads(capsys.readouterr().out)
    other = tmp_path / "renamed"
    shutil.copytree(picture_folder / "bar", other / "z-bar")
    shutil.copytree(picture_folder / "ring", other / "a-ring")
    assert evaluate("tiny", "--data", str(other), "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not those the network was trained on" in captured.err
    assert evaluate("tiny", "--data", str(other), "--classes-by-position", "--json") == 0
    swapped = json.loads(capsys.readouterr().out)
    assert swapped["accuracy"] == pytest.approx(100 - usual["accuracy"])


def test_damaged_pictures_stop_or_are_left_out_with_skip_bad(evaluate, picture_folder, tmp_path, capsys):
    other = shutil.copytree(picture_folder, tmp_path / "other")
    (other / "bar" / "5.png").write_text("damaged")
    assert evaluate("tiny", "--data", str(other)) == 1
    assert "--skip-bad" in capsys.readouterr().err
    assert evaluate("tiny", "--data", str(other), "--skip-bad", "--json") == 0
    assert "1 file that cannot be read was skipped" in json.loads(capsys.readouterr().out)["notice"]
    assert evaluate("tiny", "--skip-bad") == 1
    assert "needs --data" in capsys.readouterr().err


def test_pictures_writes_the_mistakes_and_a_page(evaluate, tmp_path, capsys):
    assert evaluate("tiny", "--pictures", str(tmp_path / "mistakes"), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["pictures"] == str(tmp_path / "mistakes" / "index.html")
    assert len(list((tmp_path / "mistakes").glob("*.png"))) == len(document["mistakes"])


@pytest.mark.parametrize("word", ["spoilt", "spoilt/seed-0"])
def test_answers_that_are_not_numbers_are_counted_and_said(picture_folder, tmp_path, capsys, word):
    recipe = Recipe(epochs=1, batch_size=16)
    experiment = Experiment(
        name="spoilt", network="4C5s3 BN R GAP 2N", data=f"folder:{picture_folder}", training=recipe
    )
    group = start_group(experiment, 2, runs_dir=tmp_path, processes=1)
    for run in group.runs:
        weights, facts = load_tensors(run.path / "model.safetensors")
        first = next(name for name, values in weights.items() if values.is_floating_point())
        save_tensors(run.path / "model.safetensors", {**weights, first: weights[first] * float("nan")}, facts)
    name = word.replace("spoilt", group.name)
    assert main(["evaluate", name, "--runs-dir", str(tmp_path), "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    rows = found.get("runs", [found])
    assert [row["unanswered"] for row in rows] == [found["images"]] * len(rows)
    assert f"utputs that are NaN: {found['images']}; they count as mistakes." in said.err
