"""The doctor: checks a network, its batches and its optimiser for common faults.

`diagnose` takes plain PyTorch objects, in any training loop; `diagnose_runs.py` does the same for runs and for
networks by name. Every rule is stated with its bound in `docs/doctor.md`. Everything is tried on copies.
"""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import nn, optim

from tersenet.inspection.doctor.check_record import Check
from tersenet.inspection.doctor.checks.labels import labels
from tersenet.inspection.doctor.checks.learning_rate import learning_rate
from tersenet.inspection.doctor.checks.outputs import logits, softmax
from tersenet.inspection.doctor.checks.pictures import augmentation, last_batch, normalisation
from tersenet.inspection.doctor.checks.receptive_field import receptive_field
from tersenet.inspection.doctor.checks.signals import dead_units, gradients, registration, signal
from tersenet.inspection.doctor.diagnosis import Diagnosis
from tersenet.inspection.doctor.patient import Loader, Patient, sampled, undisturbed
from tersenet.inspection.doctor.trace import Criterion

RULES: tuple[Callable[[Patient], Check], ...] = (
    registration,
    dead_units,
    signal,
    gradients,
    learning_rate,
    logits,
    softmax,
    receptive_field,
    labels,
    normalisation,
    augmentation,
    last_batch,
)


def diagnose(
    model: nn.Module,
    train_batches: Loader,
    test_batches: Loader | None = None,
    *,
    criterion: Criterion = F.cross_entropy,
    optimizer: optim.Optimizer | None = None,
) -> Diagnosis:
    """Check a training loop for common faults; takes seconds.

    `train_batches` and `test_batches` give `(images [B, C, H, W], labels [B])` each time they are iterated: a
    DataLoader, a list. `criterion(answers, labels)` is the loss of a batch; `optimizer` is the one that will train
    the network, or has. Without test batches or optimiser, the rules that need them are not checked.

    Network, optimiser, modes, gradients, random numbers (torch's, numpy's, Python's) and the loaders' own generators
    are afterwards as they were. Raises TersenetError where batches, network and criterion do not go together.

    >>> import torch
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Dropout(0.2))
    >>> batches = [(torch.rand(16, 1, 28, 28), torch.arange(16) % 10)] * 4
    >>> diagnosis = diagnose(model, batches)
    >>> [(finding.rule, finding.where) for finding in diagnosis.findings]
    [('logits', 'layer 3, Dropout (2)')]
    >>> diagnosis.check("learning rate").status
    'not checked'
    """
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    loaders = [train_batches] + ([test_batches] if test_batches is not None else [])
    with undisturbed(model, loaders):
        patient = Patient(
            model=model,
            criterion=criterion,
            train=sampled(train_batches, "training batches"),
            test=sampled(test_batches, "test batches") if test_batches is not None else None,
            test_loader=test_batches,
            optimizer=optimizer,
        )
        return examined(patient)


def examined(patient: Patient) -> Diagnosis:
    """All rules applied to a patient."""
    checks = tuple(rule(patient) for rule in RULES)
    return Diagnosis(checks=checks, layers=patient.trace.readings(), pictures=len(patient.train.labels))
