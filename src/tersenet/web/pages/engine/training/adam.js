// Adam (Kingma and Ba 2015), and AdamW, whose weight decay is apart from the gradient (Loshchilov and Hutter 2019).
//
//   m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²,   w ← w − rate·(m/(1 − β₁ᵗ))/(√(v/(1 − β₂ᵗ)) + ε)

/** @typedef {import("../layers/layer.js").Weight} Weight */

const SECOND = 0.999, EPSILON = 1e-8;

export class Adam {
  /** @param {Weight[]} weights @param {{ momentum: number, decay: number, apart: boolean }} settings */
  constructor(weights, { momentum, decay, apart }) {
    this.weights = weights;
    this.first = momentum;
    this.decay = decay;
    this.apart = apart;
    this.steps = 0;
    this.means = weights.map(({ values }) => new Float32Array(values.length));
    this.squares = weights.map(({ values }) => new Float32Array(values.length));
  }

  /** @param {number} rate */
  step(rate) {
    this.steps++;
    const { first, apart } = this;
    const meanFactor = 1 - first ** this.steps, squareFactor = 1 - SECOND ** this.steps;
    this.weights.forEach(({ values, gradient, shape }, place) => {
      const mean = this.means[place], square = this.squares[place], decay = shape.length > 1 ? this.decay : 0;
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i] + (apart ? 0 : decay * values[i]);
        if (apart) values[i] -= rate * decay * values[i];
        mean[i] = first * mean[i] + (1 - first) * g;
        square[i] = SECOND * square[i] + (1 - SECOND) * g * g;
        values[i] -= (rate * (mean[i] / meanFactor)) / (Math.sqrt(square[i] / squareFactor) + EPSILON);
      }
    });
  }
}
