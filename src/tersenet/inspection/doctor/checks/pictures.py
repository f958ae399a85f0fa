"""What the loaders give: one normalisation for both, test pictures that stay as they are, no lone last picture."""

from __future__ import annotations

import hashlib
import itertools
import time
from typing import Any

import torch
from torch import Tensor

from tersenet.inspection.doctor.check_record import Check, DoctorFinding, unlooked
from tersenet.inspection.doctor.patient import BATCH_NORMS, PATIENCE, Loader, Patient, at_rest, copied

EXTREMES = 0.005  # of the range of values; (0.1325, 0.3104) in place of (0.1307, 0.3081) moves white by 0.008
COMMON = 0.01  # share of pictures that must reach an extreme for it to be black or white, and not chance
MEANS = 0.25  # standard deviations; a thousand pictures of one kind differ by hundredths
DEVIATIONS = 1.25  # times
COMPARED = 256  # test pictures that are taken twice: one in a hundred changed would show with 92 %


def normalisation(patient: Patient) -> Check:
    """Whether black, white, mean and deviation are the same in training and test pictures."""
    rule = "normalisation"
    if patient.test is None:
        return unlooked(rule, "no test batches were given")
    train, test = patient.train.images.float(), patient.test.images.float()
    moments = [(float(images.mean()), float(images.std())) for images in (train, test)]
    (mean, deviation), (test_mean, test_deviation) = moments
    span = float(train.max() - train.min())
    found: list[str] = []
    if span > 0:
        for name, one, other in (
            ("black", _common(train, lowest=True), _common(test, lowest=True)),
            ("white", _common(train, lowest=False), _common(test, lowest=False)),
        ):
            if one is not None and other is not None and abs(one - other) > EXTREMES * span:
                found.append(f"{name} is {one:.4f} in training and {other:.4f} in test pictures")
    apart = abs(mean - test_mean) > MEANS * max(deviation, 1e-12)
    if not found and (apart or not 1 / DEVIATIONS <= (test_deviation + 1e-12) / (deviation + 1e-12) <= DEVIATIONS):
        found.append(
            f"mean {mean:.4f} and deviation {deviation:.4f} in training, {test_mean:.4f} and {test_deviation:.4f} "
            "in test pictures"
        )
    reading = f"training {mean:.3f} ± {deviation:.3f}, test {test_mean:.3f} ± {test_deviation:.3f}".replace("-", "−")
    if not found:
        return Check(rule=rule, reading=reading)
    finding = DoctorFinding(
        rule=rule,
        severity="fault",
        where="test pictures",
        figure="; ".join(found),
        value=abs(mean - test_mean) / max(deviation, 1e-12),
        bound=MEANS,
        why="The network is measured on pictures with another brightness or contrast than those it was trained on.",
        hint="use the training set's mean and deviation in both transforms",
    )
    return Check(rule=rule, reading=reading, findings=(finding,))


def _common(images: Tensor, *, lowest: bool) -> float | None:
    """The lowest or highest value of all, where a hundredth of the pictures reaches it; None otherwise."""
    each = images.flatten(1).amin(dim=1) if lowest else images.flatten(1).amax(dim=1)
    extreme = each.min() if lowest else each.max()
    near = (each - extreme).abs() <= 1e-4 * (images.max() - images.min())
    return float(extreme) if float(near.float().mean()) >= COMMON and int(near.sum()) >= 2 else None


def last_batch(patient: Patient) -> Check:
    """Whether batch normalisation ever has to normalise a single picture."""
    rule = "last batch"
    size = patient.train.last_batch
    normalises = [
        name for name, m in patient.model.named_modules() if isinstance(m, BATCH_NORMS) and _learns(patient, m)
    ]
    if not normalises:
        return unlooked(rule, "no batch normalisation in the network")
    if size is None:
        return unlooked(rule, f"the loader did not finish within {PATIENCE:.0f} s")
    reading = f"{size} picture{'s' if size != 1 else ''}"
    if size != 1:
        return Check(rule=rule, reading=reading)
    refusal = _refusal(patient)
    finding = DoctorFinding(
        rule=rule,
        severity="fault" if refusal else "warning",
        where=f"training batches, {normalises[0]}",
        figure="the last batch holds a single picture" + (f": {refusal}" if refusal else ""),
        value=1.0,
        bound=2.0,
        why="Batch normalisation has only one picture to normalise with: it "
        + (
            "fails."
            if refusal
            else "mixes that picture's statistics into the running ones, just before the network is measured."
        ),
        hint="drop_last=True, or another batch size",
    )
    return Check(rule=rule, reading=reading, findings=(finding,))


def _learns(patient: Patient, module: Any) -> bool:
    """Whether a batch normalisation takes a batch's statistics in training: not one frozen on purpose."""
    return bool(module.training or not patient.model.training)


def _refusal(patient: Patient) -> str | None:
    """What the network says to a single picture in training; None where it takes it."""
    model, _ = copied(patient.model)
    at_rest(model)
    try:
        with torch.no_grad():
            model(patient.traced_batch[0][:1])
    except ValueError as error:
        return str(error).split(", got")[0]
    return None


def augmentation(patient: Patient) -> Check:
    """Whether a test picture is the same the second time it is asked for."""
    rule = "augmentation"
    if patient.test_loader is None:
        return unlooked(rule, "no test batches were given")
    first, second, in_order = _twice(patient.test_loader)
    if not first or not second:
        return unlooked(rule, f"the shuffled test batches did not finish within {PATIENCE:.0f} s")
    if in_order:
        changed = sum(one != other for one, other in zip(first, second, strict=True)) / len(first)
    else:
        changed = 1 - len(set(first) & set(second)) / len(set(first))
    reading = f"{100 * changed:.0f} % of {len(first):,} test pictures differ the second time"
    if not changed:
        return Check(rule=rule, reading=f"{len(first):,} test pictures, the same both times")
    finding = DoctorFinding(
        rule=rule,
        severity="fault",
        where="test pictures",
        figure=reading,
        value=changed,
        bound=0.0,
        why="Test pictures are changed at random: the accuracy varies between evaluations and is not "
        "that of the set.",
        hint="use a test transform without rotation, crop, flip or noise: only ToTensor and Normalize",
    )
    return Check(rule=rule, reading=reading, findings=(finding,))


def _twice(loader: Loader) -> tuple[list[bytes] | None, list[bytes] | None, bool]:
    """Marks of the pictures of two passes, and whether both came in one order.

    Where the order changes, a data set that can be asked by number is asked for the same pictures twice.
    """
    once, labels_once = _marks(loader, COMPARED)
    again, labels_again = _marks(loader, COMPARED)
    if labels_once == labels_again:
        return once, again, True
    dataset: Any = getattr(loader, "dataset", None)
    collate = getattr(loader, "collate_fn", None)
    if collate is not None and hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__"):
        chosen = range(min(COMPARED, len(dataset)))
        passes = [collate([dataset[index] for index in chosen])[0] for _ in range(2)]
        return [_mark(picture) for picture in passes[0]], [_mark(picture) for picture in passes[1]], True
    once, _ = _marks(loader, None)
    again, _ = _marks(loader, None)
    return once, again, False


def _marks(loader: Loader, count: int | None) -> tuple[list[bytes] | None, list[int]]:
    """A mark for each of the first pictures (of all, where `count` is None) and their labels; None where it takes
    too long."""
    marks: list[bytes] = []
    labels: list[int] = []
    until = time.monotonic() + PATIENCE
    for images, labels_n in loader:
        marks += [_mark(picture) for picture in images]
        labels += labels_n.tolist()
        if count is not None and len(marks) >= count:
            break
        if count is None and time.monotonic() > until:
            return None, labels
    return list(itertools.islice(marks, count)), labels[:count]


def _mark(picture: Any) -> bytes:
    values = torch.as_tensor(picture).detach().cpu().contiguous()
    return hashlib.blake2b(values.numpy().tobytes(), digest_size=12).digest()
