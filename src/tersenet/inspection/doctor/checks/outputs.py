"""What lies between the last kernel and the loss: dropout, activations and the softmax."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tersenet.inspection.doctor.check_record import Check, DoctorFinding
from tersenet.inspection.doctor.patient import Patient
from tersenet.inspection.doctor.trace import Trace, TraceStep, softmaxes
from tersenet.networks import DROPOUT_LAYERS, REDUCTIONS, RESHAPES, SOFTMAX_LAYERS, Call, is_dropout

NEVER_NEGATIVE = {"ReLU": 0.0, "ReLU6": 0.0, "Softplus": 0.0, "GELU": -0.17, "SiLU": -0.28, "Hardswish": -0.375}
SQUASHING = {"Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign"}
BATCH_NORMS = {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"}
POOLINGS = {"AvgPool2d", "MaxPool2d", "LPPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"}
# What may stand between a layer and the answer without hiding it.
TRANSPARENT = (
    RESHAPES
    | REDUCTIONS
    | POOLINGS
    | BATCH_NORMS
    | SOFTMAX_LAYERS
    | {"Flatten", "Unflatten", "Identity", "contiguous", "clone", "to", "float", "permute", "transpose"}
)
ADDS_TO_ONE = 1e-3  # how near a sum of probabilities must be to 1 in float32


def logits(patient: Patient) -> Check:
    """Dropout and activations behind the last kernel."""
    rule = "logits"
    found: list[DoctorFinding] = []
    normalised = pooled = False
    for step in patient.trace.way_back():
        if step.type in DROPOUT_LAYERS:
            found += _dropout(step, pooled)
        elif step.type in NEVER_NEGATIVE or step.type in SQUASHING:
            if not normalised:  # behind batch normalisation a logit can have either sign again
                found += _activation(step, patient.trace)
        elif step.type not in TRANSPARENT:
            break
        normalised = normalised or step.type in BATCH_NORMS
        pooled = pooled or _averages(step)
    found.reverse()
    low, high = float(patient.trace.logits.min()), float(patient.trace.logits.max())
    return Check(rule=rule, reading=f"logits from {low:.3g} to {high:.3g}".replace("-", "−"), findings=tuple(found))


def _dropout(step: TraceStep, pooled: bool) -> list[DoctorFinding]:
    module = step.module
    rate = module.p if is_dropout(module) else step.argument(1, "p", 0.5)
    if not rate:
        return []
    if pooled:
        why = "It drops part of the evidence for each class, and the pooling after it averages over the gaps."
    else:
        why = (
            f"In training every class loses its logit with probability {rate:g}, the correct one too: the training "
            f"accuracy cannot exceed about {100 * (1 - rate):.0f} %."
        )
    return [
        DoctorFinding(
            rule="logits",
            severity="warning" if pooled else "fault",
            where=step.name,
            figure=f"dropout at rate {rate:g} on the {'class maps' if pooled else 'logits'}",
            value=float(rate),
            bound=0.0,
            why=why,
            hint="remove the dropout, or put it before the last convolution or dense layer",
        )
    ]


def _activation(step: TraceStep, seen: Trace) -> list[DoctorFinding]:
    if step.type in SQUASHING:
        if not _is_cross_entropy(seen):
            return []  # a sigmoid belongs to other losses
        figure = f"{step.type} on the logits: they stay between {_bounds(step.type)}"
        why = "The softmax of bounded logits can never be sure, so the loss cannot come near 0."
        share = 1.0
    else:
        share = float((seen.logits <= max(0.0, NEVER_NEGATIVE[step.type])).float().mean())
        figure = f"{step.type} on the logits: {100 * share:.0f} % of them are cut off at 0"
        why = "No logit can be negative, so no class is ever ruled out; where one is cut off, no gradient flows back."
    hint = f"remove the {step.type}: only pooling belongs between the last convolution or dense layer and the loss"
    return [
        DoctorFinding(
            rule="logits",
            severity="fault",
            where=step.name,
            figure=figure,
            value=share,
            bound=0.0,
            why=why,
            hint=hint,
        )
    ]


def _bounds(kind: str) -> str:
    return "0 and 1" if "igmoid" in kind else "-1 and 1"


def _averages(step: TraceStep) -> bool:
    """Whether a step takes several places of a map together."""
    if step.given is None or step.given.ndim < 4:
        return False
    return step.type in POOLINGS | REDUCTIONS and step.given.shape[2:].numel() > step.made.shape[2:].numel()


def softmax(patient: Patient) -> Check:
    """Over which axis probabilities are made, how often, and whether the criterion gets what it takes."""
    rule = "softmax"
    seen = patient.trace
    places = [(step.name, call) for step in seen.way_back() for call in softmaxes(step.calls)]
    places += [("the criterion", call) for call in softmaxes(seen.criterion_calls)]
    found = [wrong for place, call in places if (wrong := _wrong_axis(place, call, seen)) is not None]
    if not found:
        found = [finding for finding in (_adds_up_over_the_batch(seen),) if finding is not None]
    if not found:
        found = [finding for finding in (_twice(seen), _without_logarithm(seen)) if finding is not None]
    called = {call.name for call in seen.criterion_calls}
    where = "in the network" if len(places) and places[0][0] != "the criterion" else "in the criterion"
    reading = f"over the classes, {where}" if places or "cross_entropy" in called else "none found"
    return Check(rule=rule, reading=reading if not found else found[0].figure, findings=tuple(found))


def _wrong_axis(place: str, call: Call, seen: Trace) -> DoctorFinding | None:
    given = call.given
    answer = tuple(seen.logits.shape)
    if tuple(given.shape[:2]) != answer or given.shape[2:].numel() != 1:
        return None  # a softmax on something else, such as an attention
    axis = call.argument(1, "dim")
    if axis is None:  # torch's own choice where `dim` is left out
        axis = 0 if given.ndim in (0, 1, 3) else 1
    if axis % given.ndim == 1:
        return None
    over = "the batch" if axis % given.ndim == 0 else "a map of one pixel"
    return _axis_finding(place, f"{call.name} over axis {axis}, {over}", seen.logits.shape[1])


def _adds_up_over_the_batch(seen: Trace) -> DoctorFinding | None:
    """Probabilities that were made by hand: each class's add up to 1 over the batch, and a picture's do not."""
    answer = seen.logits.double()
    for values in (answer, answer.exp()):
        proper = bool(torch.isfinite(values).all()) and bool((values >= 0).all())
        if proper and _ones(values.sum(dim=0)) and not _ones(values.sum(dim=1)):
            return _axis_finding("the network's answer", "probabilities add up to 1 over the batch", answer.shape[1])
    return None


def _axis_finding(place: str, figure: str, classes: int) -> DoctorFinding:
    return DoctorFinding(
        rule="softmax",
        severity="fault",
        where=place,
        figure=figure,
        why=f"The {classes} probabilities of a picture must add up to 1. Now the pictures of a batch compete "
        "with each other: the output for one depends on the others.",
        hint="softmax over the classes: dim=1",
    )


def _twice(seen: Trace) -> DoctorFinding | None:
    """Probabilities given to a loss that makes a softmax of its own."""
    values = seen.logits.double()
    makes_its_own = {"cross_entropy", "log_softmax"} & {call.name for call in seen.criterion_calls}
    if not makes_its_own or not bool((values >= 0).all()) or not _ones(values.sum(dim=1)):
        return None
    classes = values.shape[1]
    least = math.log(1 + (classes - 1) / math.e)
    return DoctorFinding(
        rule="softmax",
        severity="fault",
        where="the network's answer",
        figure=f"a softmax in the network and one in the criterion: the loss cannot fall below {least:.2f}",
        value=least,
        bound=0.0,
        why="Probabilities lie between 0 and 1, so a second softmax makes them nearly equal.",
        hint="give cross_entropy the logits, without a softmax in the network",
    )


def _without_logarithm(seen: Trace) -> DoctorFinding | None:
    """`nll_loss` on something that is not a log-probability."""
    called = {call.name for call in seen.criterion_calls}
    if "nll_loss" not in called or called & {"log_softmax", "cross_entropy"}:
        return None
    if _ones(seen.logits.double().exp().sum(dim=1)):
        return None
    return DoctorFinding(
        rule="softmax",
        severity="fault",
        where="the criterion",
        figure=f"nll_loss on answers from {float(seen.logits.min()):.3g} to {float(seen.logits.max()):.3g}",
        why="nll_loss expects log-probabilities; for anything else it has no lower bound, and training diverges.",
        hint="apply log_softmax(output, dim=1) first, or use cross_entropy instead",
    )


def _is_cross_entropy(seen: Trace) -> bool:
    calls = [*seen.criterion_calls, *(call for step in seen.steps for call in step.calls)]
    return bool({"cross_entropy", "log_softmax"} & {call.name for call in calls})


def _ones(sums: Tensor) -> bool:
    return bool(((sums - 1).abs() < ADDS_TO_ONE).all())
