"""Claim: beside busy processes the default number of workers is never slower than one worker would be.

    python benchmarks/load.py                    # alone and beside one, two and four busy processes; 5 minutes
    python benchmarks/load.py --before OTHER/src # another version of Tersenet in turn with this one

A training of `sprint`'s network on a part of MNIST, one epoch, in a process of its own: wall seconds, and seconds of
processor time of all its threads. A busy process is an endless loop. With each number of busy processes the ways take
turns; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

WORST = 1.1  # times as long as one worker: measurements beside busy processes differ by that much


def measure(workers: int, pictures: int) -> dict[str, float]:
    """Wall and processor seconds of one training with this many workers (0: the default), compiling not counted."""
    import torch

    from tersenet.data import load_data
    from tersenet.networks import NETWORKS, build
    from tersenet.runs import Settings, load_experiment, settle
    from tersenet.training import train

    data_dir = os.environ.get("TERSENET_DATA")
    dataset = load_data("mnist", data_dir=Path(data_dir) if data_dir else None)
    experiment = load_experiment("sprint")
    model = build(NETWORKS[experiment.network].notation)
    settings = settle(Settings(device="cpu", precision="float32", workers=workers), model)
    torch.set_num_threads(1)
    few = replace(
        dataset, train=dataset.train.take(torch.arange(pictures)), test=dataset.test.take(torch.arange(500))
    )
    recipe = replace(experiment.training, epochs=1)
    begun, used = time.perf_counter(), time.process_time()
    train(model, few, recipe, engine=settings.engine, precision=settings.precision, workers=settings.workers)
    return {"wall": time.perf_counter() - begun, "processor": time.process_time() - used, "workers": settings.workers}


def in_turn(source: Path, workers: int, pictures: int) -> dict[str, float]:
    """The same in a process of its own, with the version of Tersenet that lies in `source`."""
    command = [sys.executable, __file__, "--measure", str(workers), "--pictures", str(pictures)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure each way beside more and more busy processes; compare the default with one worker."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=12_800)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--before", type=Path, help="the folder src of another version")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure is not None:
        print(json.dumps(measure(arguments.measure, arguments.pictures)))
        return
    here = Path(__file__).resolve().parents[1] / "src"
    ways = {"default": (here, 0), "one worker": (here, 1)}
    if arguments.before:
        ways |= {
            "before, default": (arguments.before.resolve(), 0),
            "before, one worker": (arguments.before.resolve(), 1),
        }
    for source, workers in ways.values():
        in_turn(source, workers, 1280)  # compiles the engine, where that was not done yet
    print(f"{'beside':>6}  {'':18} {'wall':>8} {'processor':>9}  {'of one worker':>13}")
    misses = []
    for count in arguments.busy:
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
        try:
            found = [
                {name: in_turn(*way, arguments.pictures) for name, way in ways.items()}
                for _ in range(arguments.turns)
            ]
        finally:
            for process in busy:
                process.kill()
                process.wait()
        for name in ways:
            wall, processor = (statistics.median(one[name][what] for one in found) for what in ("wall", "processor"))
            base = "before, one worker" if name.startswith("before") else "one worker"
            ratio = statistics.median(one[name]["wall"] / one[base]["wall"] for one in found)
            print(f"{count:6}  {name:18} {wall:6.2f} s {processor:7.2f} s  {ratio:13.2f}", flush=True)
            if name == "default" and ratio > WORST:
                misses.append(f"beside {count} busy processes {ratio:.2f} times as long as one worker")
    if misses:
        raise SystemExit("missed: " + "; ".join(misses))


if __name__ == "__main__":
    main()
