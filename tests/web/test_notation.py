"""The browser reads a notation as Python does: the same trees, shapes and names of tensors, the same complaints."""

import pytest

from tersenet._errors import TersenetError
from tersenet.networks import LAYER_KINDS, NETWORKS, build, infer_shapes, parse
from tersenet.networks.tree import point_at

READ = [
    *(named.notation for named in NETWORKS.values()),
    *(
        f"8C3 {line} GAP 10Nb"
        for kind in LAYER_KINDS.values()
        for line in kind.alike
        if not line.endswith(("N", "Nb"))
    ),
    "16c3-bn-r | (8C3P1 R)x2 [DW3p1] gap 10nb",
    "8C3 (8C3p1 BN R)*3 GAP 10N",
    "8C3 (8C3 R)*3 GAP 10N",
    "4C3 ((4C3p1 BN)x2 R)*2 [[4C3p1 + ] & 4C1] GAP 10Nb",
    "8C3 [8C3p1 R + 8C1 + ] [4C1 & ] MP3p1s2 LR.010 D.50 GMP 10N",
    "20N BN R 10Nb",
    "8C3 PR LN GN8 ELU HS S T SiLU GELU AP2 DD.1 GAP 10C1b",
]
REFUSED = [
    "",
    "16C3 MB2",
    "16K3",
    "8C3 (R BN",
    "8C3 R)",
    "8C3 (R)",
    "8C3 (R)y3",
    "8C3 (R)x0",
    "8C3 (R)x2000",
    "8C3 (R R)x999 (R)x3",
    "8C3(R)x2",
    "8C3 + R",
    "[8C3p1 + 8C1 & 8C1]",
    "[+]",
    "[]",
    "(]x3",
    "8C3 [4C3p1] GAP 10N",
    "8C3 [4C3p1 + 8C1]",
    "8C3 [4C3 & 8C1]",
    "8C3 MP2 10C15 GAP",
    "8C3 10N MP2",
    "10N DD.1",
    "C3",
    "8C",
    "8C3q1",
    "8C3p1p2",
    "8C3b1",
    "8C3p",
    "16CS2",
    "3BN",
    "BN2",
    "D1",
    "D",
    "LR2",
    "MP2p2",
    "8C3p9",
    "8C3g3",
    "0C3",
    "9999999999C3",
    "8C3 GAP",
    "8C3",
    "9N",
    "conv",
    "relu",
    "vgg16",
    "resnet18",
    "8C3 (4C3)*2 GAP",
    "8C3 R (16C3)*2 GAP 10N",
    "8C3 (MP2 8C3p1)*6 GAP 10N",
    "8C3 GN3",
    "GAP LN",
    "1C1 GAP GN1",
    "é",
    "8C3 §",
    "()x3",
    "100000N 1000N",
    "x3",
    "constructor",
    "__proto__",
]
JOB = {"task": "read", "input": [1, 28, 28], "classes": 10}


@pytest.fixture(scope="module")
def answers(engine):
    texts = READ + REFUSED
    return dict(zip(texts, engine(*({**JOB, "text": text} for text in texts)), strict=True))


@pytest.mark.parametrize("text", READ)
def test_a_network_is_the_same_in_both(answers, text):
    model, steps = build(text), infer_shapes(text)
    answer = answers[text]
    assert "problem" not in answer, answer
    assert answer["printed"] == str(parse(text))
    assert answer["steps"] == [
        [str(step.layer), list(step.output_shape), step.parameters, step.macs] for step in steps
    ]
    tensors = model.state_dict()
    assert dict(answer["tensors"]) == {
        name: values.numel() for name, values in tensors.items() if not name.endswith("num_batches_tracked")
    }


@pytest.mark.parametrize("text", REFUSED)
def test_a_mistake_is_described_in_the_same_words_at_the_same_place(answers, text):
    with pytest.raises(TersenetError) as caught:
        build(text)
    error, answer = caught.value, answers[text]
    assert answer["problem"] == error.problem
    assert str(answer.get("got")) == str(error.got)
    assert answer.get("expected") == (None if error.expected is None else str(error.expected))
    where = str(error.where)
    shown = text
    if where.split("\n")[0] != point_at(text, 0, 1).split("\n")[0]:
        shown = str(parse(text))  # shapes are complained about in the printed tree
    if shown == text:
        assert point_at(shown, answer["start"], answer["end"]) == where
    if answer["problem"] != "The network ends in the wrong number of classes.":
        assert answer.get("hint") == error.hint
