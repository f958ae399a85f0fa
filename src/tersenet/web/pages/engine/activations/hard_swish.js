// `HS`: x·min(max(x + 3, 0), 6)/6, SiLU made of straight lines.

import { Pointwise } from "./pointwise.js";

export class HardSwish extends Pointwise {
  /** @param {number} x */
  value(x) {
    return (x * Math.min(Math.max(x + 3, 0), 6)) / 6;
  }

  /** @param {number} x */
  slope(x) {
    if (x <= -3) return 0;
    return x >= 3 ? 1 : (2 * x + 3) / 6;
  }
}
