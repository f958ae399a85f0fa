"""What a command says while it works, and what of a user's own text reaches the terminal."""

import tomllib

from tersenet.cli.main import main
from tersenet.cli.output import Output


def test_work_is_announced_where_there_is_no_terminal(capsys):
    output = Output(json=False)
    with output.working("writing the report …"):
        assert capsys.readouterr().out == "writing the report …\n"
    assert capsys.readouterr().out == ""


def test_an_experiment_is_printed_without_what_steers_a_terminal_and_loads_as_the_same(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    source = "a\u009b31m\u202eb\u0085"
    file.write_text(f'network = "8C3 GAP 10N"\nsource = "{source}"\n', encoding="utf-8")
    assert main(["experiments", str(file)]) == 0
    out = capsys.readouterr().out
    assert not set(out) & set("\u009b\u202e\u0085")
    assert tomllib.loads(out)["source"] == source
