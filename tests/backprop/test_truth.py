"""The hand-written derivatives against three oracles: torch autograd, central differences and sympy."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

from tersenet.backprop import COURSE, Network, Problem, chain, derive, descend
from tersenet.backprop.symbols.chain_rule import Graph
from tersenet.backprop.symbols.expression import calculate

ACTIVATIONS = ["sigmoid", "tanh", "relu", "identity"]


@st.composite
def problems(draw, widest=4, deepest=4, samples=3):
    """A random network with random numbers; kinks of ReLU are kept out."""
    sizes = tuple(draw(st.lists(st.integers(1, widest), min_size=2, max_size=deepest)))
    loss = draw(st.sampled_from(["half-squared", "cross-entropy"]))
    kinds = tuple(draw(st.sampled_from(ACTIVATIONS)) for _ in sizes[1:])
    network = Network(sizes=sizes, activations=kinds, loss=loss, biases=draw(st.booleans()))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, samples))
    targets = generator.uniform(0, 1, (count, sizes[-1]))
    if loss == "cross-entropy":
        targets /= targets.sum(axis=1, keepdims=True)
    problem = Problem(
        name="random",
        network=network,
        weights=tuple(generator.normal(size=len(network.weight_names))),
        biases=tuple(generator.normal(size=len(network.bias_names))),
        inputs=tuple(map(tuple, generator.normal(size=(count, sizes[0])))),
        targets=tuple(map(tuple, targets)),
    )
    sums = network.forward(*problem.arrays).sums
    kinks = [np.abs(h).min() for h, kind in zip(sums, network.activations, strict=True) if kind == "relu"]
    assume(all(distance > 1e-3 for distance in kinks))
    return problem


def by_torch(problem):
    """E_total and its gradient by torch autograd, the network written in torch's own layers."""
    weights, biases, inputs, targets = (torch.tensor(array) for array in problem.arrays)
    parameters = [weights.requires_grad_(), biases.requires_grad_()]
    a, used_weights, used_biases = inputs, 0, 0
    for layer, kind in enumerate(problem.network.activations):
        before, after = problem.network.sizes[layer : layer + 2]
        matrix = weights[used_weights : used_weights + before * after].view(after, before)
        bias = biases[used_biases : used_biases + after] if problem.network.biases else None
        used_weights, used_biases = used_weights + before * after, used_biases + after
        h = torch.nn.functional.linear(a, matrix, bias)
        functions = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda x: x}
        a = functions[kind](h) if kind != "softmax" else h
    if problem.network.loss == "cross-entropy":
        total = torch.nn.functional.cross_entropy(a, targets)
    else:
        total = torch.nn.functional.mse_loss(a, targets, reduction="sum") / 2 / len(targets)
    total.backward()
    found = [torch.zeros(0) if one.grad is None else one.grad for one in parameters]
    return total.item(), torch.cat(found).numpy()


def by_hand(problem):
    weights = problem.arrays[0]
    forward = problem.network.forward(*problem.arrays)
    return float(forward.total), np.concatenate(problem.network.backward(weights, forward))


def by_differences(problem, step=1e-5):
    start = np.concatenate(problem.arrays[:2])
    moves = start + step * np.stack([np.eye(len(start)), -np.eye(len(start))])
    cut = len(problem.weights)
    above, below = problem.network.forward(moves[..., :cut], moves[..., cut:], *problem.arrays[2:]).total
    return (above - below) / (2 * step)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(problems())
def test_the_derivatives_of_random_networks_are_those_of_torch_and_of_central_differences(problem):
    total, gradient = by_hand(problem)
    torch_total, torch_gradient = by_torch(problem)
    assert total == pytest.approx(torch_total, rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(gradient, torch_gradient, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gradient, by_differences(problem), rtol=1e-5, atol=1e-8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(problems(widest=3, samples=2), st.integers(0, 10**6))
def test_the_factors_along_every_path_multiply_and_add_up_to_torchs_derivative(problem, pick):
    names = problem.network.parameter_names
    place = pick % len(names)
    truth = by_torch(problem)[1][place]
    found = chain(problem, names[place])
    assert found.value == pytest.approx(truth, rel=1e-9, abs=1e-12)
    if found.paths[0]:
        by_paths = np.mean([sum(path.value for path in sample) for sample in found.paths])
        assert by_paths == pytest.approx(truth, rel=1e-9, abs=1e-12)
    graph = Graph(problem.network)
    closed = [calculate(graph.gradient(names[place]), problem.values(sample)) for sample in range(problem.samples)]
    assert np.mean(closed) == pytest.approx(truth, rel=1e-9, abs=1e-12)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(problems(widest=2, deepest=3, samples=2), st.integers(0, 10**6))
def test_the_derivatives_of_small_networks_are_those_of_sympy(problem, pick):
    names = problem.network.parameter_names
    done = derive(problem, names[pick % len(names)])
    assert done.value == pytest.approx(done.by_sympy, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_descent_takes_the_steps_of_torchs_sgd(momentum):
    weights = torch.tensor(COURSE.weights, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.5, momentum=momentum)
    inputs, targets = (torch.tensor(array) for array in COURSE.arrays[2:])
    descent = descend(COURSE, steps=20, learning_rate=0.5, momentum=momentum)
    for loss in descent.column("E_total"):
        hidden = torch.sigmoid(inputs @ weights[:4].view(2, 2).T)
        total = ((targets - torch.sigmoid(hidden @ weights[4:].view(2, 2).T)) ** 2).sum() / 2
        assert loss == pytest.approx(total.item(), rel=1e-12)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
