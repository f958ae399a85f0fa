// `MP2`: the maximum of each window. On the way back the gradient goes to the pixel that was largest, the first of
// several.

import { Pooling } from "./pooling.js";

export class MaxPooling extends Pooling {
  /** @param {Float32Array} x @param {number} count @param {import("./layer.js").Pass} pass */
  forward(x, count, pass) {
    const width = this.inputShape[2];
    const y = new Float32Array(count * this.outputs), largest = new Int32Array(y.length);
    this.eachWindow(count, (out, map, top, bottom, left, right) => {
      let best = map + top * width + left;
      for (let row = top; row < bottom; row++) {
        for (let at = map + row * width + left; at < map + row * width + right; at++) if (x[at] > x[best]) best = at;
      }
      y[out] = x[best];
      largest[out] = best;
    });
    if (pass.keep) this.kept = largest;
    return y;
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const largest = this.kept;
    const dx = new Float32Array(count * this.inputs);
    for (let out = 0; out < dy.length; out++) dx[largest[out]] += dy[out];
    return dx;
  }
}
