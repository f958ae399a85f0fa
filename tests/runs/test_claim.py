"""Claims: what they say can be found without Tersenet, and a claim that is not so does not hold."""

import hashlib
import shutil
import statistics
import tomllib

import pytest
import torch
from safetensors.torch import load_file, save_file

from tersenet._errors import TersenetError
from tersenet.cli import main
from tersenet.runs import Experiment, Run, find_run, start_run
from tersenet.runs.claim import make_claim, read_claim, write_claim
from tersenet.runs.group import Group, write_plan
from tersenet.runs.verify import chance, evaluate_claim, train_claim
from tersenet.training import Recipe

SMALL = Experiment(
    name="small", network="4C5s3 BN R GAP 10Nb", data="synthetic", training=Recipe(epochs=1, batch_size=50)
)


@pytest.fixture(scope="module")
def few_digits():
    from tersenet.data import Dataset
    from tersenet.data.synthetic import draw_synthetic

    train, test = draw_synthetic(seed=0, train=300, test=100)
    return Dataset(name="synthetic", train=train, test=test, classes=tuple("0123456789"), source="drawn for a test")


@pytest.fixture(autouse=True)
def use_few_digits(monkeypatch, few_digits):
    for module in ("tersenet.runs.start", "tersenet.runs.folder", "tersenet.runs.verify"):
        monkeypatch.setattr(f"{module}.load_data", lambda name, **_: few_digits)


@pytest.fixture
def run(tmp_path):
    return start_run(SMALL, runs_dir=tmp_path / "runs")


@pytest.fixture
def group(tmp_path):
    """Two seeds in a folder, as `tersenet train --seeds 2` leaves them."""
    path = tmp_path / "runs" / "small-1"
    for seed in (0, 1):
        made = start_run(SMALL.changed(seed=seed), runs_dir=tmp_path / "made")
        shutil.copytree(made.path, path / f"seed-{seed}")
    for name in ("experiment.toml", "environment.json"):
        shutil.copy(path / "seed-0" / name, path / name)
    write_plan(path, (0, 1), 1)
    return Group(path)


def written(source, tmp_path):
    return write_claim(make_claim(source), tmp_path / "claim.toml")


def spoil(path, **figures):
    """The claim with some of its lines changed, whatever stood there."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in figures.items():
        lines = [f"{name} = {value}" if line.startswith(f"{name} = ") else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_claim_can_be_read_without_tersenet_and_its_hash_is_that_of_the_file(run, tmp_path, few_digits):
    tables = tomllib.loads(written(run, tmp_path).read_text(encoding="utf-8"))
    [seed] = tables["seeds"]
    assert seed["weights_sha256"] == hashlib.sha256((run.path / "model.safetensors").read_bytes()).hexdigest()
    assert seed["correct"] == round(run.result["test_accuracy"])  # of 100 pictures
    assert tables["accuracy"] == run.result["test_accuracy"]
    assert tables["parameters"] == 4 * 25 + 2 * 4 + 10 * 4 + 10
    assert tables["experiment"]["notation"] == "4C5s3 BN R GAP 10Nb"
    assert tables["experiment"]["settings"]["precision"] in ("float32", "bfloat16")
    pictures = hashlib.sha256(few_digits.test.images.numpy().tobytes())
    pictures.update(few_digits.test.labels.numpy().tobytes())
    assert tables["test_sha256"] == pictures.hexdigest()


def test_a_claim_reads_back_as_it_was_made(run, group, tmp_path):
    assert read_claim(written(run, tmp_path)) == make_claim(run)
    assert read_claim(write_claim(make_claim(group), tmp_path / "group.toml")) == make_claim(group)


def test_a_groups_claim_is_the_mean_of_its_seeds(group):
    claim = make_claim(group)
    accuracies = [run.result["test_accuracy"] for run in group.runs]
    assert claim.accuracy == pytest.approx(statistics.mean(accuracies))
    assert claim.deviation == pytest.approx(statistics.stdev(accuracies))
    assert [seed.run for seed in claim.seeds] == ["small-1/seed-0", "small-1/seed-1"]
    assert claim.is_indication


def test_the_weights_are_found_by_their_hash_wherever_they_lie(group, tmp_path):
    claim = make_claim(group)
    verdict = evaluate_claim(claim, places=(tmp_path / "runs",))
    assert verdict.holds
    assert verdict.reasons == (
        "The hash of the weights is equal for all 2 seeds.",
        "The accuracy is equal for all 2 seeds, to the picture.",
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for seed in (0, 1):
        shutil.copy(group.path / f"seed-{seed}" / "model.safetensors", elsewhere / f"of-seed-{seed}.safetensors")
    assert evaluate_claim(claim, places=(elsewhere,)).holds


def test_weights_that_were_touched_are_not_the_claimed_ones(run, tmp_path):
    claim = make_claim(run)
    weights = load_file(run.path / "model.safetensors")
    save_file({name: tensor + 1e-6 for name, tensor in weights.items()}, run.path / "model.safetensors")
    with pytest.raises(TersenetError, match="not here") as error:
        evaluate_claim(claim, places=(tmp_path / "runs",))
    assert claim.seeds[0].weights_sha256 in str(error.value)
    assert "--train" in str(error.value)


def test_an_accuracy_that_is_not_so_does_not_hold_and_a_tolerance_is_in_pictures(run, tmp_path):
    path, correct = written(run, tmp_path), make_claim(run).seeds[0].correct
    spoil(path, correct=correct + 2, accuracy=float(correct + 2))
    verdict = evaluate_claim(read_claim(path), places=(tmp_path / "runs",))
    assert not verdict.holds
    assert f"seed 0: {correct} right, claimed {correct + 2}" in verdict.reasons[1]
    assert not evaluate_claim(read_claim(path), places=(tmp_path / "runs",), tolerance=1).holds
    assert evaluate_claim(read_claim(path), places=(tmp_path / "runs",), tolerance=2).holds


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"correct": 101}, "do not add up"),
        ({"schema": 9}, "not a claim"),
        ({"images": '"many"'}, "does not fit"),
        ({"epochs": "[1"}, "not a TOML file"),
        ({"notation": '"4C5s3 BN R GAP 10N"'}, "other"),
    ],
)
def test_a_claim_that_cannot_be_is_refused(run, tmp_path, figures, said):
    path = written(run, tmp_path)
    spoil(path, **figures)
    with pytest.raises(TersenetError) as error:
        evaluate_claim(read_claim(path), places=(tmp_path / "runs",))
    assert said in str(error.value) or "do not fit" in str(error.value)


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
    assert verdict.reasons[0] == "The hash of the weights is equal for 0 of 1 seed."
    # One seed: 2·√2 times the sampling error √(p(1 − p)/100).
    p = correct / 100
    assert chance(claim) == pytest.approx(2 * 2**0.5 * 100 * (p * (1 - p) / 100) ** 0.5)
    assert f"{chance(claim):.2f} points lower" in verdict.reasons[2]
    spoil(path, correct=100, accuracy=100.0)
    assert not train_claim(read_claim(path), runs_dir=tmp_path / "runs").holds


def test_an_unfinished_run_and_an_incomplete_group_make_no_claim(run, group):
    (group.path / "seed-1" / "result.json").unlink()
    with pytest.raises(TersenetError, match="made of finished runs") as error:
        make_claim(group)
    assert "1 of 2 finished" in str(error.value)


def test_what_nobody_else_can_check_is_no_claim(picture_folder, tmp_path, monkeypatch):
    monkeypatch.undo()
    run = start_run(
        Experiment(name="own", network="4C5s3 GAP 2N", data=f"folder:{picture_folder}", training=Recipe(epochs=1)),
        runs_dir=tmp_path,
    )
    with pytest.raises(TersenetError, match="Nobody else could check"):
        make_claim(run)


def test_from_the_command_line_a_claim_is_made_verified_and_refuted(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["claim", "small"]) == 0
    assert "An indication" in capsys.readouterr().out
    assert main(["claim", "small"]) == 1
    assert "it was left as it is" in capsys.readouterr().err
    assert main(["verify", "claim-small-1.toml"]) == 0
    assert "The claim holds" in capsys.readouterr().out
    correct = make_claim(Run(run.path)).seeds[0].correct
    spoil(tmp_path / "claim-small-1.toml", correct=correct + 1, accuracy=float(correct + 1))
    assert main(["verify", "claim-small-1.toml", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: The claim does not hold.")
    assert "The hash of the weights is equal for the one seed." in captured.err
    assert main(["verify", "missing.toml"]) == 1
    assert "no such claim" in capsys.readouterr().err


def test_verifying_leaves_the_callers_random_numbers_alone(run, tmp_path):
    claim = make_claim(run)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    evaluate_claim(claim, places=(tmp_path / "runs",))
    assert torch.equal(torch.get_rng_state(), before)
