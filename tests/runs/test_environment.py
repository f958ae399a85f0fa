"""What a run records of where it happened: the commit is Tersenet's own, and git cannot hold a training."""

import subprocess
import time

import pytest

from tersenet.runs.provenance import environment


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git project with a package in it that takes the place of Tersenet's; gives a function that runs git there."""

    def git(*words):
        who = ["-c", "user.name=x", "-c", "user.email=x@x"]
        done = subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    package = tmp_path / "package"
    package.mkdir()
    (package / "environment.py").write_text("")
    monkeypatch.setattr(environment, "__file__", str(package / "environment.py"))
    return git


def commit(git, tmp_path, name, *, tracked=True):
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n')
    git("add", "." if tracked else "pyproject.toml")
    git("commit", "-q", "-m", "x")
    return git("rev-parse", "HEAD")


def test_a_checkout_of_tersenet_gives_its_commit_and_says_that_it_was_changed(checkout, tmp_path):
    found = commit(checkout, tmp_path, "tersenet")
    assert environment._git_commit() == found
    (tmp_path / "package" / "environment.py").write_text("changed = 1\n")
    assert environment._git_commit() == f"{found}+changes"


def test_the_commit_of_a_project_that_tersenet_is_installed_in_is_not_tersenets(checkout, tmp_path):
    commit(checkout, tmp_path, "mine")
    assert environment._git_commit() is None
    (tmp_path / ".gitignore").write_text("package\n")
    checkout("rm", "-q", "-r", "--cached", "package")
    commit(checkout, tmp_path, "tersenet", tracked=False)
    assert environment._git_commit() is None


@pytest.mark.parametrize("body", ["sleep 60", "sleep 60 &\nwait", "exit 1"])
def test_a_git_that_hangs_or_fails_is_not_waited_for(tmp_path, monkeypatch, body):
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(environment, "GIT_SECONDS", 0.2)
    start = time.monotonic()
    assert environment._git_commit() is None
    assert time.monotonic() - start < 10
