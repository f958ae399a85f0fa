"""What several tests share: MNIST where it is at hand."""

import os

# The tests run one process a core: more threads each would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mnist():
    """The real MNIST, or a skip where TERSENET_DATA names no folder that holds it."""
    folder = os.environ.get("TERSENET_DATA")
    if not folder or not Path(folder, "mnist").is_dir():
        pytest.skip("TERSENET_DATA names no folder with mnist/")
    from tersenet.data import load_data

    return load_data("mnist")
