"""Claims about a small run, and ways to spoil them."""

import shutil

from tersenet.runs import Experiment
from tersenet.runs.claims.claim import make_claim, write_claim
from tersenet.training import Recipe

SMALL = Experiment(
    name="small", network="4C5s3 BN R GAP 10Nb", data="synthetic", training=Recipe(epochs=1, batch_size=50)
)


def written(source, tmp_path):
    return write_claim(make_claim(source), tmp_path / "claim.toml")


def spoil(path, **figures):
    """The claim with some of its lines changed, whatever stood there."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in figures.items():
        lines = [f"{name} = {value}" if line.startswith(f"{name} = ") else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def weights_alone(run, tmp_path):
    """A folder that holds the weights of a run and nothing else of it."""
    folder = tmp_path / "weights-alone"
    folder.mkdir(exist_ok=True)
    shutil.copy(run.path / "model.safetensors", folder / f"seed-{run.experiment.seed}.safetensors")
    return folder


def edited(path, old, new):
    """The claim with one line of it changed, wherever in the file it is."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path
