// `BN`: each channel over all pictures and pixels of the batch. In training the batch's own mean and variance are
// used, and the running ones follow them by a tenth (Ioffe and Szegedy 2015); afterwards the running ones are used.

import { Normalising } from "./normalising.js";

const FOLLOWS = 0.1;

export class BatchNorm extends Normalising {
  /** @param {import("../layers/layer.js").Fields} fields @param {import("../layers/layer.js").Shape} shape */
  constructor(fields, shape) {
    super(fields, shape);
    this.buffers = [
      { name: "running_mean", shape: [shape[0]], values: new Float32Array(shape[0]) },
      { name: "running_var", shape: [shape[0]], values: new Float32Array(shape[0]).fill(1) },
    ];
  }

  /** @param {Float32Array} x @param {number} count @param {import("../layers/layer.js").Pass} pass */
  forward(x, count, pass) {
    const [runningMean, runningVariance] = this.buffers.map((buffer) => buffer.values);
    if (!pass.training) return this.normalise(x, count, runningMean, runningVariance, false, pass.keep);
    const { mean, variance } = this.measure(x, count);
    const each = count * this.pixels;
    for (let c = 0; c < this.channels; c++) {
      runningMean[c] += FOLLOWS * (mean[c] - runningMean[c]);
      runningVariance[c] += FOLLOWS * ((variance[c] * each) / Math.max(each - 1, 1) - runningVariance[c]);
    }
    return this.normalise(x, count, mean, variance, true, pass.keep);
  }
}
