// `SiLU`: x·σ(x); the slope is σ + x·σ·(1 − σ).

import { Pointwise, sigmoid } from "./pointwise.js";

export class SiLU extends Pointwise {
  /** @param {number} x */
  value(x) {
    return x * sigmoid(x);
  }

  /** @param {number} x */
  slope(x) {
    const s = sigmoid(x);
    return s + x * s * (1 - s);
  }
}
