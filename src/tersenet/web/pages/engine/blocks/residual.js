// `[…]`: y = x + f(x);  ∂E/∂x = ∂E/∂y + (what comes back through f).

/** @typedef {import("./chain.js").Chain} Chain */

export class Residual {
  /** @param {Chain} body */
  constructor(body) {
    this.body = body;
  }

  /** @param {Float32Array} x @param {number} count @param {import("../layers/layer.js").Pass} pass */
  forward(x, count, pass) {
    const fx = this.body.forward(x, count, pass);
    return x.map((value, at) => value + fx[at]);
  }

  /** @param {Float32Array} dy @param {number} count */
  backward(dy, count) {
    const through = this.body.backward(dy, count);
    return dy.map((value, at) => value + through[at]);
  }
}
