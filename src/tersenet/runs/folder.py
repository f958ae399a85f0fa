"""A run: one folder, readable without Tersenet. The folder is the truth."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet._notebook import small_table
from tersenet.data import Dataset, Form, load_data, match_classes
from tersenet.evaluation import LOW, own_precision
from tersenet.networks import find_network, in_file
from tersenet.runs.experiment import Experiment, load_experiment, to_toml
from tersenet.runs.metrics_file import parse_metrics
from tersenet.runs.provenance.fingerprint import dataset_hash
from tersenet.runs.provenance.source import network_of
from tersenet.runs.record import Environment, RunRecord
from tersenet.runs.record_file import is_file, read_record, read_text, write_record
from tersenet.runs.state import State, state_of
from tersenet.training import EpochMetrics, fit_tensors, load_tensors, save_tensors

EXPERIMENT, ENVIRONMENT, METRICS = "experiment.toml", "environment.json", "metrics.csv"
MODEL, RESULT, SUMMARY, CHECKPOINT = "model.safetensors", "result.json", "summary.txt", "checkpoint"
GROUP = "group.json"  # only the folder of several seeds has it


@dataclass(frozen=True)
class Run:
    """One training of an experiment with one seed, as its folder tells it.

    Files are read when they are asked for; one that is missing or broken raises TersenetError with its path.
    """

    path: Path

    def __post_init__(self) -> None:
        if not is_file(self.path / EXPERIMENT):
            raise TersenetError(
                "This is not a run folder.",
                got=self.path,
                expected=f"a folder that holds {EXPERIMENT}",
                hint="tersenet runs lists the runs that are here",
            )

    def __repr__(self) -> str:
        try:
            return f"Run({self.name!r}: {self._in_short()})"
        except TersenetError:
            return f"Run({self.name!r})"

    def _repr_html_(self) -> str:
        try:
            return small_table(title=self.name, note=self._in_short())
        except TersenetError as error:
            return small_table(title=self.name, note=error.problem)

    def _in_short(self) -> str:
        """Network, data and what was reached, in a line."""
        experiment, result = self.experiment, self.result
        reached = f"{len(self.metrics)} of {experiment.training.epochs} epochs done"
        if result is not None:
            reached = f"{result.test_accuracy:.2f} % after epoch {result.epochs}, seed {experiment.seed}"
        return f"{experiment.network} on {experiment.data}, {reached}"

    @property
    def name(self) -> str:
        """The folder's name; that of one seed of a group has the group's before it: `sprint-3/seed-0`."""
        path = self.path.resolve()
        return f"{path.parent.name}/{path.name}" if is_file(path.parent / GROUP) else path.name

    @cached_property
    def experiment(self) -> Experiment:
        """What was run, resolved and complete."""
        return load_experiment(self.path / EXPERIMENT)

    @cached_property
    def environment(self) -> Environment:
        """Versions, machine, device, commit, command line, and where the data came from."""
        return read_record(self.path / ENVIRONMENT, Environment)

    @property
    def form(self) -> Form:
        """What the pictures are like that the network takes, and how a file becomes one of them."""
        return self.environment.picture_form

    @property
    def result(self) -> RunRecord | None:
        """What a finished run reached; None where it is not finished."""
        path = self.path / RESULT
        return read_record(path, RunRecord) if is_file(path) else None

    @property
    def metrics(self) -> list[EpochMetrics]:
        """One row for each epoch that is done."""
        path = self.path / METRICS
        rows = parse_metrics(read_text(path), path) if is_file(path) else []
        result = self.result
        if result is not None and len(rows) != result.epochs:
            raise TersenetError(
                "The figures of some epochs are missing.",
                got=f"{len(rows)} epochs",
                expected=f"{result.epochs}, as {RESULT} says",
                where=path,
                hint="restore the file, or train again",
            )
        return rows

    @property
    def is_finished(self) -> bool:
        """Whether the run has its result."""
        return is_file(self.path / RESULT)

    @property
    def state(self) -> State:
        """Whether the run is `preparing`, `running`, `finished`, `failed` or `interrupted`."""
        return state_of(self.path, finished=self.is_finished)

    @property
    def notation(self) -> str | None:
        """The network in one line; None for a module of the user's own."""
        return self.experiment.notation

    def data(self, data_dir: Path | None = None, *, download: bool = True) -> Dataset:
        """The data set that the run was trained on, from where it was found then or from `data_dir`."""
        return recorded_data(self.experiment, self.environment, data_dir, download=download)

    def empty_model(self, *, trust: bool = False) -> nn.Module:
        """The network without its trained weights.

        A network from a Python file is made by running the copy in the run's folder. Raises TersenetError where that
        copy was not trained on this machine, unless `trust` says that it may run; from then on it may.
        """
        facts, experiment = self.environment, self.experiment
        if experiment.notation is None and in_file(experiment.network) is not None:
            return network_of(self.path, experiment.network, facts.source, trust=trust)
        spec = experiment.notation or experiment.network
        classes = len(facts.classes)
        return find_network(spec, input_size=facts.input_size, classes=classes, run_files=False).module

    @property
    def parameters(self) -> int | None:
        """How many parameters the network has; None where that is not recorded and only running a file would tell."""
        recorded = (self.result or self.environment).parameters
        if recorded is None and self.experiment.notation is not None:
            return sum(weights.numel() for weights in self.empty_model().parameters())
        return recorded

    def model(self, *, trust: bool = False) -> nn.Module:
        """The network with the weights that the run's accuracy was measured with, ready to evaluate.

        `trust` is that of `empty_model`.
        """
        model = self.empty_model(trust=trust)
        self.load_weights(model)
        return model.eval()

    def load_weights(self, model: nn.Module) -> None:
        """Put the run's trained weights into a network of the same layers."""
        path = self.path / MODEL
        tensors, _ = load_tensors(path)
        if own_precision(model) in LOW and any(tensor.dtype is torch.float32 for tensor in tensors.values()):
            model.float()  # as it was trained
        fit_tensors(tensors, model.state_dict(), "The weights do not fit the network.", where=path)
        model.load_state_dict(tensors)


def results_of(runs: Iterable[Run]) -> list[RunRecord]:
    """What the finished ones of some runs reached.

    >>> results_of([])
    []
    """
    return [result for run in runs if (result := run.result) is not None]


def recorded_data(
    experiment: Experiment, environment: Environment, data_dir: Path | None, *, download: bool = True
) -> Dataset:
    """An experiment's data set, from where it was found when it ran, or from `data_dir`; classes are matched by name.

    Where it is not what it was then, it has a notice that says so.
    """
    recorded = Path(environment.data_dir or "")
    there = recorded if recorded.is_absolute() and os.path.isdir(recorded) else None  # noqa: PTH112  # never raises
    form = environment.picture_form
    dataset = load_data(experiment.data, data_dir=data_dir or there, download=download, form=form)
    dataset = match_classes(environment.classes, dataset)
    if form.size == dataset.form.size:
        dataset = dataset.with_form(form)
    changed = changed_data(dataset, environment)
    if changed is None:
        return dataset
    notice = "\n".join(filter(None, (dataset.notice, f"{changed} New measurements use the changed data.")))
    return replace(dataset, notice=notice)


def changed_data(dataset: Dataset, environment: Environment) -> str | None:
    """What to say where a data set is not the one that a run was trained on; None where it is, or is not known."""
    recorded = environment.data_sha256
    if recorded is None or dataset_hash(dataset) == recorded:
        return None
    return f"The pictures or labels of {dataset.name} have changed since the run was trained."


def take_folder(runs_dir: Path, name: str) -> Path:
    """Make `runs_dir/name-n` with the first free n; two processes never get the same one."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    rests = (path.name.removeprefix(f"{name}-") for path in runs_dir.iterdir() if path.name.startswith(f"{name}-"))
    number = max((int(rest) for rest in rests if rest.isascii() and rest.isdecimal()), default=0) + 1
    while True:
        path = runs_dir / f"{name}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def write_experiment(path: Path, experiment: Experiment, environment: Environment, summary: str) -> None:
    """Write what is known before the first epoch."""
    write_record(path / ENVIRONMENT, environment)
    write_whole(path / SUMMARY, summary)
    write_whole(path / EXPERIMENT, to_toml(experiment))


def write_metrics(path: Path, metrics: Sequence[EpochMetrics]) -> None:
    """Write `metrics.csv`: the test pair, or the validation pair where images were held out."""
    absent = "test_" if metrics and metrics[0].validation_loss is not None else "validation_"
    columns = [item.name for item in fields(EpochMetrics) if not item.name.startswith(absent)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in metrics:
        writer.writerow([_short(getattr(row, column)) for column in columns])
    write_whole(path / METRICS, text.getvalue())


def write_model(path: Path, model: nn.Module, notation: str | None) -> None:
    """Write `model.safetensors` with the notation in its metadata."""
    save_tensors(path / MODEL, dict(model.state_dict()), {"notation": notation or ""})


def _short(value: float) -> str:
    """A figure with as many digits as tell it exactly."""
    return repr(value)
