"""Files are written whole or not at all, also where the disk is full."""

import errno
import os

import pytest

from tersenet import TersenetError
from tersenet._files import write_whole, written_whole


def test_what_was_there_is_untouched_when_the_disk_is_full(tmp_path, monkeypatch):
    file = write_whole(tmp_path / "deep" / "state", b"whole")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TersenetError, match="No space left") as error:
        write_whole(file, b"other")
    assert error.value.where == file
    assert file.read_bytes() == b"whole"
    assert [path.name for path in file.parent.iterdir()] == ["state"]


def test_what_was_there_is_untouched_when_the_writer_stumbles(tmp_path):
    file = write_whole(tmp_path / "state", "whole")

    def stumble():
        with written_whole(file) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()
    assert file.read_text(encoding="utf-8") == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path):
    with pytest.raises(TersenetError, match="is a folder"):
        write_whole(tmp_path, "text")


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").write_text("x", encoding="utf-8")
    assert write_whole(tmp_path / "ours", "x").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(TersenetError, match="cannot be written"):
        write_whole(tmp_path / "file" / "below", "x")
