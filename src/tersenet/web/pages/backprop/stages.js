// The steps of one update, in the order in which they are computed: forward, the error, backward, and the new weights.

import { figure, formula, joined, operator, partial, quantity, tagged } from "../pieces/formula.js";
import { before, namesOf } from "./numbers.js";

/** @typedef {import("./numbers.js").Problem} Problem */
/** @typedef {import("./numbers.js").Values} Values */
/** @typedef {import("./descent.js").Step} Step */
/** @typedef {{ title: string, words: string, values: string[], slopes: string[], lines: (step: Step, rate: number) => Node[] }} Stage
 *   `values` and `slopes` become known in it; `lines` are its formulas with their numbers */

/** @param {Problem} problem @returns {Stage[]} */
export function stagesOf(problem) {
  const names = namesOf(problem), top = names.sums.length - 1;
  const layerName = (/** @type {number} */ layer) => (layer === top ? "outputs" : top === 1 ? "hidden layer" : `hidden layer ${layer + 1}`);
  /** @type {Stage[]} */
  const stages = [
    {
      title: "The inputs", words: "What is given: inputs, targets and weights.",
      values: [...names.inputs, ...names.targets, ...names.weights.flat(), ...names.biases.flat()], slopes: [], lines: () => [],
    },
  ];
  names.sums.forEach((sums, layer) => {
    const given = before(names, layer), kind = problem.activations[layer];
    stages.push({
      title: `Forward: sums of the ${layerName(layer)}`, words: "Each unit adds what it is given, each value times its weight.",
      values: sums, slopes: [],
      lines: ({ v }) => sums.map((name, unit) => {
        const weights = given.map((_, place) => names.weights[layer][unit * given.length + place]), bias = names.biases[layer][unit];
        const symbols = given.flatMap((source, place) => [...(place ? [operator("+")] : []), quantity(weights[place]), operator("·"), quantity(source)]);
        const numbers = given.flatMap((source, place) => [...(place ? [operator("+")] : []), figure(v[weights[place]], true), operator("·"), figure(v[source], true)]);
        if (bias) {
          symbols.push(operator("+"), quantity(bias));
          numbers.push(operator("+"), figure(v[bias], true));
        }
        return formula(quantity(name), operator("="), ...symbols, operator("="), ...numbers, operator("="), figure(v[name], false, 9));
      }),
    });
    stages.push({
      title: `Forward: activations of the ${layerName(layer)}`,
      words: kind === "softmax" ? "The softmax turns the sums into probabilities." : `Each sum goes through the ${kind}.`,
      values: sums.map((name) => `a_${name}`), slopes: [],
      lines: ({ v }) => sums.map((name) => formula(
        quantity(`a_${name}`), operator("="), quantity(kind), operator("("), figure(v[name]), operator(")"), operator("="), figure(v[`a_${name}`], false, 9),
      )),
    });
  });
  stages.push({
    title: "The error", words: problem.loss === "half-squared" ? "Half the square of target minus activation, added up." : "Cross-entropy: minus the target times the logarithm, added up.",
    values: [...names.errors, "E_total"], slopes: ["E_total", ...names.errors],
    lines: ({ v }) => [formula(
      quantity("E_total"), operator("="), ...joined(names.errors.map(quantity), "+"), operator("="),
      ...joined(names.errors.map((name) => figure(v[name], true)), "+"), operator("="), figure(v.E_total, false, 9),
    )],
  });
  for (let layer = top; layer >= 0; layer--) {
    const sums = names.sums[layer], given = before(names, layer), activations = names.activations[layer];
    stages.push({
      title: `Backward: activations of the ${layerName(layer)}`,
      words: layer === top ? "How the error changes with each output." : "Each activation collects what comes back along its edges.",
      values: [], slopes: activations,
      lines: ({ v, d }) => activations.map((name, unit) => {
        if (layer === top) {
          return formula(partial("E_total", name), operator("="), partial(names.errors[unit], name), operator("="), figure(d[name], false, 9));
        }
        const next = names.sums[layer + 1], wide = sums.length;
        const weights = next.map((_, place) => names.weights[layer + 1][place * wide + unit]);
        return formula(
          partial("E_total", name), operator("="),
          ...joined(next.map((sum, place) => tagged("", partial("E_total", sum), operator("·"), quantity(weights[place]))), "+"), operator("="),
          ...joined(next.map((sum, place) => tagged("", figure(d[sum], true), operator("·"), figure(v[weights[place]], true))), "+"),
          operator("="), figure(d[name], false, 9),
        );
      }),
    });
    stages.push({
      title: `Backward: sums of the ${layerName(layer)}`, words: "Times the slope of the activation.", values: [], slopes: sums,
      lines: ({ d }) => sums.map((name) => problem.activations[layer] === "softmax"
        ? formula(partial("E_total", name), operator("="), figure(d[name], false, 9))
        : formula(
          partial("E_total", name), operator("="), partial("E_total", `a_${name}`), operator("·"), partial(`a_${name}`, name), operator("="),
          figure(d[`a_${name}`], true), operator("·"), figure(d[`a_${name}`] ? d[name] / d[`a_${name}`] : 0, true), operator("="), figure(d[name], false, 9),
        )),
    });
    const weights = names.weights[layer], biases = names.biases[layer];
    stages.push({
      title: `Backward: weights into the ${layerName(layer)}`, words: "Times what the weight is multiplied with.", values: [], slopes: [...weights, ...biases],
      lines: ({ v, d }) => weights.map((name, place) => {
        const sum = sums[Math.floor(place / given.length)], source = given[place % given.length];
        return formula(
          partial("E_total", name), operator("="), partial("E_total", sum), operator("·"), quantity(source), operator("="),
          figure(d[sum], true), operator("·"), figure(v[source], true), operator("="), figure(d[name], false, 9),
        );
      }),
    });
  }
  stages.push({
    title: "The update", words: "Each weight moves against its slope, times the learning rate. “Next update” shows the result.", values: [], slopes: [],
    lines: ({ v, d }, rate) => names.weights.flat().map((name) => formula(
      quantity(name), operator("←"), quantity(name), operator("−"), quantity("rate"), operator("·"), partial("E_total", name), operator("="),
      figure(v[name], true), operator("−"), figure(rate), operator("·"), figure(d[name], true), operator("="), figure(v[name] - rate * d[name], false, 9),
    )),
  });
  return stages;
}
