"""What a word means, as a table: each row is a word, what lies about, and what is found."""

import os
from pathlib import Path

import pytest

from tersenet._errors import TersenetError
from tersenet.runs import Experiment, Group, Run, find_experiment, find_run, find_run_or_group, resolve, to_toml

NOTATION = "8C3 BN R GAP 10Nb"
MODULE = "from torch import nn\n\n\nclass Net(nn.Sequential):\n    pass\n"


def make_run(path, **fields):
    path.mkdir(parents=True)
    experiment = Experiment(
        **{"network": NOTATION, "notation": NOTATION, "name": path.name.rpartition("-")[0]} | fields
    )
    (path / "experiment.toml").write_text(to_toml(experiment), encoding="utf-8")
    return path


def make_group(path, **fields):
    make_run(path, **fields)
    (path / "group.json").write_text('{"schema": 1, "seeds": [0, 1], "processes": 1}', encoding="utf-8")
    for seed in (0, 1):
        make_run(path / f"seed-{seed}", name=path.name[:-2], seed=seed)
    return path


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with runs, a group, files, and folders that are called like runs and experiments."""
    monkeypatch.chdir(tmp_path)
    runs = Path("runs")
    for name in ("mine-1", "mine-2", "mine-10", "sprint-3", "my run-1", "**-1", "a:b-1", "net-178-1"):
        make_run(runs / name)
    make_group(runs / "both-1")
    make_run(runs / "both-2")
    make_group(runs / "only-1")
    make_run(runs / "module-1", network=f"{tmp_path / 'model.py'}:Net", notation=None)
    make_run(Path("elsewhere") / "far-1", network="4C3 GAP 10N", notation="4C3 GAP 10N")
    for folder in ("sprint", "mine-1", "gap-14320", "sprint-3", "plain"):  # no runs, and they hide none
        Path(folder).mkdir()
        Path(folder, "notes.txt").write_text("not a run", encoding="utf-8")
    Path("assignment.toml").write_text(f'name = "mine"\nnetwork = "{NOTATION}"\n', encoding="utf-8")
    Path("nameless.toml").write_text(f'network = "{NOTATION}"\n', encoding="utf-8")
    Path("model.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


NETWORK_FIRST = [
    ("sprint", "experiment", "sprint"),
    ("gap-14320", "experiment", "gap-14320"),
    ("assignment.toml", "file", "mine"),
    ("GAP-14320", "network", None),
    ("model.py:Net", "module", None),
    ("mine-2", "run", "mine"),
    ("runs/mine-2", "run", "mine"),
    ("elsewhere/far-1", "run", "far"),
    ("both-1", "group", "both"),
    ("both-1/seed-1", "run", "both"),
    ("my run-1", "run", "my run"),
    ("**-1", "run", "**"),
    (NOTATION, "notation", None),
    ("10N", "notation", None),
    ("mine", "run", "mine"),
    ("both", "run", "both"),
]


@pytest.mark.parametrize(("word", "kind", "name"), NETWORK_FIRST)
def test_where_a_network_is_asked_for(here, word, kind, name):
    found = resolve(word)
    assert (found.kind, found.experiment.name) == (kind, name)


RUN_FIRST = [
    ("sprint", "runs/sprint-3"),
    ("sprint-3", "runs/sprint-3"),
    ("mine", "runs/mine-10"),
    ("mine-1", "runs/mine-1"),
    ("./runs/mine-1", "runs/mine-1"),
    ("elsewhere/far-1", "elsewhere/far-1"),
    ("my run", "runs/my run-1"),
    ("**", "runs/**-1"),
    ("a:b", "runs/a:b-1"),
    ("a:b-1", "runs/a:b-1"),
    ("both", "runs/both-2"),
    ("both-1/seed-1", "runs/both-1/seed-1"),
    ("assignment.toml", "runs/mine-10"),
    ("net-178", "runs/net-178-1"),
    ("model.py:Net", "runs/module-1"),
]


@pytest.mark.parametrize(("word", "path"), RUN_FIRST)
def test_where_a_run_is_asked_for(here, word, path):
    assert find_run(word).path == Path(path)
    assert find_run_or_group(word).path == Path(path)
    assert resolve(word, runs_first=True).kind in ("run", "file", "module")


def test_a_network_or_a_nameless_experiment_means_the_latest_run_that_trained_it(here):
    os.utime("runs/mine-2/experiment.toml", (2e9, 2e9))
    for word in (NOTATION, "8c3-bn-r-gap-10nb", "nameless.toml"):
        assert find_run(word).path == Path("runs/mine-2")
    with pytest.raises(TersenetError, match="no run of this network yet"):
        find_run("5C3 GAP 10N")


def test_an_experiment_that_was_not_run_says_how_to_train_it(here):
    with pytest.raises(TersenetError, match=r"(?s)no run of this experiment yet.*tersenet train gap-14320"):
        find_run("gap-14320")


def test_a_word_with_a_slash_is_a_path_first_and_a_plain_word_a_name(here):
    here_run = make_run(Path("mine-2"), network="4C3 GAP 10N")
    assert find_run("mine-2").path == Path("runs/mine-2")
    assert find_run("./mine-2").path == here_run
    assert find_run("far-1", Path("elsewhere")).path == Path("elsewhere/far-1")


def test_a_run_is_found_by_its_name_in_the_runs_folder_itself(here, monkeypatch):
    monkeypatch.chdir("runs")
    assert find_run("mine-2").path == Path("mine-2")


def test_a_group_is_meant_where_groups_are_accepted(here):
    assert isinstance(find_run_or_group("only"), Group)
    assert isinstance(find_run_or_group("only-1"), Group)
    for word in ("only", "only-1"):
        with pytest.raises(TersenetError, match="only-1/seed-0"):
            find_run(word)


def test_a_run_first_command_falls_back_to_networks(here):
    assert resolve("gap-14320", runs_first=True).kind == "experiment"
    assert resolve(NOTATION, runs_first=True).kind == "notation"
    assert isinstance(resolve("sprint", runs_first=True).run, Run)


ERRORS = [
    ("", "The name is empty"),
    ("  ", "The name is empty"),
    ("missing.toml", "no such experiment file"),
    ("missing.yaml", "no such file or folder"),
    ("nets/mine", "no such file or folder"),
    ("/no/such/place", "no such file or folder"),
    ("missing.py:Net", "no such file or folder"),
    ("plain", "not a run folder"),
    ("plain/notes.txt", "neither an experiment nor a network"),
    ("mine-99", "(?s)no such run.*did you mean mine"),
    ("sprint-77", "no such run"),
    ("net-178-9", "no such run"),
    ("sprnit", "did you mean sprint"),
    ("nothing", "no experiment, network or run of this name"),
    ("8C3 16Q3", r"\^\^\^\^"),
    ("8C3 " * 2000 + "x", "no such layer"),
]


@pytest.mark.parametrize(("word", "said"), ERRORS)
def test_a_word_that_means_nothing_gets_the_error_of_its_kind(here, word, said):
    with pytest.raises(TersenetError, match=said):
        find_experiment(word)


@pytest.mark.parametrize("word", [word for word, _ in ERRORS])
def test_where_only_a_run_will_do_the_error_is_about_runs_or_files(here, word):
    with pytest.raises(
        TersenetError, match=r"no such (run|experiment file)|not a run folder|is empty|neither"
    ) as raised:
        find_run(word)
    assert "^" not in str(raised.value)


def test_a_folder_whose_number_is_no_digit_is_a_name_of_its_own(here):
    make_run(Path("runs/name-²"))
    assert find_run("name-²").path == Path("runs/name-²")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_runs_folder_does_not_keep_a_notation_from_being_read(here):
    Path("runs").chmod(0)
    try:
        assert resolve(NOTATION).kind == "notation"
    finally:
        Path("runs").chmod(0o755)


def test_a_run_that_cannot_be_read_is_not_said_to_be_absent(tmp_path):
    (tmp_path / "lost-1").mkdir()
    (tmp_path / "lost-1" / "result.json").write_text("{}")
    with pytest.raises(TersenetError, match="This run cannot be read") as caught:
        find_run("lost-1", tmp_path)
    assert caught.value.got == "It has result.json and no experiment.toml."


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("my-idea", "my-idea.toml"),
        ("nets/my-idea", "nets/my-idea.toml"),
        ("modell.py:Net", "model.py:Net"),
    ],
)
def test_a_file_that_was_meant_is_named(here, word, meant):
    Path("nets").mkdir()
    for folder in (".", "nets"):
        Path(folder, "my-idea.toml").write_text(f'network = "{NOTATION}"\n', encoding="utf-8")
    with pytest.raises(TersenetError) as error:
        resolve(word)
    assert error.value.hint == f"did you mean {meant}?"
