"""The front: against counts made by hand, and against every pair of entries."""

import json
import random
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tersenet.cli.main import main
from tersenet.runs import Experiment, GroupPlan, start_run, write_record
from tersenet.runs.listings.pareto import FrontEntry, entries, front, size_of
from tersenet.training import Recipe

MINE = Experiment(name="mine", network="4C5s3 BN R GAP 2Nb", training=Recipe(epochs=1, batch_size=40))


def entry(parameters, accuracy):
    return FrontEntry(
        runs=(),
        network="",
        data="mnist",
        parameters=parameters,
        epochs=1,
        accuracy=accuracy,
        deviation=None,
        validation=0,
    )


@pytest.fixture(scope="module")
def trained(picture_folder, tmp_path_factory):
    """A runs folder: two seeds of one network alone, a third in a group, a larger network, one unfinished."""
    folder = tmp_path_factory.mktemp("runs")
    mine = MINE.changed(data=f"folder:{picture_folder}")
    for seed in (0, 1):
        start_run(mine.changed(seed=seed, name=f"seed{seed}"), runs_dir=folder)
    third = start_run(mine.changed(seed=2), runs_dir=folder)
    group = folder / "mine-7"
    shutil.move(third.path, group / "seed-2")
    for name in ("experiment.toml", "environment.json"):
        shutil.copy(group / "seed-2" / name, group)
    write_record(group / "group.json", GroupPlan(seeds=(2, 3), processes=1))
    start_run(mine.changed(name="larger", network="6C5s3 BN R GAP 2Nb"), runs_dir=folder)
    unfinished = start_run(mine.changed(name="unfinished", network="5C5s3 BN R GAP 2Nb"), runs_dir=folder)
    (unfinished.path / "result.json").unlink()
    for path, accuracy in (("seed0-1", 90.0), ("seed1-1", 92.0), ("mine-7/seed-2", 97.0), ("larger-1", 95.0)):
        result = json.loads((folder / path / "result.json").read_text())
        (folder / path / "result.json").write_text(
            json.dumps(result | {"test_accuracy": accuracy, "correct": None, "data": "mnist"})
        )
    return folder


def test_an_entry_is_on_the_front_where_no_other_beats_it():
    numbers = random.Random(0)
    for _ in range(200):
        found = [entry(numbers.randint(1, 9), numbers.randint(1, 9)) for _ in range(12)]
        points = {(each.parameters, each.accuracy) for each in front(found)}
        unbeaten = {
            (a.parameters, a.accuracy)
            for a in found
            if not any(
                b.parameters <= a.parameters
                and b.accuracy >= a.accuracy
                and (b.parameters, b.accuracy) != (a.parameters, a.accuracy)
                for b in found
            )
        }
        assert points == unbeaten


def test_under_bounds_the_parameters_strictly():
    found = [entry(100, 98.0), entry(200, 99.0)]
    assert [each.parameters for each in front(found, under=200)] == [100]
    assert front(found, under=100) == []


def test_runs_that_differ_in_their_seed_alone_are_one_entry_with_their_mean(trained):
    four, six = sorted(entries(trained, "mnist"), key=lambda each: each.parameters)
    assert (four.parameters, four.seeds, four.accuracy) == (118, 3, pytest.approx(93.0))
    assert four.deviation == pytest.approx(((9 + 1 + 16) / 2) ** 0.5)
    assert four.name == "seed1-1 +2"
    assert (six.parameters, six.seeds, six.deviation) == (176, 1, None)


def test_other_data_and_unfinished_runs_are_not_among_them(trained):
    assert entries(trained, "kmnist") == []
    assert not any(each.parameters == 147 for each in entries(trained, "mnist"))


def test_held_out_images_make_another_entry(picture_folder, tmp_path):
    for validation in (0, 8):
        start_run(MINE.changed(data=f"folder:{picture_folder}", validation=validation), runs_dir=tmp_path)
    found = entries(tmp_path, f"folder:{picture_folder.resolve()}")
    assert sorted(each.validation for each in found) == [0, 8]


def test_weights_are_counted_and_weighed(trained, tmp_path):
    place = shutil.copytree(trained / "larger-1", tmp_path / "larger-1")
    weights = load_file(place / "model.safetensors")
    kernel = next(name for name, tensor in weights.items() if tensor.ndim == 4)
    weights[kernel] = torch.ones_like(weights[kernel])
    weights[kernel].view(-1)[:10] = 0.0
    biases = sum(int((tensor == 0).sum()) for name, tensor in weights.items() if "running" not in name)
    save_file(weights, place / "model.safetensors")
    [found] = entries(tmp_path, "mnist")
    size = size_of(found)
    # 6·25 kernels, 12 of batch normalisation, 6·2 + 2 dense: 176 parameters of four bytes.
    assert (size.parameters, size.weight_bytes) == (176, 704)
    assert size.nonzero == 176 - biases + int((weights["layers.1.num_batches_tracked"] == 0).sum())
    assert size.file_bytes == (place / "model.safetensors").stat().st_size


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_the_table_fits_the_terminal_and_marks_what_is_less_certain(trained, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["runs", "best", "--runs-dir", str(trained)]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "93.00 ± 3.61†" in out
    assert "Out of 2 experiments trained on mnist" in out
    assert "…" not in out


def test_json_has_the_front_and_what_it_was_picked_from(trained, capsys):
    assert main(["runs", "best", "--under", "150", "--runs-dir", str(trained), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    [only] = document["front"]
    assert (document["of"], document["under"], document["data"]) == (2, 150, "mnist")
    assert (only["parameters"], only["seeds"], only["indication"]) == (118, 3, True)
    assert {"nonzero", "weight_bytes", "file_bytes", "notation", "deviation"} <= set(only)


def test_words_of_the_front_belong_to_the_front(trained, capsys):
    assert main(["runs", "--under", "100", "--runs-dir", str(trained)]) == 1
    assert "belong to `tersenet runs best`" in capsys.readouterr().err
    assert main(["runs", "best", "--under", "0", "--runs-dir", str(trained)]) == 1
    assert "1 parameter or more" in capsys.readouterr().err
    assert main(["runs", "best", "--data", "qmnist", "--runs-dir", str(trained)]) == 0
    assert "There is no finished run on qmnist" in capsys.readouterr().out


def test_an_unfinished_run_shows_its_parameters(trained, capsys):
    assert main(["runs", "--runs-dir", str(trained), "--json"]) == 0
    rows = {row["run"]: row for row in json.loads(capsys.readouterr().out)["runs"]}
    assert rows["unfinished-1"]["parameters"] == 147
    assert rows["unfinished-1"]["test_accuracy"] is None
