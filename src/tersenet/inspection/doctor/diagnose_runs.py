"""The doctor for runs and for networks by name: their own data and recipe, everything else as `diagnose` does it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from tersenet.data import Dataset, load_data
from tersenet.inspection.doctor.check_record import Check
from tersenet.inspection.doctor.checks.learning_rate import learning_curve, learning_rate
from tersenet.inspection.doctor.diagnose import examined
from tersenet.inspection.doctor.diagnosis import Diagnosis
from tersenet.inspection.doctor.patient import Batch, Patient, sampled, undisturbed
from tersenet.networks import find_network
from tersenet.runs import Run, experiment_names, load_experiment
from tersenet.training import SCHEDULES, EvaluationBatches, Recipe, TrainingBatches, make_optimizer

DRAWN = 4096  # training pictures, drawn from all of them: twice what the rules look at
TESTED = 1024


def diagnose_network(
    network: str,
    *,
    data: str | Dataset = "auto",
    data_dir: Path | None = None,
    recipe: Recipe | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Look at a network before it is trained: a known name, an experiment's, `file.py:Name` or notation.

    `data` is a data set or its name. The weights are drawn from `seed`. Without a `recipe` it gets that of the
    experiment of its name, else Tersenet's own. Raises TersenetError where there is no such network or no such data,
    or the one does not fit the other.

    >>> from tersenet.data import draw_synthetic
    >>> train, test = draw_synthetic(train=300, test=300)
    >>> digits = Dataset(name="synthetic", train=train, test=test, classes=tuple("0123456789"), source="drawn")
    >>> diagnosis = diagnose_network("8C3 BN R GAP 10Nb D.3", data=digits)
    >>> [(finding.rule, finding.where) for finding in diagnosis.findings]
    [('logits', 'layer 6, Dropout (layers.5)'), ('receptive field', 'layer 3, ReLU (layers.2)')]
    """
    spec = network
    if network in experiment_names():
        experiment = load_experiment(network)
        spec, recipe = experiment.network, recipe or experiment.training
    recipe = recipe or Recipe()
    dataset = load_data(data, data_dir=data_dir) if isinstance(data, str) else data
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        design = find_network(spec, dataset.form.size, len(dataset.classes))
    name = design.name if design.notation is None or design.name in network else design.notation
    with undisturbed(design.module, ()):
        found = examined(_patient(design.module, dataset, recipe, seed, learns=True))
    found = _with_own_batches(found)
    return dataclasses.replace(found, of=f"{name}, untrained", data=dataset.name, notice=dataset.notice)


def diagnose_run(run: Run, *, data_dir: Path | None = None) -> Diagnosis:
    """Look at a run: its trained weights on its own data, its learning rate on its starting weights, its figures.

    Raises TersenetError where a file of the run is missing or broken, or its data are not there.
    """
    dataset, experiment = run.data(data_dir), run.experiment
    with torch.random.fork_rng(devices=[]):
        trained = run.model()
        torch.manual_seed(experiment.seed)
        fresh = run.empty_model()
    if experiment.init is not None:
        Run(Path(experiment.init)).load_weights(fresh)
    with undisturbed(trained, ()):
        found = examined(_patient(trained, dataset, experiment.training, experiment.seed, learns=False))
        rate = learning_rate(_patient(fresh, dataset, experiment.training, experiment.seed, learns=True))
    found = _with_own_batches(found, rate)
    checks = (*found.checks, learning_curve(run.metrics, len(dataset.classes)))
    # What the data are now: they may have changed since.
    notice = dataset.notice or run.environment.data_notice
    return dataclasses.replace(found, checks=checks, of=run.name, data=dataset.name, notice=notice)


def _patient(model: nn.Module, dataset: Dataset, recipe: Recipe, seed: int, *, learns: bool) -> Patient:
    """A network, batches of its data as its recipe makes them, and the recipe's optimiser where it learns."""
    drawn = torch.randperm(len(dataset.train), generator=torch.Generator().manual_seed(seed))[:DRAWN]
    batches = TrainingBatches(
        dataset.train.take(drawn), batch_size=recipe.batch_size, augmentation=recipe.augmentation, seed=seed
    )
    tested = torch.randperm(len(dataset.test), generator=torch.Generator().manual_seed(seed))[:TESTED]
    test_batches = EvaluationBatches(dataset.test.take(tested))
    return Patient(
        model=model,
        criterion=_Criterion(recipe.label_smoothing),
        train=sampled(_FirstEpoch(batches), "training batches"),
        test=sampled(test_batches, "test batches"),
        test_loader=test_batches,
        optimizer=make_optimizer(model, recipe) if learns else None,
        warm_up="warmup" in SCHEDULES[recipe.schedule.kind].uses and recipe.settled().schedule.warmup != 0,
    )


@dataclass(frozen=True)
class _Criterion:
    """The loss that Tersenet trains with."""

    label_smoothing: float

    def __call__(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)


@dataclass(frozen=True)
class _FirstEpoch:
    """The batches of a training's first epoch, as often as they are asked for."""

    batches: TrainingBatches

    def __iter__(self) -> Iterator[Batch]:
        return self.batches.epoch(1)


def _with_own_batches(found: Diagnosis, rate: Check | None = None) -> Diagnosis:
    """The same with what is known of Tersenet's own batches, and with another reading of the learning rate."""
    known = {"last batch": Check(rule="last batch", reading="Tersenet leaves a last batch of one picture out")}
    if rate is not None:
        known[rate.rule] = rate
    return dataclasses.replace(found, checks=tuple(known.get(check.rule, check) for check in found.checks))
