"""`tersenet export`: a folder, whole or not at all, and its verification."""

import json
import shutil

import pytest

from tersenet.cli.main import main
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler: apt install gcc")
ALL = "c,onnx,json,torch"


@pytest.fixture(scope="module")
def runs(picture_folder, tmp_path_factory):
    """A folder with one run of two classes."""
    folder = tmp_path_factory.mktemp("runs")
    recipe = Recipe(epochs=1, batch_size=16, averaging=0.0)
    start_run(
        Experiment(name="tiny", network="4C5s3 BN R GAP 2N", data=f"folder:{picture_folder}", training=recipe),
        runs_dir=folder,
    )
    return folder


def document(capsys, *words):
    capsys.readouterr()
    status = main(["export", *map(str, words), "--json"])
    captured = capsys.readouterr()
    return status, json.loads(captured.out) if status == 0 else captured.err


def test_an_export_can_be_verified_by_itself(runs, tmp_path, capsys):
    status, exported = document(
        capsys, "tiny", "--to", "c,onnx,json,torch", "--out", tmp_path / "out", "--runs-dir", runs
    )
    assert status == 0
    assert set(exported["files"]) == {path.name for path in (tmp_path / "out").iterdir()}
    assert {"digits.c", "digits.h", "digits_test.c", "README.md", "report.json"} <= set(exported["files"])
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["arena_bytes"] == exported["arena_bytes"]
    assert report["accuracy"]["images"] == exported["images"]
    status, verified = document(capsys, "verify", tmp_path / "out", "--pictures", "5")
    assert status == 0
    assert [(each["target"], each["pictures"], each["different"]) for each in verified["targets"]] == [("host", 5, 0)]


def test_the_same_run_gives_the_same_bytes(runs, tmp_path, capsys):
    for name in ("one", "two"):
        assert document(capsys, "tiny", "--to", ALL, "--out", tmp_path / name, "--runs-dir", runs)[0] == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_changed_code_is_found(runs, tmp_path, capsys):
    document(capsys, "tiny", "--out", tmp_path / "out", "--runs-dir", runs)
    source = (tmp_path / "out" / "digits.c").read_text()
    changed = source.replace("return (uint8_t)(value < low", "return (uint8_t)(value + 3 < low")
    changed = changed.replace("int32_t)1 << (shift - 1))) >> shift", "int32_t)1 << (shift - 1)) + 9999999) >> shift")
    assert changed != source
    (tmp_path / "out" / "digits.c").write_text(changed)
    status, said = document(capsys, "verify", tmp_path / "out")
    assert status == 1
    assert "differs from the simulation" in said
    assert "step 0 (4C5s3 BN R), channel 0" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiny", "--to", "c,onyx"], "no such export format"),
        (["tiny", "--name", "My Net"], "cannot be used in C"),
        (["tiny", "--bits", "9"], "bits = 9"),
        (["tiny", "--calibrate", "0"], "calibrate = 0"),
        (["tiny", "--optimise", "fast"], "size or speed"),
        (["tiny", "--min-accuracy", "101"], "0 to 100 percent"),
        (["tiny", "--pictures", "3"], "belongs to `tersenet export verify`"),
        (["verify"], "folder to verify is missing"),
        (["verify", "EXISTS"], "not an exported folder"),
        (["verify", "EXISTS", "--bits", "4"], "belongs to an export"),
        (["verify", "EXISTS", "--on", "cortex-m5"], "no such target"),
        (["verify", "EXISTS", "--ram", "much"], "a size such as 8k"),
        (["tiny", "--ram", "4k"], "belongs to `tersenet export verify`"),
        (["tiny", "--out", "EXISTS"], "exists already"),
    ],
)
def test_bad_input_is_one_error_and_nothing_is_written(runs, tmp_path, capsys, words, said):
    (tmp_path / "there").mkdir()
    words = [word.replace("EXISTS", str(tmp_path / "there")) for word in words]
    rest = ["--out", tmp_path / "new"] if "--out" not in words and words[0] != "verify" else []
    rest += ["--runs-dir", runs] if words[0] != "verify" else []
    status, error = document(capsys, *words, *rest)
    assert status == 1
    assert said in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]
    assert not list((tmp_path / "there").iterdir())


def test_lost_accuracy_fails_the_export(runs, tmp_path, capsys):
    capsys.readouterr()
    words = ["export", "tiny", "--min-accuracy", "100", "--bits", "2", "--out", str(tmp_path / "out")]
    assert main([*words, "--runs-dir", str(runs)]) == 1
    assert "less accurate than required" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
