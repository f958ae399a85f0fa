// `AP2`: the average of each window; pixels of the padding count as zeros. On the way back each pixel gets an equal
// part.

import { Pooling } from "./pooling.js";

export class AveragePooling extends Pooling {
  /** @param {Float32Array} x @param {number} count */
  forward(x, count) {
    const width = this.inputShape[2], part = 1 / this.fields.kernel ** 2;
    const y = new Float32Array(count * this.outputs);
    this.eachWindow(count, (out, map, top, bottom, left, right) => {
      let sum = 0;
      for (let row = top; row < bottom; row++) {
        for (let at = map + row * width + left; at < map + row * width + right; at++) sum += x[at];
      }
      y[out] = sum * part;
    });
    return y;
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const width = this.inputShape[2], part = 1 / this.fields.kernel ** 2;
    const dx = new Float32Array(count * this.inputs);
    this.eachWindow(count, (out, map, top, bottom, left, right) => {
      for (let row = top; row < bottom; row++) {
        for (let at = map + row * width + left; at < map + row * width + right; at++) dx[at] += dy[out] * part;
      }
    });
    return dx;
  }
}
