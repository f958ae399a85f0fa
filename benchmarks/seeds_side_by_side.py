"""Claim: seeds side by side, one core each, take at most a tenth longer in total than one by one on all cores.

    python benchmarks/seeds_side_by_side.py [--seeds 4] [--experiment sprint] [--epochs 1]

Trains the same seeds both ways and prints the seconds of each, including the start of the processes and the reading
of the data. `--seeds` trains side by side.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tersenet.runs import core_count, load_experiment, start_group, with_settings

MOST = 1.1  # times as long as one by one; two timings of the same differ by some hundredths


def main() -> None:
    """Time both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--experiment", default="sprint")
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    values = {"training.epochs": options.epochs, "settings.device": "cpu"}
    experiment = with_settings(load_experiment(options.experiment), values=values)
    seconds = {}
    for processes in (1, core_count()):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            group = start_group(experiment, options.seeds, runs_dir=Path(folder), processes=processes)
            seconds[processes] = time.perf_counter() - start
            settled = group.experiment.settings.description
            print(f"{group.processes} at a time: {seconds[processes]:.1f} s for {options.seeds} seeds ({settled})")
    if len(seconds) > 1:
        one, many = seconds.values()
        print(f"side by side is {one / many:.2f} times as fast")
        if many > MOST * one:
            raise SystemExit(f"missed: side by side takes {many / one:.2f} times as long")


if __name__ == "__main__":
    main()
