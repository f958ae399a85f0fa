// `[A + B]`: y = A(x) + B(x); every branch gets ∂E/∂y, and what comes back from them is added.

/** @typedef {import("./chain.js").Chain} Chain */

export class Sum {
  /** @param {Chain[]} branches */
  constructor(branches) {
    this.branches = branches;
  }

  /** @param {Float32Array} x @param {number} count @param {import("../layers/layer.js").Pass} pass */
  forward(x, count, pass) {
    return added(this.branches.map((branch) => branch.forward(x, count, pass)));
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    return added(this.branches.map((branch) => branch.backward(dy, count)));
  }
}

/** @param {Float32Array[]} terms */
export function added(terms) {
  const sum = Float32Array.from(terms[0]);
  for (const term of terms.slice(1)) for (let i = 0; i < sum.length; i++) sum[i] += term[i];
  return sum;
}
