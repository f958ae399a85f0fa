// `GMP`: the maximum of each whole map. On the way back the gradient goes to that pixel, the first of several.

import { Layer } from "./layer.js";

export class GlobalMaximum extends Layer {
  static needsMaps = true;

  /** @param {import("./layer.js").Fields} _fields @param {import("./layer.js").Shape} shape */
  static outputShape(_fields, shape) {
    return [shape[0], 1, 1];
  }

  /** @param {Float32Array} x @param {number} count @param {import("./layer.js").Pass} pass */
  forward(x, count, pass) {
    const pixels = this.inputs / this.outputs;
    const largest = Int32Array.from({ length: count * this.outputs }, (_, map) => {
      let best = map * pixels;
      for (let at = best + 1; at < (map + 1) * pixels; at++) if (x[at] > x[best]) best = at;
      return best;
    });
    if (pass.keep) this.kept = largest;
    return Float32Array.from(largest, (at) => x[at]);
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const largest = this.kept;
    const dx = new Float32Array(count * this.inputs);
    for (let map = 0; map < dy.length; map++) dx[largest[map]] += dy[map];
    return dx;
  }
}
