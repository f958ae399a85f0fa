// `R`: what is negative becomes 0; the slope is 1 above 0 and 0 elsewhere.

import { Pointwise } from "./pointwise.js";

export class ReLU extends Pointwise {
  /** @param {number} x */
  value(x) {
    return x > 0 ? x : 0;
  }

  /** @param {number} x */
  slope(x) {
    return x > 0 ? 1 : 0;
  }
}
