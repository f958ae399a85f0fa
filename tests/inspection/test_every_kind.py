"""Doctor and explain take networks of every kind of layer, with branches."""

import pytest
import torch

import tersenet
from tersenet.data import draw_synthetic
from tersenet.inspection.explanation.explain import explain_picture
from tersenet.networks import LAYER_KINDS, build, summarize

# One layer of each kind that keeps the maps, then branches of both sorts, one of them empty.
KEEPING = " ".join(kind.example for kind in LAYER_KINDS.values() if kind.family in ("activation", "normalisation"))
LINE = f"8C3s2p1 [8C3p1s2 BN R + 8C1s2] {KEEPING} [8C3p1 & MP3s1p1] [8C1 & ] GAP 10Nb"


def test_the_doctor_measures_every_layer_of_a_network_with_branches():
    train, _ = draw_synthetic(train=256, test=64)
    x, labels = (train.images / 255 - 0.13) / 0.31, train.labels
    torch.manual_seed(0)
    model = build(LINE)
    batches = list(zip(x.split(64), labels.split(64), strict=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    diagnosis = tersenet.diagnose(model, batches, batches[:1], optimizer=optimizer)
    assert diagnosis.checks


def test_explain_shows_maps_and_evidence_of_a_network_with_branches():
    train, _ = draw_synthetic(train=10, test=10)
    torch.manual_seed(0)
    model = build(LINE).eval()
    explanation = explain_picture(model, train.images[0], classes="0123456789")
    layers = [row.type for row in summarize(model).layers]
    assert [layer.type for layer in explanation.layers] == layers
    assert sum(explanation.probabilities) == pytest.approx(1)
