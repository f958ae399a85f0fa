// SGD with momentum, as torch computes it:  v ← momentum·v + g,  w ← w − rate·v;  Nesterov:  w ← w − rate·(g + momentum·v).

/** @typedef {import("../layers/layer.js").Weight} Weight */

export class SGD {
  /** @param {Weight[]} weights @param {{ momentum: number, nesterov: boolean, decay: number }} settings decay of kernels alone */
  constructor(weights, { momentum, nesterov, decay }) {
    this.weights = weights;
    this.momentum = momentum;
    this.nesterov = nesterov;
    this.decay = decay;
    this.speeds = weights.map(({ values }) => new Float32Array(values.length));
  }

  /** @param {number} rate */
  step(rate) {
    const { momentum, nesterov } = this;
    this.weights.forEach(({ values, gradient, shape }, place) => {
      const speed = this.speeds[place], decay = shape.length > 1 ? this.decay : 0;
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i] + decay * values[i];
        speed[i] = momentum * speed[i] + g;
        values[i] -= rate * (nesterov ? g + momentum * speed[i] : speed[i]);
      }
    });
  }
}
