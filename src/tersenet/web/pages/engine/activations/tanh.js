// `T`: tanh, between −1 and 1; the slope is 1 − tanh².

import { Pointwise } from "./pointwise.js";

export class Tanh extends Pointwise {
  /** @param {number} x */
  value(x) {
    return Math.tanh(x);
  }

  /** @param {number} x */
  slope(x) {
    return 1 - Math.tanh(x) ** 2;
  }
}
