"""Claim: exported C code and int8 ONNX give the scores of the simulation on all 10,000 test images.

    python benchmarks/export.py                 # all claimed weights, five seeds each (about a quarter of an hour)
    python benchmarks/export.py --seeds 1

Takes the weights in `claims/weights`. Of each network's first seed every score of MNIST's test set is compared: the
simulation, C compiled here, and onnxruntime. Calibrated on 500 training images. Status 1 where a score differs.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors import safe_open
from torch import nn

from tersenet.data import Dataset, load_data
from tersenet.evaluation import spread
from tersenet.export import (
    ExportFacts,
    accuracy_kept,
    c_source,
    calibration_images,
    compare_on_host,
    integer_onnx,
    quantise,
    simulate,
)
from tersenet.networks import build

WEIGHTS = Path(__file__).parents[1] / "claims" / "weights"


def main() -> None:
    """Quantise, compare, tabulate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    dataset = load_data("mnist")
    names: dict[str, list[Path]] = {}
    for path in sorted(WEIGHTS.glob("*-seed-*.safetensors")):
        names.setdefault(re.sub(r"-seed-\d+$", "", path.stem), []).append(path)
    print("| network | weights, bytes | arena, bytes | float32 % | int8 % | seeds | differing scores: C, ONNX |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    differing = 0
    for name, paths in names.items():
        row, apart = measured(name, paths[: arguments.seeds], dataset)
        differing += apart
        print(row, flush=True)
    sys.exit(1 if differing else 0)


def measured(name: str, paths: list[Path], dataset: Dataset) -> tuple[str, int]:
    """The row of a network, and how many scores differ."""
    before, after, sizes, differing = [], [], "", [0, 0]
    for place, path in enumerate(paths):
        network = loaded(path)
        model = quantise(network, calibration_images(dataset, 500))
        kept = accuracy_kept(network, model, dataset.test)
        before.append(kept.percent_before)
        after.append(kept.percent_after)
        if place == 0:
            images = dataset.test.images
            facts = ExportFacts(
                run=path.stem, network=model.notation, data="mnist", classes=dataset.classes, weights_sha256=""
            )
            code = c_source(model, facts)
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "digits.h").write_text(code.header, encoding="utf-8")
                Path(folder, "digits.c").write_text(code.source, encoding="utf-8")
                differing[0] = compare_on_host(Path(folder), "digits", model, images).different
            session = onnxruntime.InferenceSession(integer_onnx(model, facts))
            maps = images.numpy().reshape(len(images), *model.picture.shape)
            scores = np.concatenate(
                [session.run(["scores"], {"picture": some})[0] for some in np.array_split(maps, 20)]
            )
            differing[1] = int((scores != simulate(model, images).numpy()).sum())
            sizes = f"{model.weight_bytes:,} | {code.arena.size:,}"
    figures = [str(spread(each)) if len(each) > 1 else f"{each[0]:.2f}" for each in (before, after)]
    row = f"| `{name}` | {sizes} | {figures[0]} | {figures[1]} | {len(paths)} | {differing[0]}, {differing[1]} |"
    return row, sum(differing)


def loaded(path: Path) -> nn.Module:
    """The network of a file of weights, which names its notation."""
    with safe_open(path, "pt") as file:
        network = build(file.metadata()["notation"])
        network.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    return network.eval()


if __name__ == "__main__":
    main()
