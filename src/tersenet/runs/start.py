"""Start a run or continue one: the folder is filled as the training goes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from tersenet._ending import raise_if_asked
from tersenet._errors import TersenetError
from tersenet.data import Dataset, Progress, absolute_name, check_sizes, load_data
from tersenet.networks import (
    BudgetLine,
    ResolvedNetwork,
    check_budget,
    check_network,
    find_network,
    format_summary,
    in_file,
    summarize,
)
from tersenet.runs import folder
from tersenet.runs.experiment import Experiment
from tersenet.runs.folder import Run
from tersenet.runs.hardware import arithmetic_threads, settle
from tersenet.runs.provenance.environment import choose_device, describe_environment
from tersenet.runs.provenance.fingerprint import dataset_hash, file_hash
from tersenet.runs.provenance.source import keep_source, source_of
from tersenet.runs.record import Environment, RunRecord
from tersenet.runs.record_file import is_file, write_record
from tersenet.runs.state import Watch, at_work
from tersenet.training import (
    Answer,
    BatchProgress,
    EpochMetrics,
    Training,
    TrainingState,
    best_epoch,
    check_held_out,
    check_trainable,
    describe_fitted,
    fit_recipe,
    has_checkpoint,
    load_checkpoint,
    save_checkpoint,
    train,
)

CHOSEN = "recipe chosen by the data, "
"""What a line of an experiment's choices begins with that says so."""


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """What a run tells the outside: all optional. `on_epoch` may answer STOP: that epoch is then the run's last."""

    on_download: Progress | None = None
    on_start: Callable[[Run, Dataset], None] = lambda run, dataset: None
    on_batch: Callable[[int, int, BatchProgress], None] | None = None
    on_epoch: Callable[[EpochMetrics], Answer] = lambda metrics: None


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedRun:
    """A complete experiment, its data and fresh network, and what the run's folder says of it.

    `environment` becomes `environment.json`, `summary` becomes `summary.txt`, `files` are those that a network from a
    file needs, by their paths in `source/`.
    """

    experiment: Experiment
    dataset: Dataset
    model: nn.Module
    environment: Environment
    summary: str
    files: Mapping[str, bytes] = field(default_factory=dict)


def start_run(
    experiment: Experiment,
    *,
    runs_dir: Path = Path("runs"),
    data_dir: Path | None = None,
    listeners: Listeners | None = None,
) -> Run:
    """Train an experiment in a new folder `runs_dir/<name>-<n>` and return the finished run.

    Every mistake in the experiment is found before the folder is made. Raises TersenetError.
    """
    listeners = listeners or Listeners()
    ready = prepare_run(experiment, data_dir=data_dir, on_download=listeners.on_download)
    path = folder.take_folder(runs_dir, ready.experiment.name or "")
    return _begin(path, ready, listeners)


def train_in(
    path: Path,
    experiment: Experiment | None = None,
    *,
    data_dir: Path | None = None,
    listeners: Listeners | None = None,
) -> Run:
    """Train in a folder of the caller's choice, and return the finished run.

    A run that the folder holds is continued, or returned where it is finished; else `experiment` begins one there.
    Raises TersenetError, also where the folder holds no run and there is no experiment.
    """
    listeners = listeners or Listeners()
    if experiment is None or is_file(path / folder.EXPERIMENT):
        return resume_run(Run(path), data_dir=data_dir, listeners=listeners)
    ready = prepare_run(experiment, data_dir=data_dir, on_download=listeners.on_download)
    path.mkdir(parents=True, exist_ok=True)
    return _begin(path, ready, listeners)


def _begin(path: Path, ready: PreparedRun, listeners: Listeners) -> Run:
    with at_work(path) as watch:
        keep_source(path, ready.files)
        folder.write_experiment(path, ready.experiment, ready.environment, ready.summary)
        return _train(Run(path), ready.model, ready.dataset, None, listeners, watch)


def prepare_run(
    experiment: Experiment, *, data_dir: Path | None = None, on_download: Progress | None = None
) -> PreparedRun:
    """All that comes before a run's folder is made; raises TersenetError for every mistake in the experiment."""
    choose_device(experiment.settings.device)
    spec = experiment.notation or experiment.network
    design: ResolvedNetwork | None = None
    if experiment.notation is None and in_file(spec):
        # It does not depend on the pictures, which may take long to read: a mistake in the file is said first.
        with _seeded(experiment.seed):
            design = find_network(spec)
    else:
        check_network(spec)
    dataset = load_data(experiment.data, data_dir=data_dir, progress=on_download)
    experiment = fitted(experiment, dataset)
    check_held_out(dataset, experiment.validation)
    size = dataset.form.size
    check_sizes(experiment.training.augmentation, *size[1:])
    if design is None:
        with _seeded(experiment.seed):
            design = find_network(spec, input_size=size, classes=len(dataset.classes), run_files=False)
    _start_from(experiment.init, design.module)
    settings = settle(experiment.settings, design.module)
    name = experiment.name or design.name
    named = in_file(experiment.network) if design.notation is None else None
    settled = experiment.changed(
        name=name,
        init=str(Path(experiment.init).resolve()) if experiment.init else None,
        network=f"{named[0].resolve()}:{named[1]}" if named else experiment.network,
        notation=design.notation,
        data=absolute_name(dataset.name),
        settings=settings,
        training=experiment.training.settled(),
    )
    environment = replace(
        describe_environment(settings.device),
        id=uuid.uuid4().hex,
        data=dataset.name,
        data_source=dataset.source,
        data_notice=dataset.notice,
        data_dir=_where_data_lies(data_dir),
        data_sha256=dataset_hash(dataset),
        classes=dataset.classes,
        input_size=size,
        form=dataset.form,
        parameters=sum(weights.numel() for weights in design.module.parameters()),
        init_sha256=file_hash(Path(experiment.init) / folder.MODEL) if experiment.init else None,
    )
    with design.code.as_own_program() if design.code else nullcontext():
        check_trainable(design.module, dataset, experiment.training, validation=experiment.validation)
        text = format_summary(summarize(design.module, size))
    source = source_of(design)  # now, as the summary ran the network once: what it imports late is known
    return PreparedRun(
        experiment=settled,
        dataset=dataset,
        model=design.module,
        environment=replace(environment, source=source.facts if source else None),
        summary=text,
        files=source.files if source else {},
    )


def fitted(experiment: Experiment, dataset: Dataset) -> Experiment:
    """The experiment with the fields in `fit` chosen for a data set (`fit_recipe`), and a line that says so.

    >>> from tersenet.data import load_data
    >>> fitted(Experiment(network="GAP 10Nb", fit=("batch_size",)), load_data("synthetic")).choices
    ('recipe chosen by the data, for 60,000 pictures: batches of 128',)
    """
    if not experiment.fit:
        return experiment
    recipe = fit_recipe(experiment.training, dataset, experiment.fit)
    said = CHOSEN + describe_fitted(recipe, dataset, experiment.fit)
    return experiment.changed(training=recipe, fit=(), choices=(*experiment.choices, said))


def resume_run(run: Run, *, data_dir: Path | None = None, listeners: Listeners | None = None) -> Run:
    """Continue a run that was interrupted, after its last whole epoch; the end is that of an uninterrupted run.

    A run that is finished is returned as it is. Raises TersenetError where another process trains the run.
    """
    if run.is_finished:
        return run
    with at_work(run.path) as watch:
        return _resume(run, data_dir, listeners or Listeners(), watch)


def _resume(run: Run, data_dir: Path | None, listeners: Listeners, watch: Watch) -> Run:
    if run.is_finished:  # another process finished it while this one waited for the lock
        return run
    dataset = run.data(data_dir)
    if absolute_name(dataset.name) != run.experiment.data:
        raise TersenetError("The run was trained on different data.", got=dataset.name, expected=run.experiment.data)
    changed = folder.changed_data(dataset, run.environment)
    if changed:
        raise TersenetError(
            changed,
            expected="the data that the run began with",
            where=dataset.source,
            hint="restore them, or start a new run",
        )
    with _seeded(run.experiment.seed):
        model = run.empty_model()
    checkpoint = run.path / folder.CHECKPOINT
    begun = has_checkpoint(checkpoint)
    if not begun:  # else all weights are in the checkpoint
        _start_from(run.experiment.init, model, expected=run.environment.init_sha256)
    return _train(run, model, dataset, checkpoint if begun else None, listeners, watch)


def _train(
    run: Run, model: nn.Module, dataset: Dataset, checkpoint: Path | None, listeners: Listeners, watch: Watch
) -> Run:
    experiment, identity = run.experiment, run.environment.id

    def batch_ended(epoch: int, batches: int, progress: BatchProgress) -> None:
        raise_if_asked()
        watch.at(epoch, progress.batch + 1, batches)
        if listeners.on_batch:
            listeners.on_batch(epoch, batches, progress)

    def epoch_ended(state: TrainingState) -> Answer:
        # The checkpoint last: where it is written, everything else of its epoch is written too.
        folder.write_metrics(run.path, state.metrics)
        measured = state.average.model if state.average else state.model
        folder.write_model(run.path, measured, experiment.notation)
        save_checkpoint(run.path / folder.CHECKPOINT, state, run=identity)
        return listeners.on_epoch(state.metrics[-1])

    listeners.on_start(run, dataset)
    settings = experiment.settings
    compiled = settings.engine == "compiled"
    # Beside the engine's own threads, torch's would only wait in the way of them.
    with arithmetic_threads(1 if compiled else settings.threads):
        training = train(
            model,
            dataset,
            experiment.training,
            seed=experiment.seed,
            validation=experiment.validation,
            device=choose_device(settings.device),
            precision=settings.precision,
            engine=settings.engine,
            workers=settings.workers,
            resume=(lambda state: load_checkpoint(checkpoint, state, run=identity)) if checkpoint else None,
            on_batch=batch_ended,
            on_epoch=epoch_ended,
        )
    # A crash between the last checkpoint and here leaves a run that a resume finishes at once.
    write_record(run.path / folder.RESULT, _result(run, training, dataset))
    return run


def _result(run: Run, training: Training, dataset: Dataset) -> RunRecord:
    """What a run reached whose training is done."""
    rows, experiment, test = training.metrics, run.experiment, training.test
    best, last = best_epoch(rows), rows[-1]
    return RunRecord(
        run=run.name,
        data=dataset.name,
        network=experiment.network,
        device=run.environment.device,
        parameters=sum(weights.numel() for weights in training.model.parameters()),
        epochs=len(rows),
        seed=experiment.seed,
        test_accuracy=test.accuracy,
        test_loss=test.loss,
        test_images=test.images,
        correct=test.correct,
        train_accuracy=last.train_accuracy,
        validation_accuracy=last.validation_accuracy,
        validation_loss=last.validation_loss,
        best_test_accuracy=best.test_accuracy,
        best_validation_accuracy=best.validation_accuracy,
        best_epoch=best.epoch,
        seconds=sum(row.seconds for row in rows),
        budget=budget_lines(run, test.accuracy, len(rows)),
    )


def budget_lines(run: Run, accuracy: float | None, epochs: int | None) -> tuple[BudgetLine, ...]:
    """The lines of a run's budget, met or missed; none where it has no budget."""
    experiment = run.experiment
    if experiment.budget is None:
        return ()
    summary = summarize(run.empty_model(), run.environment.input_size)
    return check_budget(experiment.budget, summary, epochs=epochs, accuracy=accuracy, data=experiment.data)


def _start_from(run_folder: str | None, model: nn.Module, expected: str | None = None) -> None:
    """Trained weights in place of fresh ones, where an experiment says so; `expected` is their SHA-256, if known."""
    if run_folder is None:
        return
    start = Run(Path(run_folder))
    found = file_hash(start.path / folder.MODEL) if (start.path / folder.MODEL).is_file() else "no such file"
    if expected not in (None, found):
        raise TersenetError(
            "The weights that the run started from have changed.",
            got=f"SHA-256 {found}",
            expected=f"SHA-256 {expected}",
            where=start.path / folder.MODEL,
            hint="restore them, or start a new run",
        )
    start.load_weights(model)


def _where_data_lies(data_dir: Path | None) -> str | None:
    """The folder that data sets were looked for in, so that the run finds its data from another shell."""
    folder = data_dir or os.environ.get("TERSENET_DATA")
    return str(Path(folder).expanduser().resolve()) if folder else None


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Starting weights drawn from a seed, the caller's random numbers left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
