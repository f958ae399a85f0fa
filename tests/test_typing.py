"""What a type checker sees of the public names: all of them, with their types, and no others."""

import re
import subprocess
import sys

import pytest

import tersenet


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """What mypy says of a snippet that uses every public name, and some that are none; one run for all tests."""
    snippet = tmp_path_factory.mktemp("typed") / "snippet.py"
    lines = [
        "import tersenet as tn",
        'reveal_type(tn.build("8C3"))',
        'reveal_type(tn.load_data("mnist"))',
        "reveal_type(tn.Recipe().schedule)",
        'tn.biuld("8C3")',
        "tn.build(8)",
        *(f"{'shown_' + name} = tn.{name}" for name in tersenet.__all__),
    ]
    snippet.write_text("\n".join(lines) + "\n")
    settings = snippet.with_name("mypy.ini")
    settings.write_text(
        "[mypy]\nstrict = true\nfollow_imports = silent\n"
        "[mypy-torch.*,sympy.*,numpy.*,matplotlib.*,PIL.*]\nfollow_imports = skip\n"  # a minute, and nothing of ours
    )
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", str(settings), str(snippet)]
    return subprocess.run(command, capture_output=True, text=True, cwd=snippet.parent).stdout


def test_the_types_of_public_functions_are_known(checked):
    assert re.findall(r'Revealed type is "([^"]*)"', checked) == [
        "tersenet.networks.build.NotationNetwork",
        "tersenet.data.dataset.Dataset",
        "tersenet.training.schedules.Schedule",
    ]


def test_a_misspelt_name_or_a_wrong_argument_is_an_error_and_no_public_name_is(checked):
    errors = [line for line in checked.splitlines() if "error:" in line]
    assert [re.search(r"snippet.py:(\d+).*\[([\w-]+)\]", line).groups() for line in errors] == [
        ("5", "attr-defined"),
        ("6", "arg-type"),
    ]


def test_the_names_that_a_type_checker_sees_are_those_that_are_there():
    for name in tersenet.__all__:
        assert getattr(tersenet, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'biuld'"):
        _ = tersenet.biuld
