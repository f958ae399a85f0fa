// The state of the page as a notebook for Jupyter: the same problem, followed by Tersenet's own lab.

import { trained, namesOf } from "./numbers.js";

/** @typedef {import("./state.js").State} State */

/** @param {State} state @returns {string} the notebook's file */
export function asNotebook({ problem, rate, steps, weight }) {
  const list = (/** @type {number[]} */ values) => (values.length ? `(${values.join(", ")},)` : "()");
  const text = (/** @type {string} */ source) => ({ cell_type: "markdown", metadata: {}, source });
  const code = (/** @type {string} */ source) => ({ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source });
  const names = trained(problem, namesOf(problem));
  const making = [
    "from tersenet.backprop import Network, Problem, chain, descend, study", "",
    "problem = Problem(",
    '    name="from the page",', "    network=Network(", `        sizes=${list(problem.sizes)},`, `        activations=(${problem.activations.map((name) => `"${name}"`).join(", ")},),`,
    `        loss="${problem.loss}",`, `        biases=${problem.biases.length ? "True" : "False"},`, "    ),",
    `    weights=${list(problem.weights)},`, `    biases=${list(problem.biases)},`, `    inputs=(${list(problem.inputs)},),`, `    targets=(${list(problem.targets)},),`,
    `    train_biases=${problem.trainBiases ? "True" : "False"},`, ")",
  ];
  const cells = [
    text(`# Backpropagation, step by step\n\nA network of ${problem.sizes.join("-")} units, learning rate ${rate}, ${steps} updates of ${names.length} parameters.`),
    code(making.join("\n")),
    text("Every quantity at every step: a row for each update."),
    code(`table = descend(problem, steps=${steps}, learning_rate=${rate})\nfor number in (0, 1, ${steps}):\n    row = dict(zip(table.columns, table.rows[number]))\n    print(number, f"E_total = {row['E_total']:.9f}")`),
    text(`The chain rule for ${weight}: along a path the factors are multiplied, the paths are added.`),
    code(`for path in chain(problem, "${weight}").paths[0]:\n    print(" · ".join(f"{factor.name} = {factor.value:.6f}" for factor in path.factors))`),
    text("The same network at other learning rates."),
    code(`for result in study(problem, rates=(0.1, 1.0, 10.0, 100.0), steps=${steps}).rates:\n    print(result.learning_rate, result.verdict)`),
  ];
  return JSON.stringify({
    cells: cells.map((cell, number) => ({ ...cell, id: `cell-${number}` })), metadata: { kernelspec: { display_name: "Python 3", language: "python", name: "python3" } }, nbformat: 4, nbformat_minor: 5,
  }, null, 1);
}
