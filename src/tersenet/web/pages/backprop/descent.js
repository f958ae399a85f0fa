// Gradient descent, step by step, and the verdict on a learning rate.

import { backward, forward, namesOf, trained, withParameters } from "./numbers.js";

/** @typedef {import("./numbers.js").Problem} Problem */
/** @typedef {import("./numbers.js").Values} Values */
/** @typedef {{ problem: Problem, v: Values, d: Values }} Step the problem, its values and its slopes after some updates */

/** The start and what each of `steps` updates leaves: w ← w − rate·∂E/∂w. @param {Problem} problem @param {number} rate @param {number} steps */
export function descend(problem, rate, steps) {
  const names = namesOf(problem), moving = trained(problem, names);
  /** @type {Step[]} */
  const found = [];
  let now = problem;
  for (let step = 0; step <= steps; step++) {
    const v = forward(now), d = backward(now, v);
    found.push({ problem: now, v, d });
    const next = { ...v };
    for (const name of moving) next[name] = v[name] - rate * d[name];
    now = withParameters(problem, names, next);
  }
  return found;
}

/** The table's columns, in the order of the course spreadsheet. @param {Problem} problem */
export function columnNames(problem) {
  const names = namesOf(problem);
  const columns = [...names.targets, ...names.inputs];
  names.sums.forEach((sums, layer) => {
    columns.push(...names.weights[layer], ...names.biases[layer], ...sums.flatMap((name) => [name, `a_${name}`]));
  });
  const parameters = [...names.weights.flat(), ...names.biases.flat()];
  return [...columns, ...names.errors, "E_total", ...parameters.map((name) => `dE/d${name}`)];
}

/** The number of a column. @param {Step} step @param {string} column */
export function cell(step, column) {
  return column.startsWith("dE/d") ? step.d[column.slice(4)] : step.v[column];
}

const SPAN = 68, DEAD = 0.01;

/** The verdict on a descent, by the rules of `tersenet backprop study`. @param {Problem} problem @param {Step[]} steps */
export function verdict(problem, steps) {
  const losses = steps.map((step) => step.v.E_total), start = losses[0], end = losses[losses.length - 1];
  const weights = namesOf(problem).weights.flat();
  const slope = (/** @type {Step} */ step) => Math.max(...weights.map((name) => Math.abs(step.d[name])));
  const first = slope(steps[0]);
  if (!losses.every(Number.isFinite) || end > 1000 * Math.max(start, 1e-12)) return "diverged";
  if (losses.every((loss) => loss === start)) return "standing still";
  const above = losses.map((loss) => loss > start * (1 + 1e-9));
  const dead = steps.map((step, place) => above[place] && slope(step) < DEAD * first);
  if (dead[dead.length - 1]) return "saturated";
  if (above[above.length - 1]) return "risen, not yet back";
  if (dead.includes(true)) return "escaped from saturation";
  if (above.includes(true)) return "rises first, then converges";
  return losses.slice(0, SPAN + 1).some((loss) => loss <= start / 10) ? "converging fast" : "converging slowly";
}
