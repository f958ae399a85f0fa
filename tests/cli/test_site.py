"""`tersenet site`: the pages as files."""

import json

from tersenet.cli import main


def test_the_pages_are_written_and_named(tmp_path, capsys):
    assert main(["site", str(tmp_path / "a" / "pages"), "--json"]) == 0
    pages = json.loads(capsys.readouterr().out)["pages"]
    assert {path.name for path in (tmp_path / "a" / "pages").iterdir()} == {
        page["path"].rpartition("/")[2] for page in pages
    }
    assert {"index.html", "backprop.html"} <= {page["path"].rpartition("/")[2] for page in pages}


def test_a_folder_that_cannot_be_made_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("here")
    assert main(["site", str(tmp_path / "file")]) == 1
    assert "The folder cannot be made." in capsys.readouterr().err
