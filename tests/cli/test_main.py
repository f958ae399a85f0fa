"""The command line as a whole: help, unknown words, exit status."""

from tersenet.cli import main


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in ("train", "summary", "backprop"))
    assert max(map(len, out.splitlines())) <= 110


def test_an_unknown_command_offers_the_nearest(capsys):
    assert main(["trian"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean train?" in captured.err
