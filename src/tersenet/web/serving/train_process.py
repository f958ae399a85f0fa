"""The process in which a training runs that a page asked for: an ordinary run, told line by line as JSON.

    python -m tersenet.web.serving.train_process RUNS < order.json

The order is that of `order.py`, or {"resume": the name of a run in RUNS}. The process that started it
reads its standard output: {"run": …}, then {"losses": […], "epoch": …, …} some times a second, {"measured": …} after
an epoch, at last {"finished": true} or {"problem": …}. SIGINT ends it cleanly; so does a reader that has gone away.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tersenet._ending import clean_end
from tersenet._errors import TersenetError
from tersenet._json import finite
from tersenet.data import Dataset
from tersenet.pages import write_report
from tersenet.runs import Listeners, Run, resume_run, start_run
from tersenet.training import BatchProgress, EpochMetrics
from tersenet.web.serving.order import command_of, experiment_of, read_order

OFTEN = 0.05  # seconds between two lines about batches
INTERRUPTED = 130


class Teller:
    """Tells what a run does, through `say`, which is given each message."""

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say
        self._losses: list[float] = []
        self._said = 0.0

    def started(self, run: Run, dataset: Dataset) -> None:
        """The run's folder is there, its data are read."""
        self._say({"run": run.name, "measured": [_measured(each) for each in run.metrics], "notice": dataset.notice})

    def batch(self, epoch: int, batches: int, progress: BatchProgress) -> None:
        """A batch is done; several are told at once."""
        self._losses.append(progress.loss)
        last = progress.batch + 1 == batches
        if last or time.monotonic() - self._said >= OFTEN:
            self._say(
                {
                    "losses": [round(loss, 5) for loss in self._losses],
                    "epoch": epoch,
                    "batch": progress.batch + 1,
                    "batches": batches,
                    "rate": progress.learning_rate,
                }
            )
            self._losses = []
            self._said = time.monotonic()

    def epoch(self, metrics: EpochMetrics) -> None:
        """An epoch is done and measured."""
        self._say({"measured": _measured(metrics)})


def _measured(metrics: EpochMetrics) -> dict[str, Any]:
    return asdict(metrics) | {"held_out_accuracy": metrics.held_out_accuracy}


def main() -> int:
    """Train what standard input orders; the exit status is that of `tersenet train`."""
    told, sys.stdout = sys.stdout, sys.stderr  # what anything else prints does not come between the lines

    def say(message: dict[str, Any]) -> None:
        try:
            print(json.dumps(finite(message)), file=told, flush=True)
        except BrokenPipeError:
            raise KeyboardInterrupt from None

    runs_dir, teller = Path(sys.argv[1]), Teller(say)
    listeners = Listeners(on_start=teller.started, on_batch=teller.batch, on_epoch=teller.epoch)
    body = sys.stdin.buffer.read()
    try:
        with clean_end():
            resumed = json.loads(body).get("resume")
            if resumed is None:
                order = read_order(body)
                sys.argv = ["tersenet", *command_of(order)]  # the run's folder tells how to repeat it
                run = start_run(experiment_of(order), runs_dir=runs_dir, listeners=listeners)
            else:
                run = resume_run(Run(runs_dir / resumed), listeners=listeners)
            write_report(run)
            say({"finished": True})
    except KeyboardInterrupt:
        return INTERRUPTED
    except TersenetError as error:
        say({"problem": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
