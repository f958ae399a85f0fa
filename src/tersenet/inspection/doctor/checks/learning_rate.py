"""Whether the learning rate fits: a few steps on copies, at the rate itself and at lower or higher ones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, optim

from tersenet.evaluation import as_logits
from tersenet.inspection.doctor.check_record import Check, DoctorFinding, Severity, unlooked
from tersenet.inspection.doctor.patient import Patient, at_rest, copied
from tersenet.training import EpochMetrics

STEPS = 24  # enough for a fitting rate to bring the loss of a fresh network down by a third
BATCH = 64  # pictures per step at most: the probe takes seconds
FEWEST_A_STEP = 16  # fewer say too little of a rate
VALUES_OF_A_STEP = 2**22  # outputs of all layers: a probe takes about a second
PRODUCTS_OF_A_STEP = 2**29  # multiply-adds forward: likewise
PLAINLY_FITS = 0.3  # part of the loss that the probe's steps take off: no other rate need be tried
TIMES_BETTER = 4.0  # how many times as far another rate must bring the loss down to be called better
MARGIN = 0.1  # part of the loss, and MARGIN_LEAST in nats: less is noise
MARGIN_LEAST = 0.05
TINY = (
    3e-4  # of the kernel's length a step; 1e-3 is the usual rule of thumb for too low, healthy probes began at 5e-3
)
FITTING = 3e-2  # of the kernel's length: steps of healthy probes lay between 0.005 and 0.07
UNLEARNED = 0.5  # of the loss of pure guessing: below, tiny steps are what the end of a schedule is made of
RUINED = 0.5  # nats: a trained network whose loss rises by this in the probe is being unlearned
NOTHING_LEARNED = 0.9  # of the loss of pure guessing
BETTER_THAN_CHANCE = 1.5  # times the accuracy of guessing: so much was learned, however large the loss still is
JUMP = 1.5  # times the lowest training loss before


@dataclass(frozen=True)
class Probe:
    """What some steps at one rate did: the loss on the same pictures before and after, and the size of a step.

    `update` is the length of a step over that of the kernel it changes, median over kernels and steps.
    """

    rate: float
    start: float
    end: float
    update: float

    @property
    def fall(self) -> float:
        return self.start - self.end if math.isfinite(self.end) else -math.inf


def learning_rate(patient: Patient) -> Check:
    """Too high: a lower rate brings the loss down further. Too low: tiny steps, and a higher rate goes further."""
    rule = "learning rate"
    optimizer = patient.optimizer
    if optimizer is None:
        return unlooked(rule, "no optimiser was given")
    moved = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    if not moved & {id(weight) for weight in patient.model.parameters()}:
        return Check(rule=rule, reading="the optimiser moves other weights", findings=(_other_weights(),))
    if not patient.trace.learns:
        return unlooked(rule, "the loss has no gradient")
    if _pictures(patient) < FEWEST_A_STEP:
        return unlooked(rule, "the network is too large for a quick trial")
    probe = run_probe(patient)
    reading = (
        f"{probe.rate:g}: {STEPS} steps take the loss from {_nats(probe.start)} to {_nats(probe.end)}, {_size(probe)}"
    )
    modest = TINY <= probe.update <= FITTING and probe.fall > _margin(probe)
    if modest or probe.fall >= PLAINLY_FITS * probe.start:
        return Check(rule=rule, reading=reading)
    slower = run_probe(patient, factor=0.1)
    if (
        not math.isfinite(probe.end)
        or probe.fall < -RUINED
        or _outdoes(slower, probe)
        or _lost(probe, slower, patient)
    ):
        severity: Severity = "fault" if probe.fall < 0 else "warning"
        fitting = max(slower, *(run_probe(patient, factor=f) for f in (1e-2, 1e-3)), key=lambda probe: probe.fall)
        return Check(rule=rule, reading=reading, findings=(_misfit("too high", probe, fitting, severity),))
    if 0 < probe.update < TINY and probe.start > UNLEARNED * math.log(patient.classes):
        faster = run_probe(patient, factor=_rounded(FITTING / probe.update * probe.rate) / probe.rate)
        if _outdoes(faster, probe):
            return Check(rule=rule, reading=reading, findings=(_misfit("too low", probe, faster, "warning"),))
    return Check(rule=rule, reading=reading)


def _outdoes(other: Probe, probe: Probe) -> bool:
    return other.fall > _margin(probe) and probe.fall < other.fall / TIMES_BETTER


def _rounded(rate: float) -> float:
    """One digit of a rate: what a person would type."""
    return float(f"{rate:.0e}")


def _margin(probe: Probe) -> float:
    """What the loss must fall by to count, in nats."""
    return max(MARGIN_LEAST, MARGIN * probe.start)


def _lost(probe: Probe, slower: Probe, patient: Patient) -> bool:
    """Whether the network ended worse than where it began and than guessing, and the slower one less so."""
    worse = probe.end > max(probe.start, math.log(patient.classes)) + MARGIN_LEAST
    return worse and slower.end < probe.end - MARGIN_LEAST


def _misfit(verdict: str, probe: Probe, other: Probe, severity: Severity) -> DoctorFinding:
    high = verdict == "too high"
    return DoctorFinding(
        rule="learning rate",
        severity=severity,
        where="optimiser",
        figure=f"{probe.rate:g} is {verdict}: {STEPS} steps take the loss from {_nats(probe.start)} to "
        f"{_nats(probe.end)}, at {other.rate:g} to {_nats(other.end)}; {_size(probe)}",
        value=probe.rate,
        bound=other.rate,
        why="The steps are too long and overshoot." if high else "The steps are too short to make progress.",
        hint=f"a learning rate near {other.rate:g}" + (", or a rise over the first epoch" if high else ""),
    )


def _other_weights() -> DoctorFinding:
    return DoctorFinding(
        rule="learning rate",
        severity="fault",
        where="optimiser",
        figure="none of its weights belong to this network",
        value=0.0,
        bound=TINY,
        why="It was made for another network, or for this one before it was rebuilt: nothing is learned.",
        hint="make the optimiser from model.parameters() after the network is built",
    )


def _nats(loss: float) -> str:
    return (
        "a figure that is not finite" if not math.isfinite(loss) else f"{loss:.2f}" if loss < 1e4 else f"{loss:.1e}"
    )


def _size(probe: Probe) -> str:
    return f"a step is {probe.update:.2g} of the kernel"


def _pictures(patient: Patient) -> int:
    """The number of pictures in one step of a probe."""
    return patient.room(BATCH, values=VALUES_OF_A_STEP, products=PRODUCTS_OF_A_STEP)


def run_probe(patient: Patient, *, factor: float = 1.0, steps: int = STEPS) -> Probe:
    """Some steps of copies of network and optimiser, the rate multiplied by `factor`."""
    model, optimizer = copied(patient.model, patient.optimizer)
    assert optimizer is not None
    rates = [float(group["lr"]) * factor for group in optimizer.param_groups]
    owned = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    kernels = [w for w in model.parameters() if w.ndim > 1 and id(w) in owned]
    updates: list[float] = []
    batches = itertools.islice(itertools.cycle(patient.train.batches), steps)
    model.train()
    count = _pictures(patient)
    finite = True
    for step, (images, labels) in enumerate(batches):
        rise = min(1.0, (step + 1) / (steps / 2)) if patient.warm_up else 1.0
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * rise
        before = [kernel.detach().clone() for kernel in kernels]
        loss = _step(model, optimizer, patient, images[:count], labels[:count])
        pairs = zip(kernels, before, strict=True)
        sizes = [float((new.detach() - old).norm() / old.norm().clamp_min(1e-12)) for new, old in pairs]
        updates += [size for size in sizes if math.isfinite(size)]
        finite = math.isfinite(loss)
        if not finite:
            break
    end = _loss(model, patient) if finite else math.nan
    return Probe(max(rates), patient.trace.loss, end, median(updates) if updates else 0.0)


def _step(
    model: torch.nn.Module, optimizer: optim.Optimizer, patient: Patient, images: Tensor, labels: Tensor
) -> float:
    images, labels = patient.taken(images, labels)

    def closure() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = patient.criterion(as_logits(model(images)), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    return float(torch.as_tensor(optimizer.step(closure)).detach())


def _loss(model: torch.nn.Module, patient: Patient) -> float:
    """The loss on the traced pictures, as they were traced."""
    at_rest(model)
    images, labels = patient.traced_batch
    with torch.no_grad():
        return float(patient.criterion(as_logits(model(images)), labels))


def learning_curve(metrics: Sequence[EpochMetrics], classes: int) -> Check:
    """What a run's own figures say of its learning rate: nothing learned, or a loss that jumped up."""
    rule = "learning curve"
    if not metrics:
        return unlooked(rule, "no epoch is done")
    losses = [row.train_loss for row in metrics]
    guessing = math.log(classes)
    reading = f"training loss {losses[0]:.3f} in epoch {metrics[0].epoch}"
    if len(metrics) > 1:
        reading += f", {losses[-1]:.3f} in epoch {metrics[-1].epoch}"
    guessed = metrics[-1].train_accuracy < BETTER_THAN_CHANCE * 100 / classes
    if losses[-1] >= NOTHING_LEARNED * guessing and guessed:
        finding = DoctorFinding(
            rule=rule,
            severity="fault",
            where=f"epoch {metrics[-1].epoch}",
            figure=f"the training loss is {losses[-1]:.3f}, guessing gives {guessing:.3f}",
            value=losses[-1] / guessing,
            bound=NOTHING_LEARNED,
            why="Nothing was learned.",
            hint="check the learning rate, gradients and labels above; try a tenth of the rate first",
        )
        return Check(rule=rule, reading=reading, findings=(finding,))
    jumps = [
        (row.epoch, losses[i], min(losses[:i]), row.learning_rate)
        for i, row in enumerate(metrics)
        if i and losses[i] > JUMP * min(losses[:i]) and losses[i] - min(losses[:i]) > MARGIN_LEAST
    ]
    if not jumps:
        return Check(rule=rule, reading=reading)
    epoch, loss, lowest, rate = max(jumps, key=lambda jump: jump[1] / jump[2])
    finding = DoctorFinding(
        rule=rule,
        severity="warning",
        where=f"epoch {epoch}",
        figure=f"the training loss rose to {loss:.3f} from {lowest:.3f} before, at rate {rate:g}",
        value=loss / lowest,
        bound=JUMP,
        why="The steps are too long: they undo what was learned.",
        hint=f"a learning rate near {rate / 3:.2g}, or one that falls earlier",
    )
    return Check(rule=rule, reading=reading, findings=(finding,))
