"""The page of backpropagation computes what Python computes, to 1e-12, and its command and its link say the same."""

import json
import shlex

import numpy as np
import pytest

from tersenet.backprop import COURSE, EXAMPLES, chain, descend, make_problem, study
from tersenet.cli import main
from tersenet.web import problem_json

PROBLEMS = {
    "course": (COURSE, 1.0),
    "a high rate": (COURSE, 100.0),
    "saturated": (COURSE, 1000.0),
    "mazur": (EXAMPLES["mazur"], 0.5),
    "tanh": (make_problem(sizes="2-3-3-1", activation="tanh", biases=True), 0.3),
    "relu": (make_problem(sizes="3-4-2", activation="relu", seed=4), 0.1),
    "softmax": (make_problem(sizes="2-3-3", loss="cross-entropy", biases=True, seed=2), 0.7),
    "one layer": (make_problem(sizes="4-2", activation="identity", seed=3), 0.05),
}


@pytest.fixture(scope="module")
def answers(node):
    jobs = [{"problem": problem_json(problem), "rate": rate, "steps": 68} for problem, rate in PROBLEMS.values()]
    return dict(zip(PROBLEMS, node("backprop.mjs", jobs), strict=True))


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_number_of_68_steps_is_python_s(answers, name):
    problem, rate = PROBLEMS[name]
    expected = descend(problem, steps=68, learning_rate=rate)
    assert tuple(answers[name]["columns"]) == expected.columns
    rows = np.array(answers[name]["rows"])
    assert rows.shape == expected.rows.shape
    assert (np.abs(rows - expected.rows) <= 1e-12 * np.maximum(1, np.abs(expected.rows))).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_factor_of_every_path_is_python_s(answers, name):
    problem, _ = PROBLEMS[name]
    for parameter, found in answers[name]["chains"].items():
        expected = chain(problem, parameter).paths[0]
        assert [[each[0] for each in path] for path in found] == [[f.name for f in path.factors] for path in expected]
        for path, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose([each[1] for each in path], [f.value for f in wanted.factors], rtol=1e-12)


def test_a_factor_of_two_paths_is_shared_and_any_other_has_its_path_s_tag(answers):
    tags = answers["course"]["tags"]
    assert tags["h1 w1"] == tags["a_h1 h1"] == "shared"
    assert tags["o1 a_h1"] == tags["E1 a_o1"] == "path-1"
    assert tags["o2 a_h1"] == "path-2"


@pytest.mark.parametrize("name", PROBLEMS)
def test_finite_differences_agree_with_the_chain_rule(answers, name):
    rows = dict(zip(answers[name]["columns"], answers[name]["rows"][-1], strict=True))
    for parameter, difference in answers[name]["differences"].items():
        assert difference == pytest.approx(rows[f"dE/d{parameter}"], abs=1e-9)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_verdict_is_that_of_the_study(answers, name):
    problem, rate = PROBLEMS[name]
    assert answers[name]["verdict"] == study(problem, [rate], steps=68).rates[0].verdict


@pytest.mark.parametrize("name", ["course", "mazur", "tanh", "softmax"])
def test_the_copied_command_prints_the_same_table(answers, name, capsys):
    command = shlex.split(answers[name]["command"])
    assert command[0] == "tersenet"
    assert main([*command[1:], "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    columns, rows = answers[name]["columns"], np.array(answers[name]["rows"], float)
    found = np.array([[row[table["columns"].index(column)] for column in columns] for row in table["rows"]], float)
    np.testing.assert_allclose(found, rows, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_link_brings_the_state_back(answers, name):
    problem, rate = PROBLEMS[name]
    again = answers[name]["again"]
    assert (again["rate"], again["steps"]) == (rate, 68)
    assert again["problem"] == problem_json(problem)


@pytest.mark.parametrize(
    "link",
    [
        {"sizes": "9-9"},
        {"sizes": "2"},
        {"sizes": "2-two"},
        {"weights": "1,x"},
        {"lr": "-1"},
        {"steps": "1e99"},
        {"step": "500"},
        {"weight": "w99"},
        {"inputs": "Infinity,1"},
    ],
)
def test_what_does_not_fit_in_a_link_is_left_out(node, link):
    (found,) = node("backprop.mjs", [{"problem": problem_json(COURSE), "rate": 1, "steps": 68, "link": link}])
    assert found["read"] == {
        "problem": problem_json(COURSE),
        "rate": 1,
        "steps": 68,
        "step": 0,
        "stage": -1,
        "weight": "w1",
    }
