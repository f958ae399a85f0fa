"""Verifying: what weights, a run's folder or a new training show of a claim, and what is refused."""

import json
import os
import random
import re
import shutil
import statistics
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from made_claims import edited, spoil, weights_alone, written
from tersenet._errors import TersenetError
from tersenet.cli.main import main
from tersenet.evaluation import evaluate
from tersenet.networks import build
from tersenet.runs import Experiment, Run, find_run, start_run
from tersenet.runs.claims.claim import make_claim, read_claim, write_claim
from tersenet.runs.claims.verify import chance, evaluate_claim, train_claim
from tersenet.runs.provenance.fingerprint import file_hash
from tersenet.training import EvaluationBatches, Recipe


def test_one_training_counts_once(group, tmp_path):
    claim = make_claim(group)
    first, second = claim.seeds
    for changed in (
        replace(second, seed=0),
        replace(second, weights_sha256=first.weights_sha256),
        replace(second, run=first.run),
    ):
        path = tmp_path / "twice.toml"
        path.unlink(missing_ok=True)
        write_claim(replace(claim, seeds=(first, changed)), path)
        with pytest.raises(TersenetError, match=r"counts .* twice"):
            read_claim(path)


@pytest.mark.parametrize("noise", [0.0, 1e-5])
def test_weights_that_are_anothers_but_for_noise_or_words_are_of_one_training(run, tmp_path, noise):
    """Another hash does not make another training: the file's words differ, or its weights a little."""
    folder, weights = weights_alone(run, tmp_path), load_file(run.path / "model.safetensors")
    copy = folder / "copy.safetensors"
    changed = {name: t + noise if t.is_floating_point() else t for name, t in weights.items()}
    save_file(changed, copy, {"notation": "another word"})
    claim = make_claim(run)
    [seed] = claim.seeds
    model = build("4C5s3 BN R GAP 10Nb")
    model.load_state_dict(changed)
    digits = run.data().test
    correct = evaluate(model, EvaluationBatches(digits)).correct
    again = replace(
        seed, seed=1, run="other", correct=correct, accuracy=float(correct), weights_sha256=file_hash(copy)
    )
    both = [seed.accuracy, again.accuracy]
    claim = replace(
        claim, seeds=(seed, again), accuracy=statistics.mean(both), deviation=statistics.stdev(both)
    )  # fmt: skip
    verdict = evaluate_claim(claim, places=(folder,))
    assert not verdict.holds
    assert verdict.false == ("seeds: the weights of seeds 0 and 1 come from one training",)


def test_what_weights_do_not_show_is_said(run, tmp_path):
    """With the weights alone nobody can tell the recipe or the seed; with the run's folder each is compared."""
    claim = make_claim(run, chosen_on="held-out images, seeds 3 to 5")
    alone = evaluate_claim(claim, places=(weights_alone(run, tmp_path),))
    assert alone.holds
    told = " ".join(alone.not_checked)
    for field in ("seed", "epochs", "recipe", "validation", "settings", "machine", "versions", "commit", "chosen_on"):
        assert field in told
    full = evaluate_claim(claim, places=(tmp_path / "runs",))
    assert full.holds
    assert full.not_checked == ("chosen_on: the author's word (held-out images, seeds 3 to 5)",)
    assert full.seeds[0].run_folder == str(run.path)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("batch_size = 50", "batch_size = 64", "experiment.training.batch_size"),
        ("learning_rate = 0.2", "learning_rate = 0.1", "experiment.training.learning_rate"),
        ("validation = 0", "validation = 20", "experiment.validation"),
        ("rotation = 8.0", "rotation = 0.0", "experiment.training.augmentation.rotation"),
        ('engine = "', 'engine = "auto"  # ', "experiment.settings.engine"),
        ('target = ""', 'target = "99.9 %"', "experiment.target"),
        (
            "[experiment.training]",
            "[experiment.budget]\nparameters = 9\n\n[experiment.training]",
            "experiment.budget",
        ),
        ('machine = "', 'machine = "Z80"  # ', "machine"),
        ('torch = "', 'torch = "1.0"  # ', "versions"),
        ("parameters = ", 'commit = "0123"\nparameters = ', "commit"),
    ],
)
def test_each_field_is_compared_with_the_runs_folder(run, tmp_path, old, new, field):
    path = written(run, tmp_path)
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("commit"))
    path.write_text(text)
    facts = json.loads((run.path / "environment.json").read_text())
    (run.path / "environment.json").write_text(json.dumps(facts | {"git_commit": None}))
    assert evaluate_claim(read_claim(path), places=(tmp_path / "runs",)).holds
    verdict = evaluate_claim(read_claim(edited(path, old, new)), places=(tmp_path / "runs",))
    assert not verdict.holds
    assert verdict.false
    assert all(line.startswith(field) for line in verdict.false)


ODD = [
    "nan",
    "-inf",
    "-1",
    "10000000000000000000000000",
    "[]",
    "true",
    '"x"',
    '""',
    "{}",
    "0",
    "1979-05-27",
    '"\\u0000"',
]


def test_no_line_of_a_claim_can_be_changed_unnoticed(run, tmp_path):
    """Whatever is put in the place of any value: an error, a claim that does not hold, or a field not checked."""
    path, draw = written(run, tmp_path), random.Random(0)
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        key, equals, value = line.partition(" = ")
        if not equals or line.startswith("#"):
            continue
        for odd in draw.sample([each for each in ODD if each != value], 8):
            path.write_text("\n".join([*lines[:number], f"{key} = {odd}", *lines[number + 1 :]]), encoding="utf-8")
            try:
                verdict = evaluate_claim(read_claim(path), places=(tmp_path / "runs",))
            except TersenetError:
                continue
            unchecked = " ".join(verdict.not_checked)
            same = odd == "0" and float(value) == 0  # 0 for 0.0
            assert not verdict.holds or f"{key}:" in unchecked or same, f"{key} = {odd}, once {value}"


def test_the_number_of_a_seed_is_compared_with_the_runs_folder(run, tmp_path):
    claim = make_claim(run)
    other = replace(claim, seeds=(replace(claim.seeds[0], seed=7),), experiment=claim.experiment.changed(seed=7))
    assert evaluate_claim(other, places=(weights_alone(run, tmp_path),)).holds
    verdict = evaluate_claim(other, places=(tmp_path / "runs",))
    assert not verdict.holds
    assert any("seed: claimed 7, the run of seed 7 says 0" in line for line in verdict.false)


def test_a_claim_of_the_first_schema_is_read(run, tmp_path):
    path = written(run, tmp_path)
    text = (
        path.read_text().replace("schema = 2", "schema = 1").replace('run = "small-1"\nepochs = 1', 'run = "small-1"')
    )
    text = "\n".join(line for line in text.splitlines() if not line.startswith("chosen_on"))
    path.write_text(text)
    claim = read_claim(path)
    assert (claim.chosen_on, claim.seeds[0].epochs) == (None, None)
    assert evaluate_claim(claim, places=(tmp_path / "runs",)).holds


def test_what_a_recipe_was_chosen_on_is_in_the_claim_and_is_said(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--chosen-on", "held-out images, seeds 3 to 5"]
    assert main(["claim", "small", *words]) == 0
    assert "chosen on: held-out images, seeds 3 to 5" in capsys.readouterr().out
    assert read_claim(tmp_path / "claim-small-1.toml").chosen_on == "held-out images, seeds 3 to 5"
    told = run.experiment.changed(chosen_on="seeds 3 to 5", name="told")
    assert make_claim(start_run(told, runs_dir=tmp_path / "runs")).chosen_on == "seeds 3 to 5"


def test_weights_lie_beside_a_claim_or_in_the_folder_weights_beside_it(run, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "claims"
    (folder / "weights").mkdir(parents=True)
    write_claim(make_claim(run), folder / "mine.toml")
    shutil.move(run.path / "model.safetensors", folder / "weights" / "mine.safetensors")
    monkeypatch.chdir(tmp_path / "claims")
    assert main(["verify", "mine.toml"]) == 0
    shutil.move("weights/mine.safetensors", "mine.safetensors")
    assert main(["verify", "mine.toml"]) == 0
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "claims/mine.toml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["holds"] is True
    assert "weights do not show these" in document["not_checked"][0]


def test_several_claims_have_a_row_each_and_one_that_fails_is_the_status(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_claim(make_claim(run), tmp_path / "good.toml")
    edited(write_claim(make_claim(run), tmp_path / "bad.toml"), "batch_size = 50", "batch_size = 64")
    assert main(["verify", "good.toml", "good.toml"]) == 0
    assert main(["verify", "good.toml", "bad.toml", "none.toml"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"^good.toml .* holds *$", said, re.MULTILINE)
    assert re.search(r"^bad.toml .* does not hold *$", said, re.MULTILINE)
    assert re.search(r"^none.toml .* not verified *$", said, re.MULTILINE)
    assert "experiment.training.batch_size: claimed 64, the run of seed 0 says 50" in said
    assert main(["verify", "good.toml", "bad.toml", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["holds"], [each["holds"] for each in document["claims"]]) == (False, [True, False])


def test_pipes_and_files_without_end_are_not_read(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_claim(make_claim(run), tmp_path / "mine.toml")
    os.mkfifo("a.safetensors")
    (tmp_path / "b.safetensors").symlink_to("/dev/zero")
    assert main(["verify", "mine.toml"]) == 0
    os.mkfifo("pipe.toml")
    for claim in ("pipe.toml", "/dev/zero", ".", "a\0b", "x" * 5000):
        assert main(["verify", claim]) == 1
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(1 << 40)
    assert main(["verify", "large.toml"]) == 1
    assert "too large for a claim" in capsys.readouterr().err


def test_the_number_of_parameters_is_part_of_the_claim(run, tmp_path):
    path = written(run, tmp_path)
    spoil(path, parameters=157)
    with pytest.raises(TersenetError, match="another number of parameters"):
        evaluate_claim(read_claim(path), places=(tmp_path / "runs",))


def test_another_test_set_is_told(run, tmp_path):
    path = written(run, tmp_path)
    spoil(path, test_sha256=f'"{64 * "0"}"')
    with pytest.raises(TersenetError, match="not the one that the claim was measured on"):
        evaluate_claim(read_claim(path), places=(tmp_path / "runs",))


def test_trained_again_on_the_same_machine_it_is_the_same_to_the_bit(run, tmp_path):
    verdict = train_claim(make_claim(run), runs_dir=tmp_path / "runs")
    assert verdict.holds
    assert [check.same_weights for check in verdict.seeds] == [True]
    assert len(verdict.reasons) == 2
    assert find_run("small-again", tmp_path / "runs").experiment.seed == 0


def test_trained_again_with_other_bits_chance_is_allowed_for_and_told(run, tmp_path):
    path, correct = written(run, tmp_path), make_claim(run).seeds[0].correct
    spoil(path, weights_sha256=f'"{64 * "0"}"')
    claim = read_claim(path)
    verdict = train_claim(claim, runs_dir=tmp_path / "runs")
    assert verdict.holds
    assert verdict.reasons[0] == "The hash of the weights matches for 0 of 1 seed."
    # One seed: 2·√2 times the sampling error √(p(1 − p)/100).
    p = correct / 100
    assert chance(claim, [correct]) == pytest.approx(2 * 2**0.5 * 100 * (p * (1 - p) / 100) ** 0.5)
    assert f"{chance(claim, [correct]):.2f} points lower" in verdict.reasons[2]
    spoil(path, correct=100, accuracy=100.0)
    assert not train_claim(read_claim(path), runs_dir=tmp_path / "runs").holds


def test_a_large_claimed_deviation_excuses_nothing(group):
    claim = make_claim(group)
    measured = [50, 52]
    honest = chance(replace(claim, deviation=statistics.stdev(measured)), measured)
    assert honest == pytest.approx(2 * statistics.stdev(measured))  # √(2/n) of two seeds is 1
    boast = chance(replace(claim, deviation=100.0), measured)
    assert boast == chance(replace(claim, deviation=1e9), measured)
    assert boast == pytest.approx(honest * ((1 + 2**2) / 2) ** 0.5)


def test_an_unfinished_run_and_an_incomplete_group_make_no_claim(run, group):
    (group.path / "seed-1" / "result.json").unlink()
    with pytest.raises(TersenetError, match="needs finished runs") as error:
        make_claim(group)
    assert "1 of 2 finished" in str(error.value)


def test_what_nobody_else_can_check_is_no_claim(picture_folder, tmp_path, monkeypatch):
    monkeypatch.undo()
    run = start_run(
        Experiment(name="own", network="4C5s3 GAP 2N", data=f"folder:{picture_folder}", training=Recipe(epochs=1)),
        runs_dir=tmp_path,
    )
    with pytest.raises(TersenetError, match="could not be verified by others"):
        make_claim(run)


def test_from_the_command_line_a_claim_is_made_verified_and_refuted(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["claim", "small"]) == 0
    assert "An indication" in capsys.readouterr().out
    assert main(["claim", "small"]) == 1
    assert "it was not changed" in capsys.readouterr().err
    assert main(["verify", "claim-small-1.toml"]) == 0
    assert "The claim holds" in capsys.readouterr().out
    correct = make_claim(Run(run.path)).seeds[0].correct
    spoil(tmp_path / "claim-small-1.toml", correct=correct + 1, accuracy=float(correct + 1))
    assert main(["verify", "claim-small-1.toml", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: The claim does not hold.")
    assert "The hash of the weights matches for the one seed." in captured.err
    assert main(["verify", "missing.toml"]) == 1
    assert "no such claim" in capsys.readouterr().err


def test_verifying_leaves_the_callers_random_numbers_alone(run, tmp_path):
    claim = make_claim(run)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    evaluate_claim(claim, places=(tmp_path / "runs",))
    assert torch.equal(torch.get_rng_state(), before)
