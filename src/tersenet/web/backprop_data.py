"""What the page of backpropagation is given: the problems that have a name, and the course's misprints."""

from __future__ import annotations

from typing import Any

from tersenet.backprop import EXAMPLES, Problem, printed_cells


def backprop_data() -> dict[str, Any]:
    """The problems by name, and every number that the course's table prints incorrectly.

    >>> data = backprop_data()
    >>> data["examples"]["course"]["sizes"], [cell["column"] for cell in data["errata"] if cell["row"] == 0]
    ([2, 2, 2], ['dE/dw3', 'dE/dw4'])
    """
    return {
        "examples": {name: problem_json(problem) for name, problem in EXAMPLES.items()},
        "errata": [
            {"row": cell.row, "column": cell.column, "printed": f"{cell.printed:.9f}"}
            for cell in printed_cells()
            if cell.wrong
        ],
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem of one sample as the page takes it."""
    return {
        "sizes": list(problem.network.sizes),
        "activations": list(problem.network.activations),
        "loss": problem.network.loss,
        "weights": list(problem.weights),
        "biases": list(problem.biases),
        "trainBiases": problem.train_biases,
        "inputs": list(problem.inputs[0]),
        "targets": list(problem.targets[0]),
    }
