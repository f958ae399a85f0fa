"""The command line as a whole: help, unknown words, exit status."""

import warnings

import pytest

from tersenet.cli.main import main
from tersenet.cli.streams import ready_streams


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in ("train", "summary", "backprop"))
    assert max(map(len, out.splitlines())) <= 80


def test_an_unknown_command_offers_the_nearest(capsys):
    assert main(["trian"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean train?" in captured.err


@pytest.fixture
def failing(monkeypatch):
    """Makes `tersenet networks` raise what it is given."""

    def fail_with(error):
        def run(arguments, output):
            raise error

        monkeypatch.setattr("tersenet.cli.commands.networks.networks.run", run)

    return fail_with


def test_what_nobody_expected_is_one_message_with_the_traceback_in_a_file(failing, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("TERSENET_TRACEBACK", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    failing(ZeroDivisionError("division by zero"))
    assert main(["networks", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: Tersenet failed unexpectedly.\n  got:      ZeroDivisionError: division by")
    (file,) = tmp_path.iterdir()
    assert str(file) in captured.err
    assert "Traceback" in file.read_text()
    monkeypatch.setenv("TERSENET_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["networks"])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "Not enough memory"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
            "Not enough memory",
        ),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (OSError(28, "No space left on device"), "The operating system reported an error: No space left on device."),
        (SystemExit(0), "The network's code ended the program."),
    ],
)
def test_memory_recursion_the_disk_and_an_exit_of_the_users_are_one_error_each(failing, capsys, error, said):
    failing(error)
    assert main(["networks"]) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_a_librarys_warning_is_one_line(capsys):
    with warnings.catch_warnings(), ready_streams():
        warnings.simplefilter("always")
        warnings.warn("old\nand long", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().err.startswith("note: old (DeprecationWarning, test_main.py:")


def test_an_empty_runs_folder_is_said_plainly(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == "No runs in the folder runs/ yet. `tersenet train` makes one.\n"
