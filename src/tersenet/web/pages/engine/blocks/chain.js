// Layers one after another: the way back goes through them in the opposite order.

/** @typedef {import("../layers/layer.js").Pass} Pass */
/** @typedef {import("../layers/layer.js").Shape} Shape */
/** @typedef {{ forward(x: Float32Array, count: number, pass: Pass): Float32Array,
 *   backward(dy: Float32Array, count: number): Float32Array }} Part a layer or a block */

import { Layer } from "../layers/layer.js";

export class Chain {
  /** @param {Part[]} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** @param {Float32Array} x @param {number} count @param {Pass} pass */
  forward(x, count, pass) {
    for (const part of this.parts) {
      const given = x;
      x = part.forward(given, count, pass);
      if (pass.watch && part instanceof Layer) pass.watch(part, x, given);
    }
    return x;
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    for (let place = this.parts.length - 1; place >= 0; place--) dy = this.parts[place].backward(dy, count);
    return dy;
  }
}
