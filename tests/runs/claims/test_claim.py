"""Claims: what they say can be found without Tersenet, and a claim that is not so does not hold."""

import hashlib
import re
import shutil
import statistics
import tomllib

import pytest
from safetensors.torch import load_file, save_file

from made_claims import edited, spoil, weights_alone, written
from tersenet._errors import TersenetError
from tersenet.runs.claims.claim import make_claim, read_claim, write_claim
from tersenet.runs.claims.verify import evaluate_claim


def test_a_claim_can_be_read_without_tersenet_and_its_hash_is_that_of_the_file(run, tmp_path, few_digits):
    tables = tomllib.loads(written(run, tmp_path).read_text(encoding="utf-8"))
    [seed] = tables["seeds"]
    assert seed["weights_sha256"] == hashlib.sha256((run.path / "model.safetensors").read_bytes()).hexdigest()
    assert seed["correct"] == round(run.result.test_accuracy)  # of 100 pictures
    assert tables["accuracy"] == run.result.test_accuracy
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
    accuracies = [run.result.test_accuracy for run in group.runs]
    assert claim.accuracy == pytest.approx(statistics.mean(accuracies))
    assert claim.deviation == pytest.approx(statistics.stdev(accuracies))
    assert [seed.run for seed in claim.seeds] == ["small-1/seed-0", "small-1/seed-1"]
    assert claim.is_indication


def test_the_weights_are_found_by_their_hash_wherever_they_lie(group, tmp_path):
    claim = make_claim(group)
    verdict = evaluate_claim(claim, places=(tmp_path / "runs",))
    assert verdict.holds
    assert verdict.reasons == (
        "The hash of the weights matches for all 2 seeds.",
        "The accuracy matches for all 2 seeds, to the image.",
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
    with pytest.raises(TersenetError, match="were not found") as error:
        evaluate_claim(claim, places=(tmp_path / "runs",))
    assert claim.seeds[0].weights_sha256 in str(error.value)
    assert "--train" in str(error.value)


def test_an_accuracy_that_is_not_so_does_not_hold_and_a_tolerance_is_in_images(run, tmp_path):
    path, correct = written(run, tmp_path), make_claim(run).seeds[0].correct
    spoil(path, correct=correct + 2, accuracy=float(correct + 2))
    places = (weights_alone(run, tmp_path),)
    verdict = evaluate_claim(read_claim(path), places=places)
    assert not verdict.holds
    assert f"seed 0: {correct} correct, claimed {correct + 2}" in verdict.reasons[1]
    assert not evaluate_claim(read_claim(path), places=places, tolerance=1).holds
    assert evaluate_claim(read_claim(path), places=places, tolerance=2).holds


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"correct": 101}, "do not add up"),
        ({"correct": -1}, "do not add up"),
        ({"accuracy": "nan"}, "do not add up"),
        ({"accuracy": "inf"}, "do not add up"),
        ({"deviation": 0.1}, "do not add up"),
        ({"deviation": "nan"}, "do not add up"),
        ({"schema": 9}, "not a claim"),
        ({"schema": '"1"'}, "not a claim"),
        ({"images": '"many"'}, "has an invalid value"),
        ({"images": 0}, "no seeds or no images"),
        ({"epochs": "[1"}, "not a TOML file"),
        ({"notation": '"4C5s3 BN R GAP 10N"'}, "not that of its notation"),
        ({"network": '"gap-14320"'}, "not that of its notation"),
        ({"init": '"runs/other"'}, "fresh weights"),
        ({"data": '"mnist"'}, "not the one that the claim was measured on"),
        ({"data": '"folder:/tmp"'}, "named data set"),
        ({"validation": 300}, "holds out more images"),
        ({"test_sha256": '"0"'}, "not a SHA-256"),
        ({"weights_sha256": '"ABC"'}, "not a SHA-256"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_claim_that_cannot_be_is_refused(run, tmp_path, figures, said):
    path = written(run, tmp_path)
    text = path.read_text(encoding="utf-8")
    for name in ("deviation", "init"):
        if name in figures and f"\n{name} = " not in text:
            before = "\ndata = " if name == "deviation" else "\nnotation = "
            text = text.replace(before, f"\n{name} = 0{before}", 1)
    path.write_text(text, encoding="utf-8")
    spoil(path, **figures)
    with pytest.raises(TersenetError) as error:
        evaluate_claim(read_claim(path), places=(tmp_path / "runs",))
    assert re.search(said, str(error.value))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('data = "synthetic"\nseed', 'data = "mnist"\nseed', "other data"),
        ('data = "synthetic"\nimages', 'data = "mnist"\nimages', "other data"),
        ("[experiment]", "[experiment]\nnottion = 1", "no such setting"),
        ("parameters =", "paramters = 1\nparameters =", "field that is not known"),
        ('run = "small-1"', 'run = "small-1"\nluck = 1', "field that is not known"),
        ("seed = 0\ncorrect", "seed = 1\ncorrect", "has another seed"),
        ("epochs = 1\nmachine", "epochs = 2\nmachine", "not those of its recipe"),
        ("epochs = 1\nbatch_size", "epochs = 9\nbatch_size", "not those of its recipe"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(run, tmp_path, old, new, said):
    path = edited(written(run, tmp_path), old, new)
    with pytest.raises(TersenetError) as error:
        read_claim(path)
    assert said in str(error.value)


@pytest.mark.parametrize("spec", ["{file}:Net", "{file}"])
def test_a_claim_names_no_file_to_run(run, tmp_path, spec):
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'proof')!r}, 'w')")
    word = spec.format(file=evil)
    line = 'notation = "4C5s3 BN R GAP 10Nb"'
    path = edited(written(run, tmp_path), line, f'notation = "{word}"')
    other = edited(write_claim(make_claim(run), tmp_path / "b.toml"), f"{line}\n", "")
    third = edited(other, 'network = "4C5s3 BN R GAP 10Nb"', f'network = "{word}"')
    for claim in (path, third):
        with pytest.raises(TersenetError):
            evaluate_claim(read_claim(claim), places=(tmp_path / "runs",))
    assert not (tmp_path / "proof").exists()
