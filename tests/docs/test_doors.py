"""What other places need to build and test the project: the workflow, the container, the quick tests."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tersenet.cli.command_list import COMMANDS

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))


def exists(command):
    """Whether a command is a target of the Makefile, a command of Tersenet, or a script that is there."""
    words = command.split()
    if words[0] == ".venv/bin/python":
        return (ROOT / words[1]).is_file()
    if words[0] == "make":
        return all(word in TARGETS or f"$(VENV)/{word.removeprefix('.venv/')}:" in MAKEFILE for word in words[1:])
    return words[0] == ".venv/bin/tersenet" and words[1] in COMMANDS


def test_the_workflow_tests_two_versions_of_python_and_a_budget():
    job = WORKFLOW["jobs"]["tests"]
    assert len(job["strategy"]["matrix"]["python"]) == 2
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert [command for command in commands if not exists(command)] == []
    assert "make test" in commands
    assert any(" check " in command for command in commands)


def test_the_container_installs_as_make_does():
    assert exists(CONTAINER["postCreateCommand"])
    assert ".venv/bin" in CONTAINER["remoteEnv"]["PATH"]


@pytest.mark.parametrize("file", re.findall(r"tests/[\w/]+\.py", MAKEFILE))
def test_the_quick_tests_are_there(file):
    assert (ROOT / file).is_file()
