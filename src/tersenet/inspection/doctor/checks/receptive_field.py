"""Whether a feature sees enough of a picture before places are averaged away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.inspection.doctor.check_record import Check, DoctorFinding, unlooked
from tersenet.inspection.doctor.patient import Patient
from tersenet.networks import LayerRow

INK = 0.8  # of a picture's ink: what one feature must be able to see at once


def receptive_field(patient: Patient) -> Check:
    """The field before the global pooling (of the answer where there is none) against the size of what is drawn."""
    rule = "receptive field"
    pictures = patient.test.images if patient.test is not None else patient.train.images
    if pictures.ndim != 4:
        return unlooked(rule, "the pictures have no height and width")
    if isinstance(patient.summary, TersenetError):
        return unlooked(rule, patient.summary.problem)
    rows = patient.summary.layers
    place = deciding_layer(rows)
    seen = rows[place].receptive_field if place is not None else None
    if place is None or seen is None:
        return unlooked(rule, "not known for this network")
    pixels = min(seen) if isinstance(seen, tuple) else seen
    drawn = ink_window(pictures[:512])
    pooled = place + 1 < len(rows) and rows[place + 1].whole_map
    layers = patient.trace.layers
    where = layers[place].name if len(layers) == len(rows) else f"layer {place + 1}, {rows[place].type}"
    before = ", before the global pooling" if pooled else ""
    reading = f"{pixels} pixels at {where}{before}; the drawing spans {drawn}"
    if pixels >= drawn:
        return Check(rule=rule, reading=reading)
    finding = DoctorFinding(
        rule=rule,
        severity="warning",
        where=where,
        figure=f"{pixels} pixels{before}; {100 * INK:.0f} % of a picture's ink spans {drawn}",
        value=float(pixels),
        bound=float(drawn),
        why="No feature sees all of it, and the pooling discards where its parts were."
        if pooled
        else "The output depends on only a part of the picture.",
        hint="add an early pooling or stride, larger kernels, or another convolution before the pooling",
    )
    return Check(rule=rule, reading=reading, findings=(finding,))


def deciding_layer(rows: tuple[LayerRow, ...]) -> int | None:
    """The index of the layer whose field decides: the one before the last global pooling, else the last of all.

    A dense layer on a map sees the whole of it and knows where each part is; a global pooling does not.
    """
    if not rows:
        return None
    place = len(rows) - 1
    while place > 0 and _places(rows[place - 1]) == 1:
        place -= 1
    pooling = rows[place].whole_map or rows[place].type == "AdaptiveMaxPool2d"
    return place - 1 if pooling and place > 0 and _places(rows[place - 1]) > 1 else len(rows) - 1


def _places(row: LayerRow) -> int:
    return int(torch.Size(row.output_shape[1:]).numel()) if len(row.output_shape) == 3 else 1


def ink_window(images: Tensor) -> int:
    """The side of the smallest square that holds 80 % of the ink of the median picture `[N, C, H, W]`, in pixels.

    Ink is the distance from the background, the most frequent value on the pictures' edges (their median).

    >>> picture = torch.zeros(1, 1, 28, 28)
    >>> picture[..., 4:24, 10:14] = 1.0  # a bar, 20 pixels high
    >>> ink_window(picture)
    16
    """
    images = images.detach().float().cpu()
    edges = torch.cat([images[..., 0, :].flatten(), images[..., -1, :].flatten()])
    ink = (images - edges.median()).abs().sum(dim=1)
    sums = F.pad(ink.cumsum(1).cumsum(2), (1, 0, 1, 0))
    height, width = ink.shape[1:]
    needed = INK * sums[:, -1, -1] * (1 - 1e-6)
    for side in range(1, max(height, width)):
        h, w = min(side, height), min(side, width)
        inside = sums[:, h:, w:] - sums[:, :-h, w:] - sums[:, h:, :-w] + sums[:, :-h, :-w]
        if float((inside.flatten(1).amax(dim=1) >= needed).float().mean()) >= 0.5:
            return side
    return max(height, width)
