// `[A & B]`: the channels of A(x), then those of B(x); on the way back each branch gets its own channels of ∂E/∂y.

import { added } from "./sum.js";

/** @typedef {import("./chain.js").Chain} Chain */

export class Join {
  /** @param {Chain[]} branches @param {number[]} widths values of each branch for one picture */
  constructor(branches, widths) {
    this.branches = branches;
    this.widths = widths;
    this.width = widths.reduce((sum, width) => sum + width, 0);
  }

  /** @param {Float32Array} x @param {number} count @param {import("../layers/layer.js").Pass} pass */
  forward(x, count, pass) {
    const y = new Float32Array(count * this.width);
    let from = 0;
    this.branches.forEach((branch, place) => {
      const made = branch.forward(x, count, pass), width = this.widths[place];
      for (let n = 0; n < count; n++) y.set(made.subarray(n * width, (n + 1) * width), n * this.width + from);
      from += width;
    });
    return y;
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    let from = 0;
    return added(
      this.branches.map((branch, place) => {
        const width = this.widths[place], own = new Float32Array(count * width);
        for (let n = 0; n < count; n++) {
          own.set(dy.subarray(n * this.width + from, n * this.width + from + width), n * width);
        }
        from += width;
        return branch.backward(own, count);
      }),
    );
  }
}
