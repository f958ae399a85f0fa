"""A run of `file.py:Name` holds what it needs, runs that and nothing else, and runs nobody else's code unasked."""

import json
import shutil

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.cli.main import main
from tersenet.networks import find_network
from tersenet.runs import Experiment, Run, find_run, list_runs, resume_run, start_group, start_run
from tersenet.runs.provenance import trust as trust_room
from tersenet.training import Recipe

MODEL = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(784, 2)

    def forward(self, x):
        from beside import SCALE
        return SCALE * self.layer(x.flatten(1))
"""
EVIL = """
from pathlib import Path
Path({proof!r}).write_text("it ran")
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 2))
"""


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "beside.py").write_text("SCALE = 1.0\n")
    (folder / "model.py").write_text(MODEL)
    return folder / "model.py"


@pytest.fixture
def experiment(file, picture_folder):
    recipe = Recipe(epochs=1, batch_size=16)
    return Experiment(name="own", network=f"{file}:Net", data=f"folder:{picture_folder}", training=recipe)


@pytest.fixture
def run(experiment, tmp_path):
    return start_run(experiment, runs_dir=tmp_path / "runs")


@pytest.fixture
def proof(tmp_path):
    """A file that only evil code writes."""
    return tmp_path / "proof"


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Makes this another user's machine, on which nothing is trusted."""

    def leave():
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another-home"))
        monkeypatch.delenv(trust_room.VARIABLE, raising=False)

    return leave


@pytest.fixture
def evil(experiment, tmp_path, proof, elsewhere):
    """A finished run that somebody else sent, whose network writes a file when it is made."""
    path = tmp_path / "evil.py"
    path.write_text(EVIL.format(proof=str(proof)))
    found = start_run(experiment.changed(network=f"{path}:Net", name="sent"), runs_dir=tmp_path / "runs")
    elsewhere()
    path.unlink()
    proof.unlink()
    return found


def test_the_file_and_what_it_imports_even_late_are_kept_with_their_hashes(run, file):
    facts = run.environment.source
    assert (facts.entry, facts.name, facts.root) == ("model.py", "Net", str(file.parent))
    assert sorted(facts.files) == ["beside.py", "model.py"]
    assert (run.path / "source" / "model.py").read_text() == MODEL
    assert (run.path / "source" / "beside.py").read_text() == "SCALE = 1.0\n"


def test_an_edited_file_does_not_change_what_was_trained_and_is_told_once(run, file, capsys):
    pictures = torch.rand(3, 1, 28, 28)
    before = run.model()(pictures)
    (file.parent / "beside.py").write_text("SCALE = -5.0\n")
    file.write_text(MODEL.replace("784, 2", "784, 3"))
    for _ in range(2):
        assert torch.equal(Run(run.path).model()(pictures), before)
    said = capsys.readouterr().err
    assert said.count("beside.py, model.py have changed since own-1 was trained; the copy in") == 1
    assert said.count("\n") == 1
    assert find_network(f"{file}:Net").module.layer.out_features == 3


def test_a_run_needs_the_original_no_more(run, file):
    shutil.rmtree(file.parent)
    assert run.model()(torch.zeros(1, 1, 28, 28)).shape == (1, 2)


def test_a_run_goes_on_with_the_source_that_it_began_with(run, file, experiment, tmp_path):
    (run.path / "result.json").unlink()
    shutil.rmtree(run.path / "checkpoint")
    before = (run.path / "model.safetensors").read_bytes()
    file.write_text(MODEL.replace("784, 2", "784, 2, bias=False"))
    resume_run(Run(run.path))
    assert (run.path / "model.safetensors").read_bytes() == before


def test_each_seed_of_a_group_keeps_the_source(experiment, tmp_path, file):
    group = start_group(experiment, 2, runs_dir=tmp_path / "runs", processes=2)
    shutil.rmtree(file.parent)
    for run in group.runs:
        assert (run.path / "source" / "beside.py").is_file()
        assert run.model()(torch.zeros(1, 1, 28, 28)).shape == (1, 2)


def test_a_group_that_somebody_sent_goes_on_after_a_word(experiment, tmp_path, elsewhere, capsys):
    group = start_group(experiment, 2, runs_dir=tmp_path / "runs", processes=1)
    for path in (group.path, *(run.path for run in group.runs)):
        (path / "result.json").unlink()
    elsewhere()
    words = ["train", "--resume", group.name, "--runs-dir", str(tmp_path / "runs"), "--no-report"]
    assert main(words) == 1
    assert "would execute a Python file" in capsys.readouterr().err
    assert main([*words, "--trust"]) == 0


def test_files_that_the_code_reads_are_kept_too(picture_folder, tmp_path):
    folder = tmp_path / "reads"
    folder.mkdir()
    (folder / "sizes.json").write_text("[784, 2]")
    (folder / "model.py").write_text(
        "import json\nfrom pathlib import Path\nfrom torch import nn\n\n"
        "class Net(nn.Sequential):\n    def __init__(self):\n"
        "        sizes = json.loads((Path(__file__).parent / 'sizes.json').read_text())\n"
        "        super().__init__(nn.Flatten(), nn.Linear(*sizes))\n"
    )
    network, recipe = f"{folder}/model.py:Net", Recipe(epochs=1)
    found = Experiment(name="own", network=network, data=f"folder:{picture_folder}", training=recipe)
    run = start_run(found, runs_dir=tmp_path / "runs")
    shutil.rmtree(folder)
    assert sorted(run.environment.source.files) == ["model.py", "sizes.json"]
    assert run.model()(torch.zeros(1, 1, 28, 28)).shape == (1, 2)


def test_a_package_is_kept_as_one(picture_folder, tmp_path, monkeypatch):
    package = tmp_path / "nets" / "pkg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "beside.py").write_text("SCALE = 1.0\n")
    (package / "model.py").write_text(MODEL.replace("from beside", "from .beside"))
    monkeypatch.chdir(tmp_path / "nets")
    found = Experiment(
        name="own", network="pkg/model.py:Net", data=f"folder:{picture_folder}", training=Recipe(epochs=1)
    )
    run = start_run(found, runs_dir=tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(package)
    assert sorted(run.environment.source.files) == ["pkg/__init__.py", "pkg/beside.py", "pkg/model.py"]
    assert run.model()(torch.zeros(1, 1, 28, 28)).shape == (1, 2)


@pytest.mark.parametrize("spoil", ["edit", "add", "remove", "link"])
def test_a_copy_that_is_not_what_was_trained_is_refused(run, spoil, tmp_path):
    source = run.path / "source"
    if spoil == "edit":
        (source / "beside.py").write_text("SCALE = 2.0\n")
    elif spoil == "add":
        (source / "late.py").write_text("")
    elif spoil == "remove":
        (source / "beside.py").unlink()
    else:
        (source / "late.py").symlink_to(tmp_path)
    with pytest.raises(TersenetError, match=r"has changed since the training|plain files only"):
        run.model()


def test_bytecode_in_the_copy_is_never_read(run):
    cache = run.path / "source" / "__pycache__"
    cache.mkdir()
    (cache / "model.cpython-311.pyc").write_bytes(b"evil")
    assert run.model()(torch.zeros(1, 1, 28, 28)).shape == (1, 2)


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "sent-1"],
        ["report", "sent-1"],
        ["predict", "sent-1", "{picture}"],
        ["explain", "sent-1", "{picture}"],
        ["doctor", "sent-1"],
        ["compare", "sent-1", "sent-2"],
        ["train", "--resume", "sent-1"],
        ["train", "sent-1"],
        ["train", "sent-1", "--lr-find"],
        ["summary", "sent-1"],
        ["doctor", "sent-1", "--network"],
    ],
    ids=" ".join,
)
def test_a_run_that_somebody_sent_is_not_executed_unasked(evil, proof, words, capsys, picture_folder):
    if "--resume" in words:
        (evil.path / "result.json").unlink()
    shutil.copytree(evil.path, evil.path.with_name("sent-2"))
    picture = next((picture_folder / "ring").iterdir())
    words = [word.format(picture=picture) for word in words]
    assert main([*words, "--runs-dir", str(evil.path.parent)]) == 1
    said = capsys.readouterr().err
    assert "would execute a Python file" in said
    assert "evil.py" in said
    assert "--trust" in said
    assert not proof.exists()


def test_listings_never_run_code(evil, proof, capsys, tmp_path):
    unfinished = tmp_path / "runs" / "sent-2"
    shutil.copytree(evil.path, unfinished)
    (unfinished / "result.json").unlink()
    facts = json.loads((unfinished / "environment.json").read_text())
    del facts["parameters"]
    (unfinished / "environment.json").write_text(json.dumps(facts))
    for words in (["runs"], ["runs", "best"], ["runs", "best", "--data", facts["data"]], ["experiments"]):
        assert main([*words, "--json", "--runs-dir", str(tmp_path / "runs")]) == 0
    assert main(["runs", "--runs-dir", str(tmp_path / "runs")]) == 0
    assert len(list_runs(tmp_path / "runs")) == 2
    assert not proof.exists()


def test_a_word_is_asked_once(evil, proof, capsys):
    words = ["evaluate", "sent-1", "--runs-dir", str(evil.path.parent)]
    assert main([*words, "--trust"]) == 0
    assert proof.exists()
    assert main(words) == 0


def test_trust_in_python_is_a_word_too(evil, proof):
    with pytest.raises(TersenetError, match="would execute"):
        evil.model()
    assert evil.model(trust=True)
    assert Run(evil.path).model()


def test_trust_is_in_the_code_and_not_in_the_folder(run, tmp_path, elsewhere, proof):
    moved = tmp_path / "moved"
    shutil.copytree(run.path, moved)
    assert Run(moved).model()
    # The same code with another name to call, or with one more file, is other code.
    facts = json.loads((moved / "environment.json").read_text())
    for change in ({"name": "nn"}, {"search": [".", "more"]}):
        (moved / "environment.json").write_text(json.dumps(facts | {"source": facts["source"] | change}))
        with pytest.raises(TersenetError, match="would execute"):
            Run(moved).model()


@pytest.mark.parametrize("where", ["notation", "network", "source"])
def test_a_folder_cannot_make_itself_trusted(run, tmp_path, proof, where):
    path = tmp_path / "evil.py"
    path.write_text(EVIL.format(proof=str(proof)))
    toml, facts = run.path / "experiment.toml", json.loads((run.path / "environment.json").read_text())
    if where == "source":
        facts["source"]["entry"] = "../../evil.py"
    else:
        text = "\n".join(line for line in toml.read_text().splitlines() if not line.startswith("network"))
        toml.write_text(f'{where} = "{path}:Net"\n' + ('network = "x"\n' if where == "notation" else "") + text)
        del facts["source"]
    (run.path / "environment.json").write_text(json.dumps(facts))
    with pytest.raises(TersenetError):
        Run(run.path).model()
    assert not proof.exists()


def test_a_run_of_an_older_version_uses_the_file_as_it_is_and_says_so(run, file, capsys):
    facts = json.loads((run.path / "environment.json").read_text())
    for key in ("source", "data_sha256", "parameters"):
        del facts[key]
    (run.path / "environment.json").write_text(json.dumps(facts))
    shutil.rmtree(run.path / "source")
    old = Run(run.path)
    with pytest.raises(TersenetError, match="would execute"):
        old.model()
    assert old.model(trust=True)
    assert "kept no copy of model.py" in capsys.readouterr().err
    assert old.data().notice is None


def test_where_nothing_can_be_remembered_a_word_still_counts_in_this_process(run, elsewhere, monkeypatch, tmp_path):
    elsewhere()
    (tmp_path / "another-home").write_text("not a folder")
    with pytest.raises(TersenetError, match="would execute"):
        run.model()
    assert run.model(trust=True)
    assert run.model()


@pytest.fixture
def pictures(picture_folder, tmp_path):
    folder = tmp_path / "pictures"
    shutil.copytree(picture_folder, folder)
    return folder


@pytest.fixture
def of_pictures(pictures, tmp_path):
    found = Experiment(
        name="own", network="4C5s3 GAP 2N", data=f"folder:{pictures}", training=Recipe(epochs=1, batch_size=16)
    )
    return start_run(found, runs_dir=tmp_path / "runs")


def test_data_that_changed_are_noticed_and_no_training_goes_on_with_them(of_pictures, pictures, capsys):
    assert of_pictures.data().notice is None
    shutil.copy(pictures / "bar" / "0.png", pictures / "ring" / "0.png")
    assert "have changed since the run was trained" in of_pictures.data().notice
    for command in ("doctor", "evaluate"):
        assert main([command, "own", "--runs-dir", str(of_pictures.path.parent)]) == 0
        said = capsys.readouterr()
        assert said.out.replace("\n", " ").count("have changed since the run was trained") == 1
        assert "changed" not in said.err
    words = ["explain", "own", "--index", "0", "--runs-dir", str(of_pictures.path.parent)]
    assert main(words) == 0
    assert "have changed since the run was trained" in capsys.readouterr().out
    (of_pictures.path / "result.json").unlink()
    with pytest.raises(TersenetError, match="have changed since the run was trained"):
        resume_run(Run(of_pictures.path))


def test_data_named_by_a_relative_path_are_known_to_have_changed_too(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = Experiment(
        name="near", network="4C5s3 GAP 2N", data="folder:pictures", training=Recipe(epochs=1, batch_size=16)
    )
    run = start_run(found, runs_dir=tmp_path / "runs")
    shutil.copy(pictures / "bar" / "0.png", pictures / "ring" / "0.png")
    assert "have changed since the run was trained" in run.data().notice


def test_the_doctor_says_once_which_pictures_were_left_out_and_that_others_changed(pictures, tmp_path, capsys):
    (pictures / "bar" / "broken.png").write_bytes(b"no picture")
    data = f"folder:{pictures}?skip-bad"
    found = Experiment(name="own", network="4C5s3 GAP 2N", data=data, training=Recipe(epochs=1, batch_size=16))
    start_run(found, runs_dir=tmp_path / "runs")
    capsys.readouterr()
    for changes in (0, 1):
        assert main(["doctor", "own", "--runs-dir", str(tmp_path / "runs")]) == 0
        said = capsys.readouterr()
        assert (said.out.count("broken.png"), said.err) == (1, "")
        assert said.out.replace("\n", " ").count("have changed since the run was trained") == changes
        shutil.copy(pictures / "bar" / "0.png", pictures / "ring" / "0.png")


def test_classes_that_were_renamed_end_a_resume_and_names_that_changed_places_are_noticed(of_pictures, pictures):
    (of_pictures.path / "result.json").unlink()
    (pictures / "bar").rename(pictures / "beam")
    with pytest.raises(TersenetError, match="not those the network was trained on"):
        resume_run(Run(of_pictures.path))
    (pictures / "ring").rename(pictures / "bar")
    (pictures / "beam").rename(pictures / "ring")
    with pytest.raises(TersenetError, match="have changed since the run was trained"):
        resume_run(Run(of_pictures.path))


def test_weights_that_a_run_starts_from_are_told_apart(of_pictures, tmp_path):
    later = start_run(of_pictures.experiment.changed(init=str(of_pictures.path), name="later"), runs_dir=tmp_path)
    (later.path / "result.json").unlink()
    weights = of_pictures.path / "model.safetensors"
    shutil.copy(later.path / "model.safetensors", weights)
    assert resume_run(Run(later.path)).result  # its checkpoint holds all
    (later.path / "result.json").unlink()
    shutil.rmtree(later.path / "checkpoint")
    with pytest.raises(TersenetError, match="started from have changed"):
        resume_run(Run(later.path))


def test_a_listing_shows_what_is_recorded(run, tmp_path):
    (run.path / "result.json").unlink()
    assert find_run("own", tmp_path / "runs").parameters == 1570
