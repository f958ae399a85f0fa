// `GELU`: x·Φ(x), with the normal distribution's Φ(x) = (1 + erf(x/√2))/2; the slope is Φ + x·φ.

import { Pointwise } from "./pointwise.js";

export class GELU extends Pointwise {
  /** @param {number} x */
  value(x) {
    return (x * (1 + erf(x / Math.SQRT2))) / 2;
  }

  /** @param {number} x */
  slope(x) {
    return (1 + erf(x / Math.SQRT2)) / 2 + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  }
}

/**
 * The error function to 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26).
 * @param {number} x
 */
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
