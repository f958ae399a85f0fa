// `GAP`: the average of each whole map. On the way back each pixel gets an equal part.

import { Layer } from "./layer.js";

export class GlobalAverage extends Layer {
  static needsMaps = true;

  /** @param {import("./layer.js").Fields} _fields @param {import("./layer.js").Shape} shape */
  static outputShape(_fields, shape) {
    return [shape[0], 1, 1];
  }

  /** @param {Float32Array} x @param {number} count */
  forward(x, count) {
    const pixels = this.inputs / this.outputs;
    return Float32Array.from({ length: count * this.outputs }, (_, map) => {
      let sum = 0;
      for (let at = map * pixels; at < (map + 1) * pixels; at++) sum += x[at];
      return sum / pixels;
    });
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const pixels = this.inputs / this.outputs;
    const dx = new Float32Array(count * this.inputs);
    for (let map = 0; map < dy.length; map++) dx.fill(dy[map] / pixels, map * pixels, (map + 1) * pixels);
    return dx;
  }
}
