// `LR.1`: negative values times a small slope.

import { Pointwise } from "./pointwise.js";

export class LeakyReLU extends Pointwise {
  /** @param {number} x */
  value(x) {
    return x > 0 ? x : x * this.fields.slope;
  }

  /** @param {number} x */
  slope(x) {
    return x > 0 ? 1 : this.fields.slope;
  }
}
