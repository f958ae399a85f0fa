"""What the page to draw on is given: trained networks, and some digits of the drawn set."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM, draw_synthetic
from tersenet.networks import NotationNetwork
from tersenet.runs import Run, familiarity_of, packaged_names, packaged_run
from tersenet.web.kinds_table import kinds_table
from tersenet.web.network_json import network_json

SAMPLES = 100


def draw_data(runs: Sequence[Run] = ()) -> dict[str, Any]:
    """The networks of `runs` and those of the package, the table of kinds, and sample digits.

    Raises TersenetError for a run whose network is not written in the notation, or takes other pictures than 28×28.

    >>> data = draw_data()
    >>> sorted(data["networks"]), len(data["labels"])
    (['model1-4312', 'model2-7524', 'stem-17150'], 100)
    """
    packaged = [run for name in reversed(packaged_names()) if (run := packaged_run(name)) is not None]
    _, test = draw_synthetic(train=0, test=SAMPLES)
    return {
        "networks": {run.name: _network(run) for run in (*runs, *packaged)},
        "kinds": kinds_table(),
        "samples": sprite(test.images[:, 0].numpy()),
        "labels": test.labels.tolist(),
    }


def sprite(images: np.ndarray[Any, Any], columns: int = 10) -> str:
    """Pictures, uint8 `[N, H, W]`, side by side in one PNG, as a data address; N is a multiple of `columns`.

    >>> sprite(np.zeros((20, 28, 28), np.uint8))[:22]
    'data:image/png;base64,'
    """
    count, height, width = images.shape
    grid = images.reshape(count // columns, columns, height, width).transpose(0, 2, 1, 3)
    file = io.BytesIO()
    Image.fromarray(grid.reshape(count // columns * height, columns * width)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()


def _network(run: Run) -> dict[str, Any]:
    model = run.model()
    if not isinstance(model, NotationNetwork) or run.form.size != MNIST_FORM.size:
        raise TersenetError(
            f"The page can only show networks in notation, for pictures of {MNIST_FORM.spelled}.",
            got=f"{run.name}: {run.experiment.network}",
        )
    bounds = familiarity_of(run)
    return {
        **network_json(model, run.environment.classes, run.form),
        "leastProbability": bounds.least_probability,
        "mostSecondMark": bounds.most_second_mark,
    }
