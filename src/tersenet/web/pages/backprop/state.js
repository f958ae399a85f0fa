// What the page shows: the problem, the learning rate, the step; to and from the address.

import { namesOf } from "./numbers.js";

/** @typedef {import("./numbers.js").Problem} Problem */
/** @typedef {{ problem: Problem, rate: number, steps: number, step: number, stage: number, weight: string }} State
 *   `stage` −1: all of the step is shown */

export const MOST_STEPS = 2000;

/** @param {State} state @returns {Record<string, string>} */
export function asLink({ problem, rate, steps, step, stage, weight }) {
  return {
    sizes: problem.sizes.join("-"), activation: problem.activations[0], loss: problem.loss,
    weights: problem.weights.join(","), biases: problem.biases.join(","), inputs: problem.inputs.join(","), targets: problem.targets.join(","),
    fixed: problem.trainBiases ? "" : "1", lr: String(rate), steps: String(steps), step: String(step), stage: String(stage), weight,
  };
}

/** The state that a link says, on top of the usual one; what does not fit is left out. @param {Record<string, string>} link @param {State} usual @returns {State} */
export function fromLink(link, usual) {
  const sizes = link.sizes ? readSizes(link.sizes) : usual.problem.sizes;
  if (!sizes) return usual;
  const problem = settled({
    ...usual.problem, sizes,
    activations: link.activation ? [link.activation] : usual.problem.activations.slice(0, 1),
    loss: link.loss ?? usual.problem.loss,
    weights: numbers(link.weights) ?? usual.problem.weights, biases: numbers(link.biases) ?? usual.problem.biases,
    inputs: numbers(link.inputs) ?? usual.problem.inputs, targets: numbers(link.targets) ?? usual.problem.targets,
    trainBiases: link.fixed === undefined ? usual.problem.trainBiases : link.fixed !== "1",
  });
  const steps = within(Number(link.steps ?? usual.steps), 1, MOST_STEPS, usual.steps);
  const known = [...namesOf(problem).weights.flat(), ...namesOf(problem).biases.flat()];
  return {
    problem, steps: Math.round(steps),
    rate: within(Number(link.lr ?? usual.rate), 1e-6, 1e6, usual.rate),
    step: Math.round(within(Number(link.step ?? usual.step), 0, steps, 0)),
    stage: Math.round(within(Number(link.stage ?? usual.stage), -1, 100, -1)),
    weight: link.weight && known.includes(link.weight) ? link.weight : known[0],
  };
}

/** @param {number} value @param {number} low @param {number} high @param {number} otherwise */
function within(value, low, high, otherwise) {
  return value >= low && value <= high ? value : otherwise;
}

/** @param {string | undefined} text */
function numbers(text) {
  if (text === undefined) return null;
  const found = text === "" ? [] : text.split(",").map(Number);
  return found.every((value) => Number.isFinite(value) && Math.abs(value) <= 1e9) ? found : null;
}

/** Sizes that the page can draw, or null. @param {string} text */
export function readSizes(text) {
  const sizes = text.trim().split(/[\s,×x-]+/).map(Number);
  const fits = sizes.length >= 2 && sizes.length <= 5 && sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 4);
  return fits ? sizes : null;
}

/**
 * The problem with as many numbers as its sizes need: missing ones are 0.1, 0.15, 0.2 and so on; cross-entropy puts a
 * softmax on the outputs.
 * @param {Problem} problem @returns {Problem}
 */
export function settled(problem) {
  const { sizes } = problem, layers = sizes.length - 1;
  const weights = sizes.slice(1).reduce((sum, size, place) => sum + size * sizes[place], 0), units = sizes.slice(1).reduce((sum, size) => sum + size, 0);
  const fill = (/** @type {number[]} */ given, /** @type {number} */ count, /** @type {number} */ from) =>
    Array.from({ length: count }, (_, place) => given[place] ?? Number((from + 0.05 * (place % 12)).toFixed(2)));
  const kind = ["sigmoid", "tanh", "relu", "identity"].includes(problem.activations[0]) ? problem.activations[0] : "sigmoid";
  const activations = Array.from({ length: layers }, () => kind);
  const loss = problem.loss === "cross-entropy" ? "cross-entropy" : "half-squared";
  if (loss === "cross-entropy") activations[layers - 1] = "softmax";
  return {
    ...problem, activations, loss, weights: fill(problem.weights, weights, 0.1),
    biases: problem.biases.length ? fill(problem.biases, units, 0.1) : [],
    inputs: fill(problem.inputs, sizes[0], 0.1), targets: fill(problem.targets, sizes[layers], 0.1),
  };
}

/** The command that computes the same. @param {State} state */
export function asCommand({ problem, rate, steps }) {
  const words = ["tersenet backprop table", `--sizes ${problem.sizes.join("-")}`];
  if (problem.activations[0] !== "softmax") words.push(`--activation ${problem.activations[0]}`);
  words.push(`--loss ${problem.loss}`, `--inputs ${problem.inputs.join(" ")}`, `--targets ${problem.targets.join(" ")}`, `--weights ${problem.weights.join(" ")}`);
  if (!problem.trainBiases) words.splice(1, 0, "--example mazur"); // whose biases are fixed
  if (problem.biases.length) words.push(`--biases ${problem.biases.join(" ")}`);
  words.push(`--lr ${rate}`, `--steps ${steps}`, "--all --every 1");
  return words.join(" ");
}
