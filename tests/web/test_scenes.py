"""The scenes of convolution, pooling and batch normalisation compute what Python's lessons compute, to 1e-12."""

import dataclasses
import json

import numpy as np
import pytest

from tersenet.backprop import COURSE, convolve, descend, make_problem, normalize_batch
from tersenet.web import problem_json

NAMES = {"dO": "d_o", "dDense": "d_dense", "dP": "d_p", "dR": "d_r", "dZ": "d_z", "dKernel": "d_kernel"}
NAMES |= {"dBias": "d_bias", "dImage": "d_image", "z": "z", "r": "r", "p": "p", "o": "o", "a": "a", "error": "error"}
BATCH = {"normalised": "normalized", "dNormalised": "d_normalized", "dGamma": "d_gamma", "dBeta": "d_beta", "y": "y"}
BATCH |= {"dMean": "d_mean", "dVariance": "d_variance", "direct": "direct", "throughMean": "through_mean"}
BATCH |= {
    "throughVariance": "through_variance",
    "dX": "d_x",
    "mean": "mean",
    "variance": "variance",
    "error": "error",
}


def numbers(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).round(3)


@pytest.fixture(scope="module")
def computed(node):
    convolutions = [
        {"image": numbers(seed, 5, 5), "kernel": numbers(seed + 9, 2, 2), "dense": numbers(seed + 5, 4)}
        | {"bias": -0.1, "denseBias": 0.1, "target": 0.2, "pooling": pooling, "pool": 2}
        for seed in range(3)
        for pooling in ("max", "average")
    ]
    batches = [
        {"x": numbers(seed, size), "targets": numbers(seed + 7, size), "gamma": 1.5, "beta": 0.5, "epsilon": 1e-5}
        for seed, size in ((0, 4), (1, 2), (2, 6))
    ]
    given = {"convolutions": convolutions, "batches": batches}
    return given, node("scenes.mjs", json.loads(json.dumps(given, default=np.ndarray.tolist)))


def close(found, expected):
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-12, atol=1e-14)


def test_a_convolution_is_python_s(computed):
    given, found = computed
    for each, done in zip(given["convolutions"], found["convolutions"], strict=True):
        words = {"bias": "bias", "dense_bias": "denseBias", "target": "target", "pooling": "pooling", "pool": "pool"}
        expected = convolve(
            each["image"], each["kernel"], each["dense"], **{name: each[key] for name, key in words.items()}
        )
        for name, attribute in NAMES.items():
            close(np.ravel(done[name]), np.ravel(getattr(expected, attribute)))
        assert done["difference"] == pytest.approx(done["dKernel"][0][1], abs=1e-7)


def test_a_batch_is_python_s(computed):
    given, found = computed
    for each, done in zip(given["batches"], found["batches"], strict=True):
        words = {"gamma": each["gamma"], "beta": each["beta"], "epsilon": each["epsilon"]}
        expected = normalize_batch(each["x"], each["targets"], **words)
        for name, attribute in BATCH.items():
            close(done[name], getattr(expected, attribute))
        assert done["difference"] == pytest.approx(done["dX"][1], abs=1e-6)


@pytest.mark.parametrize(
    "problem",
    [COURSE, make_problem(sizes="2-3-3", loss="cross-entropy", biases=True, seed=2)],
    ids=["course", "softmax"],
)
def test_the_saved_notebook_runs_and_holds_the_same_problem(node, problem, capsys):
    (answer,) = node("backprop.mjs", [{"problem": problem_json(problem), "rate": 2.0, "steps": 20}])
    notebook = json.loads(answer["notebook"])
    assert (notebook["nbformat"], len({cell["id"] for cell in notebook["cells"]})) == (4, len(notebook["cells"]))
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"], names)  # the page's own code
    kept = {field.name: getattr(problem, field.name) for field in dataclasses.fields(problem)}
    assert names["problem"] == dataclasses.replace(names["problem"], **{k: kept[k] for k in ("network", "weights")})
    expected = descend(problem, steps=20, learning_rate=2.0).rows
    close(names["table"].rows, expected)
    said = capsys.readouterr().out
    assert f"E_total = {dict(zip(names['table'].columns, expected[20], strict=True))['E_total']:.9f}" in said
    assert said.count("\n") >= 7
