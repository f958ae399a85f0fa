"""The engine's library in the cache is whole or compiled again; a compiler that fails or hangs stops nobody."""

import ctypes
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tersenet.engine import abi, compiler, library

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler here")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a process that has not looked for the engine yet."""
    monkeypatch.setattr(compiler, "_loaded", {})
    monkeypatch.setattr(compiler.platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    return tmp_path / "tersenet" / "engine"


@pytest.fixture
def filled(cache, monkeypatch):
    """A cache with the library that this process has loaded already, put there without compiling."""
    folder = Path(compiler.platformdirs.user_cache_dir("tersenet")) / "engine"
    folder.mkdir(parents=True)
    content = Path(real_file()).read_bytes()
    file = folder / compiler._name(
        compiler._key(compiler._compiler(os.environ.get("CXX"), os.environ["PATH"])), content
    )
    file.write_bytes(content)
    return file


REAL = library()


def real_file():
    return REAL._name


def forget(monkeypatch):
    monkeypatch.setattr(compiler, "_loaded", {})


def put_back(monkeypatch):
    """Compiling takes seconds: here it copies the library that is there."""
    monkeypatch.setattr(
        compiler, "_compile", lambda command, scratch: shutil.copyfile(real_file(), scratch / "engine.so")
    )


def cut_short(file):
    file.write_bytes(file.read_bytes()[:1000])


def emptied(file):
    file.write_bytes(b"")


def one_byte_changed(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def without_symbols(file):
    subprocess.run(["c++", "-shared", "-fPIC", "-x", "c++", "-", "-o", file], input=b"void f() {}", check=True)
    content = file.read_bytes()
    file.unlink()
    file.with_name(compiler._name(file.name.split("-")[0], content)).write_bytes(content)


@pytest.mark.parametrize("damage", [cut_short, emptied, one_byte_changed, without_symbols])
def test_a_library_that_is_not_whole_is_compiled_again(filled, monkeypatch, damage):
    damage(filled)
    assert library(compile_it=False) is None
    put_back(monkeypatch)
    assert library().tersenet_bfloat16() in (0, 1)
    assert [file.name for file in filled.parent.iterdir()] == [filled.name], "what was damaged is gone"


def test_a_whole_library_is_taken_without_a_compiler_at_work(filled, monkeypatch):
    monkeypatch.setattr(compiler, "_compile", None)
    assert library() is not None


def test_who_measures_before_the_library_is_compiled_finds_it_later(cache, monkeypatch):
    assert library(compile_it=False) is None
    put_back(monkeypatch)
    made = library()
    assert made is not None
    assert library(compile_it=False) is made


def test_structs_of_another_size_or_version_are_refused(monkeypatch):
    assert abi.declared(REAL) is REAL
    monkeypatch.setattr(abi, "VERSION", abi.VERSION + 1)
    with pytest.raises(ValueError, match="version and sizes of structs"):
        abi.declared(REAL)
    monkeypatch.undo()

    class Longer(ctypes.Structure):
        _fields_ = [*abi.Update._fields_, ("more", ctypes.c_float)]

    monkeypatch.setattr(abi, "Update", Longer)
    with pytest.raises(ValueError, match="version and sizes of structs"):
        abi.declared(REAL)


def a_compiler(folder, script):
    folder.mkdir()
    file = folder / "slow-c++"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_a_compiler_that_hangs_is_given_up_with_all_that_it_started(cache, tmp_path, monkeypatch, capsys):
    mark = f"{time.time_ns() % 10**6 + 10**6}"
    monkeypatch.setenv("CXX", a_compiler(tmp_path / "bin", f"sleep {mark} & sleep {mark}"))
    monkeypatch.setattr(compiler, "LONGEST", 1)
    monkeypatch.setattr(compiler, "PATIENCE", 0.2)
    begun = time.monotonic()
    assert library() is None
    assert time.monotonic() - begun < 20
    said = capsys.readouterr().err
    assert "Waiting for" in said
    assert "TERSENET_COMPILED=0" in said
    assert "did not finish in 1 s" in said
    assert list(cache.iterdir()) == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert f"sleep {mark}" not in running


def test_a_compiler_that_fails_leaves_nothing_and_torch_computes(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CXX", a_compiler(tmp_path / "bin", "exit 3"))
    assert library() is None
    assert list(cache.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_what_a_killed_process_left_is_swept_before_the_next_compiling(cache, monkeypatch):
    old, young = cache / "compiling-old", cache / "compiling-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "engine.h").write_text("")
    long_ago = time.time() - 3600
    os.utime(old, (long_ago, long_ago))
    put_back(monkeypatch)
    assert library() is not None
    assert not old.exists()
    assert young.exists(), "another process may be at work there"


def test_the_engine_can_be_turned_off_for_a_while(monkeypatch):
    monkeypatch.setenv("TERSENET_COMPILED", "0")
    assert library() is None
    monkeypatch.delenv("TERSENET_COMPILED")
    assert library() is REAL


def test_a_training_begins_with_a_damaged_library_in_the_cache(tmp_path):
    """The process as a whole: what a damaged library did was to end it by a signal."""
    script = textwrap.dedent("""
        import torch, tersenet as tn
        from tersenet.engine import compiler
        compiler._compile = None  # a damaged library is noticed before anything is compiled
        key = compiler._key(compiler._compiler(None, __import__("os").environ["PATH"]))
        folder = compiler.Path(compiler.platformdirs.user_cache_dir("tersenet")) / "engine"
        folder.mkdir(parents=True)
        (folder / f"{key}-0123456789abcdef.so").write_bytes(b"\\x7fELF" + bytes(996))
        print(tn.evaluate(tn.build("4C3s3 GAP 10N"), [(torch.zeros(2, 1, 28, 28), torch.tensor([1, 2]))]).images)
    """)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
