"""The training that a page asked for: one at a time, in a process of its own, into an ordinary run folder."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tersenet.web.serving.order import Order, command_of

ENDING = 20.0  # seconds that a training has to end by itself
LAST_WORDS = 20  # lines of standard error that are kept


@dataclass(kw_only=True)
class Told:
    """What is known of a training: `losses` of each batch, `epochs` as the run's `metrics.csv` has them."""

    state: str = "nothing yet"  # then "preparing", "running", and "finished", "interrupted" or "failed"
    number: int = 0  # which training this is; a page that asks for losses from a place on compares it
    run: str | None = None
    notation: str = ""
    command: str = ""
    losses: list[float] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    planned: int = 0
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    rate: float = 0.0
    notice: str | None = None
    problem: str | None = None


class Trainings:
    """Starts, stops and continues trainings over a folder of runs; safe to call from several threads."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._lock = threading.Lock()
        self._told = Told()
        self._process: subprocess.Popen[str] | None = None
        self._readers: list[threading.Thread] = []
        self._stopping = False

    def start(self, order: Order) -> bool:
        """Begin a training; False while another one goes on."""
        with self._lock:
            if self._process is not None:
                return False
            self._told = Told(
                state="preparing",
                number=self._told.number + 1,
                notation=order.notation,
                command=shlex.join(("tersenet", *command_of(order))),
                planned=order.epochs,
            )
            self._begin(msgspec.json.encode(order).decode())
            return True

    def go_on(self) -> bool:
        """Continue the training that was stopped, after its last whole epoch; False where there is none."""
        with self._lock:
            if self._process is not None or self._told.run is None or self._told.state != "interrupted":
                return False
            self._told.state, self._told.problem = "preparing", None
            self._begin(json.dumps({"resume": self._told.run}))
            return True

    def stop(self) -> None:
        """End the training as Ctrl-C does: its folder stays whole and can be continued. Returns once it has ended."""
        with self._lock:
            process, readers = self._process, list(self._readers)
            self._stopping = process is not None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))
            try:
                process.wait(ENDING)
            except subprocess.TimeoutExpired:
                process.kill()
        for reader in readers:
            reader.join(ENDING)

    def told(self, number: int = 0, since: int = 0) -> dict[str, Any]:
        """What is known now; of training `number` the losses from batch `since` on, of another one all of them."""
        with self._lock:
            first = min(since, len(self._told.losses)) if number == self._told.number else 0
            return {**vars(self._told), "losses": self._told.losses[first:], "first": first}

    def _begin(self, order: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tersenet.web.serving.train_process", str(self._runs_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            # A group of its own: Ctrl-C at the server's terminal reaches the server alone, which then stops it.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert process.stdin is not None
        process.stdin.write(order)
        process.stdin.close()
        self._process, self._stopping = process, False
        last_words: deque[str] = deque(maxlen=LAST_WORDS)
        errors = threading.Thread(target=lambda: last_words.extend(process.stderr or ()), daemon=True)
        reader = threading.Thread(target=self._read, args=(process, errors, last_words), daemon=True)
        self._readers = [reader]
        errors.start()
        reader.start()

    def _read(self, process: subprocess.Popen[str], errors: threading.Thread, last_words: deque[str]) -> None:
        """Take what the process tells until it ends, and then how it ended."""
        assert process.stdout is not None
        assert process.stderr is not None
        with process.stdout:
            for line in process.stdout:
                with self._lock:
                    self._take(json.loads(line))
        status = process.wait()
        errors.join()
        process.stderr.close()
        with self._lock:
            self._process = None
            if self._told.state == "finished":
                return
            self._told.state = "interrupted" if self._stopping and self._told.run else "failed"
            if self._told.state == "failed" and self._told.problem is None:
                said = last_words[-1].strip() if last_words else f"exit status {status}"
                self._told.problem = (
                    "It was stopped before it had begun." if self._stopping else f"The training ended: {said}"
                )

    def _take(self, message: dict[str, Any]) -> None:
        told = self._told
        if "run" in message:
            told.run, told.notice, told.state = message["run"], message["notice"], "running"
            # A training that goes on begins after its last whole epoch: a page must not keep what it was told beyond.
            told.epochs = message["measured"]
            if told.losses:
                told.losses = told.losses[: len(told.epochs) * told.batches]
                told.number += 1
        elif "losses" in message:
            told.losses += message["losses"]
            told.epoch, told.batch, told.batches = message["epoch"], message["batch"], message["batches"]
            told.rate = message["rate"]
        elif "measured" in message:
            told.epochs.append(message["measured"])
        elif "finished" in message:
            told.state = "finished"
        else:
            told.problem = message["problem"]
