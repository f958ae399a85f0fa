"""`tersenet report` writes a run's report again."""

import json

from tersenet.cli.main import main
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


def test_the_report_is_written_again_and_its_path_is_printed(picture_folder, tmp_path, capsys):
    experiment = Experiment(
        name="tiny",
        network="4C5s3 BN R GAP 2N",
        data=f"folder:{picture_folder}",
        training=Recipe(epochs=1, batch_size=16, averaging=0.0),
    )
    run = start_run(experiment, runs_dir=tmp_path)
    page = run.path / "report.html"
    assert main(["report", "tiny", "--runs-dir", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "run": "tiny-1",
        "report": str(page),
        "markdown": str(run.path / "report.md"),
        "blocks": str(run.path / "report.json"),
    }
    assert json.loads((run.path / "report.json").read_text(encoding="utf-8"))
    page.write_text("spoiled", encoding="utf-8")
    assert main(["report", str(run.path)]) == 0
    assert str(page) in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_folder_that_is_no_run_is_one_clear_error(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert "not a run folder" in capsys.readouterr().err
