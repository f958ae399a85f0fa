// `ELU`: x where it is positive, e^x − 1 elsewhere.

import { Pointwise } from "./pointwise.js";

export class ELU extends Pointwise {
  /** @param {number} x */
  value(x) {
    return x > 0 ? x : Math.expm1(x);
  }

  /** @param {number} x */
  slope(x) {
    return x > 0 ? 1 : Math.exp(x);
  }
}
