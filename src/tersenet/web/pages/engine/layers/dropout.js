// `D.05`: in training each value becomes 0 with this probability, and the others are scaled up by 1/(1 − rate), so
// that the expected sum stays. The gradient passes where the value passed.

import { Layer } from "./layer.js";

export class ValueDropout extends Layer {
  /** How many values share one draw. */
  together() {
    return 1;
  }

  /** @param {Float32Array} x @param {number} _count @param {import("./layer.js").Pass} pass */
  forward(x, _count, pass) {
    const { rate } = this.fields, together = this.together();
    if (!pass.training || rate === 0) {
      if (pass.keep) this.kept = null;
      return x;
    }
    const factors = Float32Array.from({ length: x.length / together }, () => pass.random.next() < rate ? 0 : 1 / (1 - rate));
    if (pass.keep) this.kept = factors;
    return x.map((value, at) => value * factors[Math.floor(at / together)]);
  }

  /** @param {Float32Array} dy */
  backward(dy) {
    const factors = this.kept, together = this.together();
    return factors ? dy.map((value, at) => value * factors[Math.floor(at / together)]) : dy;
  }
}
