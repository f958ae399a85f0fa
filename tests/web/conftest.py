"""Node runs the browser's engine; without it these tests are skipped, with the reason."""

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest

from tersenet.web import kinds_table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def engine():
    """A function that runs jobs in the engine and gives their answers."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing, which runs the browser's engine: apt-get install nodejs")

    def run(*jobs):
        text = json.dumps({"kinds": kinds_table(), "jobs": jobs})
        done = subprocess.run([node, HERE / "engine.mjs"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def npm_package():
    """A function that gives the folder of a package of npm at a version; it is fetched once, into .cache/."""
    if shutil.which("npm") is None:
        pytest.skip("npm is missing, which fetches what checks the pages: apt-get install nodejs npm")

    def fetched(name, version):
        folder = ROOT / ".cache" / "npm" / f"{name}-{version}"
        if not (folder / "node_modules" / name / "package.json").is_file():
            command = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", f"{name}@{version}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            if done.returncode:
                pytest.skip(f"{name} {version} cannot be fetched from npm: {done.stderr.strip()[-200:]}")
        return folder / "node_modules" / name

    return fetched


def packed(tensor):
    """A tensor as the engine takes it: float32 in base64."""
    return b64encode(np.asarray(tensor.detach(), "<f4").tobytes()).decode()


def unpacked(text, shape):
    """What the engine gives, as an array of this shape."""
    return np.frombuffer(b64decode(text), "<f4").reshape(shape)
