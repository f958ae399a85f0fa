"""The Lab's parts against Python: receptive fields, the copied PyTorch code, and training in the browser."""

from base64 import b64encode

import numpy as np
import pytest
import torch

from tersenet.data import draw_synthetic
from tersenet.networks import NETWORKS, build, summarize

NETWORKS_TRIED = [
    *(named.notation for named in NETWORKS.values()),
    "8C3p1 BN R (8C3p1 BN R)x2 [DW3p1 BN] GAP 10Nb",
    "8C3 (8C3p1 BN R)*3 MP2 GMP 10N",
    "4C3 ((4C3p1 BN)x2 R)*2 [[4C3p1 + ] & 4C1] GAP 10Nb",
    "8C3 [8C3p1 R + 8C1 + ] [4C1 & ] MP3p1s2 LR.1 GMP 10N",
    "4C5p2s2d2g1b AP3p1s1 ELU HS S T SiLU GELU PR LN GN2 DD.1 GAP D.2 10Nb",
    "20N BN PR LN R 10Nb",
    "8C3 MP2 GAP 10C1b",
]
JOB = {"task": "read", "input": [1, 28, 28], "classes": 10}


@pytest.fixture(scope="module")
def answers(engine):
    return dict(zip(NETWORKS_TRIED, engine(*({**JOB, "text": text} for text in NETWORKS_TRIED)), strict=True))


@pytest.mark.parametrize("notation", NETWORKS_TRIED)
def test_the_copied_pytorch_code_is_the_same_network(answers, notation, capsys):
    namespace = {}
    exec(answers[notation]["pytorch"], namespace)
    assert "torch.Size([2, 10])" in capsys.readouterr().out
    theirs, ours = namespace["model"], build(notation)
    state = list(ours.state_dict().values())
    assert [values.shape for values in theirs.state_dict().values()] == [values.shape for values in state]
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state, strict=True)))
    x = torch.randn(3, 1, 28, 28)
    with torch.no_grad():
        assert torch.allclose(theirs.eval()(x), ours.eval()(x), atol=1e-5)


@pytest.mark.parametrize("notation", [text for text in NETWORKS_TRIED if "[" not in text and "*" not in text])
def test_receptive_fields_are_those_of_the_summary(answers, notation):
    rows = [row for row in summarize(build(notation), input_size=(1, 28, 28)).layers if row.type != "Flatten"]
    fields = answers[notation]["fields"]
    assert len(fields) == len(rows)
    for field, row in zip(fields, rows, strict=True):
        if not field["whole"]:
            assert (field["last"] - field["first"] + 1, field["jump"]) == (row.receptive_field, row.jump)


RECIPE = {"epochs": 3, "batch": 50, "optimizer": "sgd", "rate": 0.1, "momentum": 0.9, "nesterov": True}
RECIPE |= {"decay": 5e-4, "augmentation": 0.0, "seed": 1}


def learned(engine, notation, pictures=1500, **recipe):
    train, test = draw_synthetic(train=pictures, test=300)
    images = np.concatenate([train.images.numpy(), test.images.numpy()])
    job = {
        "task": "learn",
        "notation": notation,
        "images": b64encode(images.tobytes()).decode(),
        "labels": train.labels.tolist() + test.labels.tolist(),
        "tested": 300,
        "recipe": {**RECIPE, **recipe},
    }
    return engine(job)[0]


def test_a_network_learns_the_drawn_digits_and_the_counts_agree(engine):
    found = learned(engine, "8C5s2 BN R MP2 16C3 BN R 10Nb")
    assert found["accuracy"] > 0.8
    assert found["losses"][-1] < 0.5 * found["losses"][0]
    confusion = np.array(found["confusion"])
    assert confusion.sum() == found["count"] == 300
    assert confusion.trace() == found["correct"] == 300 - len(found["mistakes"])
    assert all(mistake["label"] != mistake["guess"] for mistake in found["mistakes"])


def test_the_rate_rises_to_the_recipe_s_and_falls_to_0(engine):
    rates = learned(engine, "16N R 10Nb", pictures=500, augmentation=1.0, epochs=4)["rates"]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.1, rel=0.06)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.01
