// A function of single values. A kind gives the value f(x) and the slope f′(x).

import { Layer } from "../layers/layer.js";

export class Pointwise extends Layer {
  /** @param {number} x @returns {number} */
  value(x) {
    return x;
  }

  /** @param {number} _x @returns {number} */
  slope(_x) {
    return 1;
  }

  /** @param {Float32Array} x @param {number} _count @param {import("../layers/layer.js").Pass} pass */
  forward(x, _count, pass) {
    const y = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) y[i] = this.value(x[i]);
    if (pass.keep) this.kept = x;
    return y;
  }

  /** @param {Float32Array} dy */
  backward(dy) {
    const x = this.kept;
    const dx = new Float32Array(dy.length);
    for (let i = 0; i < dy.length; i++) dx[i] = dy[i] * this.slope(x[i]);
    return dx;
  }
}

/** σ(x) = 1/(1 + e^−x). @param {number} x */
export function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}
