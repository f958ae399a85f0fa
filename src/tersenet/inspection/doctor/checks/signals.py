"""What each layer does on real pictures: units that never fire, signals and gradients that vanish or explode."""

from __future__ import annotations

import math

import torch

from tersenet.inspection.doctor.check_record import Check, DoctorFinding, unlooked
from tersenet.inspection.doctor.patient import Patient, at_rest, copied
from tersenet.inspection.doctor.trace import TraceStep, silent_units

DEAD = 0.2  # share of a layer's units: one of eight may be bad luck, a fifth is capacity lost
MOSTLY_DEAD = 0.5
FAINT = 1e-3  # a third of √(1e-5), the ε that batch normalisation adds to a variance: fainter signals stay faint
LOUD = 1e3
WEAK = 1e-2  # of the strongest relative gradient; in the shipped networks no layer is below 0.05
VIOLENT = 10.0  # a step of rate 0.1 then moves a kernel by its own length; the shipped networks stay below 3


def registration(patient: Patient) -> Check:
    """Weights that the network uses but that are not among its parameters."""
    rule = "registration"
    counts = patient.trace.unregistered
    weights = sum(counts.values())
    if not counts:
        return Check(rule=rule, reading="every weight that is used is among the network's parameters")
    finding = DoctorFinding(
        rule=rule,
        severity="fault",
        where=next(iter(counts)),
        figure=f"{weights:,} weights in {len(counts)} layer{'s' * (len(counts) > 1)} are not among the network's "
        "parameters",
        value=float(weights),
        bound=0.0,
        why="Layers in a plain Python list, tuple or dictionary are unknown to torch: no optimiser that is given "
        "model.parameters() trains them, no file keeps them, and neither .to(device) nor .eval() reaches them.",
        hint="keep the layers in nn.ModuleList (or nn.Sequential, nn.ModuleDict)",
    )
    return Check(rule=rule, reading=f"{weights:,} weights are not registered", findings=(finding,))


def dead_units(patient: Patient) -> Check:
    """Units of ReLU layers that give 0 for every picture of the sample, at every place."""
    rule = "dead units"
    layers = [step for step in patient.trace.layers if step.dead is not None]
    if not layers:
        return unlooked(rule, "no ReLU in the network")
    if any(bool(step.dead.any()) for step in layers if step.dead is not None):
        _look_again(patient, layers)
    found = []
    for step in layers:
        assert step.dead is not None
        dead, units = int(step.dead.sum()), len(step.dead)
        if dead / units > DEAD:
            found.append(
                DoctorFinding(
                    rule=rule,
                    severity="fault" if dead / units >= MOSTLY_DEAD else "warning",
                    where=step.name,
                    figure=f"{dead} of {units} units ({100 * dead / units:.0f} %) never fire on "
                    f"{len(patient.train.labels):,} pictures",
                    value=dead / units,
                    bound=DEAD,
                    why="A ReLU that always gives 0 passes no gradient: its unit costs parameters and stays dead.",
                    hint="batch normalisation before the ReLU, a lower learning rate, or LR.1 (leaky ReLU) instead",
                )
            )
    dead = sum(int(step.dead.sum()) for step in layers if step.dead is not None)
    units = sum(len(step.dead) for step in layers if step.dead is not None)
    reading = f"{dead} of {units} units in {len(layers)} ReLU layers never fire"
    return Check(rule=rule, reading=reading.replace("1 ReLU layers", "1 ReLU layer"), findings=tuple(found))


def _look_again(patient: Patient, layers: list[TraceStep]) -> None:
    """Take back what was said of units that fire for a later picture of the sample."""
    model, _ = copied(patient.model)
    at_rest(model)
    images = patient.train.images
    batch = len(patient.traced_batch[0])
    for start in range(batch, len(images) - 1, batch):
        pictures, _ = patient.taken(images[start : start + batch], patient.train.labels[start : start + batch])
        silent = silent_units(model, pictures)
        for step, dead in zip(layers, silent, strict=True):
            assert step.dead is not None
            step.dead &= dead


def signal(patient: Patient) -> Check:
    """By how much each layer's output differs from picture to picture."""
    rule = "signal"
    kernels = [step for step in patient.trace.layers if step.number in patient.trace.gradients]
    if not bool(torch.isfinite(patient.traced_batch[0]).all()):
        return Check(rule=rule, reading="pictures that are not finite", findings=(_broken_pictures(patient),))
    if not kernels:
        return unlooked(rule, "no layer with a kernel")
    found = []
    loud = [step for step in kernels if not step.signal <= LOUD]
    faint = [step for step in kernels if step.signal < FAINT]
    if loud:
        found.append(
            DoctorFinding(
                rule=rule,
                severity="fault",
                where=loud[0].name,
                figure=f"the output differs by {_figure(loud[0].signal)} from picture to picture{_more(loud)}",
                value=loud[0].signal,
                bound=LOUD,
                why="The activations explode: the loss and its gradient overflow, or a few pictures dominate.",
                hint="batch normalisation after the layer, smaller initial weights, and a lower learning rate",
            )
        )
    if faint:
        found.append(
            DoctorFinding(
                rule=rule,
                severity="fault",
                where=faint[0].name,
                figure=f"the output differs by {_figure(faint[0].signal)} from picture to picture{_more(faint)}",
                value=faint[0].signal,
                bound=FAINT,
                why="The activations vanish: the layers after this one can hardly tell one picture from another.",
                hint="batch normalisation, residuals [ ] around the layers, fewer of them, or He initialisation",
            )
        )
    low, high = min(step.signal for step in kernels), max(step.signal for step in kernels)
    reading = f"{_figure(low)} to {_figure(high)} from picture to picture, in {len(kernels)} layers"
    return Check(rule=rule, reading=reading, findings=tuple(found))


def gradients(patient: Patient) -> Check:
    """The loss's gradient with respect to each kernel, as a part of that kernel."""
    rule = "gradients"
    relative = patient.trace.gradients
    if not relative:
        return unlooked(rule, "no kernel that takes a gradient")
    steps = [step for step in patient.trace.layers if step.number in relative]
    size = {step.name: relative[step.number or 0] for step in steps}
    highest = max(size.values())
    found = []
    # Normalisation behind a kernel undoes its length: long steps only turn it, and lengthen it until they fit.
    free = {step.name for step in steps if not patient.trace.is_normalised(step)}
    violent = [name for name, value in size.items() if name in free and not value <= VIOLENT]
    weak = [name for name, value in size.items() if value < WEAK * highest or value == 0]
    if violent:
        found.append(
            DoctorFinding(
                rule=rule,
                severity="fault",
                where=violent[0],
                figure=f"the gradient is {_figure(size[violent[0]])} times as long as the kernel{_others(violent)}",
                value=size[violent[0]],
                bound=VIOLENT,
                why="The gradient explodes: one step at rate 0.1 would replace the kernel.",
                hint="batch normalisation, smaller initial weights, or clipping of the gradient",
            )
        )
    if weak:
        of_strongest = size[weak[0]] / highest if 0 < highest < math.inf else 0.0
        found.append(
            DoctorFinding(
                rule=rule,
                severity="fault",
                where=weak[0],
                figure=f"the gradient, as a part of the kernel, is {_figure(of_strongest)} of the strongest layer's"
                + _others(weak),
                value=of_strongest,
                bound=WEAK,
                why="The gradient vanishes: this layer hardly learns while others do.",
                hint="ReLU instead of sigmoid or tanh, batch normalisation, residuals [ ] around later layers",
            )
        )
    found += _unreached(patient, rule)
    reading = f"{_figure(min(size.values()))} to {_figure(highest)} of the kernel, in {len(size)} layers"
    return Check(rule=rule, reading=reading, findings=tuple(found))


def _unreached(patient: Patient, rule: str) -> list[DoctorFinding]:
    """Weights that no gradient reaches, where others get one."""
    names = patient.trace.unreached
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [
        DoctorFinding(
            rule=rule,
            severity="warning",
            where=names[0],
            figure=f"no gradient reaches these weights{more}",
            value=0.0,
            bound=0.0,
            why="They do not contribute to the loss, or the graph is cut (detach, no_grad, argmax).",
            hint="use the layer in forward, or remove it",
        )
    ]


def _broken_pictures(patient: Patient) -> DoctorFinding:
    broken = (~torch.isfinite(patient.traced_batch[0]).flatten(1).all(dim=1)).sum()
    return DoctorFinding(
        rule="signal",
        severity="fault",
        where="training pictures",
        figure=f"{int(broken)} of {len(patient.traced_batch[0])} pictures hold NaN or infinity",
        value=float(broken),
        bound=0.0,
        why="One such value makes the loss NaN, and after one step all weights.",
        hint="check the normalisation: is a deviation 0?",
    )


def _more(steps: list[TraceStep]) -> str:
    return _others([step.name for step in steps])


def _others(names: list[str]) -> str:
    return (
        f"; likewise {len(names) - 1} more layers"
        if len(names) > 2
        else "; likewise 1 more"
        if len(names) == 2
        else ""
    )


def _figure(value: float) -> str:
    return f"{value:.2g}"
