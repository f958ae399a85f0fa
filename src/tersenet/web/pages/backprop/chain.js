// The chain rule as paths: from a parameter along the network to the error, one factor for each edge.

import { ACTIVATIONS, before, namesOf } from "./numbers.js";

/** @typedef {import("./numbers.js").Problem} Problem */
/** @typedef {import("./numbers.js").Values} Values */
/** @typedef {{ child: string, parent: string, value: number }} Factor ∂child/∂parent */

export const MOST_PATHS = 24;

/** What is computed from each quantity, with the slope along the edge. @param {Problem} problem @param {Values} v */
export function edgesFrom(problem, v) {
  const names = namesOf(problem);
  /** @type {Map<string, Factor[]>} */
  const found = new Map();
  const add = (/** @type {string} */ child, /** @type {string} */ parent, /** @type {number} */ value) => {
    found.set(parent, [...(found.get(parent) ?? []), { child, parent, value }]);
  };
  names.sums.forEach((sums, layer) => {
    const given = before(names, layer), kind = problem.activations[layer];
    sums.forEach((name, unit) => {
      given.forEach((source, place) => {
        const weight = names.weights[layer][unit * given.length + place];
        add(name, weight, v[source]);
        if (layer) add(name, source, v[weight]);
      });
      if (names.biases[layer][unit]) add(name, names.biases[layer][unit], 1);
      if (kind !== "softmax") add(`a_${name}`, name, ACTIVATIONS[kind].slope(v[name], v[`a_${name}`]));
      else for (const other of sums) add(`a_${other}`, name, other === name ? v[`a_${name}`] * (1 - v[`a_${name}`]) : -v[`a_${other}`] * v[`a_${name}`]);
    });
  });
  names.errors.forEach((error, unit) => {
    const a = `a_${names.sums[names.sums.length - 1][unit]}`, t = v[names.targets[unit]];
    add(error, a, problem.loss === "half-squared" ? v[a] - t : -t / v[a]);
  });
  return found;
}

/**
 * Every path from the error back to a parameter, its factors in that order.
 * @param {Problem} problem @param {Values} v @param {string} parameter @returns {Factor[][]}
 */
export function paths(problem, v, parameter) {
  const edges = edgesFrom(problem, v), errors = new Set(namesOf(problem).errors);
  /** @param {string} name @returns {Factor[][]} */
  const walk = (name) =>
    errors.has(name) ? [[]] : (edges.get(name) ?? []).flatMap((edge) => walk(edge.child).map((rest) => [...rest, edge]));
  return walk(parameter);
}

/** How many paths lead from a parameter to the error. @param {Problem} problem @param {string} parameter */
export function pathCount({ sizes, loss }, parameter) {
  const layer = layerOf({ sizes }, parameter);
  const after = sizes.slice(layer + 1).reduce((product, size) => product * size, 1);
  return after * (loss === "cross-entropy" ? sizes[sizes.length - 1] : 1);
}

/** The layer whose sum a parameter enters, from 1. @param {{ sizes: number[] }} problem @param {string} parameter */
export function layerOf({ sizes }, parameter) {
  let number = Number(parameter.slice(1));
  for (let layer = 1; layer < sizes.length; layer++) {
    const count = parameter[0] === "w" ? sizes[layer - 1] * sizes[layer] : sizes[layer];
    if (number <= count) return layer;
    number -= count;
  }
  return sizes.length - 1;
}

/**
 * The tag of every factor: `path-1`, `path-2`, … of the path that alone has it, or `shared`.
 * @param {Factor[][]} found @returns {Map<string, string>} by "child parent"
 */
export function tagsOf(found) {
  /** @type {Map<string, string>} */
  const tags = new Map();
  found.forEach((path, number) => {
    for (const { child, parent } of path) {
      const key = `${child} ${parent}`;
      tags.set(key, found.length === 1 || !tags.has(key) ? `path-${(number % 5) + 1}` : "shared");
    }
  });
  return tags;
}
