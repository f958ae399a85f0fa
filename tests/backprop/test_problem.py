"""One's own numbers: what is given, what is drawn, what is refused."""

import pytest

from tersenet._errors import TersenetError
from tersenet.backprop import (
    COURSE,
    Network,
    make_problem,
    normalize_batch,
    read_batch,
    read_convolution,
    read_problem,
)


def test_without_any_numbers_the_problem_is_the_courses():
    assert make_problem() == COURSE
    assert make_problem(example="mazur").biases == (0.35, 0.35, 0.60, 0.60)


def test_single_weights_can_be_replaced_by_name():
    assert make_problem(weights={"w3": -1.0}).weights == (0.15, 0.2, -1.0, 0.3, 0.4, 0.45, 0.5, 0.55)


def test_the_same_seed_draws_the_same_numbers_and_says_so():
    one, two = make_problem(sizes="2-3-3-1", seed=5), make_problem(sizes="2-3-3-1", seed=5)
    assert one == two != make_problem(sizes="2-3-3-1", seed=6)
    assert one.drawn == "weights and targets drawn with seed 5"
    assert len(one.weights) == 2 * 3 + 3 * 3 + 3


def test_cross_entropy_brings_its_softmax():
    assert make_problem(loss="cross-entropy").network.activations == ("sigmoid", "softmax")


def test_targets_drawn_for_cross_entropy_are_one_class():
    problem = make_problem(sizes="2-3", loss="cross-entropy", inputs=[0.1, 0.2, 0.3, 0.4])
    assert all(sorted(row) == [0, 0, 1] for row in problem.targets)


def test_a_toml_file_holds_what_flags_hold(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        'sizes = "2-2-1"\nactivation = ["tanh", "identity"]\ninputs = [[1, 2], [3, 4]]\ntargets = [[0], [1]]\n'
        "weights = {w1 = 0.1, w2 = 0.2, w3 = 0.3, w4 = 0.4, w5 = 0.5, w6 = 0.6}\nbiases = [0.1, 0.2, 0.3]\n"
    )
    problem = make_problem(**read_problem(path))
    assert problem.network == Network(sizes=(2, 2, 1), activations=("tanh", "identity"), biases=True)
    assert problem.weights == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    assert problem.inputs == ((1, 2), (3, 4))
    assert problem.drawn == ""


def test_the_convolution_and_the_batch_are_read_from_toml_as_well(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("image = [[1, 2], [3, 4]]\nkernel = [[1]]\npool = 1\n")
    assert read_convolution(path) == {"image": [[1, 2], [3, 4]], "kernel": [[1]], "pool": 1}
    path.write_text("batch = [1, 2, 3]\ntargets = [0, 0, 1]\n")
    assert normalize_batch(**read_batch(path)).mean == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("weights = [0.1", "not TOML"),
        ("weigths = [0.1]", "weigths"),
        ('targets = ["half"]', r"\$.targets"),
        ('sizes = "2-x-1"', "cannot be read"),
        ("weights = [0.1, 0.2]", "w3, w4, w5, w6, w7, w8 missing"),
        ("weights = {w9 = 0.1}", "no such parameter"),
        ('sizes = "2-1"\nweights = {w1 = 0.1}', "w2 as well"),
        ('sizes = "2-0-2"', "at least one unit"),
        ("sizes = [2]", "at least inputs and outputs"),
        ("inputs = [nan, 0.1]", "finite"),
        ("inputs = [0.1]", "do not fit"),
        ("inputs = [0.1, 0.2, 0.3, 0.4]\ntargets = [0.5, 0.5]", "Every sample"),
        ('activation = "gelu"', "no such activation"),
        ('activation = ["relu", "relu", "relu"]', "do not fit the layers"),
        ('activation = ["softmax", "sigmoid"]', "softmax belongs"),
        ('loss = "hinge"', "no such loss"),
        ("seed = -1", "seed cannot be used"),
        ('example = "mazer"', "did you mean mazur"),
        ("biases = [0.1]", "b2, b3, b4 missing"),
    ],
)
def test_bad_input_is_one_error_that_names_what_is_wrong(tmp_path, text, said):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(TersenetError) as caught:
        make_problem(**read_problem(path))
    assert said.replace("\\", "") in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(TersenetError, match="no such file"):
        read_problem(tmp_path / "none.toml")
