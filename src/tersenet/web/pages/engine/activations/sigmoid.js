// `S`: σ(x), between 0 and 1; the slope is σ·(1 − σ).

import { Pointwise, sigmoid } from "./pointwise.js";

export class Sigmoid extends Pointwise {
  /** @param {number} x */
  value(x) {
    return sigmoid(x);
  }

  /** @param {number} x */
  slope(x) {
    const s = sigmoid(x);
    return s * (1 - s);
  }
}
