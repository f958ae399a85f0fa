"""Files are written whole or not at all, also where the disk is full."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    link.symlink_to(target)
    for content in ("first", "second"):
        write_whole(link, content)
        assert link.is_symlink()
        assert target.read_text() == content
    assert [path.name for path in target.parent.iterdir()] == ["target"]


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path):
    file = write_whole(tmp_path / "state", "old")
    file.chmod(0o640)
    write_whole(file, "new")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o640)


def test_a_read_only_file_is_refused(tmp_path):
    file = write_whole(tmp_path / "state", "old")
    file.chmod(0o444)
    with pytest.raises(TersenetError, match="read-only"):
        write_whole(file, "new")
    assert file.read_text() == "old"


def test_a_device_is_written_to_and_stays_a_device():
    device = Path(os.devnull)
    before = device.stat()
    write_whole(device, "gone")
    assert device.stat().st_rdev == before.st_rdev
    assert stat.S_ISCHR(device.stat().st_mode)


def test_a_pipe_takes_what_is_written(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_bytes)
        write_whole(pipe, "through")
        assert read.result(timeout=30) == b"through"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    file = write_whole(tmp_path / ("ü" * 120 + ".csv"), "x")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_text_that_is_not_utf8_is_written_as_an_escape(tmp_path):
    assert write_whole(tmp_path / "page.md", "caf\udce9").read_text(encoding="utf-8") == "caf\\udce9"
