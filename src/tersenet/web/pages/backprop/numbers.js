// A small network in numbers: the forward pass, and under each operation its local derivative.
//
// Names are those of the course: inputs i1 i2, weights w1 w2 … (layer by layer, unit by unit), sums h1 h2 and o1 o2,
// activations a_h1 …, targets t1 t2, errors E1 E2, and E_total, their sum.

/** @typedef {{ sizes: number[], activations: string[], loss: string, weights: number[], biases: number[],
 *   trainBiases: boolean, inputs: number[], targets: number[] }} Problem without biases `biases` is empty */
/** @typedef {Record<string, number>} Values quantities by their names */
/** @typedef {{ inputs: string[], targets: string[], errors: string[], weights: string[][], biases: string[][],
 *   sums: string[][], activations: string[][] }} Names of weights, biases, sums and activations a row for each layer */

/** @param {string} letter @param {number} count @param {number} [first] */
function numbered(letter, count, first = 1) {
  return Array.from({ length: count }, (_, place) => `${letter}${first + place}`);
}

/** @param {Problem} problem @returns {Names} */
export function namesOf({ sizes, biases }) {
  const outputs = sizes[sizes.length - 1], hidden = sizes.length - 2;
  let weight = 1, bias = 1;
  /** @type {Names} */
  const names = {
    inputs: numbered("i", sizes[0]), targets: numbered("t", outputs), errors: numbered("E", outputs),
    weights: [], biases: [], sums: [], activations: [],
  };
  for (let layer = 1; layer < sizes.length; layer++) {
    const letter = layer === sizes.length - 1 ? "o" : hidden === 1 ? "h" : `h${layer}_`;
    const sums = numbered(letter, sizes[layer]);
    names.sums.push(sums);
    names.activations.push(sums.map((name) => `a_${name}`));
    names.weights.push(numbered("w", sizes[layer - 1] * sizes[layer], weight));
    names.biases.push(biases.length ? numbered("b", sizes[layer], bias) : []);
    weight += sizes[layer - 1] * sizes[layer];
    bias += sizes[layer];
  }
  return names;
}

/** What each layer is given: the inputs, then the activations before it. @param {Names} names @param {number} layer */
export function before(names, layer) {
  return layer ? names.activations[layer - 1] : names.inputs;
}

/** @param {number} h */
export function sigmoid(h) {
  return 1 / (1 + Math.exp(-Math.max(h, -700)));
}

/** @type {Record<string, { value: (h: number) => number, slope: (h: number, a: number) => number }>} */
export const ACTIVATIONS = {
  sigmoid: { value: sigmoid, slope: (_, a) => a * (1 - a) },
  tanh: { value: Math.tanh, slope: (_, a) => 1 - a * a },
  relu: { value: (h) => Math.max(h, 0), slope: (h) => (h > 0 ? 1 : 0) },
  identity: { value: (h) => h, slope: () => 1 },
};

/** Every quantity by its name. @param {Problem} problem @returns {Values} */
export function forward(problem) {
  const names = namesOf(problem);
  /** @type {Values} */
  const v = {};
  const put = (/** @type {string[]} */ labels, /** @type {number[]} */ numbers) =>
    labels.forEach((name, place) => (v[name] = numbers[place]));
  put(names.inputs, problem.inputs);
  put(names.targets, problem.targets);
  put(names.weights.flat(), problem.weights);
  put(names.biases.flat(), problem.biases);
  names.sums.forEach((sums, layer) => {
    const given = before(names, layer);
    sums.forEach((name, unit) => {
      let h = 0;
      given.forEach((source, place) => (h += v[source] * v[names.weights[layer][unit * given.length + place]]));
      v[name] = h + (names.biases[layer][unit] ? v[names.biases[layer][unit]] : 0);
    });
    const kind = problem.activations[layer];
    if (kind === "softmax") {
      const most = Math.max(...sums.map((name) => v[name]));
      const powers = sums.map((name) => Math.exp(v[name] - most)), whole = powers.reduce((sum, power) => sum + power, 0);
      sums.forEach((name, unit) => (v[`a_${name}`] = powers[unit] / whole));
    } else {
      for (const name of sums) v[`a_${name}`] = ACTIVATIONS[kind].value(v[name]);
    }
  });
  const last = names.activations[names.activations.length - 1];
  v.E_total = 0;
  names.errors.forEach((name, unit) => {
    const t = v[names.targets[unit]], a = v[last[unit]];
    v[name] = problem.loss === "half-squared" ? 0.5 * (t - a) ** 2 : -t * Math.log(Math.max(a, 1e-300));
    v.E_total += v[name];
  });
  return v;
}

/** ∂E_total/∂quantity for every quantity after the inputs and for every parameter. @param {Problem} problem @param {Values} v @returns {Values} */
export function backward(problem, v) {
  const names = namesOf(problem);
  /** @type {Values} */
  const d = { E_total: 1 };
  for (const name of names.errors) d[name] = 1;
  const top = names.sums.length - 1, whole = names.targets.reduce((sum, name) => sum + v[name], 0);
  names.activations[top].forEach((name, unit) => {
    const t = v[names.targets[unit]], a = v[name];
    d[name] = problem.loss === "half-squared" ? a - t : -t / a;
  });
  for (let layer = top; layer >= 0; layer--) {
    const given = before(names, layer), sums = names.sums[layer], kind = problem.activations[layer];
    sums.forEach((name, unit) => {
      // The softmax and the logarithm in one: ∂E/∂o = a·Σt − t.
      d[name] = kind === "softmax"
        ? v[`a_${name}`] * whole - v[names.targets[unit]]
        : d[`a_${name}`] * ACTIVATIONS[kind].slope(v[name], v[`a_${name}`]);
      given.forEach((source, place) => (d[names.weights[layer][unit * given.length + place]] = d[name] * v[source]));
      if (names.biases[layer][unit]) d[names.biases[layer][unit]] = d[name];
    });
    given.forEach((source, place) => {
      d[source] = 0;
      sums.forEach((name, unit) => (d[source] += d[name] * v[names.weights[layer][unit * given.length + place]]));
    });
  }
  return d;
}

/** The parameters that the descent moves. @param {Problem} problem @param {Names} names */
export function trained(problem, names) {
  return problem.trainBiases ? [...names.weights.flat(), ...names.biases.flat()] : names.weights.flat();
}

/** The same problem with other parameters. @param {Problem} problem @param {Names} names @param {Values} v @returns {Problem} */
export function withParameters(problem, names, v) {
  return { ...problem, weights: names.weights.flat().map((name) => v[name]), biases: names.biases.flat().map((name) => v[name]) };
}

/** (E(w + ε) − E(w − ε))/2ε, the slope without the chain rule. @param {Problem} problem @param {string} name @param {number} [epsilon] */
export function finiteDifference(problem, name, epsilon = 1e-5) {
  const names = namesOf(problem), v = forward(problem);
  const moved = (/** @type {number} */ by) => forward(withParameters(problem, names, { ...v, [name]: v[name] + by })).E_total;
  return (moved(epsilon) - moved(-epsilon)) / (2 * epsilon);
}
